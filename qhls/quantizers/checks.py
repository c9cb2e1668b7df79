"""Checks of the arguments of quantizers: one check per argument name, shared by all quantizers."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable
from typing import Any, TypeGuard

import keras
import numpy as np

from qhls.errors import QuantizerError

UNROLLS = 1000
"""Largest ``number_of_unrolls`` that is accepted; codes and scale converge long before."""

FEWEST_INTEGER, MOST_INTEGER = -64, 126
"""Smallest and largest ``integer`` with which float32 represents both the range and the codes of ordinary weights."""
_LARGEST = float(np.finfo(np.float32).max)
POSITIVE = "a positive number up to 3.4e+38"

AUTO = ("auto", "auto_po2")


def refuse(q: Any, argument: str, expected: str) -> QuantizerError:
    """Return the error for a wrong ``argument`` of ``q``; ``expected`` describes the correct values."""
    value = getattr(q, argument)
    return QuantizerError(
        f"{type(q).__name__}: {argument}: expected {expected}, got {value!r}. Change {argument}."
    )


def is_number(value: object) -> TypeGuard[float]:
    """Return whether ``value`` is a real number (True and False are not)."""
    return isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_))


def is_whole(value: object) -> bool:
    """Return whether ``value`` is a whole number (4 and 4.0 are, True is not)."""
    return is_number(value) and math.isfinite(value) and float(value).is_integer()


def is_po2(value: object) -> bool:
    """Return whether ``value`` is a power of two, ``2**k`` with an integer ``k``."""
    return is_number(value) and value > 0 and math.frexp(value)[0] == 0.5


def _check_bits(q: Any) -> None:
    if not is_whole(q.bits) or not 1 <= q.bits <= 62:
        raise refuse(q, "bits", "an integer from 1 to 62")
    q.bits = int(q.bits)


def _check_integer(q: Any) -> None:
    if isinstance(q.integer, keras.Variable) or keras.ops.is_tensor(q.integer):
        return  # QAdaptiveActivation moves it
    if not is_whole(q.integer) or not FEWEST_INTEGER <= q.integer <= MOST_INTEGER:
        raise refuse(q, "integer", f"an integer from {FEWEST_INTEGER} to {MOST_INTEGER}")
    q.integer = int(q.integer)


def _make_flag_check(name: str) -> Callable[[Any], None]:
    def check(q: Any) -> None:
        if getattr(q, name) not in (0, 1):
            raise refuse(q, name, "True or False")

    return check


def _make_positive_check(name: str, optional: bool = False) -> Callable[[Any], None]:
    def check(q: Any) -> None:
        value = getattr(q, name)
        if optional and value is None:
            return
        if not is_number(value) or not 0 < value <= _LARGEST:
            raise refuse(q, name, ("None or " if optional else "") + POSITIVE)

    return check


def _check_alpha(q: Any) -> None:
    if q.alpha is None or (isinstance(q.alpha, str) and q.alpha in AUTO):
        return
    try:
        values = np.asarray(q.alpha, np.float64)
    except (TypeError, ValueError):
        values = np.zeros(0)
    if not (values.size and np.all((values > 0) & (values <= _LARGEST))):
        expected = f"None, {POSITIVE}, an array of them, 'auto' or 'auto_po2'"
        raise refuse(q, "alpha", expected)
    if not is_number(q.alpha) or isinstance(q.alpha, np.generic):
        q.alpha = values.tolist()


def _make_axes_check(name: str, least: int) -> Callable[[Any], None]:
    def check(q: Any) -> None:
        value = getattr(q, name)
        if value is None:
            return
        several = isinstance(value, (list, tuple))
        entries = list(value) if several else [value]
        if not entries or not all(is_whole(v) and v >= least for v in entries):
            raise refuse(q, name, f"None, an integer of at least {least} or a list of them")
        setattr(q, name, [int(v) for v in entries] if several else int(value))

    return check


def _make_exponent_check(name: str) -> Callable[[Any], None]:
    def check(q: Any) -> None:
        value = getattr(q, name)
        if value is not None and not is_whole(value):
            raise refuse(q, name, "None or an integer")
        low, high = q.min_po2_exponent, q.max_po2_exponent
        if low is not None and high is not None and low > high:
            raise refuse(q, "min_po2_exponent", f"at most max_po2_exponent={high}")

    return check


def _check_qnoise(q: Any) -> None:
    if isinstance(q.qnoise_factor, keras.Variable):
        return
    if not is_number(q.qnoise_factor) or not 0 <= q.qnoise_factor <= 1:
        raise refuse(q, "qnoise_factor", "a number from 0 to 1")
    q.qnoise_factor = float(q.qnoise_factor)
    if getattr(q, "use_variables", False):
        name = f"{q.var_name or type(q).__name__}_qnoise_factor"
        q.qnoise_factor = keras.Variable(q.qnoise_factor, trainable=False, name=name)


def _check_slope(q: Any) -> None:
    slope = q.negative_slope
    if not (is_number(slope) and (slope == 0 or (slope <= 1 and is_po2(slope)))):
        raise refuse(q, "negative_slope", "0 or a power of two up to 1")


def _check_post_training_scale(q: Any) -> None:
    if q.post_training_scale is None:
        return
    if q.alpha not in AUTO:
        raise refuse(q, "post_training_scale", "None unless alpha is 'auto' or 'auto_po2'")
    q.post_training_scale = np.asarray(q.post_training_scale, np.float64).tolist()


def _check_unrolls(q: Any) -> None:
    if not is_whole(q.number_of_unrolls) or not 1 <= q.number_of_unrolls <= UNROLLS:
        raise refuse(q, "number_of_unrolls", f"an integer from 1 to {UNROLLS}")
    q.number_of_unrolls = int(q.number_of_unrolls)


def _check_log2_rounding(q: Any) -> None:
    if q.log2_rounding not in ("rnd", "floor"):
        raise refuse(q, "log2_rounding", "'rnd' or 'floor'")


FLAGS = (
    "symmetric keep_negative use_stochastic_rounding use_ste use_variables use_sigmoid use_01 "
    "is_quantized_clip enable_fast_inference use_real_tanh use_real_sigmoid quadratic_approximation"
)

CHECKS: dict[str, Callable[[Any], None]] = {
    **{name: _make_flag_check(name) for name in FLAGS.split()},
    "bits": _check_bits,
    "integer": _check_integer,
    "alpha": _check_alpha,
    "scale_axis": _make_axes_check("scale_axis", 0),
    "elements_per_scale": _make_axes_check("elements_per_scale", 1),
    "min_po2_exponent": _make_exponent_check("min_po2_exponent"),
    "max_po2_exponent": _make_exponent_check("max_po2_exponent"),
    "post_training_scale": _check_post_training_scale,
    "qnoise_factor": _check_qnoise,
    "negative_slope": _check_slope,
    "relu_upper_bound": _make_positive_check("relu_upper_bound", optional=True),
    "max_value": _make_positive_check("max_value", optional=True),
    "threshold": _make_positive_check("threshold", optional=True),
    "temperature": _make_positive_check("temperature"),
    "u": _make_positive_check("u"),
    "number_of_unrolls": _check_unrolls,
    "log2_rounding": _check_log2_rounding,
}
"""Checks by argument name; each raises an error for a wrong value and normalises a correct value."""
