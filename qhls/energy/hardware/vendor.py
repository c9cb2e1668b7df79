"""Read synthesis reports as rows of measurements for ``calibrate``; the content of a file decides its format.

* Yosys' ``stat -json``: one row per module.
* Vitis HLS' ``csynth.xml``: one row, of the top function.
* Vivado's ``report_utilization``: one row; with ``-hierarchical`` one per module.
* Catapult's ``rtl.rpt``: one row, the total area score after assignment as ``um2``. The file's folder names it.

A module is named ``op__sizes``, such as ``mul_ss__a8_b6``; others are left out. The readers of vendor formats were
written after published files and were not tried with these tools.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree

from qhls.errors import EnergyError
from qhls.system.limits import read as read_file

Row = dict[str, Any]


def read(paths: Iterable[Path]) -> list[Row]:
    """Read the rows of all files, except those with inferred DSPs or of another family than ``xcup``.

    Raises ``EnergyError`` for a file of an unknown format.
    """
    rows: list[Row] = []
    for path in paths:
        try:
            rows += _read_rows(path, read_file(path, "a report", EnergyError).decode())
        except (
            RecursionError,
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
            SyntaxError,
        ) as fault:
            raise EnergyError(
                f"{path}: expected JSON with a table of rows or of Yosys' stat -json, csynth.xml, a report of "
                f"Vivado's utilization or Catapult's rtl.rpt, got {fault!r}. Give one of these files."
            ) from None
    return [r for r in rows if r.get("nodsp", True) and r.get("family", "xcup") == "xcup"]


def _read_rows(path: Path, text: str) -> Iterable[Row]:
    start = text.lstrip()[:1]
    if start in ("{", "["):
        content: dict[str, Any] = json.loads(text)
        if "table" in content:
            return content["table"]
        modules = cast("dict[str, Any]", content["modules"])
        return _name_rows((name, _read_yosys(module)) for name, module in modules.items())
    if start == "<":
        return _name_rows([_read_vitis(ElementTree.fromstring(text))])
    score = re.search(r"^\s*Total Area Score:(.*)$", text, re.M)
    if score:
        return _name_rows(
            [(path.parent.name.partition(".")[0], {"um2": float(score[1].split()[-1])})]
        )
    return _name_rows(_read_vivado(text))


def _name_rows(measured: Iterable[tuple[str, Row]]) -> Iterator[Row]:
    """Yield the rows whose module name states op and sizes."""
    for name, resources in measured:
        match = re.fullmatch(r"\\?(?P<op>[a-z0-9_]+?)__(?P<sizes>[a-z]+\d+(?:_[a-z]+\d+)*)", name)
        if match is not None:
            sizes = {key: int(n) for key, n in re.findall(r"([a-z]+)(\d+)", match["sizes"])}
            yield {"op": match["op"], **sizes, **resources}


def _read_yosys(module: dict[str, Any]) -> Row:
    cells: dict[str, int] = module["num_cells_by_type"]
    return {
        "LUT": sum(n for cell, n in cells.items() if re.fullmatch(r"LUT[1-6]", cell)),
        "FF": sum(n for cell, n in cells.items() if cell.startswith("FD")),
        "INV": cells.get("INV", 0),
        "CARRY4": cells.get("CARRY4", 0),
    }


def _read_vitis(profile: ElementTree.Element) -> tuple[str, Row]:
    name = profile.findtext("UserAssignments/TopModelName")
    resources = profile.find("AreaEstimates/Resources")
    if name is None or resources is None:
        raise ValueError("no TopModelName or no AreaEstimates/Resources")
    found = {item.tag: int(item.text or 0) for item in resources}
    dsps = found.get("DSP", found.get("DSP48E", 0))
    return name.strip(), {
        **{"LUT": found["LUT"], "FF": found["FF"], "DSP": dsps},
        "BRAM18": found.get("BRAM_18K", 0),
    }


def _read_vivado(text: str) -> Iterable[tuple[str, Row]]:
    table = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in text.splitlines()
        if line.lstrip().startswith("|")
    ]
    heads = [i for i, row in enumerate(table) if row[:2] == ["Instance", "Module"]]
    if heads:
        return _read_hierarchy(table[heads[0]], table[heads[0] + 1 :])
    used = {row[0].rstrip("*"): row[1] for row in table if len(row) > 1}
    (name, *_) = [re.split(r"\s*:\s*", row[0])[1] for row in table if row[0].startswith("Design  ")]
    resources = {
        "LUT": _read_number(used, "CLB LUTs", "Slice LUTs"),
        "FF": _read_number(used, "CLB Registers", "Slice Registers"),
        "DSP": _read_number(used, "DSPs"),
        "BRAM18": 2 * _read_number(used, "Block RAM Tile"),
    }
    return [(name, resources)]


def _read_hierarchy(heading: list[str], rows: list[list[str]]) -> Iterator[tuple[str, Row]]:
    """Yield one row per module, without ``(instance)`` rows, which hold the cells beside the submodules."""
    seen: set[str] = set()
    for cells in rows:
        found = dict(zip(heading, cells, strict=False))
        module = found.get("Module", "")
        module = found["Instance"] if module == "(top)" else module
        if len(cells) != len(heading) or module in seen or found["Instance"].startswith("("):
            continue
        seen.add(module)
        yield (
            module,
            {
                "LUT": _read_number(found, "Total LUTs"),
                "FF": _read_number(found, "FFs"),
                "DSP": _read_number(found, "DSP Blocks", "DSP48 Blocks"),
                "BRAM18": 2 * _read_number(found, "RAMB36") + _read_number(found, "RAMB18"),
            },
        )


def _read_number(cells: dict[str, str], *names: str) -> float:
    text = next((cells[name] for name in names if name in cells), None)
    if text is None:
        raise ValueError(f"no {' or '.join(names)}")
    return float(text)
