"""``qhls.candidates`` on Keras models: numbers of quantizers, costs before training."""

import keras
import numpy as np
import pytest

import qhls
from qhls.candidates import list_levels, make_choice, read_choices
from qhls.energy.candidates import LayerChoice
from qhls.errors import QuantizerError
from qhls.ir import Fixed
from qhls.layers import QActivation, QBidirectional, QConv2D, QDense, QSimpleRNN, QSimpleRNNCell


@pytest.mark.parametrize(
    ("quantizer", "numbers"),
    [
        ("quantized_bits(3,0,alpha=1)", [i / 4 for i in range(-4, 4)]),
        ("quantized_bits(3,0,keep_negative=False,alpha=1)", [i / 8 for i in range(8)]),
        ("binary(alpha=1)", [-1, 1]),
        ("binary(alpha=0.5)", [-0.5, 0.5]),
        ("ternary(alpha=1)", [-1, 0, 1]),
        ("ternary(alpha='auto')", [-1, 0, 1]),  # its scale follows the data
        ("quantized_po2(3,2)", [-2, -1, -0.5, -0.25, 0.25, 0.5, 1, 2]),
        ("quantized_relu(2)", [0, 0.25, 0.5, 0.75]),
    ],
)
def test_numbers_of_quantizers(quantizer, numbers):
    found = list_levels(quantizer)
    given = [code * 2.0**-found.frac for code in found.codes]
    assert given == numbers


def test_choices():
    made = make_choice(
        "quantized_bits(4,0,alpha=1)", "quantized_bits(6,1,alpha=1)", "quantized_relu(5,2)"
    )
    assert made.activations == Fixed(False, 5, 3)
    assert made.bias.frac == 4
    assert made.weights is make_choice("quantized_bits(4,0,alpha=1)").weights  # found once
    assert make_choice(activation="quantized_tanh(3)").activations is not None
    assert make_choice() == make_choice(None)
    with pytest.raises(QuantizerError, match=r"^.*nonsense.*$"):
        make_choice("nonsense(3)")


def model(kernel="quantized_bits(4,0,alpha=1)", activation="quantized_relu(4,1)", seed=0):
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            QConv2D(
                3,
                3,
                kernel_quantizer=kernel,
                bias_quantizer="quantized_bits(4,0,alpha=1)",
                name="conv",
            ),
            QActivation(activation, name="act"),
            keras.layers.Flatten(),
            QDense(4, kernel_quantizer=kernel, use_bias=False, name="fc"),
        ]
    )


def test_costs_do_not_depend_on_the_weights():
    first, second = (qhls.candidates(model(seed=s), "s8.4", technology="unit") for s in (0, 1))
    assert first.energy({}) != second.energy({})
    own = read_choices(model())
    assert set(own) == {"conv", "act", "fc"}
    assert first.energy(own) == second.energy(own)


def within(seed, kind):
    """A model with a layer inside another, its weights from ``seed``."""
    kernel = {
        "kernel_quantizer": "quantized_bits(4,0,alpha=1)",
        "bias_quantizer": "quantized_bits(4)",
    }
    cell = kernel | {"recurrent_quantizer": "quantized_bits(4,0,alpha=1)"}
    cell |= {"state_quantizer": "quantized_bits(4,0,alpha=1)", "activation": "quantized_bits(4)"}
    act = QActivation("quantized_relu(4,2)", name="act")
    block = keras.Sequential([keras.Input((3,)), QDense(2, name="fc", **kernel), act], name="block")
    rows = keras.layers.TimeDistributed
    keras.utils.set_random_seed(seed)
    layers = {
        "nested": [
            keras.layers.Flatten(),
            keras.Sequential([QDense(2, name="fc", **kernel)], name="b"),
        ],
        "rows": [rows(QDense(2, **kernel), name="rows")],
        "rows of an activation": [rows(act, name="rows"), QDense(2, name="fc", **kernel)],
        "rows of a block": [rows(block, name="rows")],
        "cell": [keras.layers.RNN(QSimpleRNNCell(2, **cell), name="rnn")],
        "both ways": [keras.layers.Bidirectional(QSimpleRNN(2, **cell), name="both")],
        "both ways, ours": [QBidirectional(QSimpleRNN(2, **cell), name="both")],
    }[kind]
    made = keras.Sequential([keras.Input((5, 3)), *layers])
    random = np.random.default_rng(seed)
    for weight in made.weights:
        weight.assign(random.normal(size=weight.shape))
    return made


