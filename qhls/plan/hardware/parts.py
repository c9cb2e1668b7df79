"""Resources of AMD's parts, where known: the budget of a plan. ``parts.json`` states the source of each."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

UNITS: tuple[str, ...] = ("LUT", "FF", "DSP", "BRAM18", "URAM")
"""Units of resources: look-up tables, flip-flops, DSP slices, block RAMs of 18 kbit and UltraRAMs of 288 kbit."""

_REST = r"[il]?(?:-?[a-z]{2,4}\d{3,4})?(?:-\d[a-z]{0,2})?(?:-[a-z])?(?:-s|-es\d)?"
"""Pattern of what follows the device in a part's name: 7 series grade, package, speed, temperature, sample.

Examples are xc7a35ticsg324-1L and xcvu9p-flga2104-2-e.
"""
_ANY = re.compile(rf"(?P<device>x[caq][a-z0-9]*?\d[a-z0-9]*?){_REST}")


@dataclass(frozen=True, slots=True)
class Part:
    """An AMD device and its ``resources`` by unit (``UNITS``), which are None if they are not known."""

    device: str
    resources: dict[str, int] | None


def find_part(name: str) -> Part | None:
    """Return the device in the full ``name`` of a part; None if ``name`` is no name of an AMD part."""
    if len(name) > 64 or not name.isascii():
        return None
    lower = name.lower()
    for device in sorted(_read_devices(), key=len, reverse=True):
        if re.fullmatch(f"{device}{_REST}", lower):
            return Part(device, {unit: _read_devices()[device][unit] for unit in UNITS})
    match = _ANY.fullmatch(lower)
    return Part(match["device"], None) if match else None


def list_devices() -> tuple[str, ...]:
    """Return the names of the devices whose resources are known."""
    return tuple(_read_devices())


@cache
def _read_devices() -> dict[str, dict[str, Any]]:
    return json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
