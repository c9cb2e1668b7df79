"""``allow_approximate``: a quantizer where real numbers would be read; everything else stays exact."""

import keras
import numpy as np
import pytest

import qhls
from qhls.approximate import nearest
from qhls.cli import main
from qhls.errors import LoweringError
from qhls.frontend.reals import RealNumbersError
from qhls.frontend.trace import trace
from qhls.layers import QActivation, QDense

BITS = "quantized_bits(4,0,alpha=1)"
AUTO = "quantized_bits(4,0,1,alpha='auto')"
L = keras.layers


def numbers(kernel=BITS):
    return {"kernel_quantizer": kernel, "bias_quantizer": BITS}


def model_of(*layers, shape=(6,)):
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input(shape, name="x"), *layers], name="m")


def two_reals():
    return model_of(
        QDense(4, **numbers(), name="a"),
        L.Activation("tanh", name="t"),
        QDense(3, kernel_quantizer=AUTO, name="b"),
    )


def test_without_it_the_error_offers_the_nearest_exact_model():
    with pytest.raises(
        LoweringError,
        match=r"^layer 't' \(Activation\): expected an activation that maps codes to codes; .*; layer 'b' \(QDense\) "
        r"would read real numbers; the nearest exact model has QActivation\('quantized_bits\(12,1,alpha=1\)'\) behind "
        r"layer 't': add it, or compile with allow_approximate=True$",
    ):
        qhls.compile(two_reals(), "s8.4")


def test_it_puts_quantizers_and_names_them():
    model = two_reals()
    design = qhls.compile(model, "s8.4", allow_approximate=True)
    first, second = design.approximations
    assert (first.layer, first.quantizer) == ("t", "quantized_bits(12,1,alpha=1)")
    assert second.layer == "b"
    assert first.complete
    assert first.error <= 2.0**-11  # half a step: tanh lies within the range
    report = str(design.exactness())
    assert "\napproximated: quantized_bits(12,1,alpha=1) behind layer 't': off by up to " in report
    checked = design.check()
    assert checked, checked
    assert any(note.startswith("approximated: ") for note in checked.notes)
    x = np.random.default_rng(0).integers(-128, 128, (200, 6)) / 16
    assert abs(design.run(x) - model.predict(x, verbose=0)).max() <= second.error + 4 * first.error
    assert [layer.name for layer in model.layers] == ["a", "t", "b"]  # the user's stays as it is


def test_the_error_is_that_of_every_number():
    model = model_of(L.Activation("sigmoid", name="s"), shape=(1,))
    design = qhls.compile(model, "s8.4", allow_approximate="quantized_bits(4,0,keep_negative=0)")
    (made,) = design.approximations
    x = np.arange(-128, 128)[:, None] / 16
    off = abs(design.run(x) - model.predict(x, verbose=0)).max()
    assert made.error == pytest.approx(off, abs=1e-6)
    assert made.points == 256


def test_what_needs_none_is_left_alone():
    model = model_of(QDense(3, **numbers()), QActivation("quantized_relu(4)"))
    design = qhls.compile(model, "s8.4", allow_approximate=True)
    assert design.approximations == ()
    assert design.model is model


def test_branches_and_shared_layers():
    x = keras.Input((6,), name="x")
    tanh = L.Activation("tanh", name="t")
    a, b = tanh(QDense(4, **numbers())(x)), tanh(QDense(4, **numbers())(x))
    model = keras.Model(x, QDense(2, **numbers())(L.Add(name="sum")([a, b])))
    design = qhls.compile(model, "s8.4", allow_approximate=True)
    assert [made.layer for made in design.approximations] == ["t"]
    report = design.check(targets=())
    assert report, report


def test_an_input_of_many_bits_is_measured_on_some_of_its_codes():
    model = model_of(L.Activation("tanh", name="t"), shape=(2,))
    (made,) = qhls.compile(model, "s30.20", allow_approximate=True).approximations
    assert not made.complete
    assert "off by up to" in str(made)
    assert " of the codes of its input" in str(made)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        ("tanh", "quantized_bits(12,1,alpha=1)"),
        ("sigmoid", "quantized_bits(12,0,keep_negative=0,alpha=1)"),
        ("softplus", "quantized_bits(12,3,keep_negative=0,alpha=1)"),
        ("selu", "quantized_bits(12,4,alpha=1)"),
    ],
)
def test_the_nearest_holds_every_number(function, text):
    model = model_of(L.Activation(function, name="f"), shape=(1,))
    with pytest.raises(RealNumbersError, match=r"^layer 'f'") as caught:
        trace(model, "s8.4")
    assert nearest(caught.value.reals) == text


def test_within_a_nested_model_there_is_no_place_for_it():
    inner = model_of(L.Activation("tanh", name="t"))
    model = model_of(inner, QDense(2, **numbers(), name="d"))
    with pytest.raises(
        LoweringError, match=r"^layer 't' \(Activation\): .* would read real numbers$"
    ):
        qhls.compile(model, "s8.4", allow_approximate=True)


def test_more_steps_than_a_table_has_are_refused():
    model = model_of(L.Activation("tanh", name="t"))
    with pytest.raises(
        LoweringError,
        match=r"^layer 't_approximation' \(QActivation\): .*expected a function of at most 4096 steps on its input;",
    ):
        qhls.compile(model, "s20.15", allow_approximate="quantized_bits(16,0,alpha=1)")


def test_numbers_that_are_none_are_refused():
    model = model_of(L.Activation("exponential", name="e"))
    with pytest.raises(
        LoweringError, match=r"^layer 'e': expected finite numbers to approximate; received inf$"
    ):
        qhls.compile(model, "s12.0", allow_approximate=True)


def test_the_command_line(tmp_path, capsys):
    path = tmp_path / "m.keras"
    two_reals().save(path)
    assert main(["show", str(path), "-i", "s8.4"]) == 2
    assert "compile with allow_approximate=True" in capsys.readouterr().err
    assert main(["show", str(path), "-i", "s8.4", "--allow-approximate"]) == 0
    assert capsys.readouterr().out.count("approximated: ") == 2
    given = ["--allow-approximate", "quantized_bits(6,1,alpha=1)"]
    assert main(["show", str(path), "-i", "s8.4", *given]) == 0
    assert "approximated: quantized_bits(6,1," in capsys.readouterr().out
