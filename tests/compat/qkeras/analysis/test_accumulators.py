"""Bounds of sums: never exceeded, attained, and right for every kind of layer."""

import itertools

import keras
import numpy as np
import pytest

from qhls.compat.qkeras.analysis.accumulator import bound_sums
from qhls.layers import (
    QConv1D,
    QConv2D,
    QConv2DBatchnorm,
    QConv2DTranspose,
    QDense,
    QDepthwiseConv2D,
    QDepthwiseConv2DTranspose,
    QSeparableConv2D,
    QSeparableConv2DTranspose,
)
from qhls.utils import UtilityError, analyze_accumulator, analyze_accumulator_from_sample
from support.arrays import numpy
from support.models.common import BITS, randomized

KERNEL = {"kernel_quantizer": BITS, "bias_quantizer": BITS}
DEPTHWISE = {"depthwise_quantizer": BITS, "bias_quantizer": BITS}
TRANSPOSED = {"depthwise_kernel_quantizer": BITS, "bias_quantizer": BITS}
EXAMPLES = {
    "dense": (QDense(3, **KERNEL), (4,)),
    "dense_active": (QDense(3, activation="quantized_relu(4)", **KERNEL), (4,)),
    "conv1d": (QConv1D(3, 2, **KERNEL), (4, 2)),
    "conv2d": (QConv2D(3, 2, **KERNEL), (3, 3, 1)),
    "groups": (QConv2D(4, 1, groups=2, **KERNEL), (2, 1, 4)),
    "mask": (QConv2D(3, 2, mask=np.eye(2), **KERNEL), (3, 3, 1)),
    "folded": (QConv2DBatchnorm(3, 2, **KERNEL), (3, 3, 1)),
    "depthwise": (QDepthwiseConv2D(2, depth_multiplier=2, **DEPTHWISE), (2, 2, 2)),
    "separable": (
        QSeparableConv2D(3, 2, pointwise_quantizer=BITS, **DEPTHWISE),
        (2, 2, 2),
    ),
    "separable_active": (
        QSeparableConv2D(
            3, 2, pointwise_quantizer=BITS, depthwise_activation="quantized_relu(3,2)", **DEPTHWISE
        ),
        (2, 2, 2),
    ),
    "transpose": (QConv2DTranspose(2, 2, **KERNEL), (2, 2, 2)),
    "depthwise_transpose": (QDepthwiseConv2DTranspose(2, 2, group_size=2, **TRANSPOSED), (2, 2, 2)),
    "separable_transpose": (
        QSeparableConv2DTranspose(3, 2, pointwise_kernel_quantizer=BITS, **TRANSPOSED),
        (2, 2, 2),
    ),
}
TWO_KERNELS = ("separable", "separable_active", "separable_transpose")


def model_of(name):
    layer, shape = EXAMPLES[name]
    layer = type(layer).from_config(layer.get_config() | {"name": "layer"})
    return randomized(keras.Sequential([keras.Input(shape), layer]), seed=5), shape


