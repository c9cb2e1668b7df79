"""``allow_approximate``: a quantizer where real numbers would be read; everything else stays exact."""

import keras
import numpy as np
import pytest

import qhls
from qhls.check.distance import choose_sample_count
from qhls.cli import main
from qhls.errors import LoweringError
from qhls.frontend.approximation.approximate import choose_nearest
from qhls.frontend.lowering.reals import RealNumbersError
from qhls.frontend.lowering.trace import trace, trace_in_own_type
from qhls.ir import Fixed, Graph, Input, Max, Shift
from qhls.layers import QLSTM, QActivation, QBidirectional, QDense, QSimpleRNN

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
        match=r"^layer 't' \(Activation\): expected an activation that maps codes to codes, .* Otherwise "
        r"layer 'b' \(QDense\) reads real numbers\. The nearest exact model has "
        r"QActivation\('quantized_bits\(12,1,alpha=1\)'\) behind "
        r"layer 't': add it, or compile with allow_approximate=True\.$",
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
    assert "\napproximated: quantized_bits(12,1,alpha=1) behind layer 't': error up to " in report
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
    assert "error up to" in str(made)
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
    assert choose_nearest(caught.value.reals) == text


def close(design, model, x, most):
    """The design equals its own Keras model, and is near the given one."""
    report = design.check(x, targets=())
    assert report, report
    off = abs(design.run(x) - model.predict(x, verbose=0)).max()
    assert off <= most
    assert design.distance.outputs[0].largest < 2 * most


def spread(model, seed=0):
    """``model`` with weights that are all different."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if hasattr(layer, "kernel"):
            layer.set_weights([rng.uniform(-1, 1, w.shape) for w in layer.get_weights()])
    return model


def codes(shape, frac=4, seed=0):
    return np.random.default_rng(seed).integers(-128, 128, shape) / 2**frac


@pytest.mark.parametrize("units", [(4, 4), (4, 3)])
def test_branches_keep_their_weights(units):
    """A quantizer in one branch changes Keras' order of layers; in the second case the shapes would not fit."""
    x = keras.Input((4,), name="x")
    b = QActivation(BITS)(QDense(units[0], **numbers(), name="b")(x))
    a = L.BatchNormalization(name="n")(QDense(units[1], **numbers(), name="a")(x))
    merged = L.Concatenate(name="c")([b, a])
    model = spread(keras.Model(x, QDense(2, **numbers(), name="d")(merged)))
    design = qhls.compile(model, "s8.4", allow_approximate=True)
    assert [made.layer for made in design.approximations] == ["n"]
    close(design, model, codes((200, 4)), 0.1)


def test_who_can_read_real_numbers_still_does():
    """The quantizer is for the reader that needs it: the other one's steps stay exact."""
    x = keras.Input((3,), name="x")
    t = L.Activation("tanh", name="t")(x)
    exact = QActivation("quantized_bits(4,0,alpha=1)", name="q")(t)
    read = QDense(2, **numbers(), name="d")(t)
    model = spread(keras.Model(x, [exact, read]))
    design = qhls.compile(model, "s8.4", allow_approximate="quantized_bits(5,0,alpha=1)")
    assert len(design.approximations) == 1
    v = codes((256, 3))
    np.testing.assert_array_equal(design.run(v)[0], model.predict(v, verbose=0)[0])
    assert design.check(v, targets=())
    assert design.distance.outputs[0].largest == 0
    assert design.distance.outputs[1].largest > 0


def test_one_tensor_read_twice_by_one_layer():
    x = keras.Input((3,), name="x")
    t = L.Activation("tanh", name="t")(x)
    model = keras.Model(x, L.Add(name="s")([t, t]))
    close(qhls.compile(model, "s8.4", allow_approximate=True), model, codes((100, 3)), 2.0**-10)


def test_within_nested_models():
    inner = model_of(
        QDense(4, **numbers(), name="a"), L.Activation("tanh", name="t"), QDense(6, **numbers())
    )
    inner.name = "inner"
    model = model_of(inner, L.Activation("sigmoid", name="s"), QDense(2, **numbers(), name="d"))
    design = qhls.compile(model, "s8.4", allow_approximate=True)
    assert [made.layer for made in design.approximations] == ["inner/t", "s"]
    close(design, model, codes((100, 6)), 0.05)


def test_a_shared_model_has_a_quantizer_for_all_of_its_calls():
    """The second call brings larger numbers: the quantizer that the first one needs would saturate."""
    inner = keras.Sequential([keras.Input((2,)), L.Activation("softplus", name="p")], name="inner")
    x = keras.Input((2,), name="x")
    small = QActivation("quantized_bits(4,0,alpha=1)")(x)
    both = L.Concatenate(name="c")([inner(small), inner(x)])
    model = spread(keras.Model(x, QDense(2, **numbers(), name="d")(both)))
    design = qhls.compile(model, "s8.4", allow_approximate=True)
    close(design, model, codes((200, 2)), 0.02)


