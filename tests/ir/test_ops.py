"""Conformance of every op: meaning against an oracle, ranges that hold, types that hold the ranges."""

from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qhls.errors import VerifyError
from qhls.ir import (
    Add,
    Codes,
    Concat,
    Const,
    Conv,
    Fixed,
    Graph,
    Input,
    Matmul,
    Max,
    Mul,
    Op,
    Overflow,
    Pad,
    Pool,
    Quantize,
    Reshape,
    Rounding,
    Shift,
    enter_layer,
    interpret,
    tap,
    verify,
)
from qhls.plan.hardware.counting import count_events
from qhls.plan.hardware.events import replace_stored
from support.graphs.op_examples import (
    EXAMPLES,
    ORACLES,
    inputs_of,
    quantize_number,
    random_codes,
    to_numbers,
)

X = Input((4,), Fixed(True, 8, 3), name="x")
IMAGE = Input((4, 4, 2), Fixed(True, 8, 3), name="image")

ALL = [
    pytest.param(builder, id=f"{kind.__name__}-{number}")
    for kind, builders in EXAMPLES.items()
    for number, builder in enumerate(builders)
]
input_types = st.builds(Fixed, st.booleans(), st.integers(1, 12), st.integers(-3, 12)) | st.builds(
    Fixed, st.booleans(), st.sampled_from([24, 25, 53, 54, 63, 64, 70]), st.integers(-3, 12)
)


def instruction_set():
    """The ops that can be built: all there are that say what they mean."""
    waiting, found = [Op], set()
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if hasattr(kind, "evaluate") and kind.__module__.startswith("qhls."):
            found.add(kind)
    return found


def execute(op, seed, samples=3):
    """``op`` on random codes: the codes of its operands (with a batch axis where they have one), its own."""
    random = np.random.default_rng(seed)
    graph = Graph(inputs_of(op), (op,))
    codes = [random_codes(x.type, (samples, *x.shape), random) for x in graph.inputs]
    taps = tap(graph, codes, [*op.operands, op])
    return [taps[operand] for operand in op.operands], taps[op]


def test_every_op_has_an_example_and_an_oracle():
    assert set(EXAMPLES) == instruction_set()
    assert set(ORACLES) == instruction_set() - {Input, Const}


@pytest.mark.parametrize("build", ALL)
@settings(max_examples=12)
@given(kind=input_types, seed=st.integers(0, 1 << 32))
def test_results_lie_in_the_range_and_in_the_type(build, kind, seed):
    op = build(kind)
    _, result = execute(op, seed)
    assert result.shape == ((3, *op.shape) if op.batched else op.shape)
    lo, hi = (end.to_integers().astype(object) for end in (op.range.lo, op.range.hi))
    assert (result.astype(object) >= lo).all()
    assert (result.astype(object) <= hi).all()
    assert op.type.lo <= op.range.hull[0] <= op.range.hull[1] <= op.type.hi
    assert op.type.frac == op.frac
    if result.dtype == object:  # an int64 among Python's integers would wrap in the next op
        assert {type(code) for code in result.flat} <= {int}
    if op.batched:
        verify(Graph(inputs_of(op), (op,)))


@pytest.mark.parametrize(
    "build", [case for case in ALL if "Input" not in case.id and "Const" not in case.id]
)
@settings(max_examples=12)
@given(kind=input_types, seed=st.integers(0, 1 << 32))
def test_ops_mean_what_the_oracle_says(build, kind, seed):
    op = build(kind)
    operands, result = execute(op, seed)
    numbers = [
        to_numbers(codes, operand.frac)
        for codes, operand in zip(operands, op.operands, strict=True)
    ]
    expected = ORACLES[type(op)](op, *numbers)
    assert result.shape == expected.shape
    assert to_numbers(result, op.frac).tolist() == expected.tolist()


EVENT_SIZES = {
    **{"nothing": 0, "xnor": 1, "add": 1, "compare": 1, "choose": 1, "round": 1},
    **{"multiply": 2, "scale": 2, "shift": 2, "mux": 2, "lookup": 2},
}
"""How many numbers say how large an event is, by its kind."""


