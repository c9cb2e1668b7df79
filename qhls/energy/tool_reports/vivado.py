"""Readers of Vivado's ``report_utilization``, flat or ``-hierarchical``, and of Vivado HLS' RTL export report."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from qhls.energy.tool_reports.contents import Block, Clock, Contents, check_total
from qhls.energy.tool_reports.tables import (
    TextTable,
    find_match,
    list_matches,
    list_tables,
    read_cells,
    read_number,
    read_time,
)
from qhls.plan.hardware.parts import UNITS

_TOTALS = {
    "LUT": ("CLB LUTs", "Slice LUTs"),
    "FF": ("CLB Registers", "Slice Registers", "Registers"),
    "DSP": ("DSPs", "DSP Slices"),
    "BRAM18": ("Block RAM Tile",),
    "URAM": ("URAM",),
}
_TILE = 2
"""The number of block RAMs of 18 kbit in one block RAM tile."""


def read_utilization(text: str) -> Contents:
    """Return the contents of a utilization report. Raises ``ValueError`` for a file that is not complete."""
    tables = list_tables(text)
    _check_sections(text)
    hierarchy = find_hierarchy(text)
    state = next(list_matches(r"\| *Design State *: *(.+)", text), "").lower()
    return Contents(
        find_match(r"\| *Tool Version *: *(\S+)", text, "Tool Version"),
        find_match(r"\| *Tool Version *: *\S+ +v\.(\S+)", text, "Tool Version"),
        f"utilization{', by hierarchy' if hierarchy else ''}{f', {state}' if state else ''}",
        find_match(r"\| *Design *: *(\S+)", text, "Design"),
        find_match(r"\| *Device *: *(\S+)", text, "Device"),
        blocks=_read_hierarchy(hierarchy) if hierarchy else _read_sites(tables),
        notes=("the report states no clock period",),
    )


def _check_sections(text: str) -> None:
    """Raise ``ValueError`` if a section in the report's table of contents is absent."""
    names = [m[1].strip() for m in re.finditer(r"^(\d+(?:\.\d+)?\. .+)$", text, re.M)]
    if not names or names.count(names[0]) < 2:
        raise ValueError("no table of contents")
    listed = names[: names.index(names[0], 1)]
    missing = [name for name in listed if names.count(name) < 2]
    if missing:
        raise ValueError(f"no section {missing[0]!r}")


def _read_sites(tables: list[TextTable]) -> tuple[Block, ...]:
    sites: dict[str, float] = {}
    for table in tables:
        if table.heading[:2] == ("Site Type", "Used"):
            for row in table.rows:
                sites.setdefault(row[0].strip().rstrip("*"), read_number(row[1]))
    total = {
        unit: next((sites[name] for name in names if name in sites), None)
        for unit, names in _TOTALS.items()
    }
    if total["LUT"] is None or total["FF"] is None:
        raise ValueError("no number of LUTs or registers")
    amounts = {unit: amount or 0.0 for unit, amount in total.items()}
    amounts["BRAM18"] *= _TILE
    logic, memory = sites.get("LUT as Logic", amounts["LUT"]), sites.get("LUT as Memory", 0.0)
    blocks = (
        _build_block("LUT as logic", "LUT", logic),
        _build_block("LUT as memory", "LUT", memory),
        *(_build_block(unit, unit, amounts[unit]) for unit in UNITS if unit != "LUT"),
    )
    check_total(blocks, amounts)
    return blocks


def _build_block(name: str, unit: str, amount: float) -> Block:
    return Block(name, "site", {**dict.fromkeys(UNITS, 0.0), unit: amount})


def _read_hierarchy(table: TextTable) -> tuple[Block, ...]:
    """Return the instances directly in the top module and its other cells as blocks, or the top module if undivided."""
    if not table.rows:
        raise ValueError("no instance")
    depths = [len(row[0]) - len(row[0].lstrip()) for row in table.rows]
    inner = sorted({depth for depth in depths if depth > depths[0]})
    top = _read_instance(read_cells(table.heading, table.rows[0]))
    if not inner:
        return (top,)
    blocks = tuple(
        _read_instance(read_cells(table.heading, row))
        for row, depth in zip(table.rows, depths, strict=True)
        if depth == inner[0]
    )
    check_total(blocks, top.resources)
    return blocks


def find_hierarchy(text: str) -> TextTable | None:
    """Return the table of instances of a ``-hierarchical`` report, or None."""
    tables = list_tables(text)
    return next((t for t in tables if t.heading[:2] == ("Instance", "Module")), None)


def list_modules(table: TextTable) -> list[Block]:
    """Return the resources of the first instance of each module, under the module's name.

    The top module has the name of its instance.
    """
    modules: dict[str, Block] = {}
    for row in table.rows:
        cells = read_cells(table.heading, row)
        name = cells["Instance"] if cells["Module"] == "(top)" else cells["Module"]
        if not cells["Instance"].startswith("("):  # those are the cells beside the submodules
            modules.setdefault(name, replace(_read_instance(cells), name=name))
    return list(modules.values())


def _read_instance(cells: Mapping[str, str]) -> Block:
    dsp = next(
        (cells[name] for name in ("DSP Blocks", "DSP48 Blocks", "DSP48s") if name in cells), "-"
    )
    resources = {
        "LUT": read_number(cells["Total LUTs"]),
        "FF": read_number(cells["FFs"]),
        "DSP": read_number(dsp),
        "BRAM18": _TILE * read_number(cells.get("RAMB36", "-"))
        + read_number(cells.get("RAMB18", "-")),
        "URAM": read_number(cells.get("URAM", "-")),
    }
    return Block(cells["Instance"], "instance", resources)


def read_export(text: str) -> Contents:
    """Return the contents of an ``export_syn.rpt``. Raises ``ValueError`` for a file that is not complete."""
    resources = {
        unit: read_number(find_match(rf"{unit}: +(\S+)", text, unit))
        for unit in ("LUT", "FF", "DSP")
    }
    resources["BRAM18"] = read_number(find_match(r"BRAM: +(\S+)", text, "BRAM"))
    resources["URAM"] = read_number(next(list_matches(r"URAM: +(\S+)", text), "-"))
    achieved = [
        read_time(period)
        for step in ("post-implementation", "post-synthesis")
        for period in list_matches(rf"CP achieved {step}: +(\S+)", text)
    ]
    design = find_match(r"Project: +(\S+)", text, "Project")
    return Contents(
        "Vivado",
        find_match(r"Implementation tool: .*?v\.(\S+)", text, "Implementation tool"),
        "export of RTL",
        design,
        find_match(r"Device target: +(\S+)", text, "Device target"),
        Clock(
            read_time(find_match(r"CP required: +(\S+)", text, "CP required")),
            achieved[0] if achieved else None,
        ),
        (Block(design, "design", resources),),
    )
