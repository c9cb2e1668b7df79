"""Were the emitted types wrong, would anybody notice? Each fault is planted in ``types.h`` and must show.

The faults go into one library a target: every op is an output of its own, so each must differ by itself.
"""

import re
from itertools import product

import numpy as np
import pytest

from qhls.backends import csim
from qhls.backends.target import TARGETS
from qhls.errors import CsimError
from qhls.ir import (
    Add,
    ArgMax,
    Codes,
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
    Scan,
    Shift,
    Sub,
    Threshold,
    View,
    run,
)
from qhls.plan import Schedule

PREFIX = {"vitis": "AP", "catapult": "AC"}
ROUNDINGS = {"RND_CONV": Rounding.HALF_EVEN, "RND": Rounding.HALF_UP, "TRN": Rounding.FLOOR}
OVERFLOWS = {
    "SAT": Overflow.SATURATE,
    "SAT_SYM": Overflow.SATURATE_SYMMETRIC,
    "WRAP": Overflow.WRAP,
}


@pytest.fixture
def differing(monkeypatch, unoptimised):
    """``differing(graph, codes, target, change)``: names of outputs that differ when ``change`` edits types.h."""

    def compare(graph, codes, target, change):
        honest = csim.render_sources

        def planted(*arguments):
            files = honest(*arguments)
            changed = change(files["src/types.h"])
            assert changed != files["src/types.h"]
            return files | {"src/types.h": changed}

        monkeypatch.setattr(csim, "render_sources", planted)
        (library,) = csim.build(graph, Schedule(), [target])
        monkeypatch.setattr(csim, "render_sources", honest)
        pairs = zip(graph.outputs, run(graph, codes), library.run(codes), strict=True)
        return {op.name for op, want, got in pairs if not np.array_equal(want, got)}

    return compare


def quantizers():
    """Every rounding with every overflow, on all codes of an input of finer and wider type."""
    x = Input((256,), Fixed(True, 8, 5), name="x")
    modes = product(ROUNDINGS.items(), OVERFLOWS.items())
    made = [
        Quantize(x, Fixed(True, 4, 2), rounding, overflow, name=f"{r} {o}")
        for (r, rounding), (o, overflow) in modes
    ]
    return Graph((x,), tuple(made), "quantizers"), [np.arange(-128, 128)[None]]


def swapped(prefix, names, step):
    """Replace each mode of a 4-bit type by the one ``step`` further in ``names``; a type without modes has the last."""
    order = list(names)
    following = {name: order[(i + step) % len(order)] for i, name in enumerate(order)}

    def swap(line):
        modes = re.findall(rf"{prefix}_(\w+)", line[1]) or ["TRN", "WRAP"]
        new = ", ".join(f"{prefix}_{following.get(mode, mode)}" for mode in modes)
        return f"{line[1].partition(f', {prefix}_')[0]}, {new}> {line[2]};"

    return lambda text: re.sub(r"(\w+fixed<4, [^>]*)> (\w+);", swap, text)


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("names", [ROUNDINGS, OVERFLOWS], ids=["rounding", "overflow"])
@pytest.mark.parametrize("target", TARGETS)
def test_every_mode_taken_for_another_shows(target, names, step, differing):
    graph, codes = quantizers()
    found = differing(graph, codes, target, swapped(PREFIX[target], names, step))
    assert found == {op.name for op in graph.outputs}


def const(codes):
    return Const(Codes(np.array(codes)), 0, name="w")


def running_sum(x):
    """Of the rows of ``x``, up to 124."""
    row, state = Input((1,), x.type, name="row"), Input((1,), Fixed(False, 7, 1), name="state")
    new = Quantize(Add(row, state, name="both"), Fixed(False, 7, 1), name="new")
    return Scan(x, (const([0]),), Graph((row, state), (new, new), "step"), name="scan")


