"""``estimate``: totals computed by hand on the unit technology, additivity, and what a report shows."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from qhls.energy import CAUSES, compare, estimate, list_technologies, load_technology
from qhls.errors import EnergyError
from qhls.ir import (
    Add,
    Concat,
    Const,
    Conv,
    Fixed,
    Graph,
    Input,
    Matmul,
    Max,
    Min,
    Mul,
    Overflow,
    Pad,
    Pool,
    Quantize,
    Reshape,
    Rounding,
    Shift,
    Sub,
    Threshold,
    enter_layer,
)
from qhls.plan import Schedule
from qhls.plan.hardware.counting import count_afresh
from qhls.plan.hardware.events import Event, Events
from support.plans import buffer_of, place_of, process_of

UNIT = load_technology("unit")
HOROWITZ = load_technology("horowitz_45nm")


def dense():
    """u4.0 x s3.0 (4, 3): every sum within [0, 4 * 15 * 3] or its negative, so s9.0 (signed weights)."""
    x = Input((4,), Fixed(False, 4, 0), name="x")
    weights = np.full((4, 3), 3.0)
    weights[:, 0] = -4
    with enter_layer("fc"):
        product = Matmul(x, Const.of(weights, name="w"), name="product")
        biased = Add(product, Const.of([1.0, 2.0, 3.0], name="bias"), name="biased")
        rectified = Max(biased, Const.of(0.0, name="zero"), name="rectified")
    with enter_layer("act"):
        y = Quantize(rectified, Fixed(False, 5, -1), name="y")
    return Graph((x,), (y,), name="dense")


def test_dense_by_hand():
    graph = dense()
    assert str(graph["fc.w"].type) == "s3.0"
    assert str(graph["fc.product"].type) == "s9.0"  # -240 .. 180
    assert str(graph["fc.biased"].type) == "s9.0"
    assert str(graph["fc.rectified"].type) == "u8.0"  # 0 .. 183
    causes = {op.name: dict(op.causes) for op in estimate(graph, Schedule(), UNIT).ops}
    assert causes == {
        # the input is written once: 4 elements of 4 bits
        "x": {"multiply": 0, "add": 0, "activation": 0, "memory": 16},
        # products by -4 are wiring, that by 3 = 4 - 1 is one addition of 4 bits for each input, used twice;
        # sums of 4 terms take 3 additions of 9 bits, and that of -4 only one more; x read; what follows is fused
        "fc.product": {"multiply": 16, "add": 10 * 9, "activation": 0, "memory": 16},
        # adding 1 and 3 takes 9 bits, adding 2 leaves the lowest as it is
        "fc.biased": {"multiply": 0, "add": 9 + 8 + 9, "activation": 0, "memory": 0},
        # the sign chooses: 9 two-way multiplexers
        "fc.rectified": {"multiply": 0, "add": 0, "activation": 27, "memory": 0},
        # rounding and saturation: one addition of 5 bits an element
        "act.y": {"multiply": 0, "add": 0, "activation": 15, "memory": 15},
    }


def test_dense_by_layer_and_cause():
    report = estimate(dense(), Schedule(), UNIT)
    assert report.total == 16 + 122 + 26 + 27 + 30
    assert report.causes == {"multiply": 16, "add": 116, "activation": 42, "memory": 47}
    assert report.layers == {
        "x": {"multiply": 0, "add": 0, "activation": 0, "memory": 16},
        "fc": {"multiply": 16, "add": 116, "activation": 27, "memory": 16},
        "act": {"multiply": 0, "add": 0, "activation": 15, "memory": 15},
    }


@pytest.mark.parametrize("storage", ["bram", "lutram", "rom"])
def test_stored_weights_are_read_once(storage):
    wired = estimate(dense(), Schedule(), UNIT)
    stored = estimate(dense(), Schedule(storage=storage), UNIT)
    # 12 weights of s3, 3 biases of u2, which are not fused: sums are written and read; relu's zero is no table
    assert stored.causes["memory"] - wired.causes["memory"] == 36 + 6 + 27 + 27
    # 12 products of 4 x 3 bits, each added: which weights there are, the hardware does not know
    assert stored.causes["multiply"] == 144
    assert stored.causes["add"] == 12 * 9 + 27
    assert stored.causes["activation"] == wired.causes["activation"]


def steps(x, thresholds, values):
    return Threshold(x, Const.of(np.array(thresholds, float)), Const.of(np.array(values, float)))


def image(op):
    x = Input((3, 3, 1), Fixed(True, 4, 0), name="x")
    y = op(x)
    return Graph((x,), (y,))


@pytest.mark.parametrize(
    ("make", "multiply", "add", "activation", "memory"),
    [
        # 2 x 2 positions, 3 additions of 6 bits each
        (lambda x: Conv(x, Const.of(np.ones((2, 2, 1, 1)))), 0, 12 * 6, 0, 36 + 4 * 6),
        # 2 x 2 positions, 4 products by 5 = 4 + 1 and 3 additions of 9 bits (-160 .. 140) each
        (lambda x: Conv(x, Const.of(np.full((2, 2, 1, 1), 5))), 16 * 4, 12 * 9, 0, 36 + 4 * 9),
        # 3 steps for each of the 4 windows; a sum of four s4 is s6
        (lambda x: Pool(x, (2, 2), (1, 1), "max"), 0, 0, 12 * 4, 36 + 16),
        (lambda x: Pool(x, (2, 2), (1, 1), "sum"), 0, 12 * 6, 0, 36 + 24),
        (lambda x: Add(x, x), 0, 9 * 5, 0, 36 + 45),  # an operand used twice is read once
        (lambda x: Max(x, Const.of(100.0)), 0, 0, 0, 0),  # x is -8 .. 7: always 100
        (
            lambda x: Max(x, Const.of(2.5)),
            0,
            0,
            9 * 5,
            36 + 9 * 4,
        ),  # a comparison of s5.1, u4.1 written
        (lambda x: Max(x, Const.of(0.0)), 0, 0, 9 * 4, 36 + 9 * 3),
        (lambda x: Min(x, Const.of(7.0)), 0, 0, 0, 0),  # always x
        (lambda x: Mul(x, Const.of(0.0)), 0, 0, 0, 0),
        (lambda x: Mul(x, Const.of(4.0)), 0, 0, 0, 0),  # wiring
        (lambda x: Mul(x, Const.of(-4.0)), 0, 9 * 5, 0, 36 + 9 * 5),  # a negation to s5
        # 3 = 4 - 1 and -3 = 1 - 4: one addition of 4 bits; -5 = 0 - 4 - 1: two
        (lambda x: Mul(x, Const.of(3.0)), 9 * 4, 0, 0, 36 + 9 * 6),
        (lambda x: Mul(x, Const.of(-3.0)), 9 * 4, 0, 0, 36 + 9 * 6),
        (lambda x: Mul(x, Const.of(-5.0)), 9 * 2 * 4, 0, 0, 36 + 9 * 7),
        (lambda x: Mul(x, x), 9 * 16, 0, 0, 36 + 9 * 7),  # 0 .. 64
        (lambda x: Add(x, Const.of(0.0)), 0, 0, 0, 0),
        (lambda x: Add(Const.of(4.0), x), 0, 9 * (5 - 2), 0, 36 + 45),  # -4 .. 11, two bits pass
        (lambda x: Sub(x, Const.of(4.0)), 0, 9 * (5 - 2), 0, 36 + 45),
        (lambda x: Sub(Const.of(0.0), x), 0, 9 * 5, 0, 36 + 45),  # a negation
        (lambda x: Quantize(x, Fixed(False, 2, 0)), 0, 0, 9 * 2, 36 + 18),
        # 2 comparisons of 4 bits at once, then one of 3 values of 3 bits
        (lambda x: steps(x, [-1, 2], [3, 0, -4]), 0, 0, 9 * (2 * 4 + 3), 36 + 27),
        # a search among 5: 3 comparisons of 4 bits, each with a threshold that is looked up
        (lambda x: steps(x, [-3, -1, 0, 2, 5], range(6)), 0, 0, 9 * (3 * 8 + 3), 36 + 27),
        (lambda x: Quantize(x, Fixed(True, 2, -1), Rounding.FLOOR, Overflow.WRAP), 0, 0, 0, 0),
        (lambda x: Reshape(x, (9,)), 0, 0, 0, 0),
        (lambda x: Shift(x, 3), 0, 0, 0, 0),
        (lambda x: Pad(x, ((1, 1), (1, 1), (0, 0))), 0, 0, 0, 0),
        (lambda x: Concat((x, x)), 0, 0, 0, 0),
    ],
    ids=(
        *("conv_of_ones", "conv_of_fives", "maxpool", "sumpool", "add"),
        *("max_of_100", "max", "relu"),
        *("min", "times_0", "times_4", "times_-4", "times_3", "times_-3", "times_-5", "square"),
        *("add_0", "add_4", "subtract_4", "negate"),
        *("quantize", "threshold", "search", "truncate", "reshape", "shift", "pad", "concat"),
    ),
)
def test_one_op_by_hand(make, multiply, add, activation, memory):
    report = estimate(image(make), Schedule(), UNIT)
    found = dict(report.ops[-1].causes)
    assert found == {"multiply": multiply, "add": add, "activation": activation, "memory": memory}
    assert report.total == multiply + add + activation + memory + 36  # and the input is written


def test_horowitz_by_hand():
    """A product by -127 = -128 + 1, negative as its only term: additions of 8 and of 15 bits."""
    x = Input((1,), Fixed(True, 8, 0), name="x")
    graph = Graph((x,), (Matmul(x, Const.of([[-127.0]])),))
    assert str(graph.outputs[0].type) == "s15.0"  # -127 * -128 = 16256
    report = estimate(graph, Schedule(), HOROWITZ)
    moved = 0.009 * (8 + 8 + 15)  # the input is written and read, the result written
    assert report.total == pytest.approx((8 + 15) * 0.003125 + moved, rel=1e-6)
    # From a memory, two products of 8 x 8 bits. One 64-bit word of a memory of 16 bits, on the line through
    # 10 pJ at 8 KB and 20 pJ at 32 KB.
    x = Input((2,), Fixed(True, 8, 0), name="x")
    graph = Graph((x,), (Matmul(x, Const.of([[-127.0], [1]])),))
    stored = estimate(graph, Schedule(storage="bram"), HOROWITZ)
    word = 10 * math.sqrt(16 / 65536)
    moved = 0.009 * (16 + 16 + 15)  # -127 * 127 - 128 .. 127 * 128 + 127
    assert stored.total == pytest.approx(2 * 0.2 + 2 * 15 * 0.003125 + word + moved, rel=1e-6)


def test_place():
    x = Input((8,), Fixed(True, 8, 0), name="x")
    assert buffer_of(x, Schedule()).place == "registers"
    assert buffer_of(x, Schedule(partition_limit=7)).place == "bram"
    assert buffer_of(x, Schedule(storage="bram")).place == "registers"


def test_place_of_constants():
    """Fixed indices make logic of a constant of any length; a loop's variable chooses in a table."""
    x, w = Input((8,), Fixed(True, 8, 0), name="x"), Const.of(np.ones(8))
    few, none, shared = Schedule(partition_limit=8), Schedule(partition_limit=1), Schedule(2)
    kernel = Const.of(np.ones((8, 4)))
    product, sums, scaled = Matmul(x, kernel), Add(x, w), Mul(x, w)
    for schedule in (Schedule(), few, none):
        assert place_of(product, kernel, schedule) == "wired"
    assert place_of(product, kernel, shared) == "registers"
    for op in (sums, scaled):
        assert place_of(op, w, few) == "wired"
        assert place_of(op, w, none) == "rom"
    assert place_of(sums, w, shared) == "wired"
    assert place_of(scaled, w, shared) == "registers"
    wide = Input((3, 8), Fixed(True, 8, 0), name="x")
    assert place_of(Add(wide, w), w, few) == "registers"  # 24 elements, one at a time
    for storage in ("rom", "lutram", "bram"):
        assert place_of(product, kernel, Schedule(storage=storage)) == storage
        one = Const.of(3.0)
        assert place_of(Mul(x, one), one, Schedule(storage=storage)) == "wired"
    few_steps, many = steps(x, [1, 2], range(3)), steps(x, range(9), range(10))
    assert place_of(few_steps, few_steps.thresholds, none) == "wired"  # compared at once
    assert place_of(few_steps, few_steps.values, none) == "rom"
    assert place_of(many, many.thresholds, none) == "rom"  # searched
    assert place_of(many, many.thresholds, Schedule(2)) == "wired"


