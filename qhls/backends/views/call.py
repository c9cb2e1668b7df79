"""The view, for the templates, of a C function that is called by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qhls.backends.view import CDesign
from qhls.backends.views.function import CFunction
from qhls.backends.views.tensor import PORT_LIMIT, CTensor
from qhls.ir.op import Op


@dataclass(frozen=True)
class CCall:
    """A call of one C function on arrays: an op's, with those that follow it, or the copy of a result to an output.

    ``view`` is None for a copy. ``index``: the number of the first op in the C++; -1 where no tap can record it.
    """

    function: str
    index: int
    parameters: list[tuple[str, CTensor]]
    out: CTensor
    view: CFunction | None = None
    source: Op | None = None
    """The op whose result is copied."""


def collect_calls(design: CDesign) -> tuple[CCall, ...]:
    """Return the calls of all functions, also those within recurrences, whose codes ``long long`` can exchange."""
    functions = [
        CCall(o.function, o.index if top else -1, o.parameters, o.out, o)
        for o, top in _walk(design.operations, True)
    ]
    copies = [
        CCall(function, -1, [("x0", result)], port, source=op)
        for (function, result, port), op in zip(design.copies, design.graph.outputs, strict=True)
    ]
    return tuple(call for call in [*functions, *copies] if _is_exchanged(call))


def _walk(operations: Sequence[CFunction], top: bool) -> Iterator[tuple[CFunction, bool]]:
    for operation in operations:
        for body in operation.bodies:
            yield from _walk(body.operations, False)
        yield operation, top


def _is_exchanged(call: CCall) -> bool:
    tensors = [call.out, *(tensor for _, tensor in call.parameters)]
    return all(tensor.type.fixed.width <= PORT_LIMIT for tensor in tensors)
