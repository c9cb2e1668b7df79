"""Quantizers to powers of two: a weight is a sign and an exponent, so a shifter replaces the multiplier."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from qhls.errors import QuantizerError
from qhls.quantizers.base import Quantizer, define_quantizer, format_argument
from qhls.quantizers.checks import refuse
from qhls.quantizers.exponents import compute_exp2, round_log2
from qhls.quantizers.keras_types import Flag, NoiseFactor, Seed, TensorLike, ops
from qhls.quantizers.numerics import (
    EPSILON,
    KerasTensor,
    apply_relu,
    as_float,
    draw_uniform_like,
    is_training,
    take_sign,
)

LARGEST_EXPONENT = 1023
"""Largest exponent of float64; more exponent bits than that have no effect."""


def stochastic_round_po2(x: TensorLike, seed: Seed = None) -> KerasTensor:
    """Draw a random exponent ``E`` such that ``2**E`` is a power of two next to ``|x|`` and has the mean ``|x|``."""
    y = ops.maximum(ops.abs(as_float(x)), EPSILON)
    low = ops.stop_gradient(round_log2(y, "floor"))
    up = draw_uniform_like(y, seed) < y / compute_exp2(low) - 1.0
    return low + ops.cast(up, y.dtype)


class _PowerOfTwo(Quantizer):
    """Common base of ``quantized_po2`` and ``quantized_relu_po2``: width, limits and rounding of the exponent."""

    number_type: ClassVar[str] = "po2"

    bits: int
    max_value: float | None
    use_stochastic_rounding: Flag
    quadratic_approximation: Flag
    log2_rounding: str

    def _find_exponents(self, value_bits: int) -> tuple[int, int]:
        """Return the smallest and the largest exponent that ``value_bits`` bits can represent.

        One of them is the exponent's sign, unless ``max_value`` is at most 1. With ``quadratic_approximation``
        the largest one is even.
        """
        one_sided = self.max_value is not None and self.max_value <= 1
        e = value_bits - (0 if one_sided else 1)
        if e < 0:
            least = f"an integer of at least {self.bits - e}"
            raise refuse(self, "bits", f"{least} with max_value={self.max_value!r}")
        low, high = -(2**e), 2**e - 1
        return low, 2 * (high // 2) if self.quadratic_approximation else high

    @property
    def _limits(self) -> tuple[int, int]:
        raise NotImplementedError

    @property
    def turns(self) -> tuple[float, ...]:
        """Inputs at which the value may change direction: around 0 with ``quadratic_approximation``, else none."""
        if not self.quadratic_approximation:
            return ()
        return -EPSILON / (getattr(self, "negative_slope", 0) or 1.0), 0.0, EPSILON

    def _compute_exponent(self, y: KerasTensor) -> KerasTensor:
        """Return the quantized exponent of each ``y >= 0``; the smallest exponent where ``y`` is below 1e-7."""
        low, high = self._limits
        tiny = y < EPSILON
        y = ops.where(tiny, ops.ones_like(y) * EPSILON, y)
        if self.max_value is not None:
            y = ops.where(y >= self.max_value, ops.ones_like(y) * self.max_value, y)
        root = bool(self.quadratic_approximation)
        if self.use_stochastic_rounding and is_training():
            exponent = stochastic_round_po2(ops.sqrt(y) if root else y, self._seed)
        else:
            exponent = round_log2(y, self.log2_rounding, root)
        exponent = (2.0 if root else 1.0) * ops.clip(exponent, float(low), float(high))
        return ops.where(tiny, ops.ones_like(y) * float(low), exponent)

    def compute_integer_codes(self, w: TensorLike) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(codes, scale)`` such that ``codes * scale`` is the quantized ``w``.

        The scale is the smallest magnitude that occurs, so codes are powers of two with a sign.
        They are int64, or Python ints where they span 63 octaves or more.
        """
        signs, steps = self._compute_array_grid(w)
        values = signs * steps  # 0 only where 2**min_exp is below the range of the float type
        sizes = np.abs(values[values != 0.0])
        scale = sizes.min(initial=np.inf) if sizes.size else 1.0
        if not np.all(np.isfinite(values)):
            raise QuantizerError(
                f"{type(self).__name__}: compute_integer_codes: expected finite values, "
                f"got {values[~np.isfinite(values)][0]}. Give a max_value or fewer bits."
            )
        shifts = np.frexp(sizes)[1] - np.frexp(scale)[1]
        if shifts.max(initial=0) < 63:
            return (values / scale).astype(np.int64), np.asarray(scale)
        powers = [
            int(np.sign(v)) << int(np.frexp(v)[1] - np.frexp(scale)[1]) if v else 0
            for v in values.ravel()
        ]
        return np.array(powers, object).reshape(values.shape), np.asarray(scale)

    def max(self) -> float:
        """Return ``max_value``, or without it the largest power of two, but at least 1."""
        if self.max_value is not None:
            return max(1.0, self.max_value)
        return max(1.0, _compute_power(self._limits[1]))


