"""Readers of the text reports of Vivado HLS and Vitis HLS: of one module, of a design, of a co-simulation.

* ``<module>_csynth.rpt``: timing, cycles and resources of a module, its instances and loops.
* ``csynth.rpt``: the synthesis summary of Vitis HLS, one row per module and loop.
* ``<top>_cosim.rpt``: the cycles that a simulation of the generated hardware took.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from qhls.energy.tool_reports.contents import (
    UNIT_NAMES,
    Block,
    Clock,
    Contents,
    Cycles,
    add_up,
    check_total,
)
from qhls.energy.tool_reports.tables import (
    TextTable,
    find_match,
    find_titled_table,
    list_matches,
    list_tables,
    read_cells,
    read_cycles,
    read_number,
    read_time,
)
from qhls.plan.hardware.parts import UNITS

_TIMES, _RESOURCES = "Performance Estimates", "Utilization Estimates"
_SHARES = ("Total", "Available", "Utilization", "Available SLR", "Utilization SLR")


def read_module(text: str) -> Contents:
    """Return the contents of a ``<module>_csynth.rpt``. Raises ``ValueError`` for a file that is not complete."""
    tables = list_tables(text)
    if not any(table.section == "Interface" for table in tables):
        raise ValueError("no section Interface")
    timing = find_titled_table(tables, _TIMES, "* Summary:")
    periods = next((t for t in tables if t.section == _TIMES and t.heading[0] == "Clock"), timing)
    if periods is None or periods.heading[:3] != ("Clock", "Target", "Estimated"):
        raise ValueError("no table of clocks")
    return Contents(
        find_match(r"== (\S+ HLS) Report for '", text, "title"),
        find_match(r"\* Version: +(\S+)", text, "version"),
        "C synthesis of a module",
        find_match(r"== \S+ HLS Report for '(.+)'", text, "module"),
        find_match(r"\* Target device: +(\S+)", text, "target device"),
        _read_clock(periods),
        _read_blocks(tables),
        _read_summary(tables, find_match(r"== \S+ HLS Report for '(.+)'", text, "module")),
        (*_read_instances(tables), *_read_loops(tables)),
    )


def _read_clock(table: TextTable) -> Clock:
    if not table.rows:
        raise ValueError("no clock")
    cells = read_cells(table.heading, table.rows[0])
    return Clock(
        read_time(cells["Target"]), read_time(cells["Estimated"]), read_time(cells["Uncertainty"])
    )


def _read_summary(tables: list[TextTable], name: str) -> Cycles:
    for table in tables:
        if table.section == _TIMES and table.heading[:2] == ("min", "max") and table.rows:
            low, high, _, _, least, most, pipeline = (cell.strip() for cell in table.rows[0])
            latency = read_cycles(low), read_cycles(high)
            return Cycles(name, pipeline, latency, (read_cycles(least), read_cycles(most)))
    raise ValueError("no table of latencies")


def _read_instances(tables: list[TextTable]) -> list[Cycles]:
    table = find_titled_table(tables, _TIMES, "* Instance:")
    instances: list[Cycles] = []
    for row in table.rows if table else ():
        name, _, low, high, _, _, least, most, pipeline = (cell.strip() for cell in row)
        latency = read_cycles(low), read_cycles(high)
        instances.append(Cycles(name, pipeline, latency, (read_cycles(least), read_cycles(most))))
    return instances


def _read_loops(tables: list[TextTable]) -> list[Cycles]:
    table = find_titled_table(tables, _TIMES, "* Loop:")
    loops: list[Cycles] = []
    for row in table.rows if table else ():
        name, low, high, iteration, achieved, _, count, _ = (cell.strip() for cell in row)
        interval, trips = read_cycles(achieved) or read_cycles(iteration), read_cycles(count)
        latency = read_cycles(low), read_cycles(high)
        if trips is not None:
            loops.append(Cycles(name.lstrip("-+ "), "loop", latency, (interval, interval), trips))
    return loops


def _read_blocks(tables: list[TextTable]) -> tuple[Block, ...]:
    """Return one block per row of the resource summary, except that listed instances replace the row of their sum."""
    table = find_titled_table(tables, _RESOURCES, "* Summary:")
    if table is None:
        raise ValueError("no table of resources")
    rows = [row for row in table.rows if re.sub(r" *\(%\)$", "", row[0].strip()) not in _SHARES]
    blocks = [_read_block(table.heading, row, "part") for row in rows]
    check_total(blocks, _read_block(table.heading, table.find_row("Total"), "").resources)
    instances = _read_instance_blocks(tables)
    for index, block in enumerate(blocks):
        # Some tables of details omit what their summary contains; then the summary counts.
        if block.name == "Instance" and add_up(instances) == block.resources:
            blocks[index : index + 1] = instances
            break
    return tuple(blocks)


def _read_instance_blocks(tables: list[TextTable]) -> list[Block]:
    table = find_titled_table(tables, _RESOURCES, "* Instance:")
    if table is None:
        return []
    rows = [row for row in table.rows if row[0].strip() != "Total"]
    return [_read_block(table.heading, row, "instance") for row in rows]


def _read_block(heading: Sequence[str], row: Sequence[str], kind: str) -> Block:
    resources = dict.fromkeys(UNITS, 0.0)
    for name, cell in zip(heading, row, strict=True):
        if name in UNIT_NAMES:
            resources[UNIT_NAMES[name]] += read_number(cell)
    return Block(row[0].strip(), kind, resources)


def read_synthesis_summary(text: str) -> Contents:
    """Return the contents of a ``csynth.rpt``. Raises ``ValueError`` for a file that is not complete."""
    tables = list_tables(text)
    table = next((t for t in tables if t.heading[0] == "& Loops"), None)
    if table is None or not table.rows:
        raise ValueError("no table of modules and loops")
    top, *others = [_read_module_row(table.heading, row) for row in table.rows]
    resources = _read_block(table.heading, table.rows[0], "design")
    return Contents(
        "Vitis HLS",
        find_match(r"\* Version: +(\S+)", text, "version"),
        "C synthesis, summary",
        find_match(r"== Synthesis Summary Report of '(.+)'", text, "design"),
        find_match(r"\* Target device: +(\S+)", text, "target device"),
        blocks=(Block(top.name, "design", resources.resources),),
        cycles=top,
        calls=tuple(others),
        notes=("the report states no clock period",),
    )


def _read_module_row(heading: tuple[str, ...], row: tuple[str, ...]) -> Cycles:
    cells = read_cells(heading, row)
    sign, name = re.sub(r"^[ +o]*", "", cells["& Loops"]), cells["& Loops"]
    latency, interval = read_cycles(cells["(cycles)"]), read_cycles(cells["Interval"])
    is_loop = name.startswith("o ")
    trips = (read_cycles(cells["Count"]) or 1) if is_loop else 1
    if is_loop and interval is None:
        interval = read_cycles(cells["Latency"])
    kind = "loop" if is_loop else cells["Pipelined"]
    return Cycles(sign.rstrip("*"), kind, (latency, latency), (interval, interval), trips)


def read_cosim(text: str, design: str) -> Contents:
    """Return the contents of a ``<top>_cosim.rpt``. Raises ``ValueError`` for a file that is not complete."""
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in text.splitlines()
        if re.match(r"\s*\|\s*(Verilog|VHDL)\s*\|", line)
    ]
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or not re.fullmatch(r"\+[-+]+\+", lines[-1].strip()):
        raise ValueError("a table without its last line")
    ran = [row for row in rows if row[1] not in ("NA", "")]
    if not ran or len(ran[0]) < 8:
        raise ValueError("no simulation of Verilog or VHDL")
    language, status, *cells = ran[0]
    low, average, high, least, mean, most = map(read_cycles, cells[:6])
    latency, interval = (low, high), (least, most)
    notes = [f"simulation of {language}: {status}", "the report states no clock period"]
    if average is not None:
        notes.append(f"latency on average: {average} cycles")
    if mean is not None:
        notes.append(f"interval on average: {mean} cycles")
    if most is None and high is not None:
        notes.append("one input was simulated, so the report states no interval")
    version = next(list_matches(r"\* Version: +(\S+)", text), "")
    cycles = Cycles(design, f"simulation of {language}", latency, interval)
    return Contents(
        "HLS", version, "C/RTL co-simulation", design, cycles=cycles, notes=tuple(notes)
    )


def list_expressions(text: str) -> Iterator[tuple[str, str, tuple[int, int], float]]:
    """Yield (variable, operation, widths of both operands, LUT) of each expression in a ``<module>_csynth.rpt``."""
    table = find_titled_table(list_tables(text), _RESOURCES, "* Expression:")
    for row in table.rows if table else ():
        name, operation, _, _, lut, first, second = (cell.strip() for cell in row)
        if name != "Total":
            bits = int(read_number(first)), int(read_number(second))
            yield name, operation, bits, read_number(lut)


def list_fifos(text: str) -> tuple[list[float], float]:
    """Return the width of each FIFO in a ``<module>_csynth.rpt`` in bits, and the LUTs of all FIFOs together."""
    tables = list_tables(text)
    table = find_titled_table(tables, _RESOURCES, "* FIFO:")
    if table is None:
        return [], 0.0
    column = table.heading.index("Bits")
    bits = [read_number(row[column]) for row in table.rows if row[0].strip() != "Total"]
    summary = find_titled_table(tables, _RESOURCES, "* Summary:")
    if summary is None:
        return [], 0.0
    return bits, _read_block(summary.heading, summary.find_row("FIFO"), "").resources["LUT"]
