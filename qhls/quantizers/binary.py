"""Quantizers to one bit: the sign of a number, or 1 for positive numbers and 0 for others; with random variants."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np

from qhls.errors import QuantizerError
from qhls.quantizers import scale as scales
from qhls.quantizers.base import define_quantizer
from qhls.quantizers.keras_types import Flag, TensorLike, ops
from qhls.quantizers.numerics import (
    KerasTensor,
    draw_uniform_like,
    is_training,
    stochastic_round,
    take_sign,
)
from qhls.quantizers.scale import Alpha, Axes
from qhls.quantizers.signs import SignQuantizer, call_text

_STOCHASTIC_PRECISION = 0.125


@define_quantizer
class binary(SignQuantizer):
    """``alpha * sign(x)`` with ``sign(0) = +1``; with ``use_01``, ``alpha`` where ``x >= 0`` and 0 elsewhere.

    "auto" fits ``alpha = mean(x q) / (mean(q²) + 1e-7)`` to the codes ``q`` at every call, per channel (per
    element for a vector), "auto_po2" rounds it to a power of two.

    With ``use_stochastic_rounding``, while training, ``x`` is first rounded at random to eighths of
    ``2 min(1, max|x|)`` and the sign of 0 is random.

    Args:
        use_01: codes 0 and 1 instead of -1 and 1.
        alpha: the scale: None (1), a number, an array, "auto" or "auto_po2".
        use_stochastic_rounding: see above.
        scale_axis: axis or axes along which scales differ; None is the last one.
        elements_per_scale: neighbours along ``scale_axis`` that share a scale.
        min_po2_exponent: smallest exponent of an "auto_po2" scale.
        max_po2_exponent: largest exponent of an "auto_po2" scale.
    """

    _monotone: ClassVar[bool] = True

    number_type: ClassVar[str] = "binary"
    _shown: ClassVar[int] = 0

    use_01: Flag = False
    alpha: Alpha = None
    use_stochastic_rounding: Flag = False
    scale_axis: Axes = None
    elements_per_scale: Axes = None
    min_po2_exponent: int | None = None
    max_po2_exponent: int | None = None

    def compute_codes(self, x: KerasTensor) -> KerasTensor:
        """Return the sign of each number, -1 or +1; with ``use_01``, 0 instead of -1."""
        at_random = self.use_stochastic_rounding and is_training()
        signs = self._draw_sign(x) if at_random else take_sign(x)
        return (signs + 1.0) / 2.0 if self.use_01 else signs

    def _draw_sign(self, x: KerasTensor) -> KerasTensor:
        unit = 2.0 * ops.minimum(scales.find_greatest(x, self.scale_axis), 1.0)
        signs = ops.sign(stochastic_round(x / unit, _STOCHASTIC_PRECISION, self._seed))
        coin = 2.0 * ops.round(draw_uniform_like(x, self._seed)) - 1.0
        return ops.where(signs == 0.0, coin, signs)

    def min(self) -> float:
        """Return 0 with ``use_01``, else ``-max()``."""
        return 0.0 if self.use_01 else -self.max()

    def __str__(self) -> str:
        return call_text(
            self,
            use_01=int(self.use_01) or None,
            alpha=self.alpha,
            elements_per_scale=self.elements_per_scale,
            min_po2_exponent=self.min_po2_exponent,
            max_po2_exponent=self.max_po2_exponent,
            scale_axis=self.scale_axis,
            use_stochastic_rounding=self.use_stochastic_rounding,
        )


@dataclasses.dataclass(eq=False, repr=False)
class _DrawnSign(SignQuantizer):
    """Common base of ``stochastic_binary`` and ``bernoulli``: their arguments and random signs."""

    number_type: ClassVar[str] = "binary"
    _shown: ClassVar[int] = 0
    _draws: ClassVar[bool] = True

    alpha: Alpha = None
    temperature: float = 6.0
    use_real_sigmoid: Flag = True

    def _draw_sign(self, x: KerasTensor) -> KerasTensor:
        """Return +1 with probability ``sigmoid(temperature x)``, else -1."""
        probability = self._compute_probability(self._divide_by_deviation(x))
        return take_sign(probability - draw_uniform_like(x, self._seed))


@define_quantizer
class stochastic_binary(_DrawnSign):
    """``binary`` that draws signs at random while training: +1 with probability ``sigmoid(temperature x)``.

    With an automatic ``alpha``, ``x`` counts in standard deviations. Outside of training it is ``binary``.

    Args:
        alpha: the scale: None (1), a number, an array, "auto" or "auto_po2".
        temperature: how steep the probability is; infinity would be ``binary``.
        use_real_sigmoid: the logistic function; else ``hard_sigmoid``.
    """

    def compute_codes(self, x: KerasTensor) -> KerasTensor:
        """Return the sign of each number, drawn at random while training."""
        return self._draw_sign(x) if is_training() else take_sign(x)


@define_quantizer
class bernoulli(_DrawnSign):
    """``alpha`` with probability ``sigmoid(temperature x)``, else 0: random in inference too.

    With an automatic ``alpha``, ``x`` counts in standard deviations. The gradient is that of ``x``, without
    ``alpha`` that of ``tanh(x)``.

    Args:
        alpha: the scale: None (1), a number, an array, "auto" or "auto_po2".
        temperature: how steep the probability is.
        use_real_sigmoid: the logistic function; else ``hard_sigmoid``.
    """

    def compute_codes(self, x: KerasTensor) -> KerasTensor:
        """Return 0 or 1 for each number, drawn at random at every call."""
        return (self._draw_sign(x) + 1.0) / 2.0

    def compute_integer_codes(self, w: TensorLike) -> tuple[np.ndarray, np.ndarray]:
        """Raise ``QuantizerError``, because the codes differ from call to call."""
        raise QuantizerError(
            "bernoulli: expected a quantizer with integer codes, got one that draws values at every call, in "
            "inference too. Use binary(use_01=1)."
        )

    def min(self) -> float:
        """Return 0."""
        return 0.0