def test_long_weights_cost_as_much_as_short_ones():
    """Fully unrolled, what a pragma splits does not matter: 12 weights, of which none or all are registers."""
    short, long = (
        estimate(dense(), Schedule(partition_limit=limit), UNIT).ops[1] for limit in (12, 4)
    )
    assert short == long


def test_a_table_that_a_loop_chooses_from_is_read_each_time():
    x = Input((5, 2), Fixed(True, 4, 0), name="x")
    graph = Graph((x,), (Mul(x, Const.of([3.0, -7]), name="y"),))
    few = estimate(graph, Schedule(partition_limit=2), UNIT).ops[-1].causes
    # 10 products of 4 x 4 bits; x (in block RAM) and one of the numbers read, -49 .. 56 written
    assert few["multiply"] == 10 * 16
    assert few["memory"] == 40 + 5 * 2 * 4 + 10 * 7
    whole = estimate(graph, Schedule(), UNIT).ops[-1].causes
    assert whole["multiply"] == 5 * (4 + 4)  # 3 = 4 - 1, -7 = 1 - 8
    assert whole["memory"] == 40 + 10 * 7


def test_signs_that_a_loop_chooses_are_negations():
    x = Input((4,), Fixed(True, 4, 0), name="x")
    graph = Graph((x,), (Mul(x, Const.of([1.0, -2, 0, 4]), name="y"),))
    wired = estimate(graph, Schedule(), UNIT).ops[-1].causes
    assert (wired["multiply"], wired["add"]) == (0, 6)  # to s6: -32 .. 28
    stored = estimate(graph, Schedule(storage="bram"), UNIT).ops[-1].causes
    # sign, zero, and an exponent of 0 to 2 in two digits; each may be negated
    assert (stored["multiply"], stored["add"]) == (4 * 4 * 4, 4 * 6)


