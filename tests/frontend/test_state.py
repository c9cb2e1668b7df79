"""What a layer has learned goes into its copy by layer, and with what the layer computes of it."""

import keras
import numpy as np
import pytest

from qhls.frontend.reference import rebuild as recomputed
from qhls.frontend.state import copy_model_state, copy_state
from qhls.layers import QActivation, QConv2DBatchnorm, QDense
from qhls.utils import clone_model, unfold_model

L = keras.layers
Q = "quantized_bits(8,2,alpha=1)"


def dense(name):
    return QDense(4, kernel_quantizer=Q, bias_quantizer=Q, name=name)


def adapted(rng, name="n"):
    layer = L.Normalization(name=name)
    layer.adapt(rng.normal(5, 2, (100, 4)).astype("float32"))
    return layer


def branches(behind_b):
    """Two branches of equal layers; what stands behind one moves it in Keras' order of layers."""
    x = keras.Input((4,), name="x")
    a, b = dense("a")(x), dense("b")(x)
    return keras.Model(x, L.Add()([QActivation(Q, name="q")(b) if behind_b else b, a]))


def test_a_layer_more_in_a_branch_swaps_nothing(rng):
    model, longer = branches(behind_b=False), branches(behind_b=True)
    for name in "ab":
        layer = model.get_layer(name)
        layer.set_weights([rng.uniform(-1, 1, w.shape) for w in layer.get_weights()])
    by_position = [w.tolist() for w in longer.get_weights()]
    copy_model_state(model, longer)
    assert [w.tolist() for w in longer.get_weights()] != by_position
    for name in "ab":
        for old, new in zip(
            model.get_layer(name).get_weights(), longer.get_layer(name).get_weights(), strict=True
        ):
            np.testing.assert_array_equal(old, new)


def test_a_layer_that_the_model_does_not_have_is_an_error():
    model = keras.Sequential([keras.Input((4,)), dense("a")])
    other = keras.Sequential([keras.Input((4,)), dense("b")])
    with pytest.raises(KeyError, match=r"^'b'$"):
        copy_model_state(model, other)


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("copied", [clone_model, unfold_model, lambda m: recomputed(m, "float32")])
def test_a_normalisation_keeps_its_statistics(rng, copied, nested):
    inner = keras.Sequential([keras.Input((4,)), adapted(rng)], name="inner")
    model = keras.Sequential([keras.Input((4,)), inner if nested else adapted(rng), dense("d")])
    x = rng.normal(5, 2, (10, 4)).astype("float32")
    np.testing.assert_array_equal(copied(model)(x), model(x))


def test_a_normalisation_within_a_wrapper(rng):
    layer = L.TimeDistributed(adapted(rng))
    layer.build((None, 3, 4))
    new = L.TimeDistributed(L.Normalization())
    new.build((None, 3, 4))
    copy_state(layer, new)
    x = rng.normal(5, 2, (2, 3, 4)).astype("float32")
    np.testing.assert_allclose(new(x), layer(x), rtol=1e-6)


def test_a_folded_layer_is_unfolded_beside_others(rng):
    folded = QConv2DBatchnorm(2, 3, kernel_quantizer=Q, name="c")
    model = keras.Sequential([keras.Input((5, 5, 4)), adapted(rng), folded])
    folded.batchnorm.moving_mean.assign([0.5, -0.25])
    x = rng.normal(5, 2, (3, 5, 5, 4)).astype("float32")
    np.testing.assert_allclose(unfold_model(model)(x), model(x, training=False), atol=1e-5)
