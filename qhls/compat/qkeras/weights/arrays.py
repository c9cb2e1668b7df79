"""Conversion of tensors of any backend to numpy."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np


def to_numpy(tensor: Any) -> np.ndarray:
    """Convert a tensor, variable or number to an array."""
    array: Any = keras.ops.convert_to_numpy(tensor)
    return np.asarray(array)
