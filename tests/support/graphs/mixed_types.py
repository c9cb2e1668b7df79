"""Operations on any two types: signs, widths around those of C's integers, points far apart."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from qhls.backends.views.tensor import PORT_LIMIT
from qhls.ir import (
    Add,
    ArgMax,
    Codes,
    Concat,
    Const,
    Conv,
    Fixed,
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
    Sub,
    Threshold,
)

WIDTHS = [1, 2, 3, 7, 8, 9, 15, 16, 17, 30, 31, 32, 33, 34, 47, 48, 52, 53, 54, 61, 62, 63]
"""Those beside a C integer's and a float's, and small ones."""
N = 3
"""Elements of each tensor."""


@dataclass
class Pair:
    """Two inputs of their own and the dice for what reads them."""

    number: int
    kind: str
    a: Fixed
    b: Fixed
    seed: int

    @property
    def x(self):
        return Input((N,), self.a, name=f"a{self.number}")

    @property
    def y(self):
        return Input((N,), self.b, name=f"b{self.number}")

    def constant(self, shape, dtype, scale=None):
        """Codes of ``dtype`` of every size, its ends among them."""
        codes = codes_of(dtype, shape, np.random.default_rng(self.seed))
        return Const(Codes(codes), dtype.frac if scale is None else scale, name=f"w{self.number}")


def types(fracs):
    return st.builds(Fixed, st.booleans(), st.sampled_from(WIDTHS), fracs)


@st.composite
def pairs(draw, count, kinds):
    """``count`` operations, of each kind in turn."""
    found = []
    for number in range(count):
        kind = kinds[number % len(kinds)]
        near = draw(st.booleans())
        a = draw(types(st.integers(-4, 4) if near else st.integers(-70, 70)))
        b = draw(types(st.integers(a.frac - 2, a.frac + 2) if near else st.integers(-70, 70)))
        found.append(Pair(number, kind, a, b, draw(st.integers(0, 1 << 32))))
    return found


def codes_of(dtype, shape, random):
    """Codes of every size: as many are below 4 as above half of the type's highest."""
    size = int(np.prod(shape))
    bits = random.integers(0, dtype.width + 1, size)
    drawn = [
        int(random.integers(0, 1 << int(b), dtype=np.uint64)) * int(sign)
        for b, sign in zip(bits, random.choice([-1, 1], size), strict=True)
    ]
    drawn[: min(2, size)] = [dtype.lo, dtype.hi][: min(2, size)]
    codes = [min(max(code, dtype.lo), dtype.hi) for code in random.permutation(drawn).tolist()]
    return np.array(codes, np.int64).reshape(shape)


def _threshold(pair):
    steps = np.unique(pair.constant((9,), pair.a, 0).codes.to_integers())
    beyond = [
        int(steps[-1]) + 1 + i for i in range(9)
    ]  # beyond the highest code too, as padding is
    steps = [*map(int, steps), *beyond][: 2 + pair.seed % 8]
    values = pair.constant((len(steps) + 1,), pair.b)
    limits = Const(Codes(np.array(steps, object)), pair.a.frac, name=f"t{pair.number}")
    return Threshold(pair.x, limits, values)


def _quantize(pair):
    modes = [(r, o) for r in Rounding for o in Overflow]
    return Quantize(pair.x, pair.b, *modes[pair.seed % len(modes)])


def _product(pair):
    return Matmul(pair.x, pair.constant((N, 2), pair.b))


def _wide(pair):
    """Constants of up to 180 bits."""
    dice = np.random.default_rng(pair.seed)
    codes = codes_of(pair.b, (3, N), dice).astype(object)
    return codes[0] + (codes[1] << 40) + (codes[2] << int(dice.integers(41, 118)))


def _of_sums(pair):
    wide = _product(pair)
    lo, hi = wide.range.hull
    steps = sorted({lo + (hi - lo) * i // 7 for i in range(1, 7)} - {lo}) or [hi + 1]
    limits = Const(Codes(np.array(steps, object)), wide.frac, name=f"t{pair.number}")
    return Threshold(wide, limits, pair.constant((len(steps) + 1,), pair.b))


KINDS = {
    "max": lambda p: Max(p.x, p.y),
    "min": lambda p: Min(p.x, p.y),
    "max of constant": lambda p: Max(p.x, p.constant((), p.b)),
    "min of constant": lambda p: Min(p.constant((N,), p.b), p.x),
    "add": lambda p: Add(p.x, p.y),
    "sub": lambda p: Sub(p.x, p.y),
    "mul": lambda p: Mul(p.x, p.y),
    "scaled": lambda p: Mul(p.x, p.constant((N,), p.b)),
    "scaled far": lambda p: Mul(p.x, Const(Codes(_wide(p)), p.b.frac, name=f"w{p.number}")),
    "max of far": lambda p: Max(Const(Codes(_wide(p)), p.b.frac, name=f"w{p.number}"), p.x),
    "concat": lambda p: Concat((p.x, p.y)),
    "threshold": _threshold,
    "quantize": _quantize,
    "matmul": _product,
    "conv": lambda p: Conv(Reshape(p.x, (1, N, 1)), p.constant((1, 2, 1, 2), p.b)),
    "max of sums": lambda p: Max(Reshape(_product(p), (2, 1)), Reshape(Add(p.x, p.y), (1, N))),
    "pool": lambda p: Pool(Reshape(Concat((p.x, p.y)), (2, N, 1)), (2, 2), (1, 1), "max"),
    "pooled sum": lambda p: Pool(Reshape(Concat((p.x, p.y)), (2, N, 1)), (2, 2), (1, 1), "sum"),
    "argmax": lambda p: ArgMax(Concat((p.x, p.y))),
    "pad": lambda p: Pad(p.x, ((1, 0),), int(p.constant((1,), p.b).codes.to_integers()[0])),
    "threshold of sums": _of_sums,
}


def outputs(pair):
    """The result in parts that fit a port."""
    op = KINDS[pair.kind](pair)
    if op.type.width <= PORT_LIMIT:
        return [op]
    parts = range(0, op.type.width, PORT_LIMIT - 1)
    return [
        Quantize(op, Fixed(True, PORT_LIMIT - 1, op.frac - low), Rounding.FLOOR, Overflow.WRAP)
        for low in parts
    ]
