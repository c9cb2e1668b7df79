"""``quantized_relu``: unsigned fixed point, or signed fixed point with a slope for negative inputs."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from qhls.ir.types import Assignment, Fixed
from qhls.quantizers.base import (
    Quantizer,
    define_quantizer,
    format_argument,
    is_settled,
    list_values,
)
from qhls.quantizers.exponents import compute_power_of_two
from qhls.quantizers.functions import apply_internal_sigmoid
from qhls.quantizers.keras_types import Flag, NoiseFactor, TensorLike, ops
from qhls.quantizers.numerics import KerasTensor, apply_relu, as_float, is_training, round_through


@define_quantizer
class quantized_relu(Quantizer):
    """Unsigned fixed point: ``2**integer * clip(round(x m / 2**integer), 0, m - 1) / m``, ``m = 2**bits``.

    Rounding is half to even: the values are ``ac_fixed<bits, integer, false, AC_RND_CONV, AC_SAT>``.

    A ``negative_slope`` ns (a power of two) takes one bit for the sign, ``m = 2**(bits - 1)``, and adds
    ``2**integer * clip(round(ns x m / 2**integer), -ns m, 0) / m``.

    ``use_sigmoid`` replaces each ``round(x m / 2**integer)`` by ``2 round(s m) - m``, where
    ``s = sigmoid(x / 2**integer)`` is the sigmoid that ``set_internal_sigmoid`` chose.

    Args:
        bits: width; with a slope it includes the sign.
        integer: integer bits, the sign not included; may be negative or exceed ``bits``.
        use_sigmoid: see above.
        negative_slope: 0, or a power of two up to 1.
        use_stochastic_rounding: round at random while training.
        relu_upper_bound: where the real function saturates, if ``is_quantized_clip`` is off; the quantized
            value is then limited to it as well, on the grid or not.
        is_quantized_clip: the real function (gradients, noise) saturates at the largest value.
        qnoise_factor: share of quantization noise, 0 (real numbers) to 1 (quantized).
        var_name: prefix of the names of Keras variables.
        use_ste: gradient of the real function through the noise; else ``1 - qnoise_factor`` of it.
        use_variables: keep ``qnoise_factor`` in a Keras variable, so that a traced graph sees updates.
        enable_fast_inference: outside training, return the quantized value itself, which is right for huge
            and infinite ``x`` too, and has no gradient.
    """

    _monotone: ClassVar[bool] = True

    bits: int = 8
    integer: int = 0
    use_sigmoid: Flag = 0
    negative_slope: float = 0.0
    use_stochastic_rounding: Flag = False
    relu_upper_bound: float | None = None
    is_quantized_clip: bool = True
    qnoise_factor: NoiseFactor = 1.0
    var_name: str | None = None
    use_ste: bool = True
    use_variables: bool = False
    enable_fast_inference: bool = False

    _shown: ClassVar[int] = 2

    @property
    def _magnitude_bits(self) -> int:
        return self.bits - (self.negative_slope != 0)

    def _quantize(self, x: TensorLike) -> KerasTensor:
        if self.enable_fast_inference and not is_training():
            codes, step = self.compute_grid(as_float(x))
            return codes * step
        return super()._quantize(x)

    def compute_grid(self, x: KerasTensor) -> tuple[KerasTensor, Any]:
        """Return codes of ``bits`` bits and their step, which is ``2**(integer - bits)`` without a slope."""
        m, m_i = 2.0**self._magnitude_bits, compute_power_of_two(self.integer)
        slope, step = float(self.negative_slope), m_i / m
        p = apply_internal_sigmoid(x / m_i) * m if self.use_sigmoid else x * m / m_i
        codes = ops.clip(self._round(p, m), 0.0, m - 1.0)
        if slope:
            codes = codes + ops.clip(self._round(p * slope, slope * m), -slope * m, 0.0)
            if slope * m < 1.0:  # so flat that the lowest value is less than a step
                codes, step = codes / (slope * m), step * (slope * m)
        if self.limited:
            codes = self._limit_codes(codes, step)
        return codes, step

    def _round(self, p: KerasTensor, m: float) -> KerasTensor:
        """Round ``p`` to integers, and with ``use_sigmoid`` map them from [0, m] to [-m, m]."""
        if self.enable_fast_inference and not is_training():
            codes = ops.round(p)
        else:
            codes = round_through(p, bool(self.use_stochastic_rounding), self._seed)
        return 2.0 * codes - m if self.use_sigmoid else codes

    def _limit_codes(self, codes: KerasTensor, step: KerasTensor | float) -> KerasTensor:
        """Return the codes limited by ``relu_upper_bound``, which need not be a multiple of the step."""
        bound = float(self.relu_upper_bound)  # type: ignore[arg-type]
        return ops.where(codes * step <= bound, codes, ops.ones_like(codes) * (bound / step))

    @property
    def limited(self) -> bool:
        """Return whether ``relu_upper_bound`` limits the quantized values."""
        return bool(self.relu_upper_bound) and not self.is_quantized_clip

    def compute_surrogate(self, x: KerasTensor) -> KerasTensor:
        """Return the (leaky) relu of ``x``, limited to the largest value, to ``relu_upper_bound``, or not at all."""
        real = apply_relu(x, self.negative_slope)
        if self.is_quantized_clip:
            m_i = compute_power_of_two(self.integer)
            limit = m_i - m_i / 2.0**self._magnitude_bits
        elif self.limited:
            limit = float(self.relu_upper_bound)  # type: ignore[arg-type]
        else:
            return real
        return ops.where(x <= limit, real, ops.ones_like(x) * limit)

    @property
    def quantization(self) -> Assignment | None:
        """Assignment that rounds half to even and saturates; None with a slope, a sigmoid, noise or a tighter bound."""
        if self.negative_slope or self.use_sigmoid or not is_settled(self):
            return None
        to = Fixed(False, self.bits, self.bits - self.integer)
        if self.limited and float(self.relu_upper_bound) < to.hi * to.step:  # type: ignore[arg-type]
            return None
        return Assignment(to)

    def max(self) -> float:
        """Return ``max(1, 2**integer)``: the bound that QKeras reports, not the largest value."""
        return max(1.0, 2.0**self.integer)

    def min(self) -> float:
        """Return ``-negative_slope * max()``, or 0 without a slope."""
        return min(0.0, -self.negative_slope * self.max()) if self.negative_slope else 0.0

    def range(self) -> np.ndarray:
        """Return every value of ``ac_fixed<bits, integer, false>`` in increasing order."""
        whole = Assignment(Fixed(False, self.bits, self.bits - self.integer))
        return list_values(self, None if self.use_sigmoid or self.negative_slope else whole)

    def __str__(self) -> str:
        parts = [str(self.bits), str(self.integer)]
        if self.use_sigmoid or self.use_stochastic_rounding:
            parts.append(str(int(self.use_sigmoid)))
        if self.negative_slope:
            parts.append(format_argument(self.negative_slope))
        if self.use_stochastic_rounding:
            parts.append(str(int(self.use_stochastic_rounding)))
        return f"quantized_relu({','.join(parts)})"
