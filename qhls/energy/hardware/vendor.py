"""Readers of synthesis reports as rows of measurements for ``calibrate``; a file's content decides its format.

* Yosys' ``stat -json``: one row per module.
* Vitis HLS' ``csynth.xml``: one row, of the top function.
* Vivado's ``report_utilization``: one row; with ``-hierarchical`` one per module.
* Catapult's ``rtl.rpt``: one row, the total area score after assignment as ``um2``. The file's folder names it.

A module is named ``op__sizes``, such as ``mul_ss__a8_b6``; others are left out. Catapult's reader was written after
its documentation and was not tried with the tool.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

from qhls.energy.tool_reports.contents import add_up
from qhls.energy.tool_reports.csynth_xml import read_csynth_xml
from qhls.energy.tool_reports.vivado import find_hierarchy, list_modules, read_utilization
from qhls.errors import EnergyError
from qhls.system.files import read as read_file

Row = dict[str, Any]


def read(paths: Iterable[Path]) -> list[Row]:
    """Return the rows of all files, without rows that have DSPs or are of another family than ``xcup``.

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
    score = re.search(r"^\s*Total Area Score:(.*)$", text, re.M)
    if score:
        return _name_rows(
            [(path.parent.name.partition(".")[0], {"um2": float(score[1].split()[-1])})]
        )
    return _name_rows(_read_vendor(text))


def _name_rows(measured: Iterable[tuple[str, Row]]) -> Iterator[Row]:
    """Yield a row for each module whose name states an op and its sizes."""
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


def _read_vendor(text: str) -> Iterable[tuple[str, Row]]:
    """Return the name and the resources of each module in a report of Vitis HLS or Vivado, or of the whole design."""
    if text.lstrip()[:1] == "<":
        contents = read_csynth_xml(text)
    else:
        hierarchy = find_hierarchy(text)
        if hierarchy:
            return [(b.name, dict(b.resources)) for b in list_modules(hierarchy)]
        contents = read_utilization(text)
    return [(contents.design, add_up(contents.blocks or ()))]