def test_activations_beyond_the_partition_limit_lie_in_block_ram():
    graph = dense()
    near = estimate(graph, Schedule(partition_limit=12), HOROWITZ)
    far = estimate(graph, Schedule(partition_limit=1), HOROWITZ)
    x = next(op for op in far.ops if op.name == "x")
    assert x.causes["memory"] == pytest.approx(HOROWITZ.write("bram", 16))
    assert far.total != near.total


def test_an_event_that_the_technology_does_not_price():
    class Divide(Shift):
        pass

    @count_afresh.register
    def _(op: Divide) -> Events:
        return Events({Event("divide", (8,)): 1})

    x = Input((1,), Fixed(True, 8, 0), name="x")
    match = (
        r"^technology 'unit': expected an event of .*, got divide\(8\)\. Use one of these kinds\.$"
    )
    with pytest.raises(EnergyError, match=match):
        estimate(Graph((x,), (Divide(x, 1),)), Schedule(), UNIT)


@st.composite
def networks(draw):
    """Weights, widths and shape of a small dense or convolutional network."""
    bits, weight_bits = draw(st.integers(2, 12)), draw(st.integers(2, 8))
    seed = draw(st.integers(0, 999))
    return bits, weight_bits, seed, draw(st.booleans())


def build(bits, weight_bits, seed, conv, narrower=0):
    """``narrower``: bits that the weights lose, each by rounding to the nearest number of the coarser grid."""
    random = np.random.default_rng(seed)

    def weights(*shape):
        codes = random.integers(-(1 << weight_bits - 1), 1 << weight_bits - 1, shape).astype(float)
        for _ in range(narrower):
            codes = np.round(codes / 2)
        return codes

    x = Input((4, 4, 2), Fixed(True, bits, 0), name="x")
    with enter_layer("first"):
        y = Conv(x, Const.of(weights(2, 2, 2, 3))) if conv else Matmul(x, Const.of(weights(2, 3)))
        y = Max(y, Const.of(0.0))
        y = Quantize(y, Fixed(False, bits, 0))
    with enter_layer("second"):
        y = Pool(y, (2, 2), (2, 2))
        y = Reshape(y, (y.size,))
        y = Matmul(y, Const.of(weights(y.size, 3)))
    return Graph((x,), (y,))


