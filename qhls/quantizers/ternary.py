"""Quantizers to three values: -1, 0 and +1 times a scale."""

from __future__ import annotations

from typing import Any, ClassVar

from qhls.quantizers import scale as scales
from qhls.quantizers.base import define_quantizer
from qhls.quantizers.checks import refuse
from qhls.quantizers.keras_types import Flag, ops
from qhls.quantizers.numerics import (
    KerasTensor,
    draw_uniform_like,
    is_training,
    stochastic_round,
    take_sign,
)
from qhls.quantizers.scale import Alpha
from qhls.quantizers.signs import SignQuantizer, call_text

DEFAULT_THRESHOLD = 0.33
_STOCHASTIC_PRECISION = 1.0 / 3.0


class _Ternary(SignQuantizer):
    """Common base of the ternary quantizers, with a fixed threshold or one that follows a fitted scale."""

    number_type: ClassVar[str] = "ternary"
    _shown: ClassVar[int] = 0

    threshold: float | None = None
    number_of_unrolls: int = 5
    use_stochastic_rounding: Flag = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if scales.is_auto(self.alpha) and self.threshold is not None:
            raise refuse(self, "threshold", f"None when alpha is {self.alpha!r}, which chooses it")

    def _set_trainable_parameter(self) -> None:
        if self.threshold is None:  # an automatic scale would choose another
            super()._set_trainable_parameter()

    @property
    def default_threshold(self) -> float:
        """The threshold that applies where ``alpha`` is not fitted: ``threshold``, or 0.33 if that is None."""
        return DEFAULT_THRESHOLD if self.threshold is None else float(self.threshold)

    def compute_grid(self, x: KerasTensor) -> tuple[KerasTensor, Any]:
        """Return the codes and their scale; an automatic ``alpha`` fits the two to each other."""
        if not scales.is_auto(self.alpha):
            return super().compute_grid(x)
        scale = self._find_first_scale(x)
        codes = x
        for _ in range(self.number_of_unrolls):
            codes = self._compute_codes_at(x, scale)
            scale = scales.fit_scale(self, x, codes)
        self._keep_scale(scale)
        return codes, scale

    def _find_first_scale(self, x: KerasTensor) -> KerasTensor:
        """Return the initial scale of the iterative fit."""
        scale = 2.0 * scales.find_greatest(x, self.scale_axis) / 3.0
        return scales.round_scale(scale) if self.alpha == "auto_po2" else scale

    def compute_codes(self, x: KerasTensor) -> KerasTensor:
        """Return the sign of ``x`` where ``|x|`` reaches the threshold, else 0."""
        return ops.cast(ops.abs(x) >= self.default_threshold, x.dtype) * ops.sign(x)

    def _compute_codes_at(self, x: KerasTensor, scale: KerasTensor) -> KerasTensor:
        """Return the sign of ``x`` where ``|x|``, rounded to a multiple of ``scale``, reaches ``scale / 2``; else 0."""
        if self.use_stochastic_rounding and is_training():
            rounded = stochastic_round(x / scale, _STOCHASTIC_PRECISION, self._seed)
        else:
            rounded = ops.round(x / scale)
        return ops.cast(ops.abs(scale * rounded) >= scale / 2.0, x.dtype) * ops.sign(x)


@define_quantizer
class ternary(_Ternary):
    """``alpha * sign(x)`` where ``|x| >= threshold``, else 0.

    The threshold does not scale with ``alpha``. "auto" and "auto_po2" choose both, from the scale
    ``2 max|x| / 3`` on, in ``number_of_unrolls`` rounds. In each a code is the sign of ``x`` where ``|x|``
    is more than half a scale. Then the scale is fitted to the codes by least squares.

    Args:
        alpha: the scale: None (1), a number, an array, "auto" or "auto_po2".
        threshold: smallest ``|x|`` that is not 0; None is 0.33. Not for an automatic ``alpha``.
        use_stochastic_rounding: while training, with an automatic ``alpha``, round ``x`` at random to thirds
            of the scale first.
        number_of_unrolls: how often codes and scale are refined.
    """

    _monotone: ClassVar[bool] = True

    alpha: Alpha = None
    threshold: float | None = None
    use_stochastic_rounding: Flag = False
    number_of_unrolls: int = 5

    def __str__(self) -> str:
        return call_text(
            self,
            alpha=self.alpha,
            threshold=self.threshold,
            use_stochastic_rounding=int(self.use_stochastic_rounding) or None,
            number_of_unrolls=None if self.number_of_unrolls == 5 else self.number_of_unrolls,
        )


@define_quantizer
class stochastic_ternary(_Ternary):
    """``ternary`` that draws codes at random while training; outside of training it is ``ternary``.

    While training the code is the mean of two random signs, +1 with the probabilities
    ``sigmoid(temperature (x - t))`` and ``sigmoid(temperature (x + t))``; ``t`` is the threshold. With an
    automatic ``alpha``, ``x`` counts in standard deviations.

    Args:
        alpha: the scale: None (1), a number, an array, "auto" or "auto_po2".
        threshold: ``t``; None is 0.33. Not for an automatic ``alpha``.
        temperature: how steep the probabilities are; infinity would be ``ternary``.
        use_real_sigmoid: the logistic function; else ``hard_sigmoid``.
        number_of_unrolls: as in ``ternary``.
    """

    _draws: ClassVar[bool] = True

    alpha: Alpha = None
    threshold: float | None = None
    temperature: float = 8.0
    use_real_sigmoid: Flag = True
    number_of_unrolls: int = 5

    def compute_grid(self, x: KerasTensor) -> tuple[KerasTensor, Any]:
        """Return the codes, drawn at random while training, and their scale.

        While training, an automatic ``alpha`` is fitted to the codes of ``|x| >= alpha / 2``, from ``2 max|x| / 3``
        on; half of it is the threshold.
        """
        if not is_training():
            return super().compute_grid(x)
        if not scales.is_auto(self.alpha):
            return self._scale_codes(x, self._draw(x, self.default_threshold))
        scale = self._find_first_scale(x)
        for _ in range(self.number_of_unrolls):
            codes = ops.cast(ops.abs(x) >= scale / 2.0, x.dtype) * ops.sign(x)
            scale = scales.fit_scale(self, x, codes)
        self._keep_scale(scale)
        return self._draw(x, scale / 2.0), scale

    def _draw(self, x: KerasTensor, threshold: Any) -> KerasTensor:
        """Return random codes; for an automatic ``alpha``, the deviation of ``x`` divides ``x`` and ``threshold``."""
        t, deviations = self._count_in_deviations(threshold, x), self._count_in_deviations(x, x)
        high = take_sign(
            self._compute_probability(deviations - t) - draw_uniform_like(x, self._seed)
        )
        low = take_sign(
            self._compute_probability(deviations + t) - draw_uniform_like(x, self._seed)
        )
        return (high + low) / 2.0