@pytest.mark.parametrize("build", ALL)
def test_work_counts_known_events(build):
    work = count_events(build(Fixed(True, 6, 2)))
    for counted in (work, replace_stored(work)):
        assert isinstance(counted, Counter)
        for event, count in counted.items():
            assert count > 0
            assert len(event.bits) == EVENT_SIZES[event.kind]
            assert all(bits >= (event.kind != "scale") for bits in event.bits)
    assert all(event.stored is None for event in replace_stored(work))
    assert not any(event.kind in ("nothing", "scale") for event in replace_stored(work))


@settings(max_examples=300)
@given(
    kind=st.builds(Fixed, st.booleans(), st.integers(1, 9), st.integers(-4, 6)),
    to=st.builds(Fixed, st.booleans(), st.integers(1, 8), st.integers(-5, 6)),
    rounding=st.sampled_from(Rounding),
    overflow=st.sampled_from(Overflow),
)
def test_quantize_of_every_code(kind, to, rounding, overflow):
    x = Input((), kind, name="x")
    y = Quantize(x, to, rounding, overflow)
    codes = np.arange(kind.lo, kind.hi + 1)
    found = tap(Graph((x,), (y,)), [codes], [y])[y]
    expected = [quantize_number(v, to, rounding, overflow) for v in to_numbers(codes, kind.frac)]
    assert to_numbers(found, to.frac).tolist() == expected
    if overflow is not Overflow.WRAP:  # monotone, so the range is the tightest
        assert y.range.hull == (found.min(), found.max())


TIGHT = [
    lambda x: Matmul(x, Const.of([[1.0, -2.0, 0.0], [0.5, 3.0, 0.0], [-7.0, 1.0, 0.25]])),
    lambda x: Conv(Reshape(x, (3, 1, 1)), Const.of([[[[1.0]]], [[[-2.5]]]])),
    lambda x: Pool(Reshape(x, (3, 1, 1)), (2, 1), (1, 1), "sum"),
    lambda x: Pool(Reshape(x, (3, 1, 1)), (2, 1), (1, 1), "max"),
    lambda x: Add(x, Const.of([0.5, -1.0, 4.0])),
    lambda x: Add(x, x),
    lambda x: Max(x, Const.of([0.0, -1.0, 64.0])),
    lambda x: Quantize(x, Fixed(True, 2, 0)),
    lambda x: Pad(x, ((1, 0),), value=1),
    lambda x: Concat((x, Shift(x, 1))),
    lambda x: Shift(x, -1),
]


@pytest.mark.parametrize("make", TIGHT)
@pytest.mark.parametrize("kind", ["s3.1", "u3.0", "s1.0"])
def test_the_range_is_reached_at_both_ends(make, kind):
    """Every input there is: each element's range is what its results fill."""
    x = Input((3,), Fixed.parse(kind), name="x")
    y = make(x)
    every = np.array(list(product(range(x.type.lo, x.type.hi + 1), repeat=3)))
    found = tap(Graph((x,), (y,)), [every], [y])[y]
    assert found.min(0).tolist() == y.range.lo.to_integers()[0].tolist()
    assert found.max(0).tolist() == y.range.hi.to_integers()[0].tolist()


@settings(max_examples=50)
@given(input_types, st.integers(0, 1 << 32))
def test_matmul_reaches_both_ends_of_its_type(kind, seed):
    random = np.random.default_rng(seed)
    x = Input((6,), kind, name="x")
    w = random.integers(-20, 21, (6, 1))
    y = Matmul(x, Const.of(w / 4))
    high = np.where(w[:, 0] > 0, kind.hi, np.array(kind.lo, object))
    low = np.where(w[:, 0] > 0, kind.lo, np.array(kind.hi, object))
    found = tap(Graph((x,), (y,)), [np.array([low, high], object)], [y])[y]
    assert y.range.hull == (int(found[0, 0]), int(found[1, 0]))
    assert y.type == Fixed.from_range(*y.range.hull, y.frac)


