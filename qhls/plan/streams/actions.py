"""Actions: the ways in which a process computes output tokens from input tokens."""

from __future__ import annotations

from dataclasses import dataclass, replace

from qhls.ir.movement import Pad
from qhls.ir.op import Op
from qhls.ir.ops import Conv, Pool
from qhls.plan.streams.cut import take_part


@dataclass(frozen=True)
class Fork:
    """The action of a process that copies each of ``tokens`` tokens to all FIFOs that it writes."""

    tokens: int


@dataclass(frozen=True)
class Repeat:
    """The action of a process that runs ``step``, an op on one part of its operands, ``steps`` times.

    A single step works on whole operands. ``held``: arrays that are read whole before the first step and kept for the
    whole inference. ``by_token``: whether a step makes one token, element by element. ``period``: the number of steps
    after which constants repeat; 1 where all steps read the same ones.
    """

    step: Op
    steps: int
    held: frozenset[Op] = frozenset()
    by_token: bool = False
    period: int = 1


@dataclass(frozen=True)
class Fill:
    """The action of a padding: each token of the result comes from the operand or consists of the padding's value."""

    op: Pad


@dataclass(frozen=True)
class Slide:
    """A window that slides over the pixels of an image, and ``step``, an op on one window.

    The pixels between the first and the last of a window are in line buffers and registers.
    """

    step: Op
    image: tuple[int, ...]
    strides: tuple[int, int]
    size: tuple[int, int]
    dilation: tuple[int, int]

    @property
    def span(self) -> tuple[int, int]:
        """Return the height and width of a window in pixels, including the gaps of its dilation."""
        (height, width), (down, right) = self.size, self.dilation
        return (height - 1) * down + 1, (width - 1) * right + 1


@dataclass(frozen=True)
class Reduce:
    """The action of a pooling over a whole image of ``pixels`` pixels: a running sum or maximum per channel."""

    op: Pool
    pixels: int


@dataclass(frozen=True)
class Regroup:
    """The action of changing the length of a tensor's tokens; on one side, one token is the whole tensor."""

    op: Op


Action = Fork | Regroup | Repeat | Fill | Slide | Reduce


def make_slide(op: Conv | Pool) -> Slide | None:
    """Return the sliding window of ``op``; None where a single window covers the image."""
    if isinstance(op, Conv):
        size, dilation = (op.w.shape[0], op.w.shape[1]), op.dilation
    else:
        size, dilation = op.window, (1, 1)
    x = take_part(op.x, (*size, op.x.shape[2]))
    if isinstance(op, Conv):
        step: Op = replace(op, x=x, strides=(1, 1), dilation=(1, 1))
    else:
        step = replace(op, x=x, strides=(1, 1))
    slide = Slide(step, op.x.shape, op.strides, size, dilation)
    return None if slide.span == op.x.shape[:2] else slide
