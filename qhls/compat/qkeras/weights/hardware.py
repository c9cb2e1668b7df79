"""Weights of a layer as hardware stores them: integer codes and scales."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qhls.compat.qkeras.errors import UtilityError
from qhls.compat.qkeras.weights.arrays import to_numpy
from qhls.errors import QuantizerError
from qhls.quantizers import Quantizer
from qhls.quantizers.keras_types import KerasLayer

_BIAS = "bias"


@dataclass(frozen=True)
class HardwareWeight:
    """A variable of a layer before and after quantisation, with its integer codes and scale if it has any.

    ``real`` is the input of the quantizer and ``values`` its result, both float32. ``codes`` (int64) times ``scale``
    (float64, of a shape that broadcasts) is ``values``: exactly if scales are powers of two, else within the rounding
    of float32. Both are ``None`` without a quantizer, for a plain function, and for values on no grid.
    """

    variable: str
    quantizer: Any
    real: np.ndarray
    values: np.ndarray
    codes: np.ndarray | None = None
    scale: np.ndarray | None = None

    @property
    def is_bias(self) -> bool:
        """Return whether this weight is added instead of multiplied."""
        return self.variable == _BIAS or self.variable.endswith(f"_{_BIAS}")


def list_hardware_weights(layer: KerasLayer) -> list[HardwareWeight]:
    """Return the quantised weights of a Q-layer, or an empty list for any other layer.

    A layer with a folded batch normalisation has its folded kernel and bias. The ``mask`` of a kernel is part of the
    kernel.

    Raises:
        UtilityError: weights are not finite, or random at every call.
    """
    weights = getattr(layer, "get_quantized_weights", dict)()
    return [make_hardware_weight(layer, variable, *weight) for variable, weight in weights.items()]


def make_hardware_weight(
    layer: KerasLayer, variable: str, quantizer: Any, real: Any
) -> HardwareWeight:
    """Quantise the values ``real`` of a variable of ``layer``, apply a kernel's mask, and return values and codes."""
    real = np.asarray(real)
    mask = getattr(layer, "mask", None) if variable == "kernel" else None
    mask = None if mask is None else np.asarray(mask, np.float64)
    if not _has_codes(quantizer):
        values = real if quantizer is None else to_numpy(quantizer(real))
        values = values if mask is None else values * mask
        return HardwareWeight(variable, quantizer, real, values.astype(np.float32))
    try:
        codes, scale = quantizer.compute_integer_codes(real)
    except QuantizerError as error:
        raise UtilityError(f"layer {layer.name!r}, {variable}: {error}") from error
    if mask is not None and np.isin(mask, (0, 1)).all():
        codes = codes * mask.astype(np.int64)
    elif mask is not None:
        scale = scale * mask
    values = (codes * scale).astype(np.float32)
    return HardwareWeight(variable, quantizer, real, values, codes, scale)


def _has_codes(quantizer: Any) -> bool:
    """Return whether ``quantizer`` has integer codes, which a plain function and a floating-point quantizer lack."""
    return isinstance(quantizer, Quantizer) and quantizer.number_type != "float"
