"""Actions: the ways in which a process computes output tokens from input tokens."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from qhls.ir.movement import Pad
from qhls.ir.op import Op
from qhls.ir.ops import Conv, Pool
from qhls.plan.streams.cut import take_part

Around = tuple[tuple[int, int], tuple[int, int]]
"""Rows before and after an image, and columns before and after it."""
_UNPADDED: Around = ((0, 0), (0, 0))


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
    """A window that slides over the columns of an image, and ``step``, an op on one window.

    A column holds ``pixels`` adjacent pixels of one row, which are read together; the stride is a multiple of it.
    ``image``: the rows, the columns of a row and the elements of a column, with the padding, which is not read: the
    window adds it. ``around``: the rows and columns before and after the operand, all elements of which are ``value``.
    ``strides``: in rows and columns. ``size``: the elements of the kernel; ``dilation``: in rows and pixels.
    ``first``: the pixel of a window with which the kernel begins. The rows above the current one are in line buffers.
    """

    step: Op
    image: tuple[int, ...]
    strides: tuple[int, int]
    size: tuple[int, int]
    dilation: tuple[int, int]
    pixels: int = 1
    first: int = 0
    around: Around = _UNPADDED
    value: int = 0

    @property
    def span(self) -> tuple[int, int]:
        """Return the height of a window in rows and its width in columns, including the gaps of its dilation."""
        (height, width), (down, right) = self.size, self.dilation
        return (height - 1) * down + 1, -(-(self.first + (width - 1) * right + 1) // self.pixels)

    @property
    def channels(self) -> int:
        """Return the number of elements of a pixel."""
        return self.image[2] // self.pixels

    @property
    def is_padded(self) -> bool:
        """Return whether the window adds a padding."""
        return self.around != _UNPADDED

    @property
    def has_gaps(self) -> bool:
        """Return whether a window stores pixels that its kernel does not use."""
        return self.dilation[1] > 1 or self.span[1] * self.pixels > self.size[1]

    @property
    def is_inside(self) -> npt.NDArray[np.bool_]:
        """Return for each column of the image, row by row, whether it is read: it does not belong to the padding."""
        image = np.ones(self.image[:2], np.bool_)
        for axis, (before, after) in enumerate(self.around):
            places = np.arange(self.image[axis])
            inside = (places >= before) & (places < self.image[axis] - after)
            image &= np.expand_dims(inside, 1 - axis)
        return image.ravel()

    def find_place(self, row: int, column: int, channel: int) -> int:
        """Return the index within a window, rows first, of an element of the kernel."""
        pixel = self.first + column * self.dilation[1]
        width = self.span[1] * self.pixels
        return (row * width + pixel) * self.channels + channel


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


def make_slide(op: Conv | Pool, pixels: int = 1, padding: Pad | None = None) -> Slide | None:
    """Return the sliding window of ``op``; None where a single window covers the image.

    ``pixels``: those of a column, a divisor of the operand's width and of the stride. ``padding``: the op that makes
    the operand, if the window adds its padding.
    """
    step = make_window_op(op)
    size = (step.x.shape[0], step.x.shape[1])
    dilation = op.dilation if isinstance(op, Conv) else (1, 1)
    (above, _), (left, _) = padding.widths[:2] if padding else _UNPADDED
    x, before = padding.x if padding else op.x, -(-left // pixels)
    strides, first = (op.strides[0], op.strides[1] // pixels), before * pixels - left
    slide = Slide(step, (), strides, size, dilation, pixels, first)
    if padding is None and slide.span == (op.x.shape[0], op.x.shape[1] // pixels):
        return None
    read = (x.shape[0], x.shape[1] // pixels)
    around: list[tuple[int, int]] = []
    for axis, start in enumerate((above, before)):
        needed = (op.shape[axis] - 1) * strides[axis] + slide.span[axis]
        around.append((start, max(needed - start - read[axis], 0)))
    rows, columns = (size + sum(widths) for size, widths in zip(read, around, strict=True))
    image = (rows, columns, pixels * x.shape[2])
    value = padding.value if padding else 0
    return replace(slide, image=image, around=(around[0], around[1]), value=value)


def make_window_op(op: Conv | Pool) -> Conv | Pool:
    """Return ``op`` on one window: the pixels that its kernel uses, without those between them."""
    size = op.w.shape[:2] if isinstance(op, Conv) else op.window
    x = take_part(op.x, (*size, op.x.shape[2]))
    if isinstance(op, Conv):
        return replace(op, x=x, strides=(1, 1), dilation=(1, 1))
    return replace(op, x=x, strides=(1, 1))
