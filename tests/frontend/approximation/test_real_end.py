"""Layers with real weights: left to the host at the end of a model, or rounded by ``allow_approximate``."""

import keras
import numpy as np
import pytest

import qhls
from qhls.cli import main
from qhls.errors import LoweringError, VerifyError
from qhls.layers import QActivation, QConv2D, QDense
from qhls.quantizers import get_quantizer

L = keras.layers
BITS = "quantized_bits(4,0,alpha=1)"
RELU = "quantized_relu(5,2)"
FINE = "quantized_relu(12,4)"


def quantized(units, **more):
    return QDense(units, kernel_quantizer=BITS, bias_quantizer=BITS, **more)


def model_of(*layers, shape=(4,)):
    keras.utils.set_random_seed(2)
    model = keras.Sequential([keras.Input(shape, name="x"), *layers], name="m")
    rng = np.random.default_rng(0)
    for layer in model.layers:  # zeros as biases would hide a bias that is left out
        layer.set_weights([rng.normal(0, 0.6, w.shape) for w in layer.get_weights()])
    return model


def plain_end(*more):
    return model_of(quantized(5), QActivation(RELU), L.Dense(3, name="last"), *more)


def codes(shape, seed=0):
    return np.random.default_rng(seed).integers(-128, 128, shape) / 32


def assert_finished(design, model, x, **tolerance):
    """The design is exact, and with what the host computes of its outputs it is the given model."""
    report = design.check(x, targets=())
    assert report, report
    made, wanted = design.finish(design.run(x)), model.predict(x, verbose=0)
    for a, b in zip(*(v if isinstance(v, list) else [v] for v in (made, wanted)), strict=True):
        np.testing.assert_allclose(a, b, **(tolerance or {"rtol": 1e-6, "atol": 1e-6}))


@pytest.mark.parametrize(
    "more",
    [
        (),
        (L.Activation("sigmoid", name="s"),),
        (L.Softmax(name="s"),),
        (L.Dense(2, activation="softmax", name="s"),),
        (QActivation(BITS, name="s"),),
    ],
    ids=["dense", "sigmoid", "softmax", "two", "quantizer"],
)
def test_a_plain_layer_at_the_end_is_left_to_the_host(more):
    model = plain_end(*more)
    design = qhls.compile(model, "s8.5")
    names = ("last", "s")[: 1 + len(more)]
    assert design.graph.host_layers == names
    assert design.graph.outputs[0].shape == (5,)
    assert_finished(design, model, codes((50, 4)))
    note = (
        f"note: left to the host, from the first real weights on: {', '.join(map(repr, names))}; "
    )
    for told in (design.show(), design.exactness(), design.check(codes((2, 4)), ())):
        assert note in str(told)


def test_the_given_model_keeps_its_calls():
    model = plain_end()
    design = qhls.compile(model, "s8.5")
    assert [len(layer._inbound_nodes) for layer in model.layers] == [1, 1, 1]
    assert design.given is model
    assert design.distance is None


def test_a_model_without_real_weights_is_finished():
    design = qhls.compile(model_of(quantized(2)), "s8.5")
    outputs = design.run(codes((3, 4)))
    assert design.finish(outputs) is outputs


def test_several_heads_and_a_tensor_that_two_of_them_read():
    x = keras.Input((6, 6, 2), name="x")
    y = QConv2D(3, 3, kernel_quantizer=BITS, bias_quantizer=BITS)(x)
    y = QActivation(RELU, name="y")(y)
    heads = [
        L.Dense(3, name="a")(L.Flatten()(y)),
        QActivation("quantized_relu(3,1)", name="c")(y),
        L.SeparableConv2D(2, 3, name="b")(y),
    ]
    model = keras.Model(x, heads)
    design = qhls.compile(model, "s8.5")
    assert set(design.graph.host_layers) == {"a", "b"}
    assert_finished(design, model, codes((9, 6, 6, 2)))


@pytest.mark.parametrize("deep", [False, True])
def test_the_end_of_a_nested_model(deep):
    inner = keras.Sequential(
        [keras.Input((5,)), quantized(4), QActivation(RELU), L.Dense(3, name="last")], name="inner"
    )
    if deep:
        inner = keras.Sequential([keras.Input((5,)), quantized(5), inner], name="outer")
    model = keras.Sequential([keras.Input((4,)), quantized(5, name="first"), inner])
    design = qhls.compile(model, "s8.5")
    assert design.graph.host_layers == ("outer_inner_last" if deep else "inner_last",)
    assert_finished(design, model, codes((20, 4)))


