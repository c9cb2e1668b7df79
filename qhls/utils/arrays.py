"""Tensors of any backend as numpy."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np


def to_numpy(tensor: Any) -> np.ndarray:
    """A tensor, variable or number as an array."""
    array: Any = keras.ops.convert_to_numpy(tensor)
    return np.asarray(array)
