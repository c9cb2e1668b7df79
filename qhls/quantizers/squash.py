"""Quantized tanh, sigmoid and mu-law: a squashing function, then a grid (none for mu-law)."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from qhls.ir.types import Assignment, Fixed, Overflow, Rounding
from qhls.quantizers.base import Quantizer, define_quantizer, format_argument
from qhls.quantizers.exponents import compute_power_of_two
from qhls.quantizers.functions import apply_internal_sigmoid, get_internal_sigmoid
from qhls.quantizers.keras_types import Flag, TensorLike, ops
from qhls.quantizers.numerics import KerasTensor, as_float, clip, round_through


class _Squashing(Quantizer):
    """Common base of quantized tanh, sigmoid and mu-law, whose gradient is 0 where the value saturates."""

    _monotone: ClassVar[bool] = True

    gradient_of: ClassVar[str] = "grid"

    def _quantize(self, x: TensorLike) -> KerasTensor:
        codes, step = self.compute_grid(as_float(x))
        return codes * step

    def _round(self, p: KerasTensor) -> KerasTensor:
        return round_through(p, bool(self.use_stochastic_rounding), self._seed)  # type: ignore[attr-defined]


@define_quantizer
class quantized_tanh(_Squashing):
    """Quantized tanh ``p``: ``clip(round(p m) / m, -1, 1 - 1/m)`` with ``m = 2**(bits - 1)``, rounded half to even.

    ``p = 2 sigmoid(x) - 1`` with the sigmoid of ``set_internal_sigmoid``: with "hard", the default,
    ``clip(x, -1, 1)``. The step is ``2**-(bits - 1)``.

    Args:
        bits: width, the sign included.
        use_stochastic_rounding: round at random while training.
        symmetric: the smallest value is ``-(1 - 1/m)``.
        use_real_tanh: ``p = tanh(x)``.
    """

    _shown: ClassVar[int] = 1
    _ignored: ClassVar[dict[str, Any]] = {"integer": 0}

    bits: int = 8
    use_stochastic_rounding: Flag = False
    symmetric: Flag = False
    use_real_tanh: Flag = False

    def compute_grid(self, x: KerasTensor) -> tuple[KerasTensor, Any]:
        """Return codes of ``bits`` bits and their step, ``2**(1 - bits)``."""
        m = 2.0 ** (self.bits - 1)
        p = ops.tanh(x) if self.use_real_tanh else 2.0 * apply_internal_sigmoid(x) - 1.0
        return clip(self._round(p * m), -m + int(self.symmetric), m - 1.0), 1.0 / m

    @property
    def quantization(self) -> Assignment | None:
        """Assignment that rounds half to even and saturates, if the tanh is ``clip(x, -1, 1)`` ("hard"); else None."""
        if self.use_real_tanh or get_internal_sigmoid() != "hard":
            return None
        overflow = Overflow.SATURATE_SYMMETRIC if self.symmetric else Overflow.SATURATE
        return Assignment(Fixed(True, self.bits, self.bits - 1), Rounding.HALF_EVEN, overflow)

    @property
    def line(self) -> tuple[float, float] | None:
        """Return slope and offset of the piecewise linear tanh where it does not saturate; None for the real tanh."""
        slopes = {"hard": 1.0, "smooth": 0.375}
        return None if self.use_real_tanh else _find_line(slopes, 0.0)

    @property
    def rounds_to(self) -> Fixed:
        """Return the type of all results, which is the same for every kind of tanh."""
        return Fixed(True, self.bits, self.bits - 1)

    def max(self) -> float:
        """Return the largest value, ``1 - 2**(1 - bits)``."""
        return 1.0 - 2.0 ** (1 - self.bits)

    def min(self) -> float:
        """Return the smallest value."""
        return -1.0 + int(self.symmetric) * 2.0 ** (1 - self.bits)

    def __str__(self) -> str:
        return _format_arguments(self, "use_stochastic_rounding", "symmetric", "use_real_tanh")


@define_quantizer
class quantized_sigmoid(_Squashing):
    """Quantized sigmoid ``p``: ``clip(round(p m) / m, 0, 1 - 1/m)`` with ``m = 2**bits``, rounded half to even.

    ``p = sigmoid(x)``, the one of ``set_internal_sigmoid``: "hard", the default, is
    ``clip(x/2 + 1/2, 0, 1)``. The step is ``2**-bits``.

    Args:
        bits: width, without a sign.
        symmetric: the smallest value is ``1/m``, not 0.
        use_real_sigmoid: the logistic function.
        use_stochastic_rounding: round at random while training.
    """

    _shown: ClassVar[int] = 1

    bits: int = 8
    symmetric: Flag = False
    use_real_sigmoid: Flag = False
    use_stochastic_rounding: Flag = False

    def compute_grid(self, x: KerasTensor) -> tuple[KerasTensor, Any]:
        """Return codes of ``bits`` bits and their step, ``2**-bits``."""
        m = 2.0**self.bits
        p = ops.sigmoid(x) if self.use_real_sigmoid else apply_internal_sigmoid(x)
        return clip(self._round(p * m), float(self.symmetric), m - 1.0), 1.0 / m

    @property
    def line(self) -> tuple[float, float] | None:
        """Return slope and offset of the piecewise linear sigmoid where it does not saturate; None for the real one."""
        slopes = {"hard": 0.5, "smooth": 0.1875}
        return None if self.use_real_sigmoid else _find_line(slopes, 0.5)

    @property
    def rounds_to(self) -> Fixed:
        """Return the type of all results, which is the same for every kind of sigmoid."""
        return Fixed(False, self.bits, self.bits)

    def max(self) -> float:
        """Return the largest value, ``1 - 2**-bits``."""
        return 1.0 - 2.0**-self.bits

    def min(self) -> float:
        """Return the smallest value."""
        return int(self.symmetric) * 2.0**-self.bits

    def __str__(self) -> str:
        return _format_arguments(self, "symmetric", "use_real_sigmoid", "use_stochastic_rounding")


@define_quantizer
class quantized_ulaw(_Squashing):
    """Mu-law of a quantized number ``r``: ``2**integer * clip(sign(r) ln(1 + u|r|) / ln(1 + u), -1, 1 - 1/m)``.

    ``r = 2 round(sigmoid(x / 2**integer) m) / m - 1`` with ``m = 2**(bits - 1)`` and the sigmoid of
    ``set_internal_sigmoid``. The values lie on no fixed-point grid.

    Args:
        bits: the number of different values is ``2**bits`` at most.
        integer: the values reach up to ``2**integer``.
        symmetric: the smallest value is ``-(1 - 1/m)`` times that.
        u: mu, the strength of the compression.
    """

    number_type: ClassVar[str] = "float"
    _shown: ClassVar[int] = 2

    bits: int = 8
    integer: int = 0
    symmetric: Flag = 0
    u: float = 255.0
    use_stochastic_rounding: ClassVar[bool] = False

    def _quantize(self, x: TensorLike) -> KerasTensor:
        m, m_i = 2.0 ** (self.bits - 1), compute_power_of_two(self.integer)
        p = apply_internal_sigmoid(as_float(x) / m_i) * m
        r = 2.0 * (self._round(p) / m) - 1.0
        law = ops.sign(r) * (ops.log(1.0 + self.u * ops.abs(r)) / math.log(1.0 + self.u))
        return m_i * clip(law, -1.0 + int(self.symmetric) / m, 1.0 - 1.0 / m)

    def max(self) -> float:
        """Return ``max(1, 2**integer)``: the bound that QKeras reports, not the largest value."""
        return max(1.0, 2.0**self.integer)

    def min(self) -> float:
        """Return ``-max()``."""
        return -self.max()

    def __str__(self) -> str:
        parts = [str(self.bits), str(self.integer)]
        if self.symmetric or self.u != 255.0:
            parts.append(str(int(self.symmetric)))
        if self.u != 255.0:
            parts.append(format_argument(self.u))
        return f"quantized_ulaw({','.join(parts)})"


def _find_line(slopes: dict[str, float], offset: float) -> tuple[float, float] | None:
    slope = slopes.get(get_internal_sigmoid())
    return None if slope is None else (slope, offset)


def _format_arguments(q: Any, *flags: str) -> str:
    """Return the call that makes ``q``, as QKeras writes it: the bits, and a 1 for each flag that is set, in order.

    The text does not name the flags; ``repr`` does.
    """
    return f"{type(q).__name__}({','.join([str(q.bits), *('1' for f in flags if getattr(q, f))])})"
