"""``quantized_bits``: fixed-point numbers of ``bits`` bits with ``integer`` integer bits, the sign not included."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from qhls.ir.types import Assignment
from qhls.quantizers import scale as scales
from qhls.quantizers.base import define_quantizer, is_settled, list_values
from qhls.quantizers.exponents import compute_power_of_two
from qhls.quantizers.keras_types import Flag, NoiseFactor, ops
from qhls.quantizers.numerics import KerasTensor, make_constant, round_through, take_sign
from qhls.quantizers.scale import Alpha, Axes
from qhls.quantizers.uniform import UniformQuantizer


class FixedPoint(UniformQuantizer):
    """Arithmetic of ``quantized_bits``; a subclass declares the arguments that its caller may choose."""

    scale_axis: Axes = None
    elements_per_scale: Axes = None
    min_po2_exponent: int | None = None
    max_po2_exponent: int | None = None
    post_training_scale: ArrayLike | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if scales.is_auto(self.alpha):
            self.symmetric = True

    @property
    def _magnitude_bits(self) -> int:
        return self.bits - int(bool(self.keep_negative))

    def compute_grid(self, x: KerasTensor) -> tuple[KerasTensor, Any]:
        """Return codes of ``bits`` bits and their step, ``alpha * 2**(integer - bits + keep_negative)``."""
        if scales.is_auto(self.alpha):
            return self._fit_grid(x)
        scale = scales.read_scale(self.alpha, x)
        self._keep_scale(scale)
        if self._magnitude_bits == 0:
            return take_sign(x), scale
        m, m_i = 2.0**self._magnitude_bits, compute_power_of_two(self.integer)
        low = float(-m + int(self.symmetric)) if self.keep_negative else 0.0
        p = round_through(x * m / m_i, bool(self.use_stochastic_rounding), self._seed)
        return ops.clip(p, low, m - 1.0), scale * (m_i / m)

    def _fit_grid(self, x: KerasTensor) -> tuple[KerasTensor, KerasTensor]:
        """Return codes and step for an ``alpha`` of "auto" or "auto_po2"."""
        if self.bits == 1:
            codes = take_sign(x)
            step = scales.fit_scale(self, x, codes)
            self._keep_scale(step)
            return codes, step
        m, m_i = (
            2.0 ** (self.bits - int(bool(self.keep_negative))),
            compute_power_of_two(self.integer),
        )
        x = x / m_i
        if self.post_training_scale is not None:
            step = make_constant(np.asarray(self.post_training_scale), x) / m
        else:
            step = self._fit(x)
        self._keep_scale(step * m)
        return self._round_codes(x, step), step * m_i

    def _fit(self, x: KerasTensor) -> KerasTensor:
        """Return the step that fits ``x``, which is already divided by ``2**integer``."""
        step = scales.find_greatest(x, self.scale_axis) * 2.0 / float(2 * self._top)
        if self.alpha == "auto":
            return step
        step = scales.round_scale(step)
        for _ in range(scales.AUTO_PO2_ITERATIONS):
            codes = self._round_codes(x, step)
            step = scales.fit_scale(self, x, codes)
        return step

    @property
    def _top(self) -> int:
        """The largest code of a quantizer whose scale is fitted."""
        return 2 ** (self.bits - 1) - 1

    def _round_codes(self, x: KerasTensor, step: KerasTensor) -> KerasTensor:
        """Return ``x / step`` rounded half away from zero and clipped; an all-zero channel (step 0) has codes 0."""
        v = ops.floor(ops.abs(x) / step + 0.5)
        top = float(self._top)
        return ops.sign(x) * ops.where(v < top, v, ops.ones_like(v) * top)

    @property
    def quantization(self) -> Assignment | None:
        """Assignment that rounds half to even and saturates; None for one signed bit, noise, or any ``alpha`` but 1.

        A numeric ``alpha`` multiplies the rounded number: 0.5 becomes 1.0 with ``alpha`` 2.
        """
        if self._magnitude_bits == 0 or self.alpha not in (None, 1) or not is_settled(self):
            return None
        return self._make_assignment()

    def _make_assignment(self) -> Assignment:
        """Return the assignment of a quantizer with these arguments and ``alpha`` 1."""
        return self._assign(self._magnitude_bits - self.integer)

    def max(self) -> float:
        """Return ``max(1, 2**integer)``: the bound to which QKeras clips weights, not the largest value."""
        return max(1.0, 2.0**self.integer) if self._magnitude_bits else 1.0

    def min(self) -> float:
        """Return ``-max(1, 2**integer)``, or 0 without ``keep_negative``."""
        return -self.max() if self.keep_negative else 0.0

    def range(self) -> np.ndarray:
        """Return every value in the order of its code: 0, step, ..., -step; only for a power of two as ``alpha``."""
        shift = scales.find_po2_exponent(self.alpha)
        if shift is None:
            return list_values(self, None)
        return list_values(self, self._make_assignment()) * np.float32(2.0**shift)


@define_quantizer
class quantized_bits(FixedPoint):
    """Fixed point: ``alpha * 2**integer * clip(round(x m / 2**integer), low, m - 1) / m``.

    ``m = 2**(bits - keep_negative)``; ``low = -m + symmetric``, or 0 without ``keep_negative``. Rounding is
    half to even. The values are ``ac_fixed<bits, integer+1, true, AC_RND_CONV, AC_SAT>``: ``bits`` includes
    the sign, ``integer`` does not. One signed bit is ``sign(x)``, -1 or +1 with ``sign(0) = +1``.

    ``alpha`` is the scale: None or a number, an array that broadcasts, or fitted to ``x`` at every call. A fitted
    one is per channel; ``scale_axis`` names other axes along which scales differ:

    - "auto": ``max|x|`` over the largest code;
    - "auto_po2": a power of two, by five rounds of least squares, within ``2**min_po2_exponent`` and
      ``2**max_po2_exponent``; ``elements_per_scale`` neighbours along ``scale_axis`` share one.

    Both make ``symmetric`` true, use codes of ``bits`` bits and, as in QKeras, ignore ``keep_negative``.
    ``post_training_scale`` freezes the scale of an "auto" quantizer.

    Args:
        bits: width, 1 to 62, the sign included.
        integer: integer bits, the sign not included; may be negative or exceed ``bits``.
        symmetric: the lowest code is ``-(m - 1)`` instead of ``-m``.
        keep_negative: negative values exist.
        alpha: the scale, see above.
        use_stochastic_rounding: round at random while training.
        scale_axis: axis or axes along which scales differ; None is the last one.
        qnoise_factor: share of quantization noise, 0 (real numbers) to 1 (quantized).
        var_name: prefix of the names of Keras variables.
        use_ste: gradient 1 through the quantization noise; else ``1 - qnoise_factor``.
        use_variables: keep ``qnoise_factor`` in a Keras variable, so that a traced graph sees updates.
        elements_per_scale: neighbours that share a scale ("auto_po2").
        min_po2_exponent: smallest exponent of an "auto_po2" scale.
        max_po2_exponent: largest exponent of an "auto_po2" scale.
        post_training_scale: fixed scale in place of the fitted one.
    """

    _monotone: ClassVar[bool] = True

    bits: int = 8
    integer: int = 0
    symmetric: Flag = 0
    keep_negative: Flag = True
    alpha: Alpha = None
    use_stochastic_rounding: Flag = False
    scale_axis: Axes = None
    qnoise_factor: NoiseFactor = 1.0
    var_name: str | None = None
    use_ste: bool = True
    use_variables: bool = False
    elements_per_scale: Axes = None
    min_po2_exponent: int | None = None
    max_po2_exponent: int | None = None
    post_training_scale: ArrayLike | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.post_training_scale is not None:
            self.scale = np.asarray(self.post_training_scale, np.float32)
