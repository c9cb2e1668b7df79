"""Layers within layers, for every tool: nested models, wrappers, layers and models of the user's own."""

import keras
import numpy as np
import pytest

from qhls.compat.qkeras.models.graph import list_unseen
from qhls.energy import QTools
from qhls.frontend.models.walk import walk_layers
from qhls.layers import QActivation, QConv2D, QDense
from qhls.search.space.choices import Space
from qhls.search.space.sizes import Sizes, count_model_bits
from qhls.utils import (
    analyze_accumulator_from_sample,
    extract_model_operations,
    get_model_sparsity,
    model_quantize,
    model_save_quantized_weights,
    print_model_sparsity,
    print_qstats,
    quantized_model_debug,
    quantized_model_dump,
)

L = keras.layers
Q = "quantized_bits(6,1,alpha=1)"
ENTRY = {"kernel_quantizer": Q, "bias_quantizer": Q}


def conv(name, quantised=True):
    if not quantised:
        return L.Conv2D(2, 3, padding="same", name=name)
    return QConv2D(2, 3, padding="same", name=name, **ENTRY)


@keras.saving.register_keras_serializable("tests_within")
class Block(L.Layer):
    """Two convolutions and what they read."""

    def __init__(self, quantised=True, hidden=False, **kwargs):
        super().__init__(**kwargs)
        self.quantised, self.hidden = quantised, hidden
        self.one, self.two = conv("one", quantised), conv("two", quantised)
        self.act = QActivation("quantized_relu(6,2)", name="act")

    def call(self, x):
        if self.hidden:
            assert not isinstance(x, keras.KerasTensor), "this needs numbers"
        return x + self.two(self.act(self.one(x)))

    def get_config(self):
        return super().get_config() | {"quantised": self.quantised, "hidden": self.hidden}


class Net(keras.Model):
    """A subclassed model."""

    def __init__(self):
        super().__init__(name="net")
        self.one, self.two = QDense(6, name="one", **ENTRY), QDense(3, name="two", **ENTRY)

    def call(self, x):
        return self.two(self.one(x))


def with_block(**kwargs):
    return keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            Block(name="block", **kwargs),
            L.Flatten(name="flatten"),
            QDense(2, name="d", **ENTRY),
        ],
        name="model",
    )


def flat():
    """What ``with_block`` computes, with the block's layers among those of the model."""
    x = keras.Input((6, 6, 2))
    y = conv("two")(QActivation("quantized_relu(6,2)", name="act")(conv("one")(x)))
    y = QDense(2, name="d", **ENTRY)(L.Flatten()(L.Add()([x, y])))
    return keras.Model(x, y)


@pytest.fixture
def images(rng):
    return rng.uniform(-1, 1, (4, 6, 6, 2)).astype("float32")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# -- a user's layer ---------------------------------------------------------------------------------


def test_the_walk_names_what_a_layer_holds():
    names = [name for name, _ in walk_layers(with_block())]
    assert names == ["block", "block/one", "block/two", "block/act", "flatten", "d"]


def test_operations_are_those_of_the_same_layers_outside():
    found, same = extract_model_operations(with_block()), extract_model_operations(flat())
    assert {name.removeprefix("block/"): entry for name, entry in found.items()} == same


def test_statistics_name_the_layers_within(capsys):
    print_qstats(with_block())
    assert "block/one" in capsys.readouterr().out
    print_model_sparsity(with_block())
    assert "block/two" in capsys.readouterr().out
    assert [name for name, _ in get_model_sparsity(with_block(), per_layer=True)[1]] == [
        *("block/one", "block/two", "d")
    ]


def test_the_weights_within_are_exported():
    model = with_block()
    saved = model_save_quantized_weights(model)
    assert list(saved) == ["block/one", "block/two", "d"]
    expected = model.get_layer("block").one.quantize_variable("kernel")
    np.testing.assert_array_equal(saved["block/one"]["weights"][0], expected)


def test_qtools_counts_what_it_counts_outside():
    inside, outside = (
        QTools(model, source_quantizers=["quantized_bits(8,0,1)"]).pe("sram", "sram", 0, False)
        for model in (with_block(), flat())
    )
    for name in ("one", "two"):
        assert inside[f"block/{name}"]["energy"]["op_cost"] > 0
        assert inside[f"block/{name}"] == outside[name]


