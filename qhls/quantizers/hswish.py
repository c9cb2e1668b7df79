"""``quantized_hswish``: hard swish, then ``quantized_bits``."""

from __future__ import annotations

from typing import Any, ClassVar

from qhls.quantizers.base import define_quantizer
from qhls.quantizers.bits import FixedPoint
from qhls.quantizers.keras_types import Flag, NoiseFactor, ops
from qhls.quantizers.numerics import KerasTensor, round_to_single
from qhls.quantizers.scale import Alpha, Axes


@define_quantizer
class quantized_hswish(FixedPoint):
    """``quantized_bits`` of ``x * min(relu(x + relu_shift), relu_upper_bound) / relu_upper_bound``.

    Args:
        bits: width, the sign included.
        integer: integer bits, the sign not included.
        symmetric: the lowest code is ``-(m - 1)`` instead of ``-m``.
        alpha: the scale, as in ``quantized_bits``.
        use_stochastic_rounding: round at random while training.
        scale_axis: axis or axes along which scales differ; None is the last one.
        qnoise_factor: share of quantization noise, 0 (real numbers) to 1 (quantized).
        var_name: prefix of the names of Keras variables.
        use_variables: keep ``qnoise_factor`` in a Keras variable, so that a traced graph sees updates.
        relu_shift: see above; 3 makes hard swish.
        relu_upper_bound: see above; 6 makes hard swish.
    """

    _ignored: ClassVar[dict[str, Any]] = {"keep_negative": True, "post_training_scale": None}

    bits: int = 8
    integer: int = 0
    symmetric: Flag = 0
    alpha: Alpha = None
    use_stochastic_rounding: Flag = False
    scale_axis: Axes = None
    qnoise_factor: NoiseFactor = 1.0
    var_name: str | None = None
    use_variables: bool = False
    relu_shift: float = 3
    relu_upper_bound: float = 6

    def compute_surrogate(self, x: KerasTensor) -> KerasTensor:
        """Return the hard swish of ``x``."""
        bound = float(self.relu_upper_bound)
        gate = ops.relu(x + float(self.relu_shift))
        return x * ops.where(gate <= bound, gate, ops.ones_like(gate) * bound) / bound

    def compute_grid(self, x: KerasTensor) -> tuple[KerasTensor, Any]:
        """Return the codes and the step of ``quantized_bits`` for the hard swish of ``x``."""
        return super().compute_grid(self.compute_surrogate(x))

    @property
    def real_turns(self) -> tuple[float, ...]:
        """Return the inputs between which hard swish is monotone: 0, its breakpoints and the vertex of its parabola."""
        shift, bound = float(self.relu_shift), float(self.relu_upper_bound)
        return tuple(sorted({-shift, -shift / 2, bound - shift, 0.0}))

    def quantize_beside(self, x: KerasTensor, share: float) -> KerasTensor:
        """Return the quantized sum of the hard swish of ``x`` and ``share * abs(x)``."""
        codes, step = super().compute_grid(self.compute_surrogate(x) + share * ops.abs(x))
        return codes * round_to_single(step, x)

    @property
    def quantization(self) -> None:
        """None: hard swish is not monotone and needs a table."""
        return None

    def __str__(self) -> str:
        return repr(self)

    def min(self) -> float:
        """Return the smallest value of hard swish itself, before rounding."""
        shift, bound = float(self.relu_shift), float(self.relu_upper_bound)
        return -shift * shift / (4.0 * bound) if shift <= 2.0 * bound else bound - shift
