"""Interpreter: it runs every op's ``evaluate`` on integers, batch by batch, exactly and fast."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from qhls.errors import VerifyError
from qhls.ir.graph import Graph
from qhls.ir.integers import Array, Codes
from qhls.ir.op import Op
from qhls.ir.ops import Const, Input
from qhls.ir.types import Assignment, Fixed, Rounding

CACHE_ELEMENTS = 1 << 18
"""Approximate number of elements of the largest tensor per slice of a batch, so that temporaries fit the cache."""


def run(graph: Graph, codes: Sequence[npt.ArrayLike]) -> list[Array]:
    """Run ``graph`` on input codes, one array (samples, *shape) per input, and return the codes of its outputs.

    Inputs and outputs are in the order of the graph. Raises ``VerifyError`` for a wrong number of inputs, a wrong
    shape, non-integers and codes outside the input's type.
    """
    results = tap(graph, codes, graph.outputs)
    return [results[op] for op in graph.outputs]


def tap(graph: Graph, codes: Sequence[npt.ArrayLike], taps: Sequence[Op]) -> dict[Op, Array]:
    """Run ``graph`` on input codes as ``run`` does, and return the result codes of ``taps``, which may be any ops."""
    inputs = check_codes(graph, codes)
    samples = len(next(iter(inputs.values()))) if inputs else 0
    largest = max((op.size for op in graph.ops if op.batched), default=1)
    step = max(1, CACHE_ELEMENTS // max(largest, 1))
    parts: dict[Op, list[Array]] = {op: [] for op in taps}
    for start in range(0, max(samples, 1), step):
        chunk = [Codes(array[start : start + step], op.bound) for op, array in inputs.items()]
        values = evaluate(graph, chunk, taps)
        for op, done in parts.items():
            done.append(values[op].to_integers())
    return {op: np.concatenate(chunks) if op.batched else chunks[0] for op, chunks in parts.items()}


def compute_in_batches(
    compute: Callable[[list[Array]], Sequence[Array]], inputs: Sequence[Array], size: int
) -> list[Array]:
    """Return the results of ``compute`` for all samples of ``inputs``, calling it on ``size`` samples at a time."""
    starts = range(0, max(len(inputs[0]), 1), size)
    parts = [compute([array[start : start + size] for array in inputs]) for start in starts]
    return [np.concatenate(pieces) for pieces in zip(*parts, strict=True)]


def _keep(codes: Codes) -> Any:
    return codes


def evaluate(
    graph: Graph,
    inputs: Sequence[Any],
    taps: Sequence[Op],
    known: Callable[[Codes], Any] = _keep,
    given: Mapping[Op, Any] | None = None,
) -> dict[Op, Any]:
    """Return the values of the ops ``taps`` for the values ``inputs``, in one batch and without checking them.

    ``given``: the values of ops that are computed elsewhere.

    Values may be of any world with the operations of ``Codes``. ``known`` converts the codes of a constant to a value
    of that world.
    """
    keep = set(taps)
    values = dict[Op, Any](zip(graph.inputs, inputs, strict=True))
    pending = {op: len(users) for op, users in graph.users.items()}
    for op in graph.ops:
        if isinstance(op, Const):
            values[op] = known(op.codes)
        elif given and op in given:
            values[op] = given[op]
        elif not isinstance(op, Input):
            result = op.evaluate(*(values[operand] for operand in op.operands))
            values[op] = result.settle(op.name, op.bound)
        for operand in dict.fromkeys(op.operands):
            pending[operand] -= 1
            if not pending[operand] and operand not in keep:
                del values[operand]
    return values


def check_codes(graph: Graph, codes: Sequence[npt.ArrayLike]) -> dict[Input, Array]:
    """Check input codes and return one array per input op; raises ``VerifyError`` (see ``run``)."""
    if len(codes) != len(graph.inputs):
        names = ", ".join(op.name for op in graph.inputs)
        raise VerifyError(
            f"graph {graph.name!r}: expected {len(graph.inputs)} inputs ({names}), got {len(codes)}. "
            "Pass one array per input."
        )
    checked = {
        op: _check_input(op, np.asarray(array))
        for op, array in zip(graph.inputs, codes, strict=True)
    }
    if len({len(array) for array in checked.values()}) > 1:
        counts = ", ".join(f"{op.name}: {len(array)}" for op, array in checked.items())
        raise VerifyError(
            f"graph {graph.name!r}: expected equally many samples of every input, got {counts}. Match them."
        )
    return checked


def _check_input(op: Input, array: Array) -> Array:
    if array.shape[1:] != op.shape or array.ndim == 0:
        expected = ", ".join(["samples", *map(str, op.shape)])
        raise VerifyError(
            f"input {op.name!r}: expected shape ({expected}), got {array.shape}. Reshape it."
        )
    kind = array.dtype.name
    if array.dtype == object:
        strangers = (code for code in array.flat if not isinstance(code, int | np.integer))
        kind = next((type(code).__name__ for code in strangers), "int")
    if not kind.startswith(("int", "uint")):
        raise VerifyError(
            f"input {op.name!r}: expected integer codes of {op.type}, got {kind}. Quantise first."
        )
    lo, hi = op.range.hull
    if array.size and (int(array.min()) < lo or int(array.max()) > hi):
        raise VerifyError(
            f"input {op.name!r}: expected codes of {op.type} in [{lo}, {hi}], "
            f"got [{array.min()}, {array.max()}]. Quantise first."
        )
    return array


def draw_codes(
    of: Fixed,
    shape: tuple[int, ...],
    random: np.random.Generator,
    values: Sequence[int] | None = None,
) -> Array:
    """Return random codes, drawn uniformly from the codes of the type ``of`` or, if given, from ``values``.

    Codes are int64, or Python ints where 63 bits are not enough.
    """
    if values is not None:
        places = random.integers(0, len(values), shape)
        dtype = np.int64 if of.width < 64 else object  # as below: NumPy would make floats of some
        return np.array([values[p] for p in places.ravel().tolist()], dtype).reshape(shape)
    if of.width < 64:
        return random.integers(of.lo, of.hi, shape, np.int64, endpoint=True)
    size = int(np.prod(shape))
    raw = random.bytes(size * (of.width // 8 + 1))
    parts = (raw[i::size] for i in range(size))
    drawn = [int.from_bytes(part, "little") % (1 << of.width) + of.lo for part in parts]
    return np.array(drawn, object).reshape(shape)


def encode(values: npt.ArrayLike, to: Fixed, where: str | None = None) -> Array:
    """Round ``values`` to the nearest codes of the type ``to`` (ties to even, saturated) and return them as int64.

    Raises ``VerifyError``, which begins with ``where``, for values that are not an array of real numbers, for NaN, and
    for types of more than 53 bits.
    """
    where = where or f"encode to {to}"
    array = _to_real(values, where)
    if np.isnan(array).any():
        raise VerifyError(f"{where}: expected numbers, got NaN. Replace it.")
    if to.width > 53:
        raise VerifyError(
            f"{where}: expected at most 53 bits for float values, got {to}. Give integer codes instead."
        )
    limits = Assignment(to, Rounding.HALF_EVEN)
    with np.errstate(over="ignore"):  # infinity saturates as well
        scaled = np.asarray(array * 2.0**to.frac)  # exact, and several times faster than ldexp
    np.rint(scaled, out=scaled)
    return np.clip(scaled, limits.lo, limits.hi, out=scaled).astype(np.int64)


def _to_real(values: npt.ArrayLike, where: str) -> npt.NDArray[np.float64]:
    """Return ``values`` as float64. Raises ``VerifyError`` for text, dates, complex numbers and ragged lists."""
    try:
        array = np.asarray(values)
        got = f"{array.dtype.name} values"
        if array.dtype.kind not in "cSUMm":  # complex, text, dates
            return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        got = str(error)
    raise VerifyError(
        f"{where}: expected an array of real numbers, got {got}. Give numbers in rows of equal length."
    )


def decode(codes: Array, of: Fixed) -> npt.NDArray[np.float64]:
    """Return the real values that ``codes`` of the type ``of`` represent: exact up to 53 bits, else rounded once."""
    return np.ldexp(codes.astype(np.float64), -of.frac)
