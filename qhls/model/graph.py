"""``ModelGraph``: the IR graph of a Keras model, with the layers that need more than the graph's integers."""

from __future__ import annotations

from dataclasses import dataclass, field

from qhls.ir import Graph
from qhls.model.floats import is_exact_or_proved


@dataclass(frozen=True, eq=False)
class ModelGraph(Graph):
    """Graph of a Keras model, and the names of the Keras layers that are computed elsewhere or in float64."""

    host_softmax: tuple[str, ...] = field(default=(), kw_only=True)
    """Layers at the end whose softmax is left to the host."""
    softmax_axes: tuple[tuple[int, ...], ...] = field(default=(), kw_only=True)
    """Axes of each softmax of ``host_softmax``, where the batch counts for none; empty: the last axis of each."""
    host_layers: tuple[str, ...] = field(default=(), kw_only=True)
    """Layers that the host computes from the outputs."""
    rounded: tuple[str, ...] = field(default=(), kw_only=True)
    """Layers in which float32 may round, so that Keras in float64 is the reference."""
    reals: tuple[str, ...] = field(default=(), kw_only=True)
    """Layers with real numbers, which no op holds."""

    @property
    def notes(self) -> list[str]:
        """Return sentences on the graph's boundary: the layers that the host computes."""
        left = ", ".join(map(repr, self.host_layers))
        real = f"left to the host, from the first real weights on: {left}; design.finish computes them of the outputs"
        return [
            *([real] if left else []),
            *(
                f"the softmax of layer {layer!r} is left to the host; the outputs are logits"
                for layer in self.host_softmax
            ),
        ]

    @property
    def inexact(self) -> tuple[str, ...]:
        """Return the layers in which float32 may round: ``rounded``, and those whose ranges do not prove it exact."""
        by_range = (op.layer or op.name for op in self.ops if not is_exact_or_proved(op))
        return tuple(dict.fromkeys([*self.rounded, *by_range]))
