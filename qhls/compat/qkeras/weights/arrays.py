"""Conversion of tensors of any backend to numpy."""

from __future__ import annotations

from typing import Any

import numpy as np

from qhls.quantizers.keras_types import ops


def to_numpy(tensor: Any) -> np.ndarray:
    """Convert a tensor, variable or number to an array."""
    array: Any = ops.convert_to_numpy(tensor)
    return np.asarray(array)