schedules = st.builds(
    Schedule,
    storage=st.sampled_from(["registers", "bram", "lutram", "rom"]),
    reuse_factor=st.sampled_from([1, 4]),
    partition_limit=st.sampled_from([1, 16, 1024]),
)


@settings(max_examples=40, deadline=None)
@given(networks(), schedules, st.sampled_from(list_technologies()))
def test_energy_is_additive(network, schedule, technology):
    report = estimate(build(*network), schedule, load_technology(technology))
    assert report.total > 0
    assert sum(op.total for op in report.ops) == pytest.approx(report.total, rel=1e-12)
    assert sum(report.causes.values()) == pytest.approx(report.total, rel=1e-12)
    layers = [sum(causes.values()) for causes in report.layers.values()]
    assert sum(layers) == pytest.approx(report.total, rel=1e-12)
    for cause in CAUSES:
        by_layer = sum(layer[cause] for layer in report.layers.values())
        assert by_layer == pytest.approx(report.causes[cause], rel=1e-12)
    assert all(pj >= 0 for op in report.ops for pj in op.causes.values())


@settings(max_examples=40, deadline=None)
@given(networks(), st.integers(0, 6), schedules, st.sampled_from(list_technologies()))
def test_fewer_activation_bits_never_cost_more(network, more, schedule, technology):
    bits, *rest = network
    prices = load_technology(technology)
    narrow = estimate(build(bits, *rest), schedule, prices).total
    wide = estimate(build(bits + more, *rest), schedule, prices).total
    assert narrow <= wide * (1 + 1e-12)


