"""Area model of designs with streams, which adds up the resources of processes, of their control logic and of FIFOs."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from qhls.rtl.streams.design import StreamVerilog
from qhls.rtl.streams.modules import Module
from qhls.synthesis.families import COLUMNS, FF, LUT, Family
from qhls.synthesis.model import FabricEstimate, load_fabric, price_parts, read_table
from qhls.synthesis.parts import PARTS, count_parts
from qhls.synthesis.streams.fifos import FifoTable, count_fifo
from qhls.synthesis.streams.memories import map_memory
from qhls.synthesis.streams.shells import Shell, describe_shell


@dataclass(frozen=True, slots=True)
class StreamTable:
    """Fitted figures of a family for designs with streams.

    ``counter``: look-up tables per bit of a counter, including the logic that depends on it. ``errors``: the largest
    relative errors on designs that were not used for fitting, by resource.
    """

    counter: float
    fifos: FifoTable
    errors: Mapping[str, float]


def estimate_streams(
    verilog: StreamVerilog, family: Family, table: StreamTable | None = None
) -> FabricEstimate:
    """Estimate the resources of a design with streams on a family.

    ``table`` is by default the fitted table of the family.
    """
    table = table or load_streams(family.name)
    total: Tally[str] = Tally()
    for module in verilog.modules:
        total.update(estimate_module(module, family, table.counter))
        for fifo in module.writes:
            depth = verilog.find_depth(module.process, fifo)
            total.update(count_fifo(family.name, table.fifos, fifo.bits, depth))
    for part in verilog.parts:
        total.update(estimate_streams(part, family, table).resources)
    totals = {column: float(total[column]) for column in COLUMNS}
    errors = {column: table.errors.get(column, 0.0) * totals[column] for column in COLUMNS}
    return FabricEstimate(totals, errors)


def estimate_module(module: Module, family: Family, counter: float) -> dict[str, float]:
    """Return the resources of a module: of the netlists that compute its ops, and of logic and memories around them."""
    resources = estimate_shell(describe_shell(module, family), family, counter)
    for netlist in module.body.netlists if module.body else ():
        body = price_parts(count_parts(netlist, family), load_fabric(family.name))
        resources = {column: resources[column] + body.resources[column] for column in COLUMNS}
    return resources


def estimate_shell(shell: Shell, family: Family, counter: float) -> dict[str, float]:
    """Return the resources of ``shell``, which lists the logic and memories around the netlist that computes an op."""
    parts = dict.fromkeys((*PARTS, "register", "carry", "dsp", "counter"), 0.0) | shell.parts
    resources = dict(price_parts(parts, load_fabric(family.name)).resources)
    resources[LUT] += counter * parts["counter"]
    for width, words, access in shell.memories:
        memory = map_memory(family.name, width, words, access)
        if memory.ram:
            resources[memory.kind] += memory.cells
        elif access == "ram":
            resources[FF] += width * words
    return resources


@cache
def load_streams(family: str) -> StreamTable:
    """Load the fitted table of a family for streams. Raises ``EnergyError`` for a file that is not JSON."""
    return read_streams(read_table(family)["streams"])


def read_streams(content: Mapping[str, Any]) -> StreamTable:
    """Convert the streams entry of a family's JSON file to a table."""
    logic = {
        kind: {int(depth): (row[0], row[1], row[2]) for depth, row in rows.items()}
        for kind, rows in content["fifos"].items()
    }
    errors = {name: float(each["worst"]) for name, each in content["errors"].items()}
    return StreamTable(float(content["counter"]), FifoTable(logic), errors)
