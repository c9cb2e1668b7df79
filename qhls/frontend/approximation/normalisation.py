"""Fixed-point approximations of normalisations, layers that apply one real factor and one offset per channel.

If no quantizer follows a normalisation, a layer with fixed-point factors and offsets replaces it. These have so
many bits that no result moves by more than one code of the input moves it. Results are rounded to a grid of that
step.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, log2
from typing import Any

import keras
import numpy as np

from qhls.frontend.layers.scale_shift import QChannelScaleShift, QScaleShift
from qhls.frontend.lowering.lower import lower
from qhls.frontend.lowering.reals import Reals
from qhls.frontend.lowering.steps import make_float_function
from qhls.frontend.models.rebuild import copy_layer, rebuild
from qhls.frontend.models.state import copy_state
from qhls.ir import Fixed, Graph, Input, decode, run
from qhls.ir.integers import Array
from qhls.quantizers.keras_types import KerasLayer

FACTOR = 24
"""Largest width of a factor in bits, which is that of float32's significand."""
FINER = 2
"""Number of bits of a factor beyond those of the input; rounding it moves results by less than one input code does."""
_WIDEST = 32
"""Largest width of the layer's results in bits."""
FACTORS = 40
"""Largest width in bits of the common type of all factors, or of all offsets; their magnitudes may differ widely."""
NEGLIGIBLE = 2.0**-24
"""Largest variation of a channel that is ignored, as a share of the largest number of all channels."""


@dataclass(frozen=True)
class _Call:
    """One call of a layer: input codes of ``frac`` fraction bits, and the results (channels, points) for them."""

    codes: Array
    frac: int
    numbers: Array
    complete: bool

    @property
    def x(self) -> Array:
        """The real numbers that the input codes represent."""
        return np.ldexp(self.codes.astype(np.float64), -self.frac)

    def fit_line(self) -> tuple[Array, Array] | None:
        """Return a factor and an offset per channel; None if the layer differs from these by more than rounding."""
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
    """The fixed-point ``layer`` that replaces ``source``, and its largest ``error`` on ``points`` codes."""

    source: str
    layer: QScaleShift
    factor_bits: int
    error: float
    points: int
    complete: bool

    def __str__(self) -> str:
        return f"factors of {self.factor_bits} bits and {self.layer.activation}"


@dataclass
class _Layer:
    """A layer to be replaced, and its calls."""

    source: str
    shared: bool
    calls: list[_Call] = field(default_factory=list[_Call])


class Normalisations:
    """The layers of a model that apply one factor and one offset per channel, and that no quantizer follows."""

    def __init__(self) -> None:
        self._layers: dict[int, _Layer] = {}
        self._references: list[Any] = []

    def note(self, reals: Reals, codes: Array, numbers: Array) -> None:
        """Record the layer at which ``reals`` start, with its results ``numbers`` (channels, points) for ``codes``.

        Nothing is recorded unless the layer is one factor and one offset per channel, before at most a ReLU.
        """
        if reals.start is None:
            return
        layer, first = reals.start
        lo, hi = first.x.range.hull
        call = _Call(codes, first.x.type.frac, numbers, codes.size > hi - lo)
        if first.dims is not None or not isinstance(layer, keras.layers.Layer):
            return
        if call.fit_line() is None or not (
            reals.function is first.function or _is_rectified(reals, call)
        ):
            return
        self._references.append(layer)  # so that no other object gets its id
        record = self._layers.setdefault(id(layer), _Layer(first.layer, first.shared))
        record.calls.append(call)

    def replace_in(self, model: keras.Model) -> tuple[keras.Model, list[FixedLayer]]:
        """Return a copy of ``model`` with the recorded layers replaced by fixed-point layers, and a list of these.

        Return ``model`` itself if no layer was recorded.
        """
        if not self._layers:
            return model, []
        replaced: list[FixedLayer] = []
        copied: list[tuple[Any, Any]] = []

        def convert(layer: KerasLayer) -> KerasLayer:
            record = self._layers.get(id(layer))
            if record is None:
                copied.append((layer, copy_layer(layer)))
                return copied[-1][1]
            replaced.append(_make_fixed_layer(layer, record))
            return replaced[-1].layer

        copy = rebuild(model, convert)
        for layer, new in copied:
            copy_state(layer, new)
        return copy, replaced


