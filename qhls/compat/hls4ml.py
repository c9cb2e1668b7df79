"""Conversion of hls4ml's configuration files (``hls4ml_config.yml``, of any backend) to schedules.

The quantizers and weights of a model decide its types, so a file's precisions matter for inputs only. The part, the
clock, the kind of ports and the reuse factors have a counterpart; ``left_out`` lists all other settings, with reasons.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from qhls.errors import LoadError, MissingError
from qhls.ir import Conv, Fixed, Graph, Matmul
from qhls.plan import Schedule
from qhls.plan.fold import find_fold, list_weight_sizes
from qhls.system.files import read
from qhls.system.limits import JSON
from qhls.system.text import escape_line, shorten

_WHAT = "hls4ml's configuration (.yml)"
_TYPE = re.compile(
    r"(?:ap_|ac_)?(?P<unsigned>u?)(?:fixed<(?P<width>\d+),\s*(?P<integer>-?\d+)|int<(?P<whole>\d+))\b(?P<rest>.*)"
)
_PORTS = {"io_parallel": "array", "io_stream": "stream"}
_REASONS = {
    "Backend": "choose a target with --target",
    "Board": "name the part of the board",
    "InputData": "give inputs with --data",
    "OutputDir": "choose a folder with --output",
    "OutputPredictions": "the check compares every output with Keras",
    "Precision": "quantizers and weights decide all types but those of inputs",
    "ProjectName": "the model's name names the project",
    "Strategy": "the reuse factor and the folds decide what is shared",
    "TableSize": "tables are exact, and as long as their inputs have codes",
    "Trace": "the check names the first layer that differs",
    **dict.fromkeys(("KerasH5", "KerasJson", "KerasModel"), "the model is an argument"),
}
_TAKEN = ("Part", "XilinxPart", "ClockPeriod", "IOType", "HLSConfig")


@dataclass(frozen=True)
class Hls4mlConfig:
    """An hls4ml configuration: fields of a ``Schedule``, types of inputs, reuse factors by layer, ignored settings.

    ``types`` maps an input to its type, and ``""`` to the type of all other inputs, if the file has one. ``left_out``
    has one sentence per ignored setting.
    """

    fields: Mapping[str, Any]
    types: Mapping[str, str]
    reuse: Mapping[str, int]
    left_out: tuple[str, ...]

    @property
    def schedule(self) -> Schedule:
        """Return the schedule without the reuse factors of single layers. Raises ``VerifyError``."""
        return Schedule(**self.fields)

    def find_types(self, inputs: Iterable[str]) -> list[str] | None:
        """Return one type per input name, or None if the type of any input is unknown."""
        types = [self.types.get(name) or self.types.get("", "") for name in inputs]
        return types if all(types) else None

    def fold(self, schedule: Schedule, graph: Graph) -> Schedule:
        """Return ``schedule`` with a fold for each layer of ``graph`` that has a reuse factor.

        The fold has the fewest multipliers that need no more trips than the factor.
        """
        folding = dict(schedule.folding)
        for op in graph.ops:
            if isinstance(op, Matmul | Conv) and op.layer in self.reuse:
                tiles = find_fold(list_weight_sizes(op), self.reuse[op.layer])
                folding.setdefault(op.layer, (tiles.simd, tiles.pe))
        return replace(schedule, folding=tuple(folding.items()))


def read_config(path: str | os.PathLike[str]) -> Hls4mlConfig:
    """Read an hls4ml configuration file; nothing in it is executed.

    Raises:
        LoadError: a missing, foreign or damaged file, or a value of the wrong kind.
        MissingError: PyYAML is not installed.
    """
    where = escape_line(Path(path).name)
    content = _parse(read(Path(path), _WHAT, LoadError, JSON), where)
    config = _check_section(content, "the file", where)
    if not any(key in config for key in _TAKEN):
        raise LoadError(
            f"{where}: expected {_WHAT}, got no key of it. Give the file that hls4ml wrote."
        )
    layers = _check_section(config.get("HLSConfig"), "HLSConfig", where)
    whole = _check_section(layers.get("Model"), "HLSConfig.Model", where)
    named = _check_section(layers.get("LayerName"), "HLSConfig.LayerName", where)
    each = {str(n): _check_section(c, f"HLSConfig.LayerName.{n}", where) for n, c in named.items()}
    factors = {
        name: _read_factor(one, name, where) for name, one in each.items() if "ReuseFactor" in one
    }
    fields = dict(_read_fields(config, where))
    if "ReuseFactor" in whole:
        fields["reuse_factor"] = _read_factor(whole, "Model", where)
    types = {name: _to_type(one.get("Precision")) for name, one in each.items()}
    types[""] = _to_type(whole.get("Precision"))
    shared = fields.get("reuse_factor", 1)
    return Hls4mlConfig(
        fields,
        {name: text for name, text in types.items() if text},
        {name: factor for name, factor in factors.items() if factor != shared},
        tuple(_leave_out(config, layers, whole, each)),
    )


def _parse(content: bytes, where: str) -> Any:
    try:
        import yaml
    except ImportError as error:
        raise MissingError(
            f"{where}: expected the package 'pyyaml', got none. Run pip install 'qhls[hls4ml]'."
        ) from error

    class Loader(yaml.SafeLoader):
        """A YAML loader that replaces values with hls4ml's tags, such as ``!keras_model``, by None."""

    Loader.add_multi_constructor("!", lambda loader, suffix, node: None)
    try:
        return yaml.load(content, Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        text = shorten(escape_line(str(error)), 200)
        raise LoadError(f"{where}: expected {_WHAT}, got {text}. Check the file.") from error


def _check_section(value: Any, name: str, where: str) -> dict[Any, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        got = type(value).__name__
        raise LoadError(
            f"{where}: expected keys and values in {escape_line(name)}, got {got}. Check the file."
        )
    return cast("dict[Any, Any]", value)


def _read_fields(config: Mapping[str, Any], where: str) -> Iterator[tuple[str, Any]]:
    part = config.get("Part") or config.get("XilinxPart")
    if part is not None:
        yield "part", str(part)
    if config.get("ClockPeriod") is not None:
        yield "clock_period", config["ClockPeriod"]
    ports = config.get("IOType")
    if ports is not None and str(ports) not in _PORTS:
        expected = " or ".join(_PORTS)
        raise LoadError(
            f"{where}: expected IOType {expected}, got {shorten(str(ports), 200)}. Check the file."
        )
    if ports is not None:
        yield "io", _PORTS[str(ports)]


def _read_factor(section: Mapping[str, Any], name: str, where: str) -> int:
    factor = section["ReuseFactor"]
    if isinstance(factor, bool) or not isinstance(factor, int) or factor < 1:
        got = shorten(repr(factor), 200)
        raise LoadError(
            f"{where}: expected a whole number above 0 as ReuseFactor of {escape_line(name)}, got {got}. Check the "
            "file."
        )
    return factor


def _to_type(precision: Any) -> str:
    """Convert an hls4ml precision to a type such as ``s16.10``; return "" if it is missing or automatic.

    If a layer has several precisions, the precision of its result counts.
    """
    if isinstance(precision, dict):
        several = cast("dict[str, Any]", precision)
        precision = several.get("result", several.get("default"))
    match = _TYPE.fullmatch(str(precision).replace(" ", ""))
    if match is None:
        return ""
    width = int(match["width"] or match["whole"])
    integer = int(match["integer"]) if match["width"] else width
    unsigned = bool(match["unsigned"]) or "false" in match["rest"]  # ac_fixed<16,6,false>
    return str(Fixed(not unsigned, width, width - integer)) if width else ""


def _leave_out(
    config: Mapping[Any, Any],
    layers: Mapping[Any, Any],
    whole: Mapping[Any, Any],
    each: Mapping[str, Mapping[Any, Any]],
) -> Iterator[str]:
    """Yield one sentence per key that has no counterpart in a schedule, with the reason."""
    keys = dict.fromkeys(str(key) for key in config if key not in _TAKEN)
    keys |= dict.fromkeys(f"HLSConfig.{key}" for key in layers if key not in ("Model", "LayerName"))
    inner = [key for section in (whole, *each.values()) for key in section if key != "ReuseFactor"]
    keys |= dict.fromkeys(map(str, inner))
    for key in keys:
        reason = _REASONS.get(key, "it has no counterpart")
        yield f"{escape_line(shorten(key, 200))} is left out: {reason}"