@pytest.mark.parametrize(
    ("kind", "names"),
    {
        "nested": {"b/fc"},
        "rows": {"rows"},
        "rows of an activation": {"rows", "fc"},
        "rows of a block": {"rows/block/fc", "rows/block/act"},
        "cell": {"rnn"},
        "both ways": {"both"},
        "both ways, ours": {"both"},
    }.items(),
)
def test_layers_within_layers_are_priced_by_their_quantizers(kind, names):
    keras.utils.clear_session()
    first, second = (within(seed, kind) for seed in (0, 1))
    choices = read_choices(first)
    assert set(choices) == names
    costs = [qhls.candidates(model, "s8.4", technology="unit") for model in (first, second)]
    assert costs[0].energy(choices) == costs[1].energy(choices)
    assert costs[0].energy({}) != costs[1].energy({})


@keras.saving.register_keras_serializable("tests_candidates")
class Holder(keras.layers.Layer):
    """A layer with a lowering rule, which makes one layer of it and of what it holds."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = QDense(
            2, kernel_quantizer="quantized_bits(4,0,alpha=1)", use_bias=False, name="fc"
        )

    def call(self, x):
        return self.inner(x)


@qhls.lower.register(Holder)
def _(layer, x):
    return qhls.lower.find_rule(layer.inner)(layer.inner, x)


def test_layers_within_a_users_layer_are_named_as_left_out():
    made = keras.Sequential([keras.Input((3,)), Holder(name="holder")])
    message = r"^candidates: layers inside other layers keep their weights: holder/fc\. Make them"
    with pytest.warns(UserWarning, match=message):
        assert read_choices(made) == {}


def test_each_variable_has_its_own_numbers():
    """Layers may multiply by several variables; a constant takes the numbers of the one that it is named after."""
    narrow, wide = (list_levels(f"quantized_bits({bits},0,alpha=1)") for bits in (2, 6))
    found = qhls.candidates(model(), "s8.4", technology="unit")

    def energy(*weights):
        return found.energy({"conv": LayerChoice(weights=weights)})

    assert energy(("kernel", wide)) == found.energy(
        {"conv": make_choice("quantized_bits(6,0,alpha=1)")}
    )
    assert energy(("kernel", wide), ("el", narrow)) == energy(("kernel", wide))  # the longest name
    assert energy(("pointwise", wide)) == found.energy({})


def test_what_lies_on_no_grid_is_left_as_it_is():
    made = model(activation="quantized_ulaw(4)")
    assert set(read_choices(made)) == {"conv", "fc"}
    with pytest.raises(
        QuantizerError, match=r"^quantized_ulaw: expected a quantizer with integer codes, .*$"
    ):
        make_choice(activation="quantized_ulaw(4)")


def test_a_choice_is_the_model_that_has_it():
    """Choosing 6 bits in a model of 4 costs what a model of 6 bits costs, both by type alone."""
    wide = model("quantized_bits(6,0,alpha=1)", "quantized_relu(6,2)")
    expected = qhls.candidates(wide, "s8.4").energy(read_choices(wide))
    made = make_choice("quantized_bits(6,0,alpha=1)")
    choices = {
        "conv": make_choice("quantized_bits(6,0,alpha=1)", "quantized_bits(4,0,alpha=1)"),
        "act": make_choice(activation="quantized_relu(6,2)"),
        "fc": made,
    }
    found = qhls.candidates(qhls.compile(model(), "s8.4"))
    assert found.energy(choices) == pytest.approx(expected)
    assert found.energy(choices) > found.energy(read_choices(model()))
    assert np.isclose(sum(found.sum_by_layer(choices).values()), expected)


def test_candidates_of_streams_cost_what_their_designs_do():
    """By type alone, as the same layers in a model of their own; without a choice, as the design."""
    schedule = qhls.Schedule(io="stream", interval=200)
    wide = model("quantized_bits(6,0,alpha=1)", "quantized_relu(6,2)")
    expected = qhls.candidates(wide, "s8.4", schedule=schedule).energy(read_choices(wide))
    design = qhls.compile(model(), "s8.4", schedule=schedule)
    found = qhls.candidates(design, area="xilinx_lut6")
    assert found.energy(read_choices(wide)) == pytest.approx(expected)
    assert found.energy(read_choices(wide)) > found.energy({})
    costs = found.estimate_costs({})
    assert costs.energy == pytest.approx(design.energy().total)
    assert costs.area["LUT"] == pytest.approx(design.area().totals["LUT"])
    assert (costs.latency, costs.interval) == (design.plan.latency, design.plan.interval)
