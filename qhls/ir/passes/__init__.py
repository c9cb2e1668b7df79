"""Passes, which rewrite a graph without changing a bit of its outputs or the names of the remaining ops."""

from __future__ import annotations

from typing import Protocol

from qhls.ir.graph import SomeGraph
from qhls.ir.passes.drop_identities import drop_identities
from qhls.ir.passes.drop_relu import drop_relu
from qhls.ir.verify import verify


class Pass(Protocol):
    """Function that rewrites a graph and keeps the graph's class."""

    def __call__(self, graph: SomeGraph) -> SomeGraph:
        """Return the rewritten graph."""
        ...


PIPELINE: tuple[Pass, ...] = (
    drop_relu,  # a relu before an unsigned quantizer is done by the quantizer's own saturation
    drop_identities,  # after drop_relu, so that the ops which it made superfluous are dropped as well
)


def optimise(graph: SomeGraph) -> SomeGraph:
    """Return ``graph`` rewritten by all passes of ``PIPELINE``, verified before the first and after every pass."""
    verify(graph)
    for step in PIPELINE:
        graph = verify(step(graph))
    return graph
