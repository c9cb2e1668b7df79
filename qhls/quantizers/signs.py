"""Common base of the binary and ternary quantizers: codes -1, 0 and 1, times ``alpha``."""

from __future__ import annotations

from typing import Any

from qhls.quantizers import scale as scales
from qhls.quantizers.base import Quantizer, format_argument
from qhls.quantizers.functions import hard_sigmoid
from qhls.quantizers.keras_types import ops
from qhls.quantizers.numerics import EPSILON, KerasTensor
from qhls.quantizers.scale import Alpha, Axes


class SignQuantizer(Quantizer):
    """Common base of quantizers whose values are codes from {-1, 0, 1} times ``alpha``.

    ``alpha`` is None (1), a number, an array, "auto" or "auto_po2". Without ``alpha`` the real function that is
    quantized is ``tanh(x)``, otherwise it is ``x``.
    """

    alpha: Alpha = None
    scale_axis: Axes = None
    elements_per_scale: Axes = None
    min_po2_exponent: int | None = None
    max_po2_exponent: int | None = None

    def compute_codes(self, x: KerasTensor) -> KerasTensor:
        """Return -1, 0 or 1 for each ``x``."""
        raise NotImplementedError

    def compute_grid(self, x: KerasTensor) -> tuple[KerasTensor, Any]:
        """Return the codes of ``x`` and the scale that ``alpha`` selects."""
        return self._scale_codes(x, self.compute_codes(x))

    def _scale_codes(self, x: KerasTensor, codes: KerasTensor) -> tuple[KerasTensor, Any]:
        """Return ``codes`` and their scale, which an automatic ``alpha`` fits to ``x``."""
        fit = scales.is_auto(self.alpha)
        scale = scales.fit_scale(self, x, codes) if fit else scales.read_scale(self.alpha, x)
        self._keep_scale(scale)
        return codes, scale

    def compute_surrogate(self, x: KerasTensor) -> KerasTensor:
        """Return ``tanh(x)`` without ``alpha``, else ``x``."""
        return ops.tanh(x) if self.alpha is None else x

    def max(self) -> float:
        """Return the larger of ``alpha`` and 1; 1 if ``alpha`` is no number."""
        return max(1.0, self.alpha) if isinstance(self.alpha, (int, float)) else 1.0

    def min(self) -> float:
        """Return ``-max()``."""
        return -self.max()

    def _set_trainable_parameter(self) -> None:
        if self.alpha is None:
            self.alpha = "auto_po2"

    def _divide_by_deviation(self, x: KerasTensor) -> KerasTensor:
        """Return ``x`` divided by its standard deviation per scale if ``alpha`` is automatic; else ``x``."""
        return self._count_in_deviations(x, x)

    def _count_in_deviations(self, value: Any, x: KerasTensor) -> Any:
        """Return ``value`` over the standard deviation of ``x`` per scale if ``alpha`` is automatic; else ``value``."""
        if not scales.is_auto(self.alpha):
            return value
        axes = scales.find_reduced_axes(len(x.shape), self.scale_axis) or None
        return value / (ops.std(x, axis=axes, keepdims=True) + EPSILON)

    def _compute_probability(self, x: KerasTensor) -> KerasTensor:
        """Return ``sigmoid(temperature x)``, with the real or the hard sigmoid."""
        sigmoid = ops.sigmoid if self.use_real_sigmoid else hard_sigmoid  # type: ignore[attr-defined]
        return sigmoid(x * float(self.temperature))  # type: ignore[attr-defined]


def call_text(q: Quantizer, **arguments: object) -> str:
    """Return the call ``name(key=value,...)`` with the arguments that are neither None nor False."""
    set_ = {k: v for k, v in arguments.items() if v is not None and v is not False}
    return f"{type(q).__name__}({','.join(f'{k}={format_argument(v)}' for k, v in set_.items())})"
