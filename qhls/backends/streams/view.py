"""Views, for the templates, of processes and of the FIFOs between them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from qhls.backends.expressions import (
    list_conditions,
    write_literal,
    write_sum,
)
from qhls.backends.names import make_printable
from qhls.backends.views.function import CFunction
from qhls.backends.views.tensor import CTap, CTensor, CType
from qhls.ir.graph import write_expression
from qhls.ir.ops import Conv
from qhls.plan.process import Place
from qhls.plan.streams.actions import Fill, Fork, Reduce, Regroup, Repeat, Slide
from qhls.plan.streams.network import StreamProcess


@dataclass(frozen=True)
class CStream:
    """A FIFO of tokens: ``lanes`` elements of ``tensor`` in row-major order."""

    name: str
    tensor: CTensor
    lanes: int
    depth: int
    inner: str = ""
    """The name of the FIFO between a port and the processes, where ports carry more than tokens; else empty."""

    @property
    def type(self) -> CType:
        """Return the C type of an element."""
        return self.tensor.type

    @property
    def size(self) -> int:
        """Return the number of elements that pass in one inference."""
        return self.tensor.size

    @property
    def dims(self) -> tuple[int, ...]:
        """Return the shape of the tensor."""
        return self.tensor.dims

    @property
    def partition(self) -> bool:
        """Return False, because a stream is no array and so has no partition."""
        return False

    @property
    def tokens(self) -> int:
        """Return the number of tokens that pass in one inference."""
        return self.tensor.size // self.lanes

    @property
    def token(self) -> str:
        """Return the C type of a token."""
        return f"qhls::Token<{self.tensor.type.name}, {self.lanes}>"

    @property
    def fifo(self) -> str:
        """Return the C type of the FIFO."""
        return f"qhls::Stream<{self.tensor.type.name}, {self.lanes}>"

    @property
    def port(self) -> str:
        """Return the C type of an AXI4-Stream port that carries the tokens."""
        return f"qhls::Port<{self.tensor.type.name}, {self.lanes}>"

    @property
    def inside(self) -> CStream:
        """Return, for a port, the FIFO between it and the processes: one token arrives while the other is read."""
        return replace(self, name=self.inner, depth=2)


@dataclass(frozen=True)
class CWindow:
    """A window that slides over an image, or a single row of a matrix; ``taken``: the number of tokens per pixel."""

    action: Slide
    taken: int
    place: Place
    """The kind of storage for the image rows above the current pixel."""
    slides: bool = True

    @property
    def height(self) -> int:
        """Return the number of pixel rows that the window stores."""
        return self.action.size[0]

    @property
    def right(self) -> int:
        """Return the number of pixel columns that the window stores."""
        return self.action.span[1]

    @property
    def down(self) -> int:
        """Return the number of image rows from the first to the last pixel of a window."""
        return self.action.span[0]

    @property
    def columns(self) -> int:
        """Return the number of columns of the image."""
        return self.action.image[1]

    @property
    def channels(self) -> int:
        """Return the number of elements, or channels, of a pixel."""
        return self.action.image[2]

    @property
    def strides(self) -> tuple[int, int]:
        """Return the distance in pixels from one window to the next, vertically and horizontally."""
        return self.action.strides

    @property
    def dilation(self) -> tuple[int, int]:
        """Return the distance in pixels between neighbouring kernel elements, vertically and horizontally."""
        return self.action.dilation

    @property
    def words(self) -> int:
        """Return the number of tokens in a row of the image."""
        return self.columns * self.taken

    @property
    def word(self) -> str:
        """Return the C expression of the index of the current token in its image row."""
        return write_sum(("c", self.taken), ("t", 1)) if self.taken > 1 else "c"

    def list_conditions(self, row: str, column: str) -> list[str]:
        """Return the C conditions under which a column of the image is read; none without a padding."""
        sizes = [n - sum(w) for n, w in zip(self.action.image, self.action.around, strict=False)]
        return list_conditions(self.action.around, sizes, (row, column))

    def write_place(self, row: str, column: str, channel: str) -> str:
        """Return the C expression of the index within the window of an element of the kernel."""
        place, names = self.action.find_place, (row, column, channel)
        steps = (place(1, 0, 0) - self.start, place(0, 1, 0) - self.start, 1)
        first = f"{self.start} + " if self.start else ""
        return first + write_sum(*zip(names, steps, strict=True))

    @property
    def start(self) -> int:
        """Return the index within the window of the first element of the kernel."""
        return self.action.find_place(0, 0, 0)


_ABSENT = (
    *("steps", "slides", "row_step", "column_step", "group_step", "start"),
    *("padded", "first_row", "last_row", "first_column", "last_column"),
    *("in_luts", "op", "tokens", "tapped"),
)
"""The names of those sizes of a product by tiles whose default is 0; the default of all others is 1."""


@dataclass(frozen=True)
class CProcess:
    """One function that reads FIFOs and writes FIFOs."""

    process: StreamProcess
    function: str
    reads: tuple[CStream, ...]
    writes: tuple[CStream, ...]
    call: CFunction | None
    """The C function of one step; None for a process that only moves or copies tokens."""

    made: CStream
    """The stream of the first op's result; for a fork, one of the copies."""
    taps: tuple[CTap, ...] = ()
    """One tap per op of the process, in order; only the last op's result leaves the process."""
    chain: CFunction | None = None
    """The C function of the ops that are applied to each token before it is sent; None without such ops."""

    shape: str = ""
    """The name of the C++ struct of a product by tiles; empty for other processes."""

    @property
    def results(self) -> list[CStream]:
        """Return the stream of the first op's result and the stream that leaves the process."""
        return [self.made, self.sent]

    @property
    def sent(self) -> CStream:
        """Return the stream that leaves the process."""
        if not self.chain:
            return self.made
        return CStream("", self.chain.out, self.made.lanes, 0)

    @property
    def last(self) -> int:
        """Return the index at which the constants of a period's last token begin; 0 if all tokens read the same."""
        return (self.process.period - 1) * self.made.lanes

    @property
    def tap(self) -> CTap | None:
        """Return the tap of the process' result; None for a process without ops."""
        return self.taps[-1] if self.taps else None

    @property
    def template(self) -> str:
        """Return the name of the process' template."""
        return "tiles" if self.process.tiles else type(self.process.action).__name__.lower()

    @property
    def is_called(self) -> bool:
        """Return whether the process calls a function for each step."""
        inside = self.process.tiles is not None or isinstance(self.process.action, Reduce)
        return self.call is not None and not inside

    @property
    def window(self) -> CWindow:
        """Return the window of the image, or the row of the matrix, that a product or pooling reads in one step."""
        action, fifo = self.process.action, self.reads[0]
        if isinstance(action, Slide):
            place: Place = "registers"
            for store in self.process.memories:
                place = store.buffer.place if store.name == "lines" else place
            return CWindow(action, self.process.taken[0], place)
        assert isinstance(action, Repeat)
        image = (action.steps, 1, fifo.size // action.steps)
        row = Slide(action.step, image, (1, 1), (1, 1), (1, 1))
        return CWindow(row, self.process.taken[0], "registers", slides=False)

    @property
    def sizes(self) -> dict[str, int]:
        """Return the sizes of a product by tiles, keyed by their C++ names, without those that equal their default."""
        tiles = self.process.tiles
        assert tiles is not None
        sizes = {
            "cycles": tiles.cycles,
            "steps": tiles.steps if tiles.ends else 0,
            "taken": tiles.taken,
            "longest": tiles.longest,
            "period": self.process.period,
        }
        if self.chain:
            tap = self.taps[0]
            sizes |= {"op": tap.index, "tokens": self.made.tokens, "tapped": int(tap.tapped)}
        sizes |= self._window_sizes | self._fold_sizes
        return {name: size for name, size in sizes.items() if size != (name not in _ABSENT)}

    @property
    def _window_sizes(self) -> dict[str, int]:
        window = self.window
        sizes = {"height": window.height, "right": window.right, "channels": window.channels}
        if not window.slides:
            return sizes
        down, right = window.strides
        sizes |= {"image": window.columns, "down": window.down, "dilation": window.dilation[0]}
        sizes |= {"slides": 1, "stride_down": down, "stride_right": right}
        return sizes | self._padding_sizes

    @property
    def _padding_sizes(self) -> dict[str, int]:
        action = self.window.action
        if not action.is_padded:
            return {}
        sizes = {"padded": 1}
        for axis, name in enumerate(("row", "column")):
            before, after = action.around[axis]
            last = action.image[axis] - after - 1
            sizes |= {f"first_{name}": before, f"last_{name}": last}
        return sizes

    @property
    def _fold_sizes(self) -> dict[str, int]:
        assert self.call is not None and self.call.fold is not None
        fold, op, window = self.call.fold.fold, self.call.op, self.window
        named = zip(("b", "i", "j", "g", "f"), fold.counts, strict=True)
        parts = zip(("groups", "rows", "columns", "depth", "filters"), fold.tile, strict=True)
        sizes = dict(named) | dict(parts) | {"in_luts": int(self.call.process.in_luts)}
        if not isinstance(op, Conv):
            return sizes
        channels = op.x.shape[2]
        row, column = op.dilation[0] * op.x.shape[1] * channels, op.dilation[1] * channels
        if window.slides:
            sizes["start"] = window.start
            row = window.right * window.channels
        steps = {"group_step": fold.sizes[3], "row_step": row, "column_step": column}
        axes = zip(steps.items(), fold.sizes, strict=False)  # an axis of length 1 has no step
        return sizes | {name: step for (name, step), size in axes if size > 1}

    @property
    def inside(self) -> list[str]:
        """Return, for a padding, the C conditions under which a token comes from the operand."""
        assert isinstance(self.process.action, Fill)
        op = self.process.action.op
        return list_conditions(op.widths, op.x.shape)

    @property
    def filling(self) -> str:
        """Return, for a padding, the C expression of the padding value."""
        action = self.process.action
        if isinstance(action, Fill):
            return write_literal(action.op.value, action.op.frac, self.made.type.name)
        frac = self.process.reads[0].tensor.type.frac
        return write_literal(self.window.action.value, frac, self.reads[0].type.name)

    @property
    def interval(self) -> int:
        """Return the initiation interval of the process' steps in clock cycles; 0 if steps do not overlap."""
        return self.process.interval

    @property
    def arguments(self) -> list[str]:
        """Return the C names of the FIFOs with which the top function calls the process."""
        return [stream.name for stream in (*self.reads, *self.writes)]

    @property
    def title(self) -> str:
        """Return the process' name, safe in comments."""
        return make_printable(self.process.name)

    @property
    def comment(self) -> str:
        """Return a description of the process in one line, safe in comments."""
        names = f", then {self.chain.names}" if self.chain and not self.shape else ""
        return make_printable(self._first_comment + names, 1000)

    @property
    def _first_comment(self) -> str:
        action = self.process.action
        if isinstance(action, Fork):
            return f"copies each token to {len(self.writes)} readers"
        if isinstance(action, Fill):
            return make_printable(f"{action.op.type} = {write_expression(action.op)}")
        if isinstance(action, Reduce):
            return make_printable(f"{action.op.reduction} of {action.pixels} pixels")
        assert self.call is not None and not isinstance(action, Regroup)
        work = self.call.comment if self.shape else self.call.function
        if isinstance(action, Slide):
            height, width = action.size
            padded = ", padded" if action.is_padded else ""
            return f"each window of {height} x {width} pixels{padded}: {work}"
        return f"{action.steps} step{'s' if action.steps > 1 else ''} of {work}"

    @property
    def parameters(self) -> list[tuple[str, CStream]]:
        """Return the C name and the FIFO of each parameter: those that are read, then those that are written."""
        reads = [(f"in{i}", stream) for i, stream in enumerate(self.reads)]
        return reads + [(f"out{i}", stream) for i, stream in enumerate(self.writes)]

    @property
    def operands(self) -> list[tuple[str, str, CStream, CTensor, bool]]:
        """Return, for each array that the process reads, its FIFO, names and tensor in C++, and whether it is held.

        The tuple: the FIFO's parameter, the array, the FIFO, the tensor of one step, and whether the whole array is
        read before the first step.
        """
        assert self.call is not None
        arrays = self.call.parameters
        held = [fifo.tensor in self.process.held for fifo in self.process.reads]
        return [
            (f"in{i}", name, stream, tensor, is_held)
            for i, ((name, tensor), stream, is_held) in enumerate(
                zip(arrays, self.reads, held, strict=True)
            )
        ]