def test_a_nested_model_of_real_weights_is_left_whole():
    decoder = keras.Sequential(
        [keras.Input((5,)), L.Dense(4), L.ReLU(), L.Dense(6)], name="decoder"
    )
    model = keras.Sequential([keras.Input((4,)), quantized(5), QActivation(RELU), decoder])
    design = qhls.compile(model, "s8.5")
    assert design.graph.host_layers == ("decoder",)
    assert_finished(design, model, codes((20, 4)))


ADVICE = (
    r"Use QDense with a quantizer for each weight\. Or compile with allow_approximate=True, which rounds them, or with "
    r"real_end='host', which leaves this layer and all that follow it to the host\.$"
)


def test_quantised_kernels_behind_real_ones_are_not_left_without_being_asked():
    model = plain_end(quantized(2, name="q"))
    with pytest.raises(LoweringError, match=rf"^layer 'last' \(Dense\): expected .*\. {ADVICE}"):
        qhls.compile(model, "s8.5")
    design = qhls.compile(model, "s8.5", real_end="host")
    assert design.graph.host_layers == ("last", "q")
    assert_finished(design, model, codes((20, 4)))


def test_the_end_can_be_refused():
    with pytest.raises(LoweringError, match=rf"^layer 'last' \(Dense\): expected .*\. {ADVICE}"):
        qhls.compile(plain_end(), "s8.5", real_end="hardware")


def test_a_model_of_which_nothing_would_be_left():
    model = model_of(L.Dense(3, name="first"), quantized(2))
    with pytest.raises(LoweringError, match=rf"^layer 'first' \(Dense\): expected .*\. {ADVICE}"):
        qhls.compile(model, "s8.5")
    with pytest.raises(
        LoweringError,
        match=r"^model 'm': expected quantised layers between its inputs and the first real weights, got layer 'first' "
        r"that reads an input\. Quantise it, or compile with allow_approximate=True\.$",
    ):
        qhls.compile(model, "s8.5", real_end="host")


@pytest.mark.parametrize("softmax", ["argmax", "hardware"])
def test_a_softmax_of_the_host_is_not_one_of_the_design(softmax):
    model = plain_end(L.Softmax(name="s"))
    with pytest.raises(
        VerifyError,
        match=rf"^softmax='{softmax}': expected a softmax at the end of the design, got layers that are left to the "
        r"host: last, s\. Quantise them, compile with allow_approximate=True, or leave softmax='host'\.$",
    ):
        qhls.compile(model, "s8.5", softmax=softmax)
    design = qhls.compile(model, "s8.5", softmax=softmax, allow_approximate=True)
    assert design.check(codes((20, 4)), ())


@pytest.mark.parametrize("bits", [6, 12, 16])
def test_weights_are_rounded_and_the_error_is_said(bits):
    model = plain_end()
    kernel, bias = model.get_layer("last").get_weights()
    design = qhls.compile(model, "s8.5", allow_approximate=True, approximate_bits=bits)
    assert not design.graph.host_layers
    first, second = design.approximations
    assert [(made.layer, made.variable) for made in (first, second)] == [
        ("last", "kernel"),
        ("last", "bias"),
    ]
    for made, values in ((first, kernel), (second, bias)):
        quantizer = get_quantizer(made.quantizer)
        assert quantizer.bits == bits
        rounded = np.asarray(quantizer(values))
        assert made.error == abs(rounded - values).max()
        assert made.error <= abs(values).max() / 2 ** (bits - 2)
    x = codes((200, 4))
    bound = first.error * abs(qhls.compile(model, "s8.5").run(x)).sum(-1).max() + second.error
    off = abs(design.run(x) - model.predict(x, verbose=0)).max()
    assert 0 < off <= bound + 1e-5
    assert design.check(x, ())
    assert f"approximated: {first.quantizer} on the kernel of layer 'last': error up to " in str(
        design.exactness()
    )


@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        ([L.Dense(3), quantized(2)], (4,)),
        ([L.Conv1D(2, 2), QActivation(FINE), L.Dense(2, activation="relu")], (5, 2)),
        ([L.DepthwiseConv2D(2), QActivation(FINE), L.Conv2DTranspose(2, 2)], (4, 4, 2)),
        ([L.SeparableConv1D(3, 2)], (4, 2)),
        ([quantized(3), QDense(2, kernel_quantizer=None, bias_quantizer=BITS)], (4,)),
        ([keras.Sequential([keras.Input((4,)), L.Dense(3), quantized(2)])], (4,)),
    ],
    ids=["first", "conv1d", "depthwise", "separable", "none", "nested"],
)
def test_real_weights_anywhere_are_rounded(layers, shape):
    model = model_of(*layers, shape=shape)
    design = qhls.compile(model, "s8.5", allow_approximate=True)
    assert_finished(design, model, codes((20, *shape)), atol=0.05)
    assert design.distance.outputs[0].largest < 0.05


