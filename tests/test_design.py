"""``Design``: inputs in, numbers out; what it refuses."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import qhls
from qhls.design import Design
from qhls.errors import VerifyError
from qhls.ir import Add, Const, Fixed, Graph, Input
from qhls.layers import QActivation, QDense
from qhls.plan import Schedule
from qhls.quantizers import quantized_bits

BITS = "quantized_bits(4,0,alpha=1)"


@pytest.fixture(scope="module")
def two_inputs():
    keras.utils.set_random_seed(1)
    a, b = keras.Input((3,), name="a"), keras.Input((2,), name="b")
    x = keras.layers.Concatenate(name="both")([a, b])
    x = QDense(4, kernel_quantizer=BITS, bias_quantizer=BITS, name="dense")(x)
    y = QActivation("quantized_bits(6,2,alpha=1)", name="bits")(x)
    return qhls.compile(
        keras.Model([a, b], [x, y], name="pair"), {"a": "s8.4", "b": quantized_bits(6, 1, alpha=1)}
    )


def test_run_is_exactly_keras_on_the_input_grid(two_inputs):
    rng = np.random.default_rng(0)
    a = rng.integers(-128, 128, (9, 3)) / 16
    b = rng.integers(-32, 32, (9, 2)) / 16
    expected = two_inputs.model.predict([a.astype("float32"), b.astype("float32")], verbose=0)
    for given in ([a, b], (a, b), {"b": b, "a": a}):
        received = two_inputs.run(given)
        assert len(received) == 2
        for keras_output, ours in zip(expected, received, strict=True):
            np.testing.assert_array_equal(keras_output, ours)


def test_simulate_equals_run_with_several_ports(two_inputs):
    x = [np.linspace(-3, 3, 12).reshape(4, 3), np.linspace(-1, 1, 8).reshape(4, 2)]
    for target in ("vitis", "catapult"):
        for ours, simulated in zip(two_inputs.run(x), two_inputs.simulate(x, target), strict=True):
            np.testing.assert_array_equal(ours, simulated)


def test_inputs_are_rounded_to_even_and_saturated(two_inputs):
    codes = two_inputs.encode([[[0.03125, 0.09375, 1e9]], [[-1e9, np.inf]]])
    assert codes[0].tolist() == [[0, 2, 127]]
    assert codes[1].tolist() == [[-32, 31]]


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([np.zeros((1, 3))], r"^inputs: expected 2 arrays, got 1\. Pass one array per input\.$"),
        ({"a": np.zeros((1, 3))}, r"^inputs: expected a, b, got a\. Pass one array per input\.$"),
        (
            [np.full((1, 3), np.nan), np.zeros((1, 2))],
            r"^input 'a': expected numbers, got NaN\. Replace it\.$",
        ),
        (
            [np.zeros((1, 4)), np.zeros((1, 2))],
            r"^input 'a': expected shape \(samples, 3\), got \(1, 4\)\. .*$",
        ),
        (
            [np.zeros((1, 3)), np.zeros((2, 2))],
            r"^graph 'pair': expected equally many samples .* got a: 1, b: 2\. .*$",
        ),
    ],
)
def test_inputs_that_do_not_fit(two_inputs, x, message):
    with pytest.raises(qhls.VerifyError, match=message):
        two_inputs.run(x)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"reuse_factor": 0},
            r"^Schedule\.reuse_factor: expected a whole number from 1 to 2147483647, got 0\. It is in cycles\.$",
        ),
        (
            {"clock_period": -1},
            r"^Schedule\.clock_period: expected a positive number of nanoseconds, got -1\. 200 MHz is 5\.0\.$",
        ),
        (
            {"clock_period": float("nan")},
            r"^Schedule\.clock_period: expected a positive number of nanoseconds, got nan\. 200 MHz is 5\.0\.$",
        ),
    ],
)
def test_schedule_refuses_nonsense(fields, message):
    with pytest.raises(qhls.VerifyError, match=message):
        qhls.Schedule(**fields)


@pytest.mark.backends
def test_wide_accumulators_are_compared_with_float64_keras():
    keras.utils.set_random_seed(2)
    wide = "quantized_bits(16,0,alpha=1)"
    model = keras.Sequential(
        [
            keras.Input((32,), name="x"),
            QDense(8, kernel_quantizer=wide, bias_quantizer=wide, name="wide"),
            keras.layers.Softmax(name="probabilities"),
        ]
    )
    report = qhls.compile(model, "s16.10").check(targets=["catapult"])
    assert report
    assert report.comparisons[-1].title == "interpreter == Keras float64"
    assert "note: float32 (24 bits) may round in wide: compared with Keras in float64" in str(
        report
    )
    assert "the softmax of layer 'probabilities' is left to the host" in str(report)


def test_public_names_are_there():
    for name in qhls.__all__:
        assert getattr(qhls, name) is not None
    with pytest.raises(AttributeError, match=r"^module 'qhls' has no attribute 'nothing'$"):
        _ = qhls.nothing


def test_an_input_that_is_quantised_first_needs_no_type():
    x = keras.Input((4,), name="x")
    y = QActivation("quantized_bits(6,2,1,alpha=1)", name="in")(x)
    y = QDense(3, kernel_quantizer=BITS, bias_quantizer=BITS, name="dense")(y)
    design = qhls.compile(keras.Model(x, y))
    assert str(design.graph.inputs[0].type) == "s6.3"
    raw = np.random.default_rng(0).normal(0, 3, (50, 4)).astype("float32")
    np.testing.assert_array_equal(design.run(raw), design.model.predict(raw, verbose=0))


def test_an_input_that_is_read_unquantised_as_well_needs_one():
    x = keras.Input((4,), name="x")
    y = QActivation("quantized_bits(6,2,alpha=1)", name="in")(x)
    model = keras.Model(x, keras.layers.Concatenate()([x, y]), name="both")
    with pytest.raises(
        qhls.LoweringError,
        match=r"^model 'both': expected the type of 'x', got none: .*$",
    ):
        qhls.compile(model)


def test_a_graph_with_a_constant_output_is_no_design():
    with pytest.raises(
        VerifyError, match=r"(?s)^graph 'model' breaks .* expected an output that depends on"
    ):
        Design(Graph((), (Const.of(1.0),)), Schedule())


def test_the_exactness_of_a_plain_graph_is_not_asked_of_keras():
    x = Input((2,), Fixed(True, 4, 0), name="x")
    with pytest.raises(
        VerifyError, match=r"^exactness: expected a design of a Keras model, got one"
    ):
        Design(Graph((x,), (Add(x, x),)), Schedule()).exactness()
