"""The state of layers, copied: by name, with all that layers keep beside their weights."""

import keras
import numpy as np
import pytest

from qhls.errors import LoadError
from qhls.frontend import load_model
from qhls.frontend.models.precision import copy_in_precision
from qhls.frontend.models.state import copy_model_state, copy_state
from qhls.layers import QActivation, QConv2DBatchnorm, QDense
from qhls.search.space.choices import Space
from qhls.search.space.resize import resize
from qhls.utils import (
    clone_model,
    clone_model_and_freeze_auto_po2_scale,
    convert_to_folded_model,
    model_quantize,
    unfold_model,
)

L = keras.layers
BITS = "quantized_bits(16,3,alpha=1)"
DENSE = {"QDense": {"kernel_quantizer": BITS, "bias_quantizer": BITS}}


@pytest.fixture
def data(rng):
    return rng.normal(5, 3, (200, 4)).astype("float32")


@pytest.fixture
def model(data):
    norm = L.Normalization(name="norm")
    norm.adapt(data)
    inner = keras.Sequential([keras.Input((4,)), norm, L.Dense(4, name="e")], name="inner")
    return keras.Sequential([keras.Input((4,)), inner, L.Dense(3, name="d")])


def _from_h5(model, folder):
    model.save(folder / "m.h5")
    return load_model(folder / "m.h5")


WAYS = {
    "clone_model": lambda model, folder: clone_model(model),
    "model_quantize": lambda model, folder: model_quantize(model, DENSE, 8, transfer_weights=True),
    "h5": _from_h5,
    "reference": lambda model, folder: copy_in_precision(model, "float64"),
    "convert_to_folded_model": lambda model, folder: convert_to_folded_model(model)[0],
    "unfold_model": lambda model, folder: unfold_model(model),
    "freeze": lambda model, folder: clone_model_and_freeze_auto_po2_scale(model)[0],
    "space": lambda model, folder: Space(
        model, limit={"Dense": [16, 16, 16]}, transfer_weights=True
    ).build({}),
}


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("way", WAYS)
def test_an_adapted_normalization_keeps_its_state(way, model, data, tmp_path):
    made = WAYS[way](model, tmp_path)
    np.testing.assert_allclose(made(data), model(data), atol=0.01)


def test_what_was_adapted_is_kept_where_weights_are_not(model, data):
    made = model_quantize(model, DENSE, 8)
    norm = model.get_layer("inner").get_layer("norm")
    np.testing.assert_array_equal(made.get_layer("inner").get_layer("norm")(data), norm(data))


def test_a_resized_model_keeps_what_fits(data):
    norm = L.Normalization(name="norm")
    norm.adapt(data)
    model = keras.Sequential(
        [keras.Input((4,)), norm, L.Dense(4, name="a"), L.Dense(3, name="b"), L.Dense(3, name="c")]
    )
    made = resize(model, {"a": 2.0})
    np.testing.assert_array_equal(made.get_layer("norm")(data), norm(data))
    np.testing.assert_array_equal(made.get_layer("c").kernel, model.get_layer("c").kernel)
    assert made.get_layer("b").kernel.shape == (8, 3)


def test_vocabularies_are_state():
    lookup = L.IntegerLookup(name="lookup")
    lookup.adapt(np.array([3, 7, 7, 9]))
    model = keras.Sequential([keras.Input((2,), dtype="int64"), lookup])
    x = np.array([[3, 7], [9, 1]])
    np.testing.assert_array_equal(clone_model(model)(x), model(x))


def _branches(first, second, names=("one", "two")):
    """Two dense layers of the same shape in two branches, in an order that follows the depth of each."""
    x = keras.Input((3,), name="x")
    one, two = QDense(2, name=names[0])(x), QDense(2, name=names[1])(x)
    for name in first:
        one = QActivation("quantized_bits(16,4,alpha=1)", name=name)(one)
    for name in second:
        two = QActivation("quantized_bits(16,4,alpha=1)", name=name)(two)
    return keras.Model(x, L.Subtract()([one, two]))


def test_layers_are_paired_by_name_in_whatever_order_they_come(rng):
    source, target = _branches(["p"], []), _branches([], ["p"])
    assert [x.name for x in source.layers] != [x.name for x in target.layers]
    copy_model_state(source, target)
    for name in ("one", "two"):
        pair = [model.get_layer(name).get_weights()[0] for model in (source, target)]
        np.testing.assert_array_equal(*pair)


def test_layers_of_other_names_are_paired_by_order():
    source, target = _branches([], []), _branches([], [], ("three", "four"))
    copy_model_state(source, target)
    for one, other in zip(source.get_weights(), target.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_models_that_do_not_belong_together_are_refused():
    made = keras.Sequential([keras.Input((3,)), L.Dense(4, name="one")], name="made")
    with pytest.raises(
        LoadError,
        match=r"^layer 'one': expected weights of the shapes \[\(3, 4\), \(4,\)\], got \[\(3, 2\), \(2,\)\] from 'one'",
    ):
        copy_model_state(_branches([], []), made)
    other = keras.Sequential([keras.Input((3,)), L.Dense(4, name="else")], name="other")
    with pytest.raises(
        LoadError,
        match=r"^model 'other': expected weights of the layer 'else', got a model without it",
    ):
        copy_model_state(_branches([], []), other)
    before = other.get_weights()
    copy_model_state(_branches([], []), other, partly=True)
    np.testing.assert_array_equal(other.get_weights()[0], before[0])


def _adapted(rng):
    layer = L.Normalization(name="n")
    layer.adapt(rng.normal(5, 2, (100, 4)).astype("float32"))
    return layer


def test_a_normalisation_within_a_wrapper(rng):
    layer = L.TimeDistributed(_adapted(rng))
    layer.build((None, 3, 4))
    new = L.TimeDistributed(L.Normalization())
    new.build((None, 3, 4))
    copy_state(layer, new)
    x = rng.normal(5, 2, (2, 3, 4)).astype("float32")
    np.testing.assert_allclose(new(x), layer(x), rtol=1e-6)


def test_a_folded_layer_is_unfolded_beside_others(rng):
    folded = QConv2DBatchnorm(2, 3, kernel_quantizer=BITS, name="c")
    model = keras.Sequential([keras.Input((5, 5, 4)), _adapted(rng), folded])
    folded.batchnorm.moving_mean.assign([0.5, -0.25])
    x = rng.normal(5, 2, (3, 5, 5, 4)).astype("float32")
    np.testing.assert_allclose(unfold_model(model)(x), model(x, training=False), atol=1e-5)