def test_the_range_is_of_the_real_weights():
    """Eight weights of 1 in u4: 8 * 15 = 120 is u7.0, whatever the weights' type could hold."""
    x = Input((8,), Fixed(False, 4, 0))
    assert str(Matmul(x, Const.of(np.ones((8, 1)))).type) == "u7.0"
    assert str(Matmul(x, Const.of(-np.ones((8, 1)))).type) == "s8.0"


# Magnitude and float32


def partial_sums(terms):
    """Every sum of some of the terms: what can stand in an accumulator in some order."""
    sums = {0}
    for term in terms:
        sums |= {s + term for s in sums}
    return sums


@settings(max_examples=60)
@given(st.lists(st.integers(-9, 9), min_size=1, max_size=5), input_types, st.integers(0, 99))
def test_no_partial_sum_exceeds_the_magnitude(w, kind, seed):
    x = Input((len(w),), kind, name="x")
    y = Matmul(x, Const.of(np.array(w, float)[:, None]))
    scale = y.w.frac  # even weights are stored with their common factor of two taken out
    weights = [int(np.ldexp(value, scale)) for value in w]
    codes = random_codes(kind, len(w), np.random.default_rng(seed))
    assert all(abs(s) <= y.magnitude for s in partial_sums(codes * weights))
    # and it is reached: the largest products of one sign, all before those of the other
    products = [[code * weight for code in (kind.lo, 0, kind.hi)] for weight in weights]
    assert y.magnitude == max(sum(map(max, products)), -sum(map(min, products)))


def test_magnitude_counts_terms_that_cancel():
    """x in [15, 15]: x - x is 0, but 15 is on the way."""
    x = Quantize(Max(Input((1,), Fixed(False, 4, 0)), Const.of(15.0)), Fixed(False, 4, 0))
    assert x.range.hull == (15, 15)
    y = Matmul(Concat((x, x)), Const.of([[1.0], [-1.0]]))
    assert y.range.hull == (0, 0)
    assert y.magnitude == 15


# What ops refuse


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: Matmul(X, Const.of(np.ones((3, 2)))),
            r"Matmul 'matmul': expected weights \(4, n\), got \(3, 2\)",
        ),
        (
            lambda: Matmul(X, Const.of(np.ones(4))),
            r"Matmul 'matmul': expected weights \(4, n\), got \(4,\)",
        ),
        (
            lambda: Matmul(Input((), Fixed(True, 8, 0)), Const.of(np.ones((3, 2)))),
            r"Matmul 'matmul': expected weights \(\?, n\), got \(3, 2\)",
        ),
        (
            lambda: Conv(X, Const.of(np.ones((1, 1, 1, 1)))),
            r"Conv 'conv': expected an input \(rows, columns, channels\), got \(4,\)",
        ),
        (
            lambda: Conv(IMAGE, Const.of(np.ones((2, 2, 3, 1)))),
            r"Conv 'conv': expected weights \(kh, kw, 2, filters\), got \(2, 2, 3, 1\)",
        ),
        (
            lambda: Conv(IMAGE, Const.of(np.ones((3, 1, 2, 1))), dilation=(2, 1)),
            r"Conv 'conv': expected an input of at least 5 x 1, got \(4, 4, 2\)",
        ),
        (
            lambda: Pool(X, (1, 1), (1, 1)),
            r"Pool 'pool': expected an input \(rows, columns, channels\), got \(4,\)",
        ),
        (
            lambda: Pool(IMAGE, (2, 5), (1, 1)),
            r"Pool 'pool': expected an input of at least 2 x 5, got \(4, 4, 2\)",
        ),
        (
            lambda: Add(X, Const.of(np.ones(3))),
            r"Add 'add': expected operands that broadcast, got \(4,\) and \(3,\)",
        ),
        (
            lambda: Max(X, Const.of(np.ones((2, 4)))),
            r"Max 'max': expected operands that broadcast, got \(4,\) and \(2, 4\)",
        ),
        (
            lambda: Reshape(X, (3,)),
            r"Reshape 'reshape': expected a shape of 4 elements, got \(3,\)",
        ),
        (
            lambda: Pad(X, ((1, 1), (1, 1))),
            r"Pad 'pad': expected 1 pairs of widths of at least 0, got \(\(1, 1\), \(1, 1\)\)",
        ),
        (
            lambda: Pad(X, ((-1, 0),)),
            r"Pad 'pad': expected 1 pairs of widths of at least 0, got \(\(-1, 0\),\)",
        ),
        (
            lambda: Concat((X, IMAGE)),
            r"Concat 'concat': expected shapes equal but for the axis, got \[\[4\], \[4, 4, 2\]\]",
        ),
        (
            lambda: Concat((IMAGE, Pad(IMAGE, ((0, 1), (0, 0), (0, 0)))), axis=1),
            r"Concat 'concat': expected shapes equal but for the axis, "
            r"got \[\[4, 4, 2\], \[5, 4, 2\]\]",
        ),
        (
            lambda: Concat((X,), axis=1),
            r"Concat 'concat': expected shapes equal but for the axis, got \[\[4\]\]",
        ),
        (
            lambda: Concat((X, Const.of(np.ones(4)))),
            r"Concat 'concat': expected operands that depend on an input, got the const 'const'",
        ),
        (
            lambda: Concat(()),
            r"Concat 'concat': expected shapes equal but for the axis, got \[\]",
        ),
    ],
)
def test_operands_that_do_not_fit(build, message):
    with pytest.raises(VerifyError, match=rf"^{message}\.$"):
        build()


