"""QONNX's operators on numbers, after its specification: Quant, BipolarQuant, Trunc and MultiThreshold.

Every function computes in the float type of ``x``. Source of the formulas: the documents on the operators in
QONNX's repository (docs/qonnx-custom-ops), which its executor follows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[Any]
DOMAIN = "qonnx.custom_op.general"
DOMAINS = (DOMAIN, "finn.custom_op.general", "finn", "onnx.brevitas")
"""Names of QONNX's domain: the current one, and those in older files."""


def make_roundings(xp: Any) -> dict[str, Callable[[Any], Any]]:
    """Return the function that rounds to whole numbers for each ``rounding_mode``; ``xp``: ``numpy`` or ``keras.ops``.

    UP and DOWN are away from zero and towards it.
    """
    return {
        "ROUND": xp.round,
        "HALF_EVEN": xp.round,
        "CEIL": xp.ceil,
        "FLOOR": xp.floor,
        "UP": lambda x: xp.sign(x) * xp.ceil(xp.abs(x)),
        "DOWN": xp.trunc,
        "ROUND_TO_ZERO": xp.trunc,
        "HALF_UP": lambda x: xp.sign(x) * xp.floor(xp.abs(x) + 0.5),
        "HALF_DOWN": lambda x: xp.sign(x) * xp.ceil(xp.abs(x) - 0.5),
    }


ROUNDINGS = make_roundings(np)


def find_limits(bits: int, signed: bool, narrow: bool) -> tuple[int, int]:
    """Return the lowest and the highest integer of ``bits`` bits.

    ``narrow`` excludes the lowest signed integer, or the highest unsigned one.
    """
    if signed:
        highest = 2 ** (bits - 1) - 1
        return -highest if narrow else -highest - 1, highest
    return 0, 2**bits - 1 - narrow


@dataclass(frozen=True)
class IntegerQuantizer:
    """A rounding of numbers to integers of ``bits`` bits by a mode of ``ROUNDINGS``; one signed bit is -1 or 1."""

    bits: int
    signed: bool = True
    narrow: bool = False
    rounding: str = "ROUND"

    @property
    def limits(self) -> tuple[int, int]:
        """Return the lowest and the highest integer of a quantizer that is not bipolar."""
        return find_limits(self.bits, self.signed, self.narrow)

    @property
    def is_bipolar(self) -> bool:
        """Return whether the integers are -1 and 1."""
        return self.bits == 1 and self.signed

    def round(self, x: Numbers) -> Numbers:
        """Return ``x``, which is in steps of the quantizer, clipped and rounded to integers."""
        if self.is_bipolar:
            return np.where(x >= 0, 1.0, -1.0).astype(x.dtype)
        lowest, highest = map(x.dtype.type, self.limits)
        return ROUNDINGS[self.rounding](np.clip(x, lowest, highest))


def apply_quant(x: Numbers, scale: Numbers, zero_point: Numbers, to: IntegerQuantizer) -> Numbers:
    """Return QONNX's Quant of ``x``: ``(integer - zero_point) * scale`` with the integer that ``to`` rounds to."""
    return (to.round(x / scale + zero_point) - zero_point) * scale


def apply_bipolar_quant(x: Numbers, scale: Numbers) -> Numbers:
    """Return QONNX's BipolarQuant of ``x``: ``scale`` where ``x`` is at least 0, else ``-scale``."""
    return np.where(x >= 0, 1.0, -1.0).astype(x.dtype) * scale


def apply_trunc(
    x: Numbers, scale: Numbers, zero_point: Numbers, dropped: int, rounding: str
) -> Numbers:
    """Return QONNX's Trunc (version 1) of ``x``: its integers without the ``dropped`` lowest bits, times ``scale``."""
    integers = np.rint(x / scale + zero_point)
    return (ROUNDINGS[rounding](integers / x.dtype.type(2.0**dropped)) - zero_point) * scale


def apply_clipped_trunc(
    x: Numbers, scale: Numbers, zero_point: Numbers, to_scale: Numbers, to: IntegerQuantizer
) -> Numbers:
    """Return QONNX's Trunc (version 2) of ``x``: its integers in steps of ``to_scale``, clipped and rounded."""
    step = 2 ** np.round(np.log2(to_scale / scale))
    integers = np.rint(x / scale + zero_point) / step
    lowest, highest = map(x.dtype.type, to.limits)
    rounded = ROUNDINGS[to.rounding](np.clip(integers, lowest, highest))
    return (rounded - zero_point / step) * to_scale


def fold_normalisation(
    gamma: Numbers,
    beta: Numbers,
    mean: Numbers,
    variance: Numbers,
    *,
    epsilon: float,
    dtype: Any,
) -> tuple[Numbers, Numbers]:
    """Return the factor and the offset of each channel of ONNX's BatchNormalization, computed in ``dtype``."""
    gamma, beta, mean, variance = (each.astype(dtype) for each in (gamma, beta, mean, variance))
    factor = gamma / np.sqrt(variance + dtype(epsilon))
    return factor, beta - mean * factor


def count_thresholds(x: Numbers, thresholds: Numbers, axis: int) -> Numbers:
    """Return how many of the ``thresholds`` (channels or 1, n) each number reaches; ``axis``: the channel axis."""
    moved = np.moveaxis(x, axis, -1)
    counts = np.empty_like(moved)
    rows = np.broadcast_to(thresholds, (moved.shape[-1], thresholds.shape[1]))
    for c, row in enumerate(rows):
        counts[..., c] = np.searchsorted(np.sort(row), moved[..., c], side="right")
    return np.moveaxis(counts, -1, axis)


def find_channel_axis(layout: str, rank: int) -> int:
    """Return the channel axis that MultiThreshold's attribute ``data_layout`` names, or the usual one of the rank."""
    layout = layout or {2: "NC", 3: "NWC", 4: "NCHW"}.get(rank, "NC")
    return layout.index("C") if "C" in layout else 1
