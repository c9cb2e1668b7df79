"""``QFixedPoint``, a quantizer layer with a fixed-point type per element of a tensor, and its lowering rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import ArrayLike

from qhls.errors import QuantizerError
from qhls.frontend.layers.registry import register
from qhls.frontend.lowering.arithmetic import find_arithmetic
from qhls.frontend.lowering.lower import has_few_bits, lower, multiply_by
from qhls.frontend.lowering.reals import Joined, Reals, Tensor, apply_real_along
from qhls.frontend.lowering.refusal import explain_refusal
from qhls.frontend.lowering.steps import step_function
from qhls.ir import Add, Const, Fixed, Max, Min, Mul, Op, Overflow, Quantize, Rounding, Shift, Sub
from qhls.ir.integers import Array
from qhls.model.floats import FLOAT32_EXACT
from qhls.quantizers.keras_types import KerasShape, KerasTensor, ops

_MODES = {"TRN": Rounding.FLOOR, "RND": Rounding.HALF_UP, "RND_CONV": Rounding.HALF_EVEN}
"""Rounding modes of ac_fixed that the ``Quantize`` op supports, with their names in the IR."""
_OVERFLOWS = {
    "WRAP": Overflow.WRAP,
    "SAT": Overflow.SATURATE,
    "SAT_SYM": Overflow.SATURATE_SYMMETRIC,
}
_ROUNDINGS: dict[str, Callable[[Any], Any]] = {
    "TRN": ops.floor,
    "RND": lambda v: ops.floor(v + 0.5),
    "RND_CONV": ops.round,
    "TRN_ZERO": lambda v: ops.sign(v) * ops.floor(ops.abs(v)),
    "RND_ZERO": lambda v: -ops.sign(v) * ops.floor(0.5 - ops.abs(v)),
    "RND_MIN_INF": lambda v: -ops.floor(0.5 - v),
    "RND_INF": lambda v: ops.sign(v) * ops.floor(ops.abs(v) + 0.5),
}
"""Rounding modes of ac_fixed, each with a function that rounds floats to integers."""
ROUNDINGS, OVERFLOWS = tuple(_ROUNDINGS), tuple(_OVERFLOWS)
FARTHEST = 126
"""Largest magnitude of integer and fraction bits: powers of two up to this exponent are normal float32 numbers."""
_HALF_LOST = 25
"""Number of dropped fraction bits from which ``x + 1/2`` in float32 may itself round up to an integer."""


def round_floats(x: KerasTensor, fraction: Array, rounding: str) -> KerasTensor:
    """Return the floats ``x`` rounded to ``fraction`` fraction bits, in the arithmetic of their type."""
    up, down = (_take_power_of_two(bits, x) for bits in (fraction, -fraction))
    return _ROUNDINGS[rounding](x * up) * down


def quantize_floats(
    x: KerasTensor, bits: tuple[Array, Array, Array], rounding: str, overflow: str
) -> KerasTensor:
    """Return the floats ``x`` quantised to fixed point, in the arithmetic of their type; elements without bits are 0.

    ``bits`` are those of the sign (0 or 1), and integer and fraction bits, of each element; they broadcast to ``x``.
    """
    keep, integer, fraction = bits
    limit, step = _take_power_of_two(integer, x), _take_power_of_two(-fraction, x)
    signed = ops.cast(keep, x.dtype)
    if overflow == "WRAP":
        size = _take_power_of_two(integer + keep, x)
        lowest = -signed * limit
        result = ops.mod(round_floats(x, fraction, rounding) - lowest, size) + lowest
    else:
        highest = limit - step
        lowest = -signed * (highest if overflow == "SAT_SYM" else limit)
        result = round_floats(ops.clip(x, lowest, highest), fraction, rounding)
    alive = ops.convert_to_tensor(keep + integer + fraction > 0)
    return ops.where(alive, result, ops.zeros_like(result))


def _take_power_of_two(exponents: Array, x: KerasTensor) -> KerasTensor:
    """Return ``2**exponents`` exactly, in the type of ``x``; the ``power`` of a backend may round."""
    return ops.cast(np.ldexp(1.0, np.asarray(exponents).astype(int)), x.dtype)


@register
class QFixedPoint(keras.layers.Layer):
    """Layer that computes ``factor * Q(x / scale) * scale + offset`` with fixed-point bits that may differ per element.

    An element holds the numbers from ``-keep_negative * 2**integer`` to ``2**integer - 2**-fraction``. It is 0 where
    its three numbers add up to 0 or less.

    Args:
        keep_negative: 1 for signed numbers, 0 for others; this and the other bits are numbers or nested lists of them
            that broadcast to a sample.
        integer: integer bits, the sign not included.
        fraction: fraction bits.
        rounding: ``"TRN"``, ``"RND"``, ``"RND_CONV"``, ``"TRN_ZERO"``, ``"RND_ZERO"``, ``"RND_MIN_INF"`` or
            ``"RND_INF"``, as ac_fixed names them.
        overflow: ``"WRAP"``, ``"SAT"`` or ``"SAT_SYM"``.
        scale: a power of two.
        factor: number that multiplies the result.
        offset: number that is added to it.

    Raises:
        QuantizerError: other bits, another rounding or overflow, or a scale that is no power of two.
    """

    def __init__(  # noqa: PLR0917 - the order of a quantizer's arguments
        self,
        keep_negative: ArrayLike = 1,
        integer: ArrayLike = 3,
        fraction: ArrayLike = 4,
        rounding: str = "RND",
        overflow: str = "WRAP",
        scale: float = 1.0,
        factor: float = 1.0,
        offset: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, value, known in (
            ("rounding", rounding, ROUNDINGS),
            ("overflow", overflow, OVERFLOWS),
        ):
            if value not in known:
                raise QuantizerError(
                    f"QFixedPoint: expected {name} among {', '.join(known)}, got {value!r}. Use one of these."
                )
        if not scale > 0 or np.frexp(scale)[0] != 0.5:
            raise QuantizerError(
                f"QFixedPoint: expected a power of two as scale, got {scale!r}. Multiply by it elsewhere."
            )
        self.bits = _read_bits(keep_negative, integer, fraction)
        self.rounding, self.overflow = rounding, overflow
        self.scale, self.factor, self.offset = float(scale), float(factor), float(offset)
        self.supports_masking = True

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape of the arrays of bits, which broadcast to a sample."""
        return self.bits[0].shape

    def call(self, inputs: KerasTensor) -> KerasTensor:
        """Return the quantised ``inputs``."""
        scaled = inputs / self.scale if self.scale != 1 else inputs
        result = quantize_floats(scaled, self.bits, self.rounding, self.overflow)
        result = result * self.scale if self.scale != 1 else result
        result = result * self.factor if self.factor != 1 else result
        return result + self.offset if self.offset else result

    def compute_output_shape(self, input_shape: KerasShape) -> KerasShape:
        """Return the input's shape."""
        return input_shape

    @property
    def input_type(self) -> Fixed | None:
        """Return one type that holds the results for all elements, or ``None`` if the layer also scales or shifts
        numbers.
        """
        if (self.scale, self.factor, self.offset) != (1, 1, 0):
            return None
        keep, integer, fraction = self.bits
        width = int((integer + fraction.max()).max() + keep.max())
        return Fixed(bool(keep.max()), max(width, 1), int(fraction.max()))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        names = ("rounding", "overflow", "scale", "factor", "offset")
        own = {name: getattr(self, name) for name in names}
        bits = dict(zip(("keep_negative", "integer", "fraction"), self.bits, strict=True))
        lists = {name: each.tolist() for name, each in bits.items()}
        return super().get_config() | lists | own