def test_errors_name_the_layer():
    match = r"^Reshape 'flatten\.reshape' of layer 'flatten': expected a shape of 4 elements, got \(3,\)\.$"
    with enter_layer("flatten"), pytest.raises(VerifyError, match=match):
        Reshape(X, (3,))


def test_types_beyond_the_tools_are_refused():
    """What to quantise is named: the widest operand."""
    x = Input((2,), Fixed.parse("s16.15"), name="x")
    y = x
    with pytest.raises(VerifyError) as caught:
        for i in range(8):
            with enter_layer(f"square{i}"):
                y = Mul(y, y)
    assert y.type == Fixed.parse("u961.960")
    assert str(caught.value) == (
        "Mul 'square6.mul' of layer 'square6': expected at most 1024 bits, before and behind the point, got "
        "u1921.1920. Quantise what it reads, e.g. 'square5.mul' of layer 'square5' with a QActivation."
    )


@pytest.mark.parametrize("notation", ["s1025.0", "s8.1025", "u3.-1022", "s8.1000000000"])
def test_inputs_beyond_the_tools_are_refused(notation):
    match = (
        rf"^Input 'x': expected at most 1024 bits, .*, got {notation}\. Give it a type or quantizer"
    )
    with pytest.raises(VerifyError, match=match):
        Input((2,), Fixed.parse(notation), name="x")
    with pytest.raises(
        VerifyError, match=rf"^Quantize 'q': expected at most 1024 .* got {notation}\."
    ):
        Quantize(X, Fixed.parse(notation), name="q")


# Names, operands


def test_names_within_a_layer():
    with enter_layer("fc"):
        first, second, named = Shift(X, 1), Shift(X, 2), Shift(X, 3, name="scale")
        with enter_layer("inner"):
            inside = Shift(X, 4)
        after = Shift(X, 5)
    outside = Shift(X, 6)
    assert [op.name for op in (first, second, named, inside, after, outside)] == [
        "fc.shift",
        "fc.shift_2",
        "fc.scale",
        "inner.shift",
        "fc.shift_3",
        "shift",
    ]
    assert [op.layer for op in (first, inside, after, outside)] == ["fc", "inner", "fc", ""]


