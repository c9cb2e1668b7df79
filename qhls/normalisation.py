"""Layers that are a real factor and offset for each channel, in fixed point: what approximates a normalisation.

Where nothing quantises a normalisation's numbers, the layer itself is replaced: by factors and offsets of so many bits
that no number moves by more than what one code of its input does, rounded to a grid as fine as that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, log2
from typing import Any

import keras
import numpy as np

from qhls.frontend.lower import lower
from qhls.frontend.reals import Reals
from qhls.frontend.scale_shift import QChannelScaleShift, QScaleShift
from qhls.frontend.state import copy_state
from qhls.frontend.steps import values_of
from qhls.ir import Fixed, Graph, Input, decode, run
from qhls.ir.integers import Array
from qhls.utils.rebuild import again, rebuild

FACTOR = 24
"""Bits of a factor, at most: as many as float32 has."""
FINER = 2
"""Bits of a factor beyond those of the input, so that rounding it moves no number by more than an eighth of a code."""
WIDEST = 32
"""Bits of a number behind the layer, at most."""
FACTORS = 40
"""Bits of all factors together, at most, where they differ by orders of magnitude."""
NEGLIGIBLE = 2.0**-24
"""The share of the largest number below which what a channel varies by does not matter."""


@dataclass(frozen=True)
class _Call:
    """One call of a layer: its numbers (channels, points) at codes of an input of ``frac`` fraction bits."""

    codes: Array
    frac: int
    numbers: Array
    complete: bool

    @property
    def x(self) -> Array:
        """The input's numbers at the codes."""
        return np.ldexp(self.codes.astype(np.float64), -self.frac)

    def line(self) -> tuple[Array, Array] | None:
        """Factor and offset of each channel; None where these are not the function, but for rounding of float32."""
        x, y = self.x, self.numbers
        if len(x) < 2:
            return None
        factors = (y[:, -1] - y[:, 0]) / (x[-1] - x[0])
        middle = abs(x).argmin()
        offsets = y[:, middle] - factors * x[middle]
        off = abs(y - (factors[:, None] * x + offsets[:, None])).max(1)
        rounding = 2.0**-20 * (abs(factors) * abs(x).max() + abs(offsets))
        return (factors, offsets) if (off <= rounding).all() else None


@dataclass(frozen=True)
class FixedLayer:
    """The layer ``made`` in the place of ``source``; its numbers are off by up to ``error`` on ``points`` codes."""

    source: str
    made: QScaleShift
    factor_bits: int
    error: float
    points: int
    complete: bool

    def __str__(self) -> str:
        return f"factors of {self.factor_bits} bits and {self.made.activation}"


@dataclass
class _Layer:
    source: str
    shared: bool
    calls: list[_Call] = field(default_factory=list[_Call])


class Normalisations:
    """Notes the layers whose real numbers are read and are a factor and an offset for each channel."""

    def __init__(self) -> None:
        self._found: dict[int, _Layer] = {}
        self._kept: list[Any] = []

    def note(self, reals: Reals, codes: Array, numbers: Array) -> None:
        """Note who made ``reals``: ``numbers`` (channels, points) at ``codes`` are those of the chain's first layer."""
        if reals.start is None:
            return
        layer, first = reals.start
        lo, hi = first.x.range.hull
        call = _Call(codes, first.x.type.frac, numbers, codes.size > hi - lo)
        if first.dims is not None or not isinstance(layer, keras.layers.Layer):
            return
        if call.line() is None or not (reals.function is first.function or _rectified(reals, call)):
            return
        self._kept.append(layer)  # so that no other object gets its id
        found = self._found.setdefault(id(layer), _Layer(first.layer, first.shared))
        found.calls.append(call)

    def into(self, model: keras.Model) -> tuple[keras.Model, list[FixedLayer]]:
        """A copy of ``model`` with fixed-point layers in the places of those noted; itself where there are none."""
        if not self._found:
            return model, []
        made: list[FixedLayer] = []
        copied: list[tuple[Any, Any]] = []

        def convert(layer: Any) -> Any:
            found = self._found.get(id(layer))
            if found is None:
                copied.append((layer, again(layer)))
                return copied[-1][1]
            made.append(_fixed(layer, found))
            return made[-1].made

        copy = rebuild(model, convert)
        for layer, new in copied:
            copy_state(layer, new)
        return copy, made


def _rectified(reals: Reals, call: _Call) -> bool:
    """Whether all that follows the layer is a ReLU, exact behind one of fixed point."""
    if reals.channels != len(call.numbers):
        return False
    numbers = values_of(reals.function, reals.x, reals.channels)(
        np.tile(call.codes, (reals.channels, 1))
    )
    return bool((numbers == np.maximum(call.numbers, 0)).all())


def _fixed(layer: Any, found: _Layer) -> FixedLayer:
    """The fixed-point layer that holds the numbers of all calls."""
    factors, offsets = next(line for call in found.calls if (line := call.line()))
    codes = max(int(abs(call.codes).max()) for call in found.calls)
    bits = min(codes.bit_length() + FINER, FACTOR)
    mantissas, exponents = np.frexp(factors)
    rounded = np.ldexp(np.rint(np.ldexp(mantissas, bits)), exponents - bits)
    finest = bits - int(exponents[factors != 0].min(initial=bits))
    weight = _holding(rounded, finest, FACTORS)
    largest = max(float(abs(call.numbers).max()) for call in found.calls)
    step = 2.0 ** -max(call.frac for call in found.calls)
    matters = abs(factors) * codes * step > NEGLIGIBLE * largest
    moves = float((abs(factors[matters]) * step).min(initial=1.0))
    to = _holding(np.array([largest]), ceil(-log2(moves)), WIDEST)
    cls = QScaleShift if found.shared else QChannelScaleShift
    made = cls(
        weight_quantizer=weight,
        bias_quantizer=_holding(offsets, ceil(-log2(moves)) + 3, FACTORS),
        activation=to,
        name=layer.name,
    )
    made.build((None, len(factors)))
    made.set_weights(
        [np.reshape(v, w.shape) for v, w in zip((rounded, offsets), made.weights, strict=True)]
    )
    errors = [_error(made, call) for call in found.calls]
    points = sum(call.codes.size for call in found.calls)
    complete = all(call.complete for call in found.calls)
    return FixedLayer(found.source, made, bits, max(errors), points, complete)


def _holding(numbers: Array, frac: int, widest: int) -> str:
    """The ``quantized_bits`` of ``frac`` fraction bits that holds ``numbers``; of fewer, where it would be too wide."""
    largest = max(float(abs(numbers).max()), 2.0**-widest)
    integer = max(ceil(log2(largest)), 0)
    frac = max(min(frac, widest - 1 - integer), 0)
    if largest > 2.0**integer - 2.0 ** -(frac + 1):
        integer += 1
    return f"quantized_bits({1 + integer + frac},{integer},alpha=1)"


def _error(made: QScaleShift, call: _Call) -> float:
    """How far the integers that ``made`` becomes are from the numbers of ``call``."""
    channels = len(call.numbers)
    lo, hi = int(call.codes.min()), int(call.codes.max())
    x = Input((channels,), Fixed.holding(lo, hi, call.frac), name="x")
    graph = Graph((x,), (lower(made, x),))  # type: ignore[arg-type]
    (codes,) = run(graph, [np.tile(call.codes[:, None], (1, channels))])
    return float(abs(decode(codes, graph.outputs[0].type).T - call.numbers).max())