@pytest.mark.parametrize("wrapped", [False, True])
def test_within_recurrent_cells(wrapped):
    cell = numbers() | {"recurrent_quantizer": BITS, "state_quantizer": "quantized_bits(7,0)"}
    layer = QLSTM(3, activation="tanh", recurrent_activation="sigmoid", name="r", **cell)
    layer = QBidirectional(layer, name="both") if wrapped else layer
    model = model_of(layer, QDense(2, **numbers(), name="d"), shape=(4, 3))
    design = qhls.compile(model, "s8.4", allow_approximate=True)
    name = "both" if wrapped else "r"
    found = {made.layer for made in design.approximations}
    assert found == {f"{name}.activation", f"{name}.recurrent_activation"}
    close(design, model, codes((50, 4, 3)), 0.5)
    again = keras.models.clone_model(design.model)  # its configuration has the quantizers too
    x = codes((5, 4, 3)).astype("float32")
    for old, new in zip(design.model.layers, again.layers, strict=True):
        new.set_weights(old.get_weights())
    np.testing.assert_array_equal(again(x), design.model(x))


@pytest.mark.parametrize(
    ("state", "merge", "place"),
    [
        ("quantized_bits(7,0)", None, "r"),
        (None, None, "r.activation"),
        ("quantized_bits(7,0)", "concat", "both"),
        ("quantized_bits(7,0)", "sum", "both.activation"),
    ],
)
def test_a_real_state_is_rounded_in_the_cell_only_where_no_quantizer_reads_it(state, merge, place):
    cell = numbers() | {"recurrent_quantizer": BITS, "state_quantizer": state}
    layer = QSimpleRNN(3, activation="tanh", name="r", **cell)
    layer = QBidirectional(layer, merge, name="both") if merge else layer
    model = spread(model_of(layer, QDense(2, **numbers(), name="d"), shape=(3, 3)))
    design = qhls.compile(model, "s8.4", allow_approximate=True)
    assert {made.layer for made in design.approximations} == {place}
    close(design, model, codes((50, 3, 3)), 0.05)


def test_many_are_put_in_one_trace(monkeypatch):
    layers = [
        f()
        for _ in range(8)
        for f in (lambda: QDense(3, **numbers()), lambda: L.Activation("tanh"))
    ]
    model = spread(model_of(*layers, QDense(2, **numbers())))
    traced = []

    def counted(*arguments):
        traced.append(1)
        return trace_in_own_type(*arguments)

    monkeypatch.setattr("qhls.frontend.approximation.approximate.trace_in_own_type", counted)
    design = qhls.compile(model, "s8.4", allow_approximate=True)
    assert len(design.approximations) == 8
    assert len(traced) == 1


def test_the_distance_is_measured_on_the_data_given():
    model = spread(two_reals())
    x = codes((64, 6)) / 8
    design = qhls.compile(model, "s8.4", allow_approximate=True, data=x)
    rounded = np.clip(np.rint(x * 16), -128, 127) / 16
    wanted, made = model.predict(rounded, verbose=0), design.run(x)
    (found,) = design.distance.outputs
    assert found.largest == pytest.approx(abs(made - wanted).max(), rel=1e-4)
    assert found.agreement == (made.argmax(-1) == wanted.argmax(-1)).mean()
    text = rf"the given model, on 64 given inputs: error up to {found.largest:.3g}, same argmax in "
    assert text in str(design.exactness())
    assert "on 10 inputs of this check: error up to " in str(design.check(x[:10], ()))


@pytest.mark.parametrize("size, samples", [(4, 256), (512, 113), (2048, 8)])
def test_a_distance_takes_fewer_random_inputs_for_large_images(size, samples):
    """As many numbers are computed at most, but for the fewest inputs."""
    x = Input((size, size, 3), Fixed.parse("u8.8"), name="x")
    graph = Graph((x,), (Max(x, Shift(x, 1)),))
    assert choose_sample_count(graph) == samples


def test_several_outputs_are_measured_apart():
    x = keras.Input((3,), name="x")
    ends = [L.Activation("tanh", name="t")(x), QActivation(BITS, name="q")(x)]
    design = qhls.compile(keras.Model(x, ends), "s8.4", allow_approximate=True)
    tanh, exact = design.distance.outputs
    assert 0 < tanh.largest <= 2.0**-11
    assert (exact.largest, exact.agreement) == (0, 1)
    assert "'q' error up to 0, same argmax in 100.00%" in str(design.distance)


def test_more_steps_than_a_table_has_are_refused():
    model = model_of(L.Activation("tanh", name="t"))
    with pytest.raises(
        LoweringError,
        match=r"^layer 't_approximation' \(QActivation\): .*expected a function of at most 4096 steps on its input, ",
    ):
        qhls.compile(model, "s20.15", allow_approximate="quantized_bits(16,0,alpha=1)")


def test_numbers_that_are_none_are_refused():
    model = model_of(L.Activation("exponential", name="e"))
    with pytest.raises(
        LoweringError,
        match=r"^layer 'e': expected finite numbers to approximate, got inf\. Mend the layer's .*$",
    ):
        qhls.compile(model, "s12.0", allow_approximate=True)


def test_the_command_line(tmp_path, capsys):
    path = tmp_path / "m.keras"
    two_reals().save(path)
    assert main(["show", str(path), "-i", "s8.4"]) == 2
    assert "compile with allow_approximate=True" in capsys.readouterr().err
    assert main(["show", str(path), "-i", "s8.4", "--allow-approximate"]) == 0
    assert capsys.readouterr().out.count("approximated: ") == 3  # two, and the distance
    given = ["--allow-approximate", "quantized_bits(6,1,alpha=1)"]
    assert main(["show", str(path), "-i", "s8.4", *given]) == 0
    assert "approximated: quantized_bits(6,1," in capsys.readouterr().out