@settings(max_examples=40, deadline=None)
@given(networks(), st.integers(1, 6), schedules, st.sampled_from(list_technologies()))
def test_fewer_weight_bits_never_cost_more(network, fewer, schedule, technology):
    prices = load_technology(technology)
    wide = estimate(build(*network), schedule, prices).total
    narrow = estimate(build(*network, narrower=fewer), schedule, prices).total
    assert narrow <= wide * (1 + 1e-12)


@settings(max_examples=60, deadline=None)
@given(networks(), st.sampled_from(list_technologies()), st.data())
def test_a_pruned_weight_costs_nothing_when_unrolled(network, technology, data):
    """The products by a row of zeros are not there: a network without that input costs the same."""
    bits, weight_bits, seed, _ = network
    prices, random = load_technology(technology), np.random.default_rng(seed)
    weights = random.integers(-(1 << weight_bits), 1 << weight_bits, (6, 4)).astype(float)
    row = data.draw(st.integers(0, 5))
    weights[row] = 0

    def product(matrix):
        x = Input((len(matrix),), Fixed(True, bits, 0), name="x")
        graph = Graph((x,), (Matmul(x, Const.of(matrix), name="product"),))
        return dict(estimate(graph, Schedule(), prices).ops[-1].causes)

    whole, smaller = product(weights), product(np.delete(weights, row, 0))
    assert whole["multiply"] == pytest.approx(smaller["multiply"])
    assert whole["add"] == pytest.approx(smaller["add"])
    assert product(np.zeros((6, 4)))["multiply"] == product(np.zeros((6, 4)))["add"] == 0


