"""Quantizers read from models of HGQ2, and the ``quantized_bits`` that hold weights which are quantised already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from qhls.errors import LoadError
from qhls.frontend.files.classes import Config, format_value
from qhls.frontend.hgq.variables import Variables
from qhls.frontend.layers.fixed_point import (
    FARTHEST,
    OVERFLOWS,
    ROUNDINGS,
    quantize_floats,
    round_floats,
)
from qhls.frontend.models.calls import read_field
from qhls.ir.integers import Array, find_dyadic
from qhls.quantizers.keras_types import KerasTensor, ops

_SUGAR: Mapping[str, Config] = {
    "HardTanhConfig": {"overflow_mode": "SAT", "affine": None},
    "HardSigmoidConfig": {"overflow_mode": "SAT", "affine": [0.25, 0.5]},
}
"""Classes of configurations, with the settings that each implies."""
_ORDER = {
    ("kbi", True): ("b", "k", "i"),
    ("kbi", False): ("b", "i", "k"),
    ("kif", True): ("f", "k", "i"),
    ("kif", False): ("i", "f", "k"),
}
"""Names of a quantizer's variables in the file's order, trained ones first, by quantizer type and whether overflow
wraps.
"""
_WIDEST = 62
"""Largest width in bits of weights on one grid, as ``quantized_bits`` allows."""


@dataclass(frozen=True)
class Grid:
    """Quantizer of HGQ2: rounding, overflow, scale, and sign, integer and fraction bits that broadcast to its input.

    ``scale`` divides before and multiplies behind, then ``factor`` and ``offset`` apply. ``rounds_only``: nothing
    wraps, as HGQ2 leaves weights that its training keeps within their range.
    """

    keep_negative: Array
    integer: Array
    fraction: Array
    rounding: str
    overflow: str
    scale: float = 1.0
    factor: float = 1.0
    offset: float = 0.0
    rounds_only: bool = False

    def quantize(self, values: Array | KerasTensor) -> Array:
        """Return the array or tensor ``values``, quantised in the arithmetic of its float type."""
        x = ops.convert_to_tensor(values)
        scaled = x / self.scale
        if self.rounds_only:
            result = round_floats(scaled, self.fraction, self.rounding)
        else:
            bits = (self.keep_negative, self.integer, self.fraction)
            result = quantize_floats(scaled, bits, self.rounding, self.overflow)
        result = result * self.scale * self.factor + self.offset
        return np.asarray(ops.convert_to_numpy(result))

    def list_settings(self, dims: tuple[int, ...]) -> Config:
        """Return this quantizer as arguments of ``QFixedPoint``, with the bits in the shape ``dims``."""
        names = ("rounding", "overflow", "scale", "factor", "offset")
        bits = {
            name: getattr(self, name).astype(int).reshape(dims).tolist()
            for name in ("keep_negative", "integer", "fraction")
        }
        return bits | {name: getattr(self, name) for name in names}


def read_grid(config: object, variables: Variables, where: str) -> Grid | None:
    """Return the quantizer that ``config`` describes, with the bits in ``variables``; ``None`` for a quantizer that
    does nothing.

    Raises:
        LoadError: a minifloat or unknown quantizer, a rounding or overflow mode without an exact meaning, or
            variables that are missing or no numbers of bits.
    """
    settings = _read_settings(config, where)
    kind = settings.get("q_type")
    if kind == "dummy":
        return None
    if kind not in ("kbi", "kif"):
        what = "a minifloat one" if kind == "float" else format_value(kind)
        raise LoadError(
            f"{where}: expected a fixed-point quantizer (kbi or kif), got {what}. Train the model with "
            f"q_type='kbi' or 'kif'."
        )
    rounding = _read_mode(settings, "round_mode", ROUNDINGS, where)
    overflow = _read_mode(settings, "overflow_mode", OVERFLOWS, where)
    keep, integer, fraction = _read_bits(kind, overflow, variables, where)
    factor, offset = _read_affine(settings, where)
    trained = bool(settings.get("trainable", True)) and bool(settings.get("is_weight", False))
    return Grid(
        keep_negative=keep,
        integer=integer,
        fraction=fraction,
        rounding=rounding,
        overflow=overflow,
        scale=_read_scale(settings.get("scaler"), where),
        factor=factor,
        offset=offset,
        rounds_only=overflow == "WRAP" and trained and (kind == "kif" or rounding == "RND"),
    )


def _read_settings(config: object, where: str) -> Config:
    name = read_field(config, "class_name", where)
    inner = read_field(config, "config", where)
    name = name.rpartition(">")[2] if isinstance(name, str) else name
    if name not in ("QuantizerConfig", *_SUGAR) or not isinstance(inner, dict):
        raise LoadError(
            f"{where}: expected a QuantizerConfig of HGQ2, got {format_value(config)}. Save the model again."
        )
    mapper = inner.get("bw_mapper")
    if mapper is not None and "DefaultBitwidthMapper" not in str(mapper.get("class_name")):
        raise LoadError(
            f"{where}: expected bits that broadcast to the tensor, got the mapper {format_value(mapper)}. Use "
            f"homogeneous_axis or heterogeneous_axis."
        )
    return inner | _SUGAR.get(name, {})


def _read_mode(settings: Config, key: str, known: tuple[str, ...], where: str) -> str:
    setting = settings.get(key)
    mode = setting.upper() if isinstance(setting, str) else setting
    if key == "round_mode" and isinstance(mode, str):
        mode = mode.removeprefix("S_")  # noise is for training only
    if mode not in known:
        raise LoadError(
            f"{where}: expected {key} among {', '.join(known)}, got {format_value(setting)}. Train the model with "
            f"one of these."
        )
    return mode


def _read_scale(given: Any, where: str) -> float:
    scale = 1.0 if given is None else given
    if type(scale) not in (int, float) or not scale > 0 or np.frexp(scale)[0] != 0.5:
        raise LoadError(
            f"{where}: expected a power of two as scaler, got {format_value(given)}. Train the model with one."
        )
    return float(scale)


def _read_affine(settings: Config, where: str) -> tuple[float, float]:
    affine = settings.get("affine")
    if affine is None:
        return 1.0, 0.0
    numbers = affine if isinstance(affine, list) else []
    if len(numbers) != 2 or not all(
        type(n) in (int, float) and np.isfinite(np.float32(n)) for n in numbers
    ):
        raise LoadError(
            f"{where}: expected two numbers as affine, got {format_value(affine)}. Save the model again."
        )
    return float(numbers[0]), float(numbers[1])


def _read_bits(
    kind: str, overflow: str, variables: Variables, where: str
) -> tuple[Array, Array, Array]:
    """Return sign, integer and fraction bits, rounded half to even as in HGQ2; all are 0 for elements without bits."""
    names = _ORDER[kind, overflow == "WRAP"]
    arrays = variables.read_all(len(names), where)
    rounded = {
        name: np.rint(array.astype(np.float64)) for name, array in zip(names, arrays, strict=False)
    }
    keep, integer = rounded["k"], rounded["i"]
    if kind == "kif":
        fraction = rounded["f"]
    else:
        # float32 decides what is left of a fraction behind a very large number, as in HGQ2.
        fraction = (rounded["b"].astype("float32") - integer.astype("float32")).astype(np.float64)
    shapes = {each.shape for each in (keep, integer, fraction)}
    if len(shapes) != 1 or not np.isin(keep, (0, 1)).all():
        raise LoadError(
            f"{where}: expected signs, integer and fraction bits of one shape, got the shapes "
            f"{[each.shape for each in (keep, integer, fraction)]}. Save the model again."
        )
    alive = keep + integer + fraction > 0
    keep, integer, fraction = (np.where(alive, each, 0) for each in (keep, integer, fraction))
    farthest = max(np.abs(integer).max(initial=0), np.abs(fraction).max(initial=0))
    if not farthest <= FARTHEST:
        raise LoadError(
            f"{where}: expected integer and fraction bits up to {FARTHEST}, got {farthest:g}. Run trace_minmax of "
            f"HGQ2 on samples before saving the model."
        )
    return keep, integer, fraction


def describe_grid(values: Array, where: str) -> str:
    """Return the text of a ``quantized_bits`` quantizer that represents all ``values`` exactly.

    Raises:
        LoadError: they are not finite, or so far apart that no such quantizer holds them all.
    """
    bad = values.size - int(np.isfinite(values).sum())
    if bad:
        raise LoadError(
            f"{where}: expected finite weights, got {bad} NaN or infinite of {values.size}. Train the model "
            f"again with a smaller learning rate."
        )
    codes, frac = find_dyadic(values)
    highest, lowest = max(int(codes.max(initial=0)), 0), min(int(codes.min(initial=0)), 0)
    bits = max(highest.bit_length(), (~lowest).bit_length() if lowest else 0) + 1
    bits = max(bits, 2)
    if bits > _WIDEST:
        raise LoadError(
            f"{where}: expected weights of at most {_WIDEST} bits on one grid, got {bits}. Bound the integer and "
            f"fraction bits in training."
        )
    return f"quantized_bits({bits},{bits - 1 - frac},0,alpha=1)"
