"""``Embedding`` and ``TimeDistributed`` as hardware: interpreter, Keras and both targets are equal."""

import keras
import numpy as np
import pytest

import qhls
from qhls.errors import LoweringError
from qhls.frontend.models.state import settle
from qhls.ir import Lookup, Scan, Threshold
from qhls.layers import QActivation, QConv1D, QConv2D, QDense, QSimpleRNN

L = keras.layers
BITS = "quantized_bits(6,1,alpha=1)"
KERNEL = {"kernel_quantizer": BITS, "bias_quantizer": BITS}


def model_of(layers, shape, seed=0, step=0.0):
    """``layers`` one after another, with random weights; those of embeddings are multiples of ``step``."""
    x = y = keras.Input(shape, name="x")
    for layer in layers:
        y = layer(y)
    model = keras.Model(x, y)
    random = np.random.default_rng(seed)
    for weight in model.weights:
        values = random.uniform(-1, 1, weight.shape)
        values = np.rint(values / step) * step if step and "embed" in weight.path else values
        weight.assign(np.abs(values) + 0.25 if "variance" in weight.path else values)
    settle(model)
    return model


def equal(design, targets=()):
    report = design.check(targets=targets)
    assert report, report
    return [type(op) for op in design.graph.ops if op.batched]


# -- Embedding --------------------------------------------------------------------------------------


def test_rows_on_a_grid_are_exact():
    model = model_of([L.Embedding(10, 4), L.Flatten(), QDense(2, **KERNEL)], (3,), step=1 / 16)
    design = qhls.compile(model)  # the layer says what its input is
    (x,) = design.graph.inputs
    assert (str(x.type), x.range.hull) == ("u4.0", (0, 9))
    assert Lookup in equal(design, ("vitis", "catapult"))
    assert not design.graph.reals


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
@pytest.mark.parametrize(
    "between",
    [
        [],
        [L.Activation("gelu")],
        [L.BatchNormalization()],
        [L.Normalization(), L.PReLU()],
    ],
)
def test_what_follows_rows_up_to_a_quantizer_is_their_table(between, shape):
    if any(isinstance(layer, L.PReLU) for layer in between) and shape:
        pytest.skip("a slope for each element is no function of the row")
    fresh = [type(layer).from_config(layer.get_config()) for layer in between]
    model = model_of([L.Embedding(7, 3), *fresh, QActivation(BITS)], shape)
    assert equal(qhls.compile(model))[1:] == [Lookup]


def test_a_function_for_each_element_has_steps():
    model = model_of([L.Embedding(7, 3), L.PReLU(), QActivation(BITS)], (2,), step=1 / 16)
    assert Threshold in equal(qhls.compile(model))


def test_real_rows_move_before_the_quantizer():
    model = model_of(
        [L.Embedding(7, 3), L.Reshape((6,)), QActivation(BITS), QDense(2, **KERNEL)], (2,)
    )
    assert Threshold not in equal(qhls.compile(model), ("vitis", "catapult"))


def test_real_rows_are_refused_or_approximated():
    model = model_of([L.Embedding(8, 4, name="words"), L.Flatten(), QDense(2, **KERNEL)], (3,))
    message = (
        r"^layer 'words' \(Embedding\): expected a quantizer behind it, because its weights are real numbers, "
        r"got none\. Add a QActivation behind it\. Otherwise layer 'q_dense\w*' \(QDense\) reads real numbers\. "
    )
    with pytest.raises(LoweringError, match=message):
        qhls.compile(model, "u3.0")
    equal(qhls.compile(model, "u3.0", allow_approximate=True))


def test_a_large_table_lies_in_a_memory():
    model = model_of([L.Embedding(2000, 8), QActivation(BITS)], (2,))
    design = qhls.compile(model)
    (op,) = design.graph.outputs
    assert design.plan.process(op).read(op.table).buffer.place == "rom"
    small = qhls.compile(model_of([L.Embedding(20, 8), QActivation(BITS)], (2,)))
    assert 0 < small.energy().total < design.energy().total


@pytest.mark.parametrize(("types", "hull"), [("u2.0", (0, 3)), ("s8.0", (0, 9)), ("u4.0", (0, 9))])
def test_inputs_are_indices_of_rows(types, hull, tmp_path):
    inner = keras.Sequential([keras.Input((3,)), L.Embedding(10, 2), QActivation(BITS)])
    design = qhls.compile(model_of([inner], (3,)), types)
    (x,) = design.graph.inputs
    assert x.range.hull == hull
    assert design.encode([[-5, 2, 77]])[0].tolist() == [[hull[0], 2, hull[1]]]
    equal(design)
    design.emit("vitis", tmp_path / "p")
    with pytest.raises(
        qhls.errors.VerifyError, match=rf"^input 'x': expected codes of {types} in \[0"
    ):
        qhls.ir.run(design.graph, [[[0, 1, hull[1] + 1]]])