def _read_bits(*given: ArrayLike) -> tuple[Array, Array, Array]:
    """Return sign, integer and fraction bits as integer arrays of one shape; all are 0 for elements without bits."""
    try:
        bits = list(np.broadcast_arrays(*(np.asarray(each) for each in given)))
    except ValueError:
        bits = []
    sound = bool(bits) and all(each.dtype.kind in "iub" for each in bits)
    sound = sound and bool(np.isin(bits[0], (0, 1)).all())
    if not sound or max(np.abs(each).max() for each in bits) > FARTHEST:
        raise QuantizerError(
            f"QFixedPoint: expected keep_negative of 0 or 1 and whole numbers of bits up to {FARTHEST} that broadcast, "
            f"got {given}. Round them."
        )
    keep, integer, fraction = (each.astype(np.int64) for each in bits)
    alive = keep + integer + fraction > 0
    return keep * alive, integer * alive, fraction * alive


@lower.register(QFixedPoint, reads_reals=True)
def _lower_fixed_point(layer: QFixedPoint, x: Tensor) -> Tensor:
    if isinstance(x, Op):
        result = Shift(x, -_find_power(layer.scale)) if layer.scale != 1 else x
    else:
        result = _round_reals(layer, x)
    if isinstance(x, Op) or layer.overflow == "WRAP":
        result = quantize_codes(layer, result)
    result = Shift(result, _find_power(layer.scale)) if layer.scale != 1 else result
    if not has_few_bits((layer.factor, layer.offset)):
        raise explain_refusal(
            layer,
            "a factor and an offset of at most 12 bits",
            f"{layer.factor} and {layer.offset}",
            "Round them in the model.",
        )
    result = multiply_by(result, layer.factor) if layer.factor != 1 else result
    return Add(result, Const.of(layer.offset, "offset")) if layer.offset else result


