"""``ModelGraph``: the IR graph of a Keras model, with the layers that the host computes or float32 may round."""

from __future__ import annotations

from dataclasses import dataclass, field

from qhls.ir import Graph
from qhls.model.floats import is_exact_or_proved


@dataclass(frozen=True, eq=False)
class ModelGraph(Graph):
    """Graph of a Keras model, with the names of the layers that the host computes or that float32 may round."""

    host_softmax: tuple[str, ...] = field(default=(), kw_only=True)
    """Layers at the end of the model whose softmax is left to the host."""
    softmax_axes: tuple[tuple[int, ...], ...] = field(default=(), kw_only=True)
    """Axes of each softmax in ``host_softmax``, not counting the batch axis; if empty, each is over the last axis."""
    host_layers: tuple[str, ...] = field(default=(), kw_only=True)
    """Layers that the host computes from the outputs."""
    rounded: tuple[str, ...] = field(default=(), kw_only=True)
    """Layers in which float32 may round, so that Keras in float64 is the reference."""
    reals: tuple[str, ...] = field(default=(), kw_only=True)
    """Layers with real numbers that no op represents."""

    @property
    def notes(self) -> list[str]:
        """Return remarks on the layers and the softmax that are left to the host."""
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
        """Return the layers in which float32 may round: ``rounded``, and others whose ranges do not preclude it."""
        by_range = (op.layer or op.name for op in self.ops if not is_exact_or_proved(op))
        return tuple(dict.fromkeys([*self.rounded, *by_range]))