@settings(max_examples=40, deadline=None)
@given(networks(), st.sampled_from(list_technologies()))
def test_known_weights_never_cost_more_than_stored_ones(network, technology):
    prices, graph = load_technology(technology), build(*network)
    wired = estimate(graph, Schedule(), prices).causes
    stored = estimate(graph, Schedule(storage="bram"), prices).causes
    for cause in CAUSES:
        assert wired[cause] <= stored[cause] * (1 + 1e-12)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([Add, Sub, Mul, Max, Min]),
    st.lists(st.integers(-40, 40), min_size=3, max_size=3),
    st.integers(2, 9),
    st.integers(0, 4),
    st.sampled_from(list_technologies()),
    schedules,
)
def test_elementwise_constants_never_cost_more_than_tables(
    op_type, codes, bits, more, technology, schedule
):
    """Nor do fewer bits of the input cost more, whatever the schedule."""
    prices = load_technology(technology)

    def cost(width, chosen):
        x = Input((2, 3), Fixed(True, width, 0), name="x")
        graph = Graph((x,), (op_type(x, Const.of(np.array(codes, float)), name="y"),))
        return estimate(graph, chosen, prices)

    known, stored = cost(bits, Schedule()), cost(bits, Schedule(storage="bram"))
    assert known.total <= stored.total * (1 + 1e-12)
    if op_type in (Add, Sub, Mul):  # a maximum with a constant beyond the range is none
        assert cost(bits, schedule).total <= cost(bits + more, schedule).total * (1 + 1e-12)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([Add, Sub, Mul]), networks(), st.sampled_from(list_technologies()), st.data()
)
def test_a_constant_of_zero_costs_no_arithmetic(op_type, network, technology, data):
    bits, _, seed, _ = network
    values = np.random.default_rng(seed).integers(-20, 20, 5).astype(float)
    values[data.draw(st.integers(0, 4))] = 0
    x, prices = Input((5,), Fixed(True, bits, 0), name="x"), load_technology(technology)

    def arithmetic(kept):
        y = op_type(x, Const.of(kept), name="y")
        graph = Graph((x,), (y,))
        causes = estimate(graph, Schedule(), prices).ops[-1].causes
        return causes["multiply"] + causes["add"]

    assert arithmetic(np.zeros(5)) == 0
    alone = [np.where(np.arange(5) == i, values, 0) for i in range(5)]
    assert arithmetic(values) >= max(map(arithmetic, alone)) * (1 - 1e-12)


def test_stored_weights_are_read_for_every_position():
    x = Input((5, 4, 2), Fixed(True, 4, 0), name="x")
    graph = Graph((x,), (Conv(x, Const.of(np.full((2, 2, 2, 3), 3.0)), name="y"),))
    memory = estimate(graph, Schedule(storage="rom"), UNIT).ops[-1].causes["memory"]
    # 12 positions read 24 weights of 2 bits; x is read, 12 x 3 sums of s9 (8 * 3 * -8) written
    assert memory == 12 * 24 * 2 + 40 * 4 + 36 * 9
    # in a memory, the input is read by each of the 12 windows of 8
    far = Schedule(storage="rom", partition_limit=39)
    assert estimate(graph, far, UNIT).ops[-1].causes["memory"] == 12 * 24 * 2 + 96 * 4 + 36 * 9


def test_windows_of_a_pool_that_skip_elements_do_not_read_them():
    x = Input((5, 5, 1), Fixed(True, 4, 0), name="x")
    pool = Pool(x, (1, 1), (2, 2), name="y")
    assert process_of(pool, partition_limit=1).read(x).passes == 9 / 25
    assert process_of(pool).read(x).passes == 1


