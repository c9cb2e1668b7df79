"""Pipelining of netlists: registers between stages that each fit into one clock period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qhls.plan.hardware.depth import LOGIC_LEVEL_NS
from qhls.rtl.netlist import Cell, Kind, Netlist, count_cell_levels
from qhls.rtl.timing.delays import find_delays
from qhls.rtl.timing.retiming import retime

LOGIC_LEVELS: dict[Kind, float] = {
    **dict.fromkeys(Kind, 1.0),
    **dict.fromkeys((Kind.INPUT, Kind.CONST, Kind.SHIFT, Kind.WRAP, Kind.APPEND), 0.0),
    **dict.fromkeys((Kind.AND, Kind.OR, Kind.ANY), 0.5),
    Kind.TERNARY: float(count_cell_levels(Kind.TERNARY)),
    Kind.MUL: 3.0,
}
"""Logic levels of each kind of cell, for families without a table of delays.

One level takes ``LOGIC_LEVEL_NS``, which a published design confirms on UltraScale+.
"""

_MOST_CELLS = 50_000
"""Maximum number of cells of a netlist that is retimed, at about 0.2 ms per cell."""


def pipeline(netlist: Netlist, clock_period: float, family: str | None = None) -> Netlist:
    """Return the netlist with registers, so that it takes an input every ``clock_period`` nanoseconds.

    ``family``: the FPGA family whose delays count. Its table's margin is left as room in every stage.

    Every path from an input to an output has the same number of registers, ``latency``. A cell that is slower than the
    period has a stage for itself. Of the earliest and the latest stages, those with fewer register bits are taken, and
    cells move between stages as long as that saves bits.
    """
    delays, room = list_delays(netlist, clock_period, family)
    stages = find_simple(netlist, delays, room)
    pipelines = [insert_registers(netlist, each) for each in stages]
    best = min(range(len(pipelines)), key=lambda number: register_bits(pipelines[number]))
    if not pipelines[best].latency or len(netlist.cells) > _MOST_CELLS:
        return pipelines[best]
    free = [is_free(netlist, cell) for cell in netlist.cells]
    return insert_registers(netlist, retime(netlist, stages[best], free, delays, room))


def find_simple(netlist: Netlist, delays: Sequence[float], room: float) -> list[list[int]]:
    """Return the earliest possible stage of each cell, and the latest ones if these need no more stages."""
    early = _find_earliest(netlist, delays, room)
    late = _find_latest(netlist, delays, room, max(early, default=0))
    return [early] if late is None else [early, late]


def register_bits(netlist: Netlist) -> int:
    """Return the number of bits of all registers."""
    return sum(cell.type.width for cell in netlist.cells if cell.kind is Kind.REG)


def find_slowest_cell(netlist: Netlist, family: str) -> float:
    """Return the shortest clock period in nanoseconds that the slowest cell allows; 0 for a family without delays."""
    table = find_delays(family)
    if table is None:
        return 0.0
    slowest = max((table.time_cell(netlist, cell) for cell in netlist.cells), default=0.0)
    return (slowest + table.start) * (1 + table.margin)


def list_delays(
    netlist: Netlist, clock_period: float, family: str | None
) -> tuple[list[float], float]:
    """Return the delay of each cell, and the delay allowed between two registers, in nanoseconds."""
    table = find_delays(family)
    if table is None:
        return [LOGIC_LEVELS[cell.kind] * LOGIC_LEVEL_NS for cell in netlist.cells], clock_period
    times = [table.time_cell(netlist, cell) for cell in netlist.cells]
    return times, table.find_room(clock_period)


def _find_earliest(netlist: Netlist, delays: Sequence[float], room: float) -> list[int]:
    """Return the earliest possible stage of each cell."""
    ends: list[tuple[int, float]] = []
    for cell, delay in zip(netlist.cells, delays, strict=True):
        stage, time = max((ends[arg] for arg in cell.args), default=(0, 0.0))
        ends.append(_place_after(delay, stage, time, room))
    return [stage for stage, _ in ends]


def _place_after(delay: float, stage: int, time: float, room: float) -> tuple[int, float]:
    """Return the stage of a cell and its end time in that stage, given those of the cell before it.

    The search for the latest stages runs from the outputs, where the cell before is the reader.
    """
    if delay and time + delay > room and time > 0:
        return stage + 1, delay
    return stage, time + delay


def _find_latest(
    netlist: Netlist, delays: Sequence[float], room: float, last: int
) -> list[int] | None:
    """Return the latest possible stage of each cell, ``last`` being the last one; None if more stages are needed."""
    ends = [(0, 0.0)] * len(netlist.cells)
    for index in range(len(ends) - 1, -1, -1):
        ends[index] = _place_after(delays[index], *ends[index], room)
        for arg in netlist.cells[index].args:
            ends[arg] = max(ends[arg], ends[index])
    if max((stage for stage, _ in ends), default=0) > last:
        return None
    inputs = {cell for port in netlist.inputs for cell in port.cells}
    return [0 if index in inputs else last - stage for index, (stage, _) in enumerate(ends)]


def insert_registers(netlist: Netlist, stages: Sequence[int]) -> Netlist:
    """Return the netlist with its cells in ``stages``, and registers between them."""
    maker = _Registers(netlist, stages)
    for index in range(len(netlist.cells)):
        maker.find(index, stages[index])
    latency = max((stages[cell] for port in netlist.outputs for cell in port.cells), default=0)
    inputs, outputs = (
        tuple(
            replace(port, cells=tuple(maker.find(cell, stage) for cell in port.cells))
            for port in ports
        )
        for ports, stage in ((netlist.inputs, 0), (netlist.outputs, latency))
    )
    changes = {"cells": tuple(maker.cells), "labels": maker.labels, "latency": latency}
    return replace(netlist, inputs=inputs, outputs=outputs, **changes).prune()


class _Registers:
    """The cells of a netlist in their stages, with the registers between them."""

    def __init__(self, netlist: Netlist, stages: Sequence[int]) -> None:
        self.netlist = netlist
        self.stages = stages
        self.cells: list[Cell] = []
        self.labels: dict[int, tuple[str, str]] = {}
        self._places: dict[tuple[int, int], int] = {}

    def find(self, index: int, stage: int) -> int:
        """Return the new cell that holds the value of the old cell ``index`` in ``stage``."""
        place = self._places.get((index, stage))
        if place is None:
            place = self._places[index, stage] = self._make(index, stage)
        return place

    def _make(self, index: int, stage: int) -> int:
        cell = self.netlist.cells[index]
        name, suffix = self.netlist.labels.get(index, ("", ""))
        if cell.kind is Kind.CONST:
            args, kind = (), cell.kind
        elif stage == self.stages[index] or is_free(self.netlist, cell):
            args, kind = tuple(self.find(arg, stage) for arg in cell.args), cell.kind
        else:
            args, kind = (self.find(index, stage - 1),), Kind.REG
        setting = 0 if kind is Kind.REG else cell.setting
        self.cells.append(Cell(kind, args, cell.lo, cell.hi, setting))
        late = stage - self.stages[index]
        self.labels[len(self.cells) - 1] = (name, f"{suffix}_d{late}" if late > 0 else suffix)
        return len(self.cells) - 1


def is_free(netlist: Netlist, cell: Cell) -> bool:
    """Return whether ``cell`` is a shift or wrap whose operand takes no more register bits than its result."""
    if cell.kind not in (Kind.SHIFT, Kind.WRAP):
        return False
    return cell.type.width >= netlist.cells[cell.args[0]].type.width