@define_quantizer
class quantized_po2(_PowerOfTwo):
    """Powers of two with a sign: ``sign(x) * 2**clip(round(log2|x|), min_exp, max_exp)``; never 0.

    With ``e = bits - 1`` (less one for the exponent's sign, unless ``max_value <= 1``) the exponents run
    from ``-2**e`` to ``2**e - 1``. ``|x|`` is limited to ``max_value`` first, before rounding: 3 gives 4.
    ``|x| < 1e-7`` becomes ``2**min_exp`` and ``sign(0) = +1``.

    Args:
        bits: sign of the value, sign of the exponent if it has one, and the exponent.
        max_value: where ``|x|`` saturates, or None.
        use_stochastic_rounding: round the exponent at random while training, so that the mean is ``|x|``.
        quadratic_approximation: even exponents only, ``2 * clip(round(log2 sqrt|x|), min_exp, max_exp)``,
            so that the square root is a power of two as well.
        log2_rounding: "rnd" (half to even) or "floor".
        qnoise_factor: share of quantization noise, 0 (real numbers) to 1 (quantized).
        var_name: prefix of the names of Keras variables.
        use_ste: gradient 1 through the quantization noise; else ``1 - qnoise_factor``.
        use_variables: keep ``qnoise_factor`` in a Keras variable, so that a traced graph sees updates.
    """

    bits: int = 8
    max_value: float | None = None
    use_stochastic_rounding: Flag = False
    quadratic_approximation: Flag = False
    log2_rounding: str = "rnd"
    qnoise_factor: NoiseFactor = 1.0
    var_name: str | None = None
    use_ste: bool = True
    use_variables: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._find_exponents(self.bits - 1)

    @property
    def _limits(self) -> tuple[int, int]:
        return self._find_exponents(self.bits - 1)

    def compute_grid(self, x: KerasTensor) -> tuple[KerasTensor, KerasTensor]:
        """Return the sign and the power of two of each element."""
        return take_sign(x), compute_exp2(self._compute_exponent(ops.abs(x)))

    def min(self) -> float:
        """Return ``-max()``."""
        return -self.max()

    def __str__(self) -> str:
        return _format_arguments(self, self.max_value)


@define_quantizer
class quantized_relu_po2(_PowerOfTwo):
    """Powers of two of the positive part: ``2**clip(round(log2 max(x, 0)), min_exp, max_exp)``; never 0.

    With ``e = bits`` (less one for the exponent's sign, unless ``max_value <= 1``) the exponents run from
    ``-2**e`` to ``2**e - 1``; 0 and everything below it become ``2**min_exp``. With a ``negative_slope`` ns
    negative ``x`` become minus the power of two of ``ns |x|``.

    Args:
        bits: sign of the exponent if it has one, and the exponent.
        max_value: where ``x`` saturates, or None.
        negative_slope: 0, or a power of two up to 1.
        use_stochastic_rounding: round the exponent at random while training, so that the mean is ``x``.
        quadratic_approximation: even exponents only, as in ``quantized_po2``.
        log2_rounding: "rnd" (half to even) or "floor".
        qnoise_factor: share of quantization noise, 0 (real numbers) to 1 (quantized).
        var_name: prefix of the names of Keras variables.
        use_ste: gradient of relu through the quantization noise; else ``1 - qnoise_factor`` of it.
        use_variables: keep ``qnoise_factor`` in a Keras variable, so that a traced graph sees updates.
    """

    bits: int = 8
    max_value: float | None = None
    negative_slope: float = 0
    use_stochastic_rounding: Flag = False
    quadratic_approximation: Flag = False
    log2_rounding: str = "rnd"
    qnoise_factor: NoiseFactor = 1.0
    var_name: str | None = None
    use_ste: bool = True
    use_variables: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._find_exponents(self.bits - (self.negative_slope != 0))

    @property
    def _limits(self) -> tuple[int, int]:
        return self._find_exponents(self.bits)

    def compute_grid(self, x: KerasTensor) -> tuple[KerasTensor, KerasTensor]:
        """Return the sign and the power of two of each element."""
        positive = compute_exp2(self._compute_exponent(ops.relu(x)))
        if not self.negative_slope:
            return ops.ones_like(x), positive
        negative = compute_exp2(self._compute_exponent(ops.abs(x) * float(self.negative_slope)))
        return take_sign(x), ops.where(x >= 0.0, positive, negative)

    def compute_surrogate(self, x: KerasTensor) -> KerasTensor:
        """Return the (leaky) relu of ``x``, which saturates at ``max_value``."""
        real = apply_relu(x, self.negative_slope)
        if self.max_value is None:
            return real
        return ops.where(x <= self.max_value, real, ops.ones_like(x) * self.max_value)

    def min(self) -> float:
        """Return the smallest value; with a slope, QKeras' bound, computed from the exponents of one bit fewer."""
        least = 2.0 ** self._limits[0]
        if not self.negative_slope:
            return least
        return min(
            least, -self.negative_slope * _compute_power(self._find_exponents(self.bits - 1)[1])
        )

    def __str__(self) -> str:
        return _format_arguments(self, self.max_value, self.negative_slope)


def _compute_power(exponent: int) -> float:
    return 2.0 ** min(exponent, LARGEST_EXPONENT)


def _format_arguments(q: _PowerOfTwo, *optional: float | None) -> str:
    """Return the call that makes ``q`` as QKeras writes it: the bits, then the ``optional`` numbers, then the flags."""
    parts = [str(q.bits)]
    for value in optional:
        if value:
            parts.append(format_argument(int(value) if float(value).is_integer() else value))
    if q.use_stochastic_rounding:
        parts.append(str(int(q.use_stochastic_rounding)))
    if q.quadratic_approximation:
        parts.append(f"quadratic_approximation={int(q.quadratic_approximation)}")
    return f"{type(q).__name__}({','.join(parts)})"
