"""Operations in functional models: ``a + b``, slices and ``keras.ops``, equal to Keras in every bit; and refusals."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qhls
from qhls.errors import LoweringError
from qhls.frontend import QActivation
from qhls.frontend.lowering.trace import trace
from support.models.traces import agree, dense

ops = keras.ops
PER_CHANNEL = np.array([1.0, -2.0, 0.5, 4.0], "float32")
Q = "quantized_bits(10,3,alpha=1)"


def check(function, rng, shape=(3, 4), quantized=False):
    a, b = keras.Input(shape, name="a"), keras.Input(shape, name="b")
    results = keras.tree.flatten(function(a, b))
    if quantized:
        results = [QActivation(Q)(x) for x in results]
    return agree(keras.Model([a, b], results), ["s6.2", "u5.3"], rng)


EXACT = {
    "two tensors": lambda a, b: [a + b, a - b, a * b, ops.maximum(a, b), ops.minimum(a, b)],
    "constants": lambda a, b: [a + 2, 2.5 - a, a * 3, a * PER_CHANNEL, a / PER_CHANNEL, a / 4],
    "extremes": lambda a, b: [ops.maximum(a, 0.5), ops.minimum(1, b), ops.clip(a, -1, 1.5)],
    "batch of one": lambda a, b: a + np.ones((1, 3, 4), "float32"),
    "signs": lambda a, b: [-a, abs(a), ops.absolute(b), ops.square(a), ops.sign(a)],
    "rounding": lambda a, b: [ops.floor(a), ops.ceil(a), ops.round(a), ops.floor(b), ops.round(b)],
    "whole numbers": lambda a, b: ops.floor(a * 8.0),
    "relu": lambda a, b: [
        ops.relu6(a),
        ops.relu(a),
        keras.activations.relu(a),
        ops.leaky_relu(a, 0.125),
    ],
    "identities": lambda a, b: [ops.cast(a, "float32"), ops.stop_gradient(b)],
    "sums": lambda a, b: [ops.sum(a, -1), ops.sum(b, [1], keepdims=True)],
    "means": lambda a, b: [ops.mean(a, 2), ops.mean(ops.reshape(b, (-1, 2, 6))[:, :, :4], -1)],
    "largest": lambda a, b: [ops.max(a, 1), ops.amax(b, -1), ops.min(a, (1, 2), keepdims=True)],
    "matrices": lambda a, b: [a @ ops.transpose(b, (0, 2, 1)), ops.matmul(a, np.eye(4, 2, 1))],
    "joined": lambda a, b: [
        ops.concatenate([a, b], 1),
        ops.stack([a, b], 1),
        ops.stack([a, b], -1),
    ],
    "padded": lambda a, b: [
        ops.pad(a, ((0, 0), (1, 0), (0, 2))),
        ops.pad(b, ((0, 0), (0, 1), (0, 0)), constant_values=-1.5),
    ],
    "moved": lambda a, b: [
        ops.flip(a, 1),
        ops.tile(a, (1, 2, 1)),
        ops.repeat(b, 3, axis=2),
        ops.roll(a, 1, axis=2),
        *ops.split(b, [1], axis=1),
        *ops.unstack(a, axis=2),
    ],
    "taken": lambda a, b: [ops.take(a, [2, 0, 0], axis=1), ops.take(b, [3, 1], axis=-1)],
}


@pytest.mark.parametrize("name", EXACT)
def test_exact_operations(name, rng):
    check(EXACT[name], rng)


REAL = {
    "factors": lambda a, b: [a * 0.3, 0.1 + a, 0.7 - a, a / 3, a * (PER_CHANNEL / 3)],
    "factors of elements": lambda a, b: a * np.linspace(0.1, 0.9, 12).reshape(3, 4),
    "moved": lambda a, b: [(a * 0.3)[:, 1:], ops.transpose(ops.tanh(a), (0, 2, 1))],
    "averages": lambda a, b: [ops.mean(a, 1), ops.mean(b, (1, 2), keepdims=True)],
    "bounded": lambda a, b: keras.activations.relu(a, max_value=0.3, negative_slope=0.3),
    "chains": lambda a, b: ops.relu(a * 0.3 - 0.1) * 0.7,
    "functions": lambda a, b: [ops.sigmoid(a), ops.tanh(a), ops.exp(a), ops.silu(a), ops.gelu(a)],
    "more": lambda a, b: [ops.elu(a), ops.erf(a), ops.softplus(b), ops.arctan(a), ops.cos(b)],
    "rounded": lambda a, b: [ops.floor(a * 0.3), ops.clip(a, -0.3, 0.7)],
}


@pytest.mark.parametrize("name", REAL)
def test_real_operations_before_a_quantizer(name, rng):
    check(REAL[name], rng, quantized=True)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_slice(data):
    shape = (3, 4, 2)
    index = [slice(None)]
    for size in shape[: data.draw(st.integers(0, 3))]:
        start = data.draw(st.integers(0, size - 1))
        stop = data.draw(st.integers(start + 1, size))
        step = data.draw(st.sampled_from([None, 1, 2]))
        index.append(slice(start, stop, step))
        if data.draw(st.booleans()):
            index[-1] = start
        if data.draw(st.booleans()):
            index.append(None)
    if len(index) > 1 and data.draw(st.booleans()):
        index.append(Ellipsis)
    if keras.Input(shape)[tuple(index)].shape[1:]:
        check(lambda a, b: a[tuple(index)], np.random.default_rng(0), shape)


@settings(max_examples=15, deadline=None)
@given(order=st.permutations([1, 2, 3]), axes=st.sets(st.integers(1, 3), min_size=1))
def test_any_order_and_any_axes(order, axes):
    def function(a, b):
        turned = ops.transpose(a, (0, *order))
        reduced = {"axis": sorted(axes), "keepdims": True}
        return [turned, ops.sum(turned, **reduced), ops.max(b, **reduced)]

    check(function, np.random.default_rng(0), (3, 4, 2))


def test_operations_from_files_and_on_targets(tmp_path, rng):
    x = keras.Input((4, 8), name="x")
    y = QActivation("quantized_relu(4,2)")(dense(8)(x))
    y = ops.relu(y + x)[:, 1:, ::-1] * 2.0 - np.arange(8, dtype="float32") / 4
    y = QActivation(Q)(ops.sigmoid(ops.mean(y, 2)) * 0.3)
    last = ops.softmax(dense(3)(y))
    keras.Model(x, [dense(3)(y), last]).save(tmp_path / "m.keras")
    design = qhls.compile(tmp_path / "m.keras", "s6.3")
    assert design.graph.host_softmax == (last._keras_history.operation.name,)
    assert design.check(targets=())
    assert design.check(rng.integers(-32, 32, (8, 4, 8)) / 8, targets=("vitis",))


def test_constants_on_the_grid_of_weights_are_exact(rng):
    weights = rng.integers(-(2**15), 2**15, (3, 4)) / np.float32(2**15)
    check(lambda a, b: [a * weights + weights[0], ops.matmul(a, weights.T)], rng)


def test_an_approximation_behind_an_operation():
    x = keras.Input((4,))
    model = keras.Model(x, dense(2)(x * 0.3))
    design = qhls.compile(model, "s6.3", allow_approximate=True)
    assert [each.layer for each in design.approximations] == [model.operations[1].name]
    assert design.check(targets=())


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            lambda a, b: ops.sinc(a),
            r"\(Sinc\): expected a layer or operation with a lowering rule, got an operation",
        ),
        (lambda a, b: a**-1, r"\(Power\): expected products such as x \* x or keras\.ops\.square"),
        (
            lambda a, b: a * 0.3,
            r"\(Multiply\): expected an operation that maps codes to codes, .* Put a quantizer",
        ),
        (
            lambda a, b: a * np.ones((5, 3, 4), "float32"),
            r"\(Multiply\): expected finite constants .* \(5, 3, 4\)",
        ),
        (
            lambda a, b: a / b,
            r"\(TrueDivide\): expected a tensor over a constant, got a tensor as the divisor",
        ),
        (lambda a, b: 1 / a, r"\(TrueDivide\): expected a tensor over a constant"),
        (
            lambda a, b: a + b[:, 0],
            r"\(Add\): expected tensors of one rank, got the shapes \(3, 4\), \(4,\)",
        ),
        (
            lambda a, b: ops.sum(a, 0),
            r"\(Sum\): expected axes other than the batch's, got axis=",
        ),
        (
            lambda a, b: ops.sum(a),
            r"\(Sum\): expected axes other than the batch's, got axis=None",
        ),
        (
            lambda a, b: ops.sum(a, (1, 2)),
            r"\(Sum\): expected results of one axis or more .* Keep an axis",
        ),
        (
            lambda a, b: ops.reshape(a, (-1, 6)),
            r"\(Reshape\): expected a move within each sample, got one of",
        ),
        (lambda a, b: ops.flip(a, 0), r"\(Flip\): expected a move within each sample"),
        (
            lambda a, b: ops.concatenate([a, b], 0),
            r"\(Concatenate\): expected an axis other than the batch's, ",
        ),
        (
            lambda a, b: ops.pad(a, ((0, 0), (1, 1), (0, 0)), constant_values=0.3),
            r"\(Pad\): expected constants of at most 12 bits around each sample, got ",
        ),
        (
            lambda a, b: ops.matmul(np.eye(3, dtype="float32"), a),
            r"\(Matmul\): expected a tensor by a constant matrix, or two",
        ),
        (
            lambda a, b: ops.cast(a, "bfloat16"),
            r"\(Cast\): expected a cast to float32 or float64, got one to bfloat16",
        ),
        (
            lambda a, b: ops.round(a, 1),
            r"\(Round\): expected decimals=0, got 1\. Use a quantizer",
        ),
    ],
)
def test_what_is_refused(function, message):
    a, b = keras.Input((3, 4), name="a"), keras.Input((3, 4), name="b")
    model = keras.Model([a, b], function(a, b))
    with pytest.raises(LoweringError, match=rf"^layer '\w+' {message}"):
        trace(model, "s6.2")


def test_irregular_selections_are_refused(rng):
    x = keras.Input((200, 1))
    model = keras.Model(x, ops.take(x, rng.permutation(200).tolist(), axis=1))
    message = r"^layer '\w+' \(Take\): expected elements in regular order, got an irregular one\."
    with pytest.raises(LoweringError, match=message):
        trace(model, "s6.2")


def test_places_from_a_tensor_are_refused():
    x, places = keras.Input((4,)), keras.Input((2,), dtype="int32")
    model = keras.Model([x, places], ops.take_along_axis(x, places, axis=1))
    with pytest.raises(LoweringError, match=r"^layer '\w+' \(TakeAlongAxis\): expected a layer or"):
        trace(model, ["s6.2", "u2.0"])
