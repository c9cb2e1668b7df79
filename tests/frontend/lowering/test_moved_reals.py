"""Real numbers that move, or of which maxima are taken, before a quantizer: exact, whatever the channels' functions."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qhls
from qhls.frontend import QActivation, QConv2D, QDense
from qhls.frontend.lowering.trace import trace_in_own_type
from qhls.ir import Pool, Threshold

L = keras.layers
BITS = "quantized_bits(5,2,alpha=1)"
IMAGE = (4, 4, 3)


def model_of(layers, shape=IMAGE, falling=True):
    """The layers one after another, with random weights: normalisations fall in some channels, or in none."""
    model = keras.Sequential([keras.Input(shape), *layers])
    random = np.random.default_rng(3)
    for weight in model.weights:
        signs = random.choice([-1, 1], weight.shape) if falling else 1
        values = random.uniform(0.25, 1, weight.shape)
        weight.assign(values if "variance" in weight.path else values * signs)
    return model


def equal(model, targets=(), types="s7.4"):
    design = qhls.compile(model, types)
    report = design.check(targets=targets)
    assert report, report
    return [type(op) for op in design.graph.ops]


MOVES = {
    "flat": lambda: [L.Flatten()],
    "in another shape": lambda: [L.Reshape((8, 6))],
    "permuted": lambda: [L.Permute((3, 1, 2)), L.Permute((2, 1, 3))],
    "cropped": lambda: [L.Cropping2D(1), L.Flatten()],
    "repeated": lambda: [L.UpSampling2D(2), L.Flatten(), L.RepeatVector(2)],
    "of other channels": lambda: [L.Permute((3, 1, 2)), L.BatchNormalization()],
    "in many channels": lambda: [
        *(L.Flatten(), L.RepeatVector(2)),
        *(L.BatchNormalization(axis=1), L.BatchNormalization()),
    ],
    "maxima": lambda: [L.MaxPooling2D(), L.Flatten()],
    "maxima at borders": lambda: [L.MaxPooling2D(3, 2, padding="same")],
    "maxima of all": lambda: [L.GlobalMaxPooling2D(keepdims=True)],
    "maxima of other channels": lambda: [L.Permute((3, 1, 2)), L.MaxPooling2D((3, 2))],
    "maxima between functions": lambda: [
        *(L.Activation("silu"), L.MaxPooling2D(), L.ReLU(1.3), L.Flatten()),
        *(L.Activation("tanh"),),
    ],
}


@pytest.mark.parametrize("falling", [False, True])
@pytest.mark.parametrize("name", MOVES)
def test_a_quantizer_behind(name, falling):
    for quantizer in (BITS, "quantized_relu_po2(4)"):
        layers = [L.BatchNormalization(), *MOVES[name](), QActivation(quantizer)]
        equal(model_of(layers, falling=falling))


def test_maxima_come_first_where_the_function_rises():
    """There are fewer of them to quantise."""
    for falling in (False, True):
        layers = [L.BatchNormalization(), L.MaxPooling2D(), QActivation(BITS)]
        kinds = equal(model_of(layers, falling=falling))
        assert (kinds.index(Pool) > kinds.index(Threshold)) == falling


def test_a_published_order():
    """Convolution with real scales, normalisation, ReLU, maxima, dense; on every target."""
    layers = [
        QConv2D(2, 2, kernel_quantizer="quantized_bits(4)", bias_quantizer=BITS),
        *(L.BatchNormalization(), L.ReLU(), L.MaxPooling2D(2, 1), L.Flatten()),
        *(QActivation(BITS), QDense(2, kernel_quantizer=BITS, bias_quantizer=BITS)),
    ]
    equal(model_of(layers), ("vitis", "catapult"))


def test_operations_move_too():
    x = keras.Input(IMAGE)
    ones, others = keras.ops.split(
        keras.ops.transpose(L.BatchNormalization()(x), (0, 3, 2, 1)), 2, 2
    )
    model = keras.Model(x, [QActivation(BITS)(ones), QActivation(BITS)(others[:, ::-1, 1:])])
    equal(model)


@settings(max_examples=15, deadline=None)
@given(st.permutations([1, 2, 3]), st.integers(1, 2), st.integers(-3, -1), st.booleans())
def test_any_move(dims, size, axis, between):
    moves = [L.Permute(dims), L.UpSampling2D(size), L.BatchNormalization(axis=axis)]
    if between:
        moves.insert(1, L.MaxPooling2D((2, 1), padding="same"))
        moves.pop()
    equal(model_of([L.BatchNormalization(), *moves, QActivation(BITS)], (2, 3, 2)), types="s5.2")


TURNS = {
    "hswish": lambda: [QActivation("quantized_hswish(6,2)")],
    "normalisation": lambda: [L.BatchNormalization()],
    "silu": lambda: [L.Activation("silu"), L.Flatten()],
    "slopes of elements": lambda: [L.ReLU(1.3), L.PReLU(), L.Permute((2, 3, 1))],
    "another maximum": lambda: [L.MaxPooling2D((2, 1)), L.BatchNormalization()],
}
"""Functions that may fall."""
POOLS = {
    "of each channel": lambda: [L.MaxPooling2D(name="m")],
    "in another order": lambda: [
        L.MaxPooling2D(3, 1, padding="same", name="m"),
        L.Permute((1, 3, 2)),
    ],
}


@pytest.mark.parametrize("first", [L.BatchNormalization, lambda: L.Activation("tanh")])
@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("name", TURNS)
def test_maxima_of_functions_that_fall_before_others_that_may(name, pool, first):
    """They are maxima of codes, or minima, since no function before them turns."""
    equal(model_of([first(), *POOLS[pool](), *TURNS[name](), QActivation(BITS)]))


MIXED = {
    "a function that turns": lambda: [L.Activation("silu", name="f")],
    "functions of rows": lambda: [L.BatchNormalization(axis=1, name="f")],
}
"""Real numbers of which maxima are no function of maxima of codes."""


@pytest.mark.parametrize("name", TURNS)
@pytest.mark.parametrize("before", MIXED)
def test_what_may_fall_is_no_maximum(before, name):
    model = model_of(
        [*MIXED[before](), L.MaxPooling2D(name="m"), *TURNS[name](), QActivation(BITS)]
    )
    message = (
        r"^(layer '\w+' \(QActivation\): )?layer 'm' \(MaxPooling2D\): expected a function that never falls behind "
        r"a maximum of real numbers, got one that may\. Put a QActivation before it\. "
        r"The nearest exact model has QActivation\('quantized_bits\(12,\d,alpha=1\)'\) behind layer 'f': add it, "
        r"or compile with allow_approximate=True\.$"
    )
    with pytest.raises(qhls.LoweringError, match=message):
        qhls.compile(model, "s7.4")
    design = qhls.compile(model, "s7.4", allow_approximate=True)
    assert [made.layer for made in design.approximations] == ["f"]
    assert design.approximations[0].complete
    assert (
        design.distance.outputs[0].largest <= 0.25 + 2**-4
    )  # one code of the quantizer at the end
    report = design.check(targets=())
    assert report, report


def test_all_such_maxima_are_found_in_one_trace(monkeypatch):
    layers = [[L.Activation("silu"), L.MaxPooling2D(2, 1), L.Activation("silu")] for _ in range(3)]
    model = model_of([layer for part in layers for layer in (*part, QActivation(BITS))])
    traced = []

    def counted(*arguments):
        traced.append(1)
        return trace_in_own_type(*arguments)

    monkeypatch.setattr("qhls.frontend.approximation.approximate.trace_in_own_type", counted)
    design = qhls.compile(model, "s7.4", allow_approximate=True)
    assert len(design.approximations) == 3
    assert len(traced) == 2


JOINTS = {
    "padded": lambda x: L.ZeroPadding2D((1, 0))(x),  # noqa: PLW0108 - one layer a model
    "padded with a number": lambda x: keras.ops.pad(
        x, ((0, 0), (0, 1), (1, 0), (0, 0)), constant_values=1.375
    ),
    "beside exact numbers": lambda x: L.Concatenate(axis=2)(
        [x, QActivation("quantized_bits(6,2,alpha=1)")(x)]
    ),
    "beside other functions": lambda x: L.Concatenate()([x, L.Activation("tanh")(x), x]),
    "stacked": lambda x: keras.ops.stack([x, L.Activation("tanh")(x)], axis=-2)[:, :, :, 1],
    "twice": lambda x: L.Concatenate(axis=1)([L.ZeroPadding2D(((1, 0), (0, 0)))(x), x[:, :, ::-1]]),
    "padded maxima": lambda x: L.MaxPooling2D()(L.ZeroPadding2D(1)(x)),
}


@pytest.mark.parametrize(
    "behind", [lambda: [], lambda: [L.ReLU(1.3)], lambda: [L.Permute((3, 2, 1)), L.ELU()]]
)
@pytest.mark.parametrize("name", JOINTS)
def test_real_numbers_beside_others(name, behind):
    """A quantizer behind both makes codes of each part."""
    x = keras.Input(IMAGE)
    for quantizer in (BITS, "quantized_sigmoid(4,use_real_sigmoid=True)"):
        y = JOINTS[name](L.BatchNormalization()(x))
        for layer in (*behind(), QActivation(quantizer)):
            y = layer(y)
        model = keras.Model(x, y)
        random = np.random.default_rng(2)
        model.layers[1].set_weights([random.uniform(-1, 1, 3), *random.uniform(0.5, 1, (3, 3))])
        equal(model)


@pytest.mark.parametrize("name", JOINTS)
def test_real_numbers_beside_others_that_no_quantizer_follows(name):
    x = keras.Input(IMAGE)
    y = JOINTS[name](L.Activation("tanh", name="f")(x))
    model = keras.Model(x, QDense(2, kernel_quantizer=BITS, name="d")(y))
    message = (
        r"^layer 'f' \(Activation\): expected an activation that maps codes to codes, .*\. Otherwise layer 'd' "
        r"\(QDense\) reads real numbers\. The nearest exact model has QActivation\('quantized_bits\(12,0,alpha=1\)'\) "
    )
    with pytest.raises(qhls.LoweringError, match=message):
        qhls.compile(model, "s7.4")
    design = qhls.compile(model, "s7.4", allow_approximate=True)
    assert design.approximations[0].layer == "f"
    assert design.approximations[0].error <= 2.0**-12
    report = design.check(targets=())
    assert report, report


def test_a_maximum_beside_others_may_not_fall():
    x = keras.Input(IMAGE)
    y = L.MaxPooling2D(name="m")(L.ZeroPadding2D(1)(L.Activation("tanh", name="f")(x)))
    model = keras.Model(x, QActivation("quantized_hswish(6,2)")(y))
    message = (
        r"^layer '\w+' \(QActivation\): layer 'm' \(MaxPooling2D\): expected a function that never falls behind a "
        r"maximum of real numbers, got one that may\. Put a QActivation before it\. The nearest exact model has "
        r"QActivation\('quantized_bits\(12,0,alpha=1\)'\) behind layer 'f'"
    )
    with pytest.raises(qhls.LoweringError, match=message):
        qhls.compile(model, "s7.4")
    design = qhls.compile(model, "s7.4", allow_approximate=True)
    assert [made.layer for made in design.approximations] == ["f"]
    assert design.check(targets=())
