"""The constraint ``Clip`` and the initializer ``QInitializer``, which clip the weights of a Q-layer to suit its
quantizer.
"""

from __future__ import annotations

from typing import Any, Self

import keras
import numpy as np

from qhls.frontend.layers.registry import register
from qhls.quantizers import Quantizer, get_quantizer
from qhls.quantizers.keras_types import Identifier, KerasShape, KerasTensor, ops
from qhls.quantizers.numerics import make_constant


def _make_number(value: KerasTensor | float) -> float:
    """Return ``value``, which may be a tensor, as a Python number, because configurations contain only these."""
    if isinstance(value, int | float):
        return value
    array: Any = ops.convert_to_numpy(value)
    return float(array)


@register
class Clip(keras.constraints.Constraint):
    """Constraint that clips a variable to ``[min_value, max_value]`` after each optimizer step.

    ``constraint``, where given, is applied first. ``quantizer`` is QKeras' fourth argument; the
    clipping does not depend on it.
    """

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        constraint: Identifier = None,
        quantizer: Identifier = None,
    ) -> None:
        self.min_value = _make_number(min_value)
        self.max_value = _make_number(max_value)
        self.constraint: Any = keras.constraints.get(constraint)
        self.quantizer: Any = get_quantizer(quantizer)

    @classmethod
    def from_quantizer(cls, quantizer: Quantizer) -> Self:
        """Return a constraint that clips to ``[-top, top]``, where ``top`` is the largest value of ``quantizer``, but
        at least 1.
        """
        top: Any = ops.convert_to_numpy(quantizer.max())  # one number, or one for each alpha
        bound = max(1.0, float(np.max(top)))
        return cls(-bound, bound)

    def __call__(self, value: KerasTensor) -> KerasTensor:
        """Return ``value`` with the inner constraint, if set, and the clipping applied."""
        if self.constraint is not None:
            value = self.constraint(value)
        low, high = (make_constant(end, value) for end in (self.min_value, self.max_value))
        return ops.clip(value, low, high)

    def get_config(self) -> dict[str, Any]:
        """Return the bounds, and the inner constraint and quantizer if set."""
        config: dict[str, Any] = {"min_value": self.min_value, "max_value": self.max_value}
        for name in ("constraint", "quantizer"):
            if getattr(self, name) is not None:
                config[name] = keras.saving.serialize_keras_object(getattr(self, name))
        return config


@register
class QInitializer(keras.initializers.Initializer):
    """Initializer that draws values from ``initializer``, then scales and clips them to suit ``quantizer``.

    If the values' spread is below one quantization step, nearly all of them would start as the code
    zero. ``use_scale`` scales them up to what the quantizer resolves. Then they are clipped to its
    range.
    """

    def __init__(self, initializer: Identifier, use_scale: bool, quantizer: Identifier) -> None:
        self.initializer: Any = keras.initializers.get(initializer)
        self.use_scale = use_scale
        self.quantizer: Any = get_quantizer(quantizer)

    @classmethod
    def fit(cls, initializer: Identifier, quantizer: Quantizer) -> keras.initializers.Initializer:
        """Return ``initializer`` wrapped so that its values suit ``quantizer``, or unwrapped if it needs no change.

        Constants stay what they are, and a quantizer that finds its own scale (``alpha`` a string)
        fits the values, not the values it.
        """
        inner: Any = keras.initializers.get(initializer)
        constant = (keras.initializers.Zeros, keras.initializers.Ones, cls)
        if isinstance(inner, constant) or isinstance(getattr(quantizer, "alpha", None), str):
            return inner
        return cls(inner, use_scale=True, quantizer=quantizer)

    def __call__(self, shape: KerasShape, dtype: str | None = None) -> KerasTensor:
        """Draw a tensor of ``shape`` and, if a quantizer is set, clip it to plus or minus the quantizer's largest
        value.
        """
        x = self.initializer(shape, dtype=dtype)
        if self.quantizer is None:
            return x
        top = self.quantizer.max()  # may be infinite in the type of x, a step of it may not
        if self.use_scale and hasattr(self.quantizer, "bits"):
            step = make_constant(top * 2.0**-self.quantizer.bits, x)
            x = x * ops.cast(self._find_gain(x, step), x.dtype)
        top = make_constant(top, x)
        return ops.clip(x, -top, top)

    def _find_gain(self, x: KerasTensor, step: KerasTensor) -> KerasTensor:
        """Return the factor by which to scale up ``x``: 1 unless its standard deviation is below ``step``."""
        quantized = ops.cast(self.quantizer(x), x.dtype)
        matched = ops.sum(quantized * quantized) / ops.maximum(ops.sum(quantized * x), 1e-12)
        all_zero = step / ops.maximum(ops.sqrt(ops.mean(x * x)), 1e-12)
        gain = ops.where(ops.any(quantized != 0), matched, all_zero)
        return ops.where(ops.std(x) < step, ops.maximum(gain, 1.0), 1.0)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "initializer": keras.initializers.serialize(self.initializer),
            "use_scale": self.use_scale,
            "quantizer": keras.saving.serialize_keras_object(self.quantizer),
        }
