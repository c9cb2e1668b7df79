"""``qhls.candidates`` on Keras models: numbers of quantizers, costs before training."""

import keras
import numpy as np
import pytest

import qhls
from qhls.candidates import choice, levels, read_choices
from qhls.energy.candidates import LayerChoice
from qhls.errors import QuantizerError
from qhls.ir import Fixed
from qhls.layers import QActivation, QConv2D, QDense


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
    found = levels(quantizer)
    given = [code * 2.0**-found.frac for code in found.codes]
    assert given == numbers


def test_choices():
    made = choice(
        "quantized_bits(4,0,alpha=1)", "quantized_bits(6,1,alpha=1)", "quantized_relu(5,2)"
    )
    assert made.activations == Fixed(False, 5, 3)
    assert made.bias.frac == 4
    assert made.weights is choice("quantized_bits(4,0,alpha=1)").weights  # found once
    assert choice(activation="quantized_tanh(3)").activations is not None
    assert choice() == choice(None)
    with pytest.raises(QuantizerError, match=r"^.*nonsense.*$"):
        choice("nonsense(3)")


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


def test_each_variable_has_its_own_numbers():
    """Layers may multiply by several variables; a constant takes the numbers of the one that it is named after."""
    narrow, wide = (levels(f"quantized_bits({bits},0,alpha=1)") for bits in (2, 6))
    found = qhls.candidates(model(), "s8.4", technology="unit")

    def energy(*weights):
        return found.energy({"conv": LayerChoice(weights=weights)})

    assert energy(("kernel", wide)) == found.energy({"conv": choice("quantized_bits(6,0,alpha=1)")})
    assert energy(("kernel", wide), ("el", narrow)) == energy(("kernel", wide))  # the longest name
    assert energy(("pointwise", wide)) == found.energy({})


def test_what_lies_on_no_grid_is_left_as_it_is():
    made = model(activation="quantized_ulaw(4)")
    assert set(read_choices(made)) == {"conv", "fc"}
    with pytest.raises(
        QuantizerError, match=r"^quantized_ulaw: expected a quantizer with integer codes, .*$"
    ):
        choice(activation="quantized_ulaw(4)")


def test_a_choice_is_the_model_that_has_it():
    """Choosing 6 bits in a model of 4 costs what a model of 6 bits costs, both by type alone."""
    wide = model("quantized_bits(6,0,alpha=1)", "quantized_relu(6,2)")
    expected = qhls.candidates(wide, "s8.4").energy(read_choices(wide))
    made = choice("quantized_bits(6,0,alpha=1)")
    choices = {
        "conv": choice("quantized_bits(6,0,alpha=1)", "quantized_bits(4,0,alpha=1)"),
        "act": choice(activation="quantized_relu(6,2)"),
        "fc": made,
    }
    found = qhls.candidates(qhls.compile(model(), "s8.4"))
    assert found.energy(choices) == pytest.approx(expected)
    assert found.energy(choices) > found.energy(read_choices(model()))
    assert np.isclose(sum(found.by_layer(choices).values()), expected)
