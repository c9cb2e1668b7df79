"""Where real numbers would be read, a quantizer is put: the nearest model that is exact.

What is compiled and checked is then that model, so that everything stays equal bit for bit; how far it is from the one
given is measured and said.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2
from typing import Any

import keras
import numpy as np

from qhls.errors import LoweringError
from qhls.frontend.activation import QActivation
from qhls.frontend.reals import RealNumbersError, Reals
from qhls.frontend.state import copy_model_state
from qhls.frontend.steps import values_of
from qhls.frontend.trace import trace
from qhls.ir import Graph
from qhls.ir.integers import Array, whole
from qhls.quantizers import get_quantizer
from qhls.utils.rebuild import again, rebuild

BITS = 12
"""Of the quantizer that is put where none is given: as many steps as a table may have."""
POINTS = 1 << 20
"""Numbers, of all channels together, on which a difference is measured."""


@dataclass(frozen=True)
class Approximation:
    """``quantizer`` was put behind ``layer``; its numbers move by up to ``error``, found on ``points`` codes a channel.

    ``complete``: whether these are all codes that the layer's integers can have.
    """

    layer: str
    quantizer: str
    error: float
    points: int
    complete: bool

    def __str__(self) -> str:
        extent = "all" if self.complete else f"{self.points:,} of the"
        off = f"off by up to {self.error:.3g} on {extent} codes of its input"
        return f"{self.quantizer} behind layer {self.layer!r}: {off}"


def trace_exactly(model: keras.Model, input_types: Any) -> Graph:
    """``trace``; where real numbers would be read, the error says which model would be the nearest exact one."""
    try:
        return trace(model, input_types)
    except RealNumbersError as error:
        if not error.reals.layer:
            raise
        behind = f"QActivation({nearest(error.reals)!r}) behind layer {error.reals.layer!r}"
        raise LoweringError(
            f"{error}; the nearest exact model has {behind}: add it, or compile with allow_approximate=True"
        ) from None


def trace_nearest(
    model: keras.Model, input_types: Any, quantizer: Any = None
) -> tuple[keras.Model, Graph, tuple[Approximation, ...]]:
    """``model`` with a quantizer behind every layer whose real numbers would be read, its graph, and what was put.

    ``quantizer``: an object or a string; by default ``quantized_bits`` of 12 bits that hold every number of the layer.

    Raises:
        LoweringError: what has no exact meaning for another reason, or real numbers within a layer or nested model.
    """
    made: dict[str, Approximation] = {}
    while True:
        try:
            return model, trace(model, input_types), tuple(made.values())
        except RealNumbersError as error:
            layer = error.reals.layer
            if not layer or layer in made:
                raise
            codes, numbers = _numbers(error.reals)
            chosen = _holding(numbers) if quantizer is None else str(get_quantizer(quantizer))
            made[layer] = _measured(error.reals, chosen, codes, numbers)
            model = _followed(model, layer, chosen)


def _followed(model: keras.Model, layer: str, quantizer: str) -> keras.Model:
    """A copy of ``model`` with ``quantizer`` behind ``layer``."""
    name = f"{layer}_approximation"
    copy = rebuild(model, again, followed={layer: QActivation(quantizer, name=name)})
    copy_model_state(model, copy)
    return copy


def nearest(reals: Reals) -> str:
    """The ``quantized_bits`` of ``BITS`` bits whose range holds all these numbers, with the finest steps."""
    return _holding(_numbers(reals)[1])


def _holding(numbers: Array) -> str:
    signed = bool(numbers.min() < 0)
    largest = max(float(abs(numbers).max()), 2.0**-BITS)
    integer = ceil(log2(largest))
    if largest > 2.0**integer * (
        1 - 2.0 ** -(BITS - signed) / 2
    ):  # beyond half a step from the last number
        integer += 1
    sign = "" if signed else "keep_negative=0,"
    return f"quantized_bits({BITS},{integer},{sign}alpha=1)"


def _measured(reals: Reals, quantizer: str, codes: Array, numbers: Array) -> Approximation:
    rounding: Any = get_quantizer(quantizer)
    rounded = keras.ops.convert_to_numpy(rounding(numbers.astype("float32")))
    lo, hi = reals.x.range.hull
    error = float(abs(numbers - rounded).max())
    return Approximation(reals.layer, quantizer, error, codes.size, codes.size > hi - lo)


def _numbers(reals: Reals) -> tuple[Array, Array]:
    """Codes of the exact tensor below, all of them or evenly spread ones, and the numbers (channels, codes) there."""
    lo, hi = reals.x.range.hull
    channels = reals.channels
    count = min(hi - lo + 1, max(POINTS // channels, 2))
    places = (lo + i * (hi - lo) // max(count - 1, 1) for i in range(count))
    codes = whole(places, max(-lo, hi))
    numbers = values_of(reals.function, reals.x, channels)(np.tile(codes, (channels, 1)))
    if not np.isfinite(numbers).all():
        found = numbers[~np.isfinite(numbers)][0]
        raise LoweringError(
            f"layer {reals.layer!r}: expected finite numbers to approximate; received {found}"
        )
    return codes, numbers
