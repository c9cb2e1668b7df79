"""Facts on classes of layers are those of their Q-layers."""

import keras
import pytest

from qhls.frontend import get_registered
from qhls.frontend.layers import traits
from qhls.layers import QLSTM, QConv2DBatchnorm, QDense, QDenseBatchnorm
from qhls.search.space.quantization import DEPTHWISE, KERNEL, KERNELS, POINTWISE, RECURRENT


def test_a_class_of_keras_has_the_facts_of_its_q_layer():
    assert traits.find_twin(keras.layers.Dense) is QDense
    assert traits.find_q_class(keras.layers.Dense) is traits.find_q_class(QDense) is QDense
    assert traits.find_twin(keras.layers.Dense, traits.FOLDED_SUFFIX) is QDenseBatchnorm
    assert traits.find_twin(QDense) is traits.find_q_class(keras.layers.Conv3D) is None


def test_plain_products():
    names = {"Dense", "Conv1D", "Conv2D", "DepthwiseConv2D"}
    assert set(traits.list_plain_products()) == names
    assert traits.has_plain_product(keras.layers.Conv2D)
    assert not traits.has_plain_product(QConv2DBatchnorm)
    assert not traits.has_plain_product(keras.layers.Conv2DTranspose)


@pytest.mark.parametrize("name", get_registered())
def test_a_size_argument_is_one_of_the_constructor(name):
    argument = getattr(get_registered()[name], "size_argument", None)
    assert argument is None or argument in ("units", "filters")


def test_kernels():
    assert traits.list_kernel_variables(QLSTM) == ("kernel", "recurrent_kernel")
    assert traits.list_kernel_variables(keras.layers.Dense) == ()
    assert {
        **dict.fromkeys(("Dense", "EinsumDense", "Conv1D", "Conv2D", "Conv2DTranspose"), (KERNEL,)),
        **dict.fromkeys(("SimpleRNN", "LSTM", "GRU", "Bidirectional"), (KERNEL, RECURRENT)),
        **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), (DEPTHWISE, POINTWISE)),
        "DepthwiseConv2D": (DEPTHWISE,),
    } == KERNELS
