"""Piecewise linear approximations of sigmoid and tanh, and the choice between them."""

from __future__ import annotations

from typing import Literal

import keras

from qhls.errors import QuantizerError
from qhls.quantizers.keras_types import TensorLike
from qhls.quantizers.numerics import KerasTensor, as_float, clip, round_through


def hard_sigmoid(x: TensorLike) -> KerasTensor:
    """Return ``clip(0.5 x + 0.5, 0, 1)``."""
    return clip(0.5 * as_float(x) + 0.5, 0.0, 1.0)


def smooth_sigmoid(x: TensorLike) -> KerasTensor:
    """Return ``clip(0.1875 x + 0.5, 0, 1)``."""
    return clip(0.1875 * as_float(x) + 0.5, 0.0, 1.0)


def binary_sigmoid(x: TensorLike) -> KerasTensor:
    """Return 0 or 1: ``round(hard_sigmoid(x))``, half to even, with the gradient of ``hard_sigmoid``."""
    return round_through(hard_sigmoid(x))


def hard_tanh(x: TensorLike) -> KerasTensor:
    """Return ``2 hard_sigmoid(x) - 1``, which is ``clip(x, -1, 1)``."""
    return 2.0 * hard_sigmoid(x) - 1.0


def smooth_tanh(x: TensorLike) -> KerasTensor:
    """Return ``2 smooth_sigmoid(x) - 1``."""
    return 2.0 * smooth_sigmoid(x) - 1.0


def binary_tanh(x: TensorLike) -> KerasTensor:
    """Return -1 or +1: ``2 binary_sigmoid(x) - 1``; 0 becomes -1."""
    return 2.0 * binary_sigmoid(x) - 1.0


_SIGMOIDS = {"hard": hard_sigmoid, "smooth": smooth_sigmoid, "real": keras.activations.sigmoid}
_chosen = {"sigmoid": "hard"}


def set_internal_sigmoid(mode: Literal["hard", "smooth", "real"]) -> None:
    """Choose the sigmoid of all quantizers that select none by an argument, for the whole Python process."""
    if mode not in _SIGMOIDS:
        raise QuantizerError(
            f"set_internal_sigmoid: expected mode 'hard', 'smooth' or 'real', got {mode!r}. Choose one of these."
        )
    _chosen["sigmoid"] = mode


def get_internal_sigmoid() -> str:
    """Return the mode that ``set_internal_sigmoid`` chose, by default "hard"."""
    return _chosen["sigmoid"]


def apply_internal_sigmoid(x: KerasTensor) -> KerasTensor:
    """Return the sigmoid of ``x`` that ``set_internal_sigmoid`` chose."""
    return _SIGMOIDS[_chosen["sigmoid"]](x)