def corners(shape, low, high):
    """All inputs of ``low`` and ``high`` that a small shape allows."""
    size = int(np.prod(shape))
    return np.array(list(itertools.product((low, high), repeat=size)), "float32").reshape(
        -1, *shape
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_bounds_hold_and_are_attained(name):
    model, shape = model_of(name)
    layer = model.layers[0]
    for given in ((-1.0, 0.75), (0.0, 3.0)):
        low, high = bound_sums(layer, given)
        activation, layer.activation = layer.activation, keras.activations.linear
        sums = numpy(layer(corners(shape, *given)))
        layer.activation = activation
        assert low - 1e-5 <= sums.min()
        assert sums.max() <= high + 1e-5
        bias = numpy(layer.quantize_variable("bias"))
        if name not in TWO_KERNELS:  # a bias may point the other way
            assert sums.max() >= high - np.abs(bias).max() - 1e-5
            assert sums.min() <= low + np.abs(bias).max() + 1e-5


def test_the_numbers_by_hand():
    model = randomized(keras.Sequential([keras.Input((2,)), QDense(2, name="d", **KERNEL)]))
    model.layers[0].set_weights([np.array([[0.5, -0.5], [0.25, 0.75]]), np.array([0.5, -0.25])])
    # first output: 0.75 * 4 + 0.5 = 3.5; second: from 4 * -0.5 - 1 * 0.75 - 0.25 = -3 to 3.5
    assert bound_sums(model.layers[0], (-1.0, 4.0)) == (-3.0, 3.5)
    assert analyze_accumulator(model, {"d": (-1, 4)}) == {"d": 2}
    # QKeras multiplies the bias by the input's range as well and finds (0.75 + 0.5) * 4 = 5: 3 bits.
    model.layers[0].set_weights([np.zeros((2, 2)), np.zeros(2)])
    assert analyze_accumulator(model, {"d": (-1, 4)}) == {"d": 0}


def test_powers_of_two():
    model = randomized(keras.Sequential([keras.Input((1,)), QDense(1, use_bias=False, name="d")]))
    for weight, bits in ((1.0, 0), (1.01, 1), (2.0, 1), (-4.0, 2), (-4.1, 3), (0.2, -2)):
        model.layers[0].set_weights([np.array([[weight]])])
        assert analyze_accumulator(model, {"d": (0, 1)}) == {"d": bits}


@pytest.mark.parametrize("name", EXAMPLES)
def test_samples(name):
    model, shape = model_of(name)
    x = np.random.default_rng(0).uniform(-1, 1, size=(300, *shape)).astype("float32")
    sampled = analyze_accumulator_from_sample(model, x, "sampled")
    conservative = analyze_accumulator_from_sample(model, x)
    assert conservative == analyze_accumulator(model, {"layer": (x.min(), x.max())})
    assert sampled["layer"] <= conservative["layer"]
    layer = model.layers[0]
    activation = layer.activation
    layer.activation = keras.activations.linear
    largest = np.abs(numpy(layer(x))).max()
    layer.activation = activation
    assert sampled["layer"] == int(np.ceil(np.log2(largest)))


def test_several_inputs_and_nested_models(capsys):
    a, b = keras.Input((2,), name="a"), keras.Input((3,), name="b")
    inner = keras.Sequential([keras.Input((5,)), QDense(2, name="d", **KERNEL)], name="inner")
    model = randomized(keras.Model([a, b], inner(keras.layers.Concatenate()([a, b]))))
    x = {"b": np.full((4, 3), 2.0), "a": np.full((4, 2), -1.0)}
    sizes = analyze_accumulator_from_sample(model, x, verbose=True)
    assert sizes == analyze_accumulator(model, {"inner/d": (-1, 2)})
    assert sizes == analyze_accumulator_from_sample(model, [x["a"], x["b"]])
    low, high = bound_sums(inner.layers[0], (-1, 2))
    text = f"inner/d: sums from {low:g} to {high:g}, {sizes['inner/d']} bits\n"
    assert capsys.readouterr().out == text
    analyze_accumulator_from_sample(model, x, "sampled", verbose=True)
    assert capsys.readouterr().out.startswith("inner/d: sums from ")


def test_refusals():
    model, _ = model_of("dense")
    with pytest.raises(
        UtilityError,
        match=r"^analyze_accumulator: expected the range \(min, max\) of the input of the layer "
        r"'layer' in x, got those of other\. Use analyze_accumulator_from_sample to find them\.$",
    ):
        analyze_accumulator(model, {"other": (0, 1)})
    with pytest.raises(
        UtilityError,
        match=r"^analyze_accumulator_from_sample: expected mode 'conservative' or 'sampled', "
        r"got 'safe'\. Choose one of these\.$",
    ):
        analyze_accumulator_from_sample(model, np.zeros((1, 4)), "safe")
    model.name = "m"
    with pytest.raises(
        UtilityError,
        match=r"^model 'm': expected an array of samples for each of the inputs \S+, got 2 of "
        r"shapes \(1, 4\), \(1, 4\)\. Pass one array per input\.$",
    ):
        analyze_accumulator_from_sample(model, [np.zeros((1, 4)), np.zeros((1, 4))])
