"""``BinaryToThermometer``: one-hot encoding of numbers by the interval that contains them."""

from __future__ import annotations

from typing import Any

import numpy as np

from qhls.compat.qkeras.errors import UtilityError


def BinaryToThermometer(  # noqa: N802, PLR0917 - QKeras' name and order
    x: Any,
    classes: int,
    value_range: float,
    with_residue: bool = False,
    merge_with_channels: bool = False,
    use_two_hot_encoding: bool = False,
) -> np.ndarray:
    """Encode each number in ``x`` as a float32 one-hot vector of the interval (class) that contains it.

    The intervals divide ``[0, value_range)`` into ``classes`` equal parts. The result has a last axis of ``classes``.
    This axis follows the last axis of ``x`` (channels), replaces it if that has length 1, or is merged with it if
    ``merge_with_channels``.

    ``with_residue`` adds to the 1 of a class the position of the number within it, from 0 to 1. With
    ``use_two_hot_encoding`` as well, the last axis is longer by one, the class has 1 minus this residue, and the next
    class has the residue.

    Raises:
        UtilityError: numbers are outside of the range; fewer than 1 class; ``use_two_hot_encoding`` needs
            ``with_residue``.
    """
    x = np.asarray(x, np.float32)
    if use_two_hot_encoding and not with_residue:
        raise UtilityError(
            "BinaryToThermometer: expected with_residue=True beside use_two_hot_encoding=True, "
            "got False. The second class holds the residue."
        )
    if classes < 1 or not np.all((x >= 0) & (x < value_range)):
        bad = x[~((x >= 0) & (x < value_range))]
        wrong = f"{bad[0]:g}" if bad.size else f"classes={classes}"
        raise UtilityError(
            f"BinaryToThermometer: expected numbers from 0 to below value_range={value_range} and at "
            f"least 1 class, got {wrong}. Change value_range, classes or the numbers."
        )
    if x.ndim > 1 and x.shape[-1] == 1:
        x = x[..., 0]
        merge_with_channels = False
    step = value_range / classes
    which = np.minimum(np.floor(x / step), classes - 1).astype(np.int64)
    residue = (x - which * step) / step
    encoded = np.eye(classes + 1, dtype=np.float32)[which]
    if use_two_hot_encoding:
        following = np.eye(classes + 1, dtype=np.float32)[which + 1]
        encoded = encoded * (1 - residue)[..., None] + following * residue[..., None]
    else:
        encoded = encoded[..., :classes] * (1 + residue * with_residue)[..., None]
    return encoded.reshape(*x.shape[:-1], -1) if merge_with_channels else encoded.astype(np.float32)