def _round_reals(layer: QFixedPoint, x: Reals | Joined) -> Op:
    """Lower the rounding, or rounding and saturation, of real numbers as steps; wrapping is left to
    ``quantize_codes``, as it is not monotone.
    """
    bits = layer.bits

    def compute(v: KerasTensor) -> KerasTensor:
        scaled = v / layer.scale
        if layer.overflow != "WRAP":
            return quantize_floats(scaled, bits, layer.rounding, layer.overflow)
        alive = ops.cast(sum(bits) > 0, v.dtype)
        return round_floats(scaled * alive, bits[2], layer.rounding)

    first = len(x.shape) - len(layer.shape)
    axes = [first + axis for axis, size in enumerate(layer.shape) if size > 1]
    odd = explain_refusal(layer, "codes", "real numbers", "Quantise them before.")
    numbers = apply_real_along(x, compute, odd, axes=axes)
    return step_function(layer, lambda v: v, numbers, turns=())


def _find_power(number: float) -> int:
    return int(np.frexp(number)[1]) - 1


def quantize_codes(layer: QFixedPoint, x: Op) -> Op:
    """Return ``x`` quantised to the type of each element, by one ``Quantize`` op if all these types are equal."""
    keep, integer, fraction = (_strip(bits) for bits in layer.bits)
    width = keep + integer + fraction
    proved = _is_float_exact(layer, x, width, fraction)
    running = find_arithmetic()
    if not proved and running is not None:
        running.rounds.append(layer.name)
    alike = all((bits == bits.flat[0]).all() for bits in (keep, integer, fraction))
    if alike and width.flat[0] == 0:
        return Mul(x, Const.of(0.0, "zero"), proved=True)
    if alike and layer.rounding in _MODES:
        to = Fixed(bool(keep.flat[0]), int(width.flat[0]), int(fraction.flat[0]))
        mode, overflow = _MODES[layer.rounding], _OVERFLOWS[layer.overflow]
        return Quantize(x, to, mode, overflow, proved=proved)
    scaled = _scale(x, fraction, proved)
    if layer.overflow == "WRAP":
        whole = _round_whole(scaled, layer.rounding, proved)
        return _wrap(whole, keep, width, fraction, proved)
    lowest, highest = _find_limits(keep, width, layer.overflow == "SAT_SYM")
    if layer.rounding in _MODES:
        widest = Fixed.from_range(int(lowest.min()), int(highest.max()), 0)
        whole = Quantize(scaled, widest, _MODES[layer.rounding], proved=proved)
    else:
        whole = _round_whole(scaled, layer.rounding, proved)
    clipped = _clip(whole, lowest, highest, proved)
    return _scale(clipped, -fraction, proved)


def _strip(bits: Array) -> Array:
    """Return ``bits`` without leading axes of length 1."""
    sizes = list(bits.shape)
    while len(sizes) > 1 and sizes[0] == 1:
        sizes = sizes[1:]
    return bits.reshape(sizes)