def test_the_scope_ends_with_an_exception():
    with pytest.raises(RuntimeError, match=r"^stop$"), enter_layer("fc"):
        raise RuntimeError("stop")
    assert Shift(X, 1).layer == ""


def test_kinds_are_snake_case():
    class HalfBandFilter(Shift):
        pass

    assert HalfBandFilter(X, 1).kind == "half_band_filter"
    assert Matmul(X, Const.of(np.ones((4, 1)))).kind == "matmul"


def test_operands_in_order():
    y = Input((4,), Fixed(True, 8, 3), name="y")
    assert Add(y, X).operands == (y, X)
    assert Concat((X, y, X)).operands == (X, y, X)
    assert X.operands == ()


def test_with_operands():
    y = Input((4,), Fixed(True, 9, 3), name="y")
    total = Add(X, X, name="total")
    assert total.with_operands({y: X}) is total
    moved = total.with_operands({X: y})
    assert moved.operands == (y, y)
    assert (moved.name, str(moved.type)) == ("total", "s10.3")
    joined = Concat((X, y), name="joined").with_operands({y: X})
    assert joined.operands == (X, X)


def test_identity_is_the_objects():
    first, second = Shift(X, 1), Shift(X, 1)
    assert first != second
    assert len({first, second}) == 2


def test_an_input_keeps_its_declared_type():
    assert Input((2,), Fixed(False, 9, 4)).type == Fixed(False, 9, 4)


def test_a_quantized_tensor_is_as_wide_as_its_quantizer_says():
    assert Quantize(Max(X, Const.of(0.0)), Fixed(True, 20, 3)).type == Fixed(True, 20, 3)


def test_constants_are_exact():
    constant = Const.of([0.75, -2.0])
    assert (constant.frac, str(constant.type), constant.shape) == (2, "s4.2", (2,))
    assert constant.codes.to_integers().tolist() == [3, -8]
    assert isinstance(constant.codes, Codes)


@pytest.mark.parametrize(
    "build",
    [
        lambda x: Pool(x, (2, 2), (0, 1)),
        lambda x: Pool(x, (0, 2), (1, 1)),
        lambda x: Conv(x, Const.of(np.ones((1, 1, 1, 1))), dilation=(1, 0)),
    ],
)
def test_steps_of_windows_are_positive(build):
    x = Input((4, 4, 1), Fixed.parse("u4.0"), name="x")
    with pytest.raises(
        VerifyError,
        match=r"^\w+ '\w+': expected window, strides and dilation of at least 1, got \(",
    ):
        build(x)


# Inputs and ops that state their values


@pytest.mark.parametrize("values", [(), (1, 1), (2, -1), (-9, 7), range(3, 9), range(3, -3, -1)])
def test_an_input_has_rising_codes_of_its_type(values):
    match = r"^Input 'x': expected rising codes of s4\.0, got "
    with pytest.raises(VerifyError, match=match):
        Input((2,), Fixed(True, 4, 0), values, name="x")


def test_listed_codes_beyond_63_bits_are_drawn_as_they_are():
    values = (2**70 + 1, -1)
    drawn = interpret.draw_codes(Fixed(True, 80, 0), (20,), np.random.default_rng(0), values)
    assert set(drawn.tolist()) == set(values)


def test_an_input_of_few_values():
    x = Input((3,), Fixed(True, 80, 0), (-3, 0, 5), name="x")
    assert (x.range.hull, str(x.type)) == ((-3, 5), "s80.0")
    drawn = interpret.draw_codes(x.type, (50, 3), np.random.default_rng(0), x.values)
    assert set(drawn.ravel().tolist()) == {-3, 0, 5}
    assert Input((1,), Fixed(False, 62, 0), range(1 << 62)).range.hull == (0, (1 << 62) - 1)


def test_stated_bounds_take_the_place_of_the_range():
    y = Matmul(X, Const.of(np.ones((4, 2))), bounds=(-5, 1000))
    assert (y.range.hull, y.shape, str(y.type)) == ((-5, 1000), (2,), "s11.3")
    assert "1000" not in str(Graph((X,), (y,)))