@pytest.mark.parametrize(
    ("layers", "types", "message"),
    [
        (
            [L.Embedding(9, 2, name="e")],
            "s6.3",
            r"layer 'e' \(Embedding\): expected whole numbers from 0 to 8, got s6\.3 from -4 to 3\.875\. Give it",
        ),
        (
            [QActivation("quantized_bits(4,3,alpha=1)"), L.Embedding(9, 2, name="e")],
            "s4.0",
            r"layer 'e' \(Embedding\): expected whole numbers from 0 to 8, got s4\.0 from -8 to 7\. Give it an",
        ),
    ],
)
def test_what_is_no_index(layers, types, message):
    with pytest.raises(LoweringError, match=f"^{message}"):
        qhls.compile(model_of(layers, (6,)), types)


# -- TimeDistributed --------------------------------------------------------------------------------


def each(layer, **more):
    return L.TimeDistributed(layer, **more)


def small_model():
    layers = [QConv1D(2, 2, **KERNEL), QActivation(BITS), L.Flatten(), QDense(3, **KERNEL)]
    return keras.Sequential([keras.Input((5, 2)), *layers], name="inner")


RNN = {**KERNEL, "recurrent_quantizer": BITS, "state_quantizer": BITS}
DISTRIBUTED = {
    "dense": ([each(QDense(2, **KERNEL))], (4, 2)),
    "images": (
        [
            each(QConv2D(2, 2, **KERNEL)),
            each(QActivation(BITS)),
            each(L.MaxPooling2D(2)),
            each(L.Flatten()),
            each(QDense(3, **KERNEL)),
        ],
        (3, 5, 5, 2),
    ),
    "reals": (
        [
            each(QConv1D(2, 2, **KERNEL)),
            each(L.BatchNormalization()),
            each(L.LeakyReLU()),
            QActivation(BITS),
        ],
        (3, 5, 2),
    ),
    "elements": (
        [each(QConv1D(2, 2, **KERNEL)), each(L.PReLU("ones")), QActivation(BITS)],
        (3, 5, 2),
    ),
    "elements of all rows": (
        [each(QConv1D(2, 2, **KERNEL)), each(L.PReLU("ones")), L.PReLU("ones"), QActivation(BITS)],
        (3, 5, 2),
    ),
    "quantised within": ([each(L.Normalization()), each(QActivation(BITS))], (3, 5, 2)),
    "means": ([each(L.GlobalAveragePooling1D()), QActivation(BITS)], (2, 6, 2)),
    "a model": ([each(small_model())], (3, 5, 2)),
    "a recurrence": ([each(QSimpleRNN(2, **RNN))], (3, 4, 2)),
    "each of each": ([each(each(QConv1D(2, 2, **KERNEL)))], (2, 3, 4, 2)),
}


@pytest.mark.backends
@pytest.mark.parametrize("name", DISTRIBUTED)
def test_a_layer_on_each_row(name):
    layers, shape = DISTRIBUTED[name]
    equal(qhls.compile(model_of(layers, shape), "s6.3"))


def test_every_target_agrees():
    """Shared, so that its loop is there twice; in nested models; with steps for each element behind."""
    twice = each(small_model())
    x, y = keras.Input((3, 5, 2)), keras.Input((3, 5, 2))
    sums = L.Add()([twice(x), twice(y)])
    inner = keras.Sequential([keras.Input((3, 5, 2)), *DISTRIBUTED["elements"][0]], name="nested")
    pair = keras.Model([x, y], [sums, inner(x)])
    random = np.random.default_rng(0)
    for weight in pair.weights:
        weight.assign(random.uniform(0, 1, weight.shape))
    kinds = equal(qhls.compile(pair, "s6.3"), ("vitis", "catapult"))
    assert kinds.count(Scan) >= 3


@pytest.mark.parametrize(
    "inner", [QDense(3, activation="softmax", **KERNEL), L.Softmax(), L.Softmax(axis=1)]
)
def test_a_softmax_on_each_row(inner):
    model = model_of([each(type(inner).from_config(inner.get_config()))], (2, 4))
    design = qhls.compile(model, "s6.3", softmax="hardware")
    equal(design)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (
            L.Dense(2, name="d"),
            r"layer 'e' \(TimeDistributed\): layer 'd' \(Dense\): expected a quantised layer, got one of real "
            r"numbers\. Use QDense with a quantizer for each weight\.$",
        ),
        (
            QSimpleRNN(2, return_state=True, name="r", **RNN),
            r"layer 'e' \(TimeDistributed\): expected a layer of one output, got 2 of 'r'\. .*$",
        ),
    ],
)
def test_what_no_row_can_be_given_to(layer, message):
    from qhls.frontend.lowering.lower import lower
    from qhls.ir import Fixed, Input

    wrapper = each(layer, name="e")
    layer.build((None, 4, 2))
    with pytest.raises(LoweringError, match=f"^{message}"):
        lower(wrapper, Input((3, 4, 2), Fixed.parse("s6.3"), name="x"))