def _is_float_exact(layer: QFixedPoint, x: Op, width: Array, fraction: Array) -> bool:
    """Return whether Keras' float32 arithmetic gives the exact codes, because all intermediate numbers fit into
    float32.
    """
    if x.bound > FLOAT32_EXACT or x.type.frac - int(fraction.min()) >= _HALF_LOST:
        return False
    if layer.overflow != "WRAP":
        return True
    largest = x.bound * 2.0 ** (fraction.astype(np.float64) - x.type.frac) + 2.0**width
    return bool((largest <= FLOAT32_EXACT).all())


def _scale(x: Op, powers: Array, proved: bool) -> Op:
    """Return ``x`` times two to the ``powers``."""
    if (powers == powers.flat[0]).all():
        return Shift(x, int(powers.flat[0]), proved=proved) if powers.flat[0] else x
    return Mul(x, Const.of(np.ldexp(1.0, powers), "scale"), proved=proved)


def _round_whole(x: Op, rounding: str, proved: bool) -> Op:
    """Return ``x`` rounded to integers, in a type that holds them all."""
    zero = Const.of(0.0, "zero")
    if rounding in _MODES:
        lo, hi = (_round_down(end, x.type.frac) for end in x.range.hull)
        to = Fixed.from_range(lo, hi + 1, 0)
        return Quantize(x, to, _MODES[rounding], proved=proved)
    if rounding == "RND_MIN_INF":
        negative = Sub(zero, x, proved=proved)
        return Sub(zero, _round_whole(negative, "RND", proved), proved=proved)
    inner = {"TRN_ZERO": "TRN", "RND_INF": "RND", "RND_ZERO": "RND_MIN_INF"}[rounding]
    above, below = (
        _round_whole(Max(each, zero, proved=proved), inner, proved)
        for each in (x, Sub(zero, x, proved=proved))
    )
    return Sub(above, below, proved=proved)


def _round_down(code: int, frac: int) -> int:
    return code >> frac if frac >= 0 else code << -frac


def _find_limits(keep: Array, width: Array, symmetric: bool) -> tuple[Array, Array]:
    """Return the lowest and highest integer of each element as floats, 0 for an element without bits."""
    half = np.where(width > 0, np.ldexp(1.0, np.maximum(width - keep, 0)), 1.0)
    highest = half - 1
    lowest = -(highest if symmetric else half) * keep
    return np.where(width > 0, lowest, 0.0), highest


def _clip(x: Op, lowest: Array, highest: Array, proved: bool) -> Op:
    """Return the integers ``x`` clipped to the limits of each element, without ops for limits that ``x`` cannot
    exceed.
    """
    least, most = (
        np.asarray(end.to_integers(), object).astype(float) for end in (x.range.lo, x.range.hi)
    )
    if (most > highest).any():
        x = Min(x, Const.of(highest, "highest"), proved=proved)
    if (least < lowest).any():
        x = Max(x, Const.of(lowest, "lowest"), proved=proved)
    return x


def _wrap(x: Op, keep: Array, width: Array, fraction: Array, proved: bool) -> Op:
    """Return the integers ``x`` wrapped to the ``width`` low bits of each element, then multiplied by its step.

    Shifted up to the widest element, all wrap at the same place; unsigned elements move down by half their range
    before it, and back up behind.
    """
    widest = int(width.max())
    signed = bool(keep.any())
    half = np.where((keep == 0) & (width > 0) & signed, np.ldexp(1.0, np.maximum(width - 1, 0)), 0)
    moved = Sub(x, Const.of(half, "half"), proved=proved) if half.any() else x
    raised = _scale(moved, widest - width, proved)
    wrapped = Quantize(
        raised, Fixed(signed, widest, 0), Rounding.FLOOR, Overflow.WRAP, proved=proved
    )
    down = width - widest
    if half.any():
        wrapped = Add(_scale(wrapped, down, proved), Const.of(half, "half"), proved=proved)
        down = np.zeros_like(down)
    alive = Const.of(np.where(width > 0, 1.0, 0.0), "alive")
    if (width == 0).any():
        wrapped = Mul(wrapped, alive, proved=proved)
    return _scale(wrapped, down - fraction, proved)