def test_what_is_dumped_has_the_layers_within_and_the_layer(images, tmp_path):
    model = with_block()
    quantized_model_dump(model, images, tmp_path, ["block", "block/act"])
    whole = np.fromfile(tmp_path / "block.bin", np.float32)
    np.testing.assert_allclose(whole, np.ravel(model.get_layer("block")(images)), rtol=1e-6)
    assert (tmp_path / "block_act.bin").stat().st_size == 4 * 6 * 6 * 2 * 4


def test_accumulators_and_ranges_within(images, capsys):
    model = with_block()
    found = analyze_accumulator_from_sample(model, images, mode="sampled")
    assert set(found) == {"block/one", "block/two", "d"}
    quantized_model_debug(model, images)
    assert "block/two" in capsys.readouterr().out


def test_what_cannot_be_looked_into_is_named(images, capsys):
    model = with_block(hidden=True)
    assert list_unseen(model) == ["block/one", "block/two"]
    left = r"layers inside other layers are ignored: block/one, block/two\."
    with pytest.warns(UserWarning, match=rf"^QTools: {left}"):
        QTools(model)
    with pytest.warns(UserWarning, match=rf"^quantized_model_debug: {left}"):
        quantized_model_debug(model, images)
    with pytest.warns(
        UserWarning, match=r"^print_qstats: .* are not counted: block/one, block/two\."
    ):
        print_qstats(model)
    with pytest.warns(UserWarning, match=rf"^bits: {left}"):
        count_model_bits(model, Sizes(), {"default": ["parameters"]})
    assert list(model_save_quantized_weights(model)) == ["block/one", "block/two", "d"]


def test_model_quantize_names_the_layers_that_it_cannot_replace():
    model = with_block(quantised=False)
    with pytest.warns(
        UserWarning,
        match=r"^model_quantize: the layer 'block' \(Block\) holds layers that are not converted: one, two",
    ):
        model_quantize(model, {"QConv2D": ENTRY}, 6)
    with pytest.warns(
        UserWarning,
        match=r"^search: layers within other layers stay as they are: block/one, block/two\.",
    ):
        Space(with_plain_head(model), limit={"Conv2D": [8, 8, 8], "Dense": [8, 8, 8]})


def with_plain_head(model):
    return keras.Sequential([*model.layers[:-1], L.Dense(2, name="head")])


# -- a subclassed model -----------------------------------------------------------------------------


def test_a_subclassed_model_has_its_layers(capsys):
    model = Net()
    model(np.zeros((1, 4), "float32"))
    assert list(model_save_quantized_weights(model)) == ["one", "two"]
    assert extract_model_operations(model)["one"]["number_of_operations"] == 24
    print_qstats(model)
    assert "two" in capsys.readouterr().out


# -- nested models and wrappers ---------------------------------------------------------------------


def tagger(inner):
    """Along time: a layer or a model of each step."""
    return keras.Sequential([keras.Input((5, 8)), L.TimeDistributed(inner, name="t")])


@pytest.mark.parametrize("nested", [False, True])
def test_what_a_wrapper_holds_is_quantised(nested, rng):
    dense = L.Dense(4, name="inner")
    inner = keras.Sequential([keras.Input((8,)), dense], name="model") if nested else dense
    model = tagger(inner)
    new = model_quantize(
        model, {"QDense": {"kernel_quantizer": "quantized_bits(16,3,alpha=1)"}}, 6, None, True
    )
    held = new.get_layer("t").layer
    held = held.get_layer("inner") if nested else held
    assert type(held) is QDense
    x = rng.normal(size=(3, 5, 8)).astype("float32")
    np.testing.assert_allclose(new(x), model(x), atol=0.02)
    again = type(new).from_config(new.get_config())
    again.set_weights(new.get_weights())
    np.testing.assert_array_equal(again(x), new(x))


def test_a_search_chooses_within_nested_models_and_wrappers():
    backbone = keras.Sequential(
        [
            keras.Input((5, 8)),
            L.TimeDistributed(L.Dense(8, activation="relu", name="b0"), name="steps"),
        ],
        name="backbone",
    )
    model = keras.Sequential([keras.Input((5, 8)), backbone, L.Flatten(), L.Dense(3, name="head")])
    space = Space(model, limit={"Dense": [8, 8, 8]})
    assert {c.layers[0] for c in space.choices} == {"b0", "head"}
    built = space.build(space.smallest)
    assert type(built.get_layer("backbone").layers[0].layer) is QDense
    bits = count_model_bits(built, Sizes(), {"QDense": ["parameters"]})
    smallest = {"backbone/steps": 8 * 8, "head": 40 * 3}
    assert bits.keys() == smallest.keys()
    assert all(bits[name]["total"] >= weights for name, weights in smallest.items())