def widths():
    """Each op as an output whose code reaches every bit of its type."""
    x = Input((2, 2, 1), Fixed(True, 5, 2), name="x")
    u = Input((4,), Fixed(False, 5, 1), name="u")
    made = [
        x,
        Pad(x, ((1, 0), (0, 0), (0, 0)), 40, name="pad"),
        Conv(x, const(np.full((2, 2, 1, 1), -3)), name="conv"),
        Pool(x, (2, 2), (1, 1), "sum", name="pool"),
        Add(u, u, name="add"),
        Max(u, const(9), name="max"),
        Matmul(u, const([[3], [2], [1], [7]]), name="matmul"),
        Shift(u, 3, name="shift"),
        Quantize(u, Fixed(True, 7, 2), name="quantize"),
        Sub(const(0), u, name="sub"),
        Mul(u, u, name="mul"),
        Min(u, const(40), name="min"),
        View(u, (2,), (2,), 1, name="view"),
        Concat((u, u), name="concat"),
        ArgMax(Add(u, const([0, 0, 0, 1]), name="last"), name="argmax"),
        Conv(Reshape(u, (1, 1, 4)), const(np.full((1, 1, 2, 2), 3)), groups=2, name="grouped"),
        Threshold(u, Const(Codes(np.array([16])), 1, name="w"), const([1, 200]), name="threshold"),
        running_sum(Reshape(u, (4, 1))),
    ]
    low, high = (np.full((1, *op.shape), end) for op in (x,) for end in (-16, 15))
    codes = [np.concatenate([low, high]), np.repeat([[0], [31]], 4, 1)]
    return Graph((x, u), tuple(made), "widths"), codes


def edit_types(ops, pattern, edit):
    """Return the change of types.h that edits the types of ``ops``; ops of one type share it."""
    names = "|".join({str(op.type).replace(".", "_") for op in ops})
    return lambda text: re.sub(rf"{pattern}(.*> (?:{names});)", edit, text)


def narrower(graph):
    """Every tensor's type one bit short at the top, those of other constants left alone."""
    tensors = [op for op, _ in graph.walk() if not isinstance(op, Const)]
    return edit_types(
        tensors,
        r"(fixed<)(\d+), (-?\d+)",
        lambda m: f"{m[1]}{int(m[2]) - 1}, {int(m[3]) - 1}{m[4]}",
    )


def moved(graph):
    """The point of every constant one bit off."""
    constants = [op for op, _ in graph.walk() if isinstance(op, Const)]
    return edit_types(
        constants, r"(fixed<\d+), (-?\d+)", lambda m: f"{m[1]}, {int(m[2]) - 1}{m[3]}"
    )


@pytest.mark.parametrize("target", TARGETS)
def test_every_width_one_bit_short_shows(target, differing):
    graph, codes = widths()
    assert differing(graph, codes, target, narrower(graph)) == {op.name for op in graph.outputs}


@pytest.mark.parametrize("target", TARGETS)
def test_a_constant_with_the_point_moved_shows(target, differing):
    u = Input((4,), Fixed(False, 5, 1), name="u")
    graph = Graph((u,), (Max(u, const(9), name="max"),), "point")
    assert differing(graph, [np.repeat([[0], [31]], 4, 1)], target, moved(graph)) == {"max"}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("op", ["conv", "matmul"])
def test_weights_with_the_point_moved_do_not_compile(target, op, differing):
    """Sums are integers, so the products' point is compared with the sum's when the design is built."""
    graph, codes = widths()
    alone = Graph(graph.inputs, (graph[op],), op)
    with pytest.raises(
        CsimError, match=r"(?s)^csim build: .*binary points of product and accumulator differ"
    ):
        differing(alone, codes, target, moved(alone))


@pytest.mark.parametrize("target", TARGETS)
def test_signs_lost_show(target, differing):
    graph, codes = widths()

    def unsigned(text):
        return text.replace("ap_fixed<", "ap_ufixed<").replace(", true", ", false")

    signed = {op.name for op in graph.outputs if op.type.signed} - {
        "quantize"
    }  # never negative here
    assert differing(graph, codes, target, unsigned) >= signed
