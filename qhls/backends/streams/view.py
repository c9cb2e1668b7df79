"""Template views of processes and of the FIFOs between them."""

from __future__ import annotations

from dataclasses import dataclass

from qhls.backends.expressions import list_conditions, write_literal, write_sum
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

    @property
    def type(self) -> CType:
        """Return the type of an element."""
        return self.tensor.type

    @property
    def size(self) -> int:
        """Return the elements of one inference."""
        return self.tensor.size

    @property
    def dims(self) -> tuple[int, ...]:
        """Return the shape of the tensor."""
        return self.tensor.dims

    @property
    def partition(self) -> bool:
        """Return False: a stream is no array."""
        return False

    @property
    def tokens(self) -> int:
        """Return the tokens of one inference."""
        return self.tensor.size // self.lanes

    @property
    def token(self) -> str:
        """Return the C type of a token."""
        return f"qhls::Token<{self.tensor.type.name}, {self.lanes}>"


@dataclass(frozen=True)
class CWindow:
    """A window over the pixels of an image, or over one row that does not slide; ``taken``: the tokens of a pixel."""

    action: Slide
    taken: int
    place: Place
    """The place of the rows above the current pixel."""
    slides: bool = True

    @property
    def height(self) -> int:
        """Return the rows of pixels that the window holds."""
        return self.action.size[0]

    @property
    def right(self) -> int:
        """Return the columns of pixels that the window holds."""
        return self.action.span[1]

    @property
    def down(self) -> int:
        """Return the rows from the first to the last pixel of a window."""
        return self.action.span[0]

    @property
    def columns(self) -> int:
        """Return the columns of the image."""
        return self.action.image[1]

    @property
    def channels(self) -> int:
        """Return the elements of a pixel."""
        return self.action.image[2]

    @property
    def strides(self) -> tuple[int, int]:
        """Return the pixels from one window to the next."""
        return self.action.strides

    @property
    def dilation(self) -> tuple[int, int]:
        """Return the pixels from one element of the kernel to the next."""
        return self.action.dilation

    @property
    def words(self) -> int:
        """Return the tokens of a row of the image."""
        return self.columns * self.taken

    @property
    def word(self) -> str:
        """Return the place of the current token in a row."""
        return write_sum(("c", self.taken), ("t", 1)) if self.taken > 1 else "c"


_ABSENT = (
    *("steps", "slides", "row_step", "column_step", "group_step"),
    *("in_luts", "op", "tokens", "tapped"),
)
"""The sizes of a product by tiles that are 0 unless it states them; all others are 1."""


@dataclass(frozen=True)
class CProcess:
    """One function that reads FIFOs and writes FIFOs."""

    process: StreamProcess
    function: str
    reads: tuple[CStream, ...]
    writes: tuple[CStream, ...]
    call: CFunction | None
    """The function of one step; None for a fork."""

    made: CStream
    """The tokens of its first op's result; those of a fork."""
    taps: tuple[CTap, ...] = ()
    """The taps of its ops, of which only the last one's result leaves the process."""
    chain: CFunction | None = None
    """The function of the ops that a token passes on its way out."""

    shape: str = ""
    """The C++ struct of a product by tiles."""

    @property
    def results(self) -> list[CStream]:
        """Return the tokens of the first op's result and those that leave the process."""
        return [self.made, self.sent]

    @property
    def sent(self) -> CStream:
        """Return the tokens of the result."""
        if not self.chain:
            return self.made
        return CStream("", self.chain.out, self.made.lanes, 0)

    @property
    def last(self) -> int:
        """Return the last place in their period at which a token's constants begin; 0 where all read the same ones."""
        return (self.process.period - 1) * self.made.lanes

    @property
    def tap(self) -> CTap | None:
        """Return the tap of the result."""
        return self.taps[-1] if self.taps else None

    @property
    def template(self) -> str:
        """Return the template's name."""
        return "tiles" if self.process.tiles else type(self.process.action).__name__.lower()

    @property
    def is_called(self) -> bool:
        """Return whether the process calls a function for each step."""
        inside = self.process.tiles is not None or isinstance(self.process.action, Reduce)
        return self.call is not None and not inside

    @property
    def window(self) -> CWindow:
        """Return the window of a product or pooling."""
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
        """Return the sizes of a product by tiles, by their names in C++, without those that are 0 or 1 by default."""
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
        return sizes | {"slides": 1, "stride_down": down, "stride_right": right}

    @property
    def _fold_sizes(self) -> dict[str, int]:
        assert self.call is not None and self.call.fold is not None
        fold, op, window = self.call.fold.fold, self.call.op, self.window
        named = zip(("b", "i", "j", "g", "f"), fold.counts, strict=True)
        parts = zip(("groups", "rows", "columns", "depth", "filters"), fold.tile, strict=True)
        sizes = dict(named) | dict(parts) | {"in_luts": int(self.call.process.in_luts)}
        if not isinstance(op, Conv):
            return sizes
        down, right = (1, window.right) if window.slides else (op.dilation[0], op.x.shape[1])
        channels = op.x.shape[2]
        steps = {"row_step": down * right * channels, "column_step": op.dilation[1] * channels}
        steps = {"group_step": fold.sizes[3]} | steps
        axes = zip(steps.items(), fold.sizes, strict=False)  # an axis of length 1 has no step
        return sizes | {name: step for (name, step), size in axes if size > 1}

    @property
    def inside(self) -> list[str]:
        """Return, for a padding, the conditions under which a token is one of the operand."""
        assert isinstance(self.process.action, Fill)
        op = self.process.action.op
        return list_conditions(op.widths, op.x.shape)

    @property
    def filling(self) -> str:
        """Return, for a padding, the number that it adds as a C expression."""
        assert isinstance(self.process.action, Fill)
        op = self.process.action.op
        return write_literal(op.value, op.frac, self.made.type.name)

    @property
    def interval(self) -> int:
        """Return the cycles between steps that overlap; 0 where none does."""
        return self.process.interval

    @property
    def arguments(self) -> list[str]:
        """Return the C names of the FIFOs that the design passes."""
        return [stream.name for stream in (*self.reads, *self.writes)]

    @property
    def title(self) -> str:
        """Return the process' name, safe in comments."""
        return make_printable(self.process.name)

    @property
    def comment(self) -> str:
        """Return a description of the process, on one line."""
        names = ", ".join(each.op.name for each in self.chain.all) if self.chain else ""
        return make_printable(self._first_comment + (f", then {names}" if names else ""), 1000)

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
        if isinstance(action, Slide):
            height, width = action.size
            return f"each window of {height} x {width} pixels: {self.call.comment}"
        return f"{action.steps} step{'s' if action.steps > 1 else ''} of {self.call.comment}"

    @property
    def parameters(self) -> list[tuple[str, CStream]]:
        """Return C name and FIFO of each argument, those that are read first."""
        reads = [(f"in{i}", stream) for i, stream in enumerate(self.reads)]
        return reads + [(f"out{i}", stream) for i, stream in enumerate(self.writes)]

    @property
    def operands(self) -> list[tuple[str, str, CStream, CTensor, bool]]:
        """Return for each array read: FIFO in the function, array, FIFO, tensor of a step, whether it is held."""
        assert self.call is not None
        arrays = self.call.parameters
        held = [fifo.tensor in self.process.held for fifo in self.process.reads]
        return [
            (f"in{i}", name, stream, tensor, is_held)
            for i, ((name, tensor), stream, is_held) in enumerate(
                zip(arrays, self.reads, held, strict=True)
            )
        ]