@pytest.mark.parametrize(
    ("cls", "wrapped", "place"),
    [
        (L.SimpleRNN, False, "r"),  # the state is exact; the output is what is rounded
        (L.GRU, False, ".activation"),
        (L.LSTM, True, ".activation"),
    ],
)
def test_real_weights_of_recurrent_layers_are_rounded(cls, wrapped, place):
    layer = cls(2, name="r")
    model = model_of(L.Bidirectional(layer, name="both") if wrapped else layer, shape=(5, 2))
    design = qhls.compile(model, "s8.5", allow_approximate=True)
    assert_finished(design, model, codes((20, 5, 2)), atol=0.05)
    assert {"kernel", "recurrent_kernel", "bias", "state"} == {
        made.variable for made in design.approximations if hasattr(made, "variable")
    }
    functions = [made for made in design.approximations if not hasattr(made, "variable")]
    assert any(made.layer.endswith(place) for made in functions)


def test_the_host_and_approximations_before_it():
    model = model_of(
        quantized(5), L.Activation("tanh", name="t"), quantized(3), L.Dense(2, name="last")
    )
    design = qhls.compile(model, "s8.5", allow_approximate=True, real_end="host")
    assert [made.layer for made in design.approximations] == ["t"]
    x = codes((100, 4))
    off = abs(design.finish(design.run(x)) - model.predict(x, verbose=0)).max()
    assert design.measured(x).outputs[0].largest == pytest.approx(off, rel=1e-3)
    assert design.check(x, ())


@pytest.mark.parametrize("end", ["auto", "bias"])
def test_a_softmax_within_a_layer_of_real_numbers(end):
    """The quantizer comes between the layer's sums and its softmax."""
    kernel = BITS if end == "bias" else "quantized_bits(4,0,1,alpha='auto')"
    last = QDense(3, kernel_quantizer=kernel, activation="softmax", name="d")
    model = model_of(quantized(5), QActivation(RELU), last)
    with pytest.raises(
        LoweringError,
        match=r"^layer 'd' \(QDense\): .*\. Or compile with allow_approximate=True\.$",
    ):
        qhls.compile(model, "s8.5")
    design = qhls.compile(model, "s8.5", softmax="argmax", allow_approximate=True)
    x = codes((200, 4))
    assert design.check(x, ())
    (found,) = design.measured(x).outputs
    assert found.largest < 2.0**-6
    same = design.run(x)[:, 0] == model.predict(x, verbose=0).argmax(-1)
    assert same.mean() == found.agreement > 0.95


@pytest.mark.parametrize("bits", [1, 25, 2.5, True, "8"])
def test_bits_that_are_none_are_refused(bits):
    with pytest.raises(
        LoweringError,
        match=r"^approximate_bits: expected an integer from 2 to 24, got .*\. Give the bits of an approximation\.$",
    ):
        qhls.compile(plain_end(), "s8.5", approximate_bits=bits)


def test_an_end_that_is_none_is_refused():
    with pytest.raises(
        LoweringError,
        match=r"^real_end: expected one of auto, host, hardware, got 'chip'\. Choose what computes the layers with "
        r"real weights\.$",
    ):
        qhls.compile(plain_end(), "s8.5", real_end="chip")


def test_the_command_line(tmp_path, capsys):
    path = tmp_path / "m.keras"
    plain_end(quantized(2, name="q")).save(path)
    assert main(["show", str(path), "-i", "s8.5"]) != 0
    assert "real_end='host'" in capsys.readouterr().err
    assert main(["show", str(path), "-i", "s8.5", "--real-end", "host"]) == 0
    assert (
        "left to the host, from the first real weights on: 'last', 'q'" in capsys.readouterr().out
    )
    assert main(["energy", str(path), "-i", "s8.5", "--real-end", "host"]) == 0
    assert f"note: {path}: left to the host, from the first real" in capsys.readouterr().out
    np.save(tmp_path / "x.npy", codes((7, 4)))
    given = ["--allow-approximate", "--approximate-bits", "9", "--data", str(tmp_path / "x.npy")]
    assert main(["show", str(path), "-i", "s8.5", *given]) == 0
    printed = capsys.readouterr().out
    assert "quantized_bits(9," in printed
    assert "the given model, on 7 given inputs: error up to " in printed
