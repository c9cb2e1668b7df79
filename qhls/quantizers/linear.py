"""``quantized_linear``: uniform steps of any size, with gradient 0 beyond the smallest and the largest value."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from qhls.ir.types import Assignment
from qhls.quantizers import scale as scales
from qhls.quantizers.base import define_quantizer, is_settled, list_values
from qhls.quantizers.keras_types import Flag, NoiseFactor, ops
from qhls.quantizers.numerics import EPSILON, KerasTensor, clip, round_through
from qhls.quantizers.scale import Alpha, Axes
from qhls.quantizers.uniform import UniformQuantizer


@define_quantizer
class quantized_linear(UniformQuantizer):
    """Uniform steps: ``q * round(clip(x / q, low, high))`` with ``q = alpha * 2**(integer - bits + keep_negative)``.

    ``high = 2**(bits - keep_negative) - 1``; ``low = -high - 1 + symmetric``, or 0 without ``keep_negative``.
    Rounding is half to even, the gradient is 1 inside of ``[q low, q high]`` and 0 outside. One signed bit is
    ``-q/2`` or ``+q/2``, the sign of ``x`` with ``sign(0) = +1``.

    ``alpha`` is None (1), a number, an array that broadcasts, or fitted to ``x`` at every call per channel:
    "auto" makes ``q = 2 max|x| / (high - low)`` (``max x / high`` without ``keep_negative``), at least 1e-7;
    "auto_po2" a power of two, refined by least squares until it repeats, five times at most.

    After a call ``quantization_scale`` is ``q`` and ``scale`` is ``alpha``.

    Args:
        bits: width, the sign included.
        integer: integer bits, the sign not included; may be negative or exceed ``bits``.
        symmetric: the lowest code is ``-high``.
        keep_negative: negative values exist.
        alpha: the scale, see above.
        use_stochastic_rounding: round at random while training.
        scale_axis: axis or axes along which scales differ; None is the last one.
        qnoise_factor: share of quantization noise, 0 (real numbers) to 1 (quantized).
        var_name: prefix of the names of Keras variables.
        use_variables: keep ``qnoise_factor`` in a Keras variable, so that a traced graph sees updates.
    """

    _monotone: ClassVar[bool] = True

    bits: int = 8
    integer: int = 0
    symmetric: Flag = 1
    keep_negative: Flag = True
    alpha: Alpha = None
    use_stochastic_rounding: Flag = False
    scale_axis: Axes = None
    qnoise_factor: NoiseFactor = 1.0
    var_name: str | None = None
    use_variables: bool = False

    gradient_of: ClassVar[str] = "grid"

    @property
    def _is_sign(self) -> bool:
        return self.bits == 1 and bool(self.keep_negative)

    @property
    def _limits(self) -> tuple[float, float]:
        """The lowest and the highest code; for one signed bit -0.5 and 0.5."""
        if self._is_sign:
            return -0.5, 0.5
        high = 2.0 ** (self.bits - int(self.keep_negative)) - 1.0
        return (-high - 1.0 + int(self.symmetric) if self.keep_negative else 0.0), high

    @property
    def data_type_scale(self) -> float:
        """The step at ``alpha`` 1: ``2**(integer - bits + keep_negative)``."""
        return 2.0 ** (self.integer - self.bits + int(self.keep_negative))

    @property
    def quantization_scale(self) -> Any:
        """The step ``q``, which is ``scale * data_type_scale``; with "auto" and "auto_po2", that of the last call."""
        return self.data_type_scale * (1.0 if self.scale is None else self.scale)

    def compute_grid(self, x: KerasTensor) -> tuple[KerasTensor, Any]:
        """Return codes of ``bits`` bits and their step ``q``; for one signed bit, codes -1 or 1 and ``q/2``."""
        if scales.is_auto(self.alpha):
            step = ops.stop_gradient(self._fit(x))
        else:
            step = scales.read_scale(self.alpha, x) * self.data_type_scale
        self._keep_scale(step / self.data_type_scale)
        codes = self._round_codes(x, step)
        return (codes * 2.0, step / 2.0) if self._is_sign else (codes, step)

    def _round_codes(self, x: KerasTensor, step: KerasTensor | float) -> KerasTensor:
        """Return ``x / step`` clipped, then rounded to integers; for one signed bit, to -0.5 or 0.5."""
        scaled = clip(x / step, *self._limits)
        half = 0.5 if self._is_sign else 0.0
        return round_through(scaled - half, bool(self.use_stochastic_rounding), self._seed) + half

    def _fit(self, x: KerasTensor) -> KerasTensor:
        """Return the step that "auto" or "auto_po2" fits to ``x``."""
        low, high = self._limits
        axes = scales.find_reduced_axes(len(x.shape), self.scale_axis)
        peak, levels = (ops.abs(x) * 2.0, high - low) if self.keep_negative else (x, high)
        step = (ops.max(peak, axis=axes, keepdims=True) if axes else peak) / levels
        step = ops.maximum(step, EPSILON)
        if self.alpha == "auto":
            return step
        step = scales.round_scale(step)
        moving = ops.ones_like(step) > 0.0
        for _ in range(1 if self._is_sign else scales.AUTO_PO2_ITERATIONS):
            fitted = scales.fit_least_squares(x, self._round_codes(x, step), self.scale_axis)
            fitted = ops.where(moving, scales.round_scale(fitted), step)
            moving = ops.any(fitted != step)
            step = fitted
        return step

    @property
    def quantization(self) -> Assignment | None:
        """Assignment that rounds half to even and saturates; None for one signed bit or a scale other than ``2**k``."""
        return None if self._is_sign or not is_settled(self) else self._make_assignment()

    def _make_assignment(self) -> Assignment | None:
        shift = scales.find_po2_exponent(self.alpha)
        if shift is None:
            return None
        return self._assign(self.bits - int(self.keep_negative) - self.integer - shift)

    def max(self) -> Any:
        """Return the largest value; an array if the scale is an array."""
        return self._limits[1] * self.quantization_scale

    def min(self) -> Any:
        """Return the smallest value; an array if the scale is an array."""
        return self._limits[0] * self.quantization_scale

    def range(self) -> np.ndarray:
        """Return every value, those of non-negative codes first: 0, step, ..., -step; for one signed bit +q/2, -q/2."""
        if self._is_sign and not scales.is_auto(self.alpha):
            return np.array([self.max(), self.min()], np.float32)
        return list_values(self, self._make_assignment())