def _is_rectified(reals: Reals, call: _Call) -> bool:
    """Return whether only a ReLU follows the layer, which is exact behind a fixed-point layer."""
    if reals.channels != len(call.numbers):
        return False
    numbers = make_float_function(reals.function, reals.x, reals.channels)(
        np.tile(call.codes, (reals.channels, 1))
    )
    return bool((numbers == np.maximum(call.numbers, 0)).all())


def _make_fixed_layer(layer: KerasLayer, record: _Layer) -> FixedLayer:
    """Return the fixed-point layer that replaces ``layer``, with types wide enough for the results of all calls."""
    factors, offsets = next(line for call in record.calls if (line := call.fit_line()))
    codes = max(int(abs(call.codes).max()) for call in record.calls)
    bits = min(codes.bit_length() + FINER, FACTOR)
    mantissas, exponents = np.frexp(factors)
    rounded = np.ldexp(np.rint(np.ldexp(mantissas, bits)), exponents - bits)
    finest = bits - int(exponents[factors != 0].min(initial=bits))
    weight = _choose_quantizer(rounded, finest, FACTORS)
    largest = max(float(abs(call.numbers).max()) for call in record.calls)
    step = 2.0 ** -max(call.frac for call in record.calls)
    matters = abs(factors) * codes * step > NEGLIGIBLE * largest
    moves = float((abs(factors[matters]) * step).min(initial=1.0))
    to = _choose_quantizer(np.array([largest]), ceil(-log2(moves)), _WIDEST)
    cls = QScaleShift if record.shared else QChannelScaleShift
    fixed = cls(
        weight_quantizer=weight,
        bias_quantizer=_choose_quantizer(offsets, ceil(-log2(moves)) + 3, FACTORS),
        activation=to,
        name=layer.name,
    )
    fixed.build((None, len(factors)))
    fixed.set_weights(
        [np.reshape(v, w.shape) for v, w in zip((rounded, offsets), fixed.weights, strict=True)]
    )
    errors = [_measure_error(fixed, call) for call in record.calls]
    points = sum(call.codes.size for call in record.calls)
    complete = all(call.complete for call in record.calls)
    return FixedLayer(record.source, fixed, bits, max(errors), points, complete)


def _choose_quantizer(numbers: Array, frac: int, widest: int) -> str:
    """Return a ``quantized_bits`` for ``numbers`` with ``frac`` fraction bits, or fewer to stay in ``widest`` bits."""
    largest = max(float(abs(numbers).max()), 2.0**-widest)
    integer = max(ceil(log2(largest)), 0)
    kept = _limit_fraction(frac, integer, widest)
    if largest > 2.0**integer - 2.0 ** -(kept + 1):  # would be rounded to the next power of two
        integer += 1
        kept = _limit_fraction(frac, integer, widest)
    return f"quantized_bits({1 + integer + kept},{integer},alpha=1)"


def _limit_fraction(frac: int, integer: int, widest: int) -> int:
    return max(min(frac, widest - 1 - integer), 0 if integer else 1)  # one bit is a sign


def _measure_error(layer: QScaleShift, call: _Call) -> float:
    """Return the largest difference between the compiled ``layer`` and the numbers of ``call``."""
    channels = len(call.numbers)
    lo, hi = int(call.codes.min()), int(call.codes.max())
    x = Input((channels,), Fixed.from_range(lo, hi, call.frac), name="x")
    graph = Graph((x,), (lower(layer, x),))  # type: ignore[arg-type]
    (codes,) = run(graph, [np.tile(call.codes[:, None], (1, channels))])
    return float(abs(decode(codes, graph.outputs[0].type).T - call.numbers).max())
