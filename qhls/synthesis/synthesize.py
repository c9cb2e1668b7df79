"""``synthesize``: a design's Verilog mapped to an FPGA family by Yosys, beside our own estimate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from qhls.backends.cache import digest, read_kept
from qhls.errors import EmitError
from qhls.ir.graph import Graph
from qhls.synthesis.families import Family, find_family
from qhls.synthesis.netlists import count_cells, find_longest_path
from qhls.synthesis.report import SynthesisReport
from qhls.synthesis.source import VerilogSource
from qhls.synthesis.yosys import find_yosys, run_yosys
from qhls.system.progress import report

FLOWS = ("yosys",)
"""The tools that ``synthesize`` runs."""
NETLIST = "netlist.json"


def synthesize(
    graph: Graph, source: VerilogSource, family: str, flow: str = "yosys"
) -> SynthesisReport:
    """Map the Verilog of ``graph`` to ``family`` and return its resources as a report; results are cached.

    Raises ``EmitError`` for a family or a flow that does not exist, ``MissingError`` without pyosys, and ``RtlError``
    if Yosys fails.
    """
    chosen = find_family(family)
    if flow not in FLOWS:
        raise EmitError(
            f"flow: expected one of {', '.join(FLOWS)}, got {flow!r}. Choose one of these."
        )
    measured = _measure(graph, source, chosen)
    estimate = source.estimate_area(chosen)
    return SynthesisReport(
        graph.name,
        family,
        f"Yosys {find_yosys()}",
        chosen.count(measured["cells"]),
        estimate.resources,
        estimate.errors,
        tuple((layer, cells) for layer, cells in measured["path"]),
        source.levels,
        source.latency,
        measured["cells"],
    )


def map_verilog(text: str, top: str, family: Family, folder: Path) -> None:
    """Map Verilog to a family and write ``netlist.json`` into ``folder``, which nextpnr reads too."""
    (folder / "design.sv").write_text(text, encoding="ascii")
    # ABC's verification of its result takes longer than mapping a large design and does not change the result.
    commands = ["scratchpad -set abc9.verify 0", "read_verilog -sv design.sv"]
    commands += [f"{family.command} -top {top}", f"write_json {NETLIST}"]
    run_yosys(commands, folder, lambda name: report(f"synthesize for {family.name}: {name}"))


def _measure(graph: Graph, source: VerilogSource, family: Family) -> dict[str, Any]:
    """Return the numbers of cells and the longest path, from the cache where the same Verilog was mapped before."""
    layers = {op.name: op.layer or op.name for op, _ in graph.walk()}

    def find_layer(wire: str) -> str | None:
        op = source.find_op(wire)
        return None if op is None else layers.get(op, op)

    def make(folder: Path, built: Path) -> None:
        map_verilog(source.text, source.top, family, folder)
        netlist = json.loads((folder / NETLIST).read_text(encoding="utf-8"))
        module = netlist["modules"][source.top]
        path = find_longest_path(module, find_layer)
        figures = {"cells": count_cells(module), "path": path}
        built.write_text(json.dumps(figures), encoding="utf-8")

    named = sorted(set(layers.values()))
    name = digest(["synthesis", find_yosys(), family.command, source.text, *named])
    return json.loads(read_kept(f"{name}.json", make))