def test_tables_of_a_lookup_are_read_by_the_lookups():
    graph = image(lambda x: steps(x, [-3, -1, 0, 2, 5], range(6)))
    wired = estimate(graph, Schedule(), HOROWITZ).ops[-1].causes
    stored = estimate(graph, Schedule(storage="bram"), HOROWITZ).ops[-1].causes
    assert stored["memory"] == wired["memory"]
    # an element: 3 thresholds of 4 bits out of 5 and one value of 3 bits out of 6, a 64-bit word each
    words = 9 * (3 * 10 * math.sqrt(20 / 65536) + 10 * math.sqrt(18 / 65536))
    assert stored["activation"] == pytest.approx(9 * 3 * 4 * 0.003125 + words)


def test_text_of_a_report():
    lines = str(estimate(dense(), Schedule(), UNIT)).splitlines()
    assert [line.rstrip() for line in lines] == [
        "            Energy of dense, pJ per inference, unit",
        "┏━━━━━━━┳━━━━━━━━━━┳━━━━━┳━━━━━━━━━━━━┳━━━━━━━━┳━━━━━━━┳━━━━━━━┓",
        "┃ layer ┃ multiply ┃ add ┃ activation ┃ memory ┃ total ┃ share ┃",
        "┡━━━━━━━╇━━━━━━━━━━╇━━━━━╇━━━━━━━━━━━━╇━━━━━━━━╇━━━━━━━╇━━━━━━━┩",
        "│ x     │        0 │   0 │          0 │     16 │    16 │  7.2% │",
        "│ fc    │       16 │ 116 │         27 │     16 │   175 │ 79.2% │",
        "│ act   │        0 │   0 │         15 │     15 │    30 │ 13.6% │",
        "├───────┼──────────┼─────┼────────────┼────────┼───────┼───────┤",
        "│ total │       16 │ 116 │         42 │     47 │   221 │       │",
        "└───────┴──────────┴─────┴────────────┴────────┴───────┴───────┘",
    ]


def test_dict_of_a_report():
    report = estimate(dense(), Schedule(storage="bram"), UNIT)
    content = json.loads(json.dumps(report.to_dict()))
    assert content["design"] == "dense"
    assert content["technology"] == "unit"
    assert content["unit"] == "pJ per inference"
    assert content["schedule"]["storage"] == "bram"
    assert content["total"] == report.total
    assert content["causes"] == report.causes
    assert content["layers"] == report.layers
    assert [op["name"] for op in content["ops"]] == [op.name for op in report.ops]
    assert content["ops"][1] == {
        "name": "fc.product",
        "kind": "matmul",
        "layer": "fc",
        "causes": {"multiply": 144, "add": 108, "activation": 0, "memory": 16 + 36 + 27},
    }


def test_comparison():
    wired = estimate(dense(), Schedule(), UNIT)
    stored = estimate(dense(), Schedule(storage="bram"), UNIT)
    table = compare({"wired": wired, "stored": stored})
    cells = {column.header: list(map(str, column.cells)) for column in table.columns}
    assert cells == {
        "design": ["wired", "stored"],
        "multiply": ["16", "144"],
        "add": ["116", "135"],
        "activation": ["42", "42"],
        "memory": ["47", "143"],
        "total": ["221", "464"],
        "ratio": ["1.000", "2.100"],
    }


def test_comparison_of_nothing():
    with pytest.raises(
        EnergyError, match=r"^compare: expected at least one energy report, got none\. Add one\.$"
    ):
        compare({})


def rendered(table):
    console = Console(width=120)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def test_markup_in_names_is_text():
    x = Input((1,), Fixed(True, 8, 0), name="[red]x")
    report = estimate(Graph((x,), (Add(x, x, name="y[/]"),), name="m[b]"), Schedule(), UNIT)
    assert "[red]x" in str(report)
    assert "y[/]" in str(report)
    assert "m[b]" in str(report)
    assert "[i]" in rendered(compare({"[i]": report}))
