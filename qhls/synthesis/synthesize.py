"""``synthesize``: a design's Verilog mapped to an FPGA family by Yosys, beside our own estimate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from qhls.backends.cache import digest, read_kept
from qhls.errors import EmitError
from qhls.ir.graph import Graph
from qhls.rtl.verilog import Verilog
from qhls.synthesis.families import Family, find_family
from qhls.synthesis.model import estimate_fabric
from qhls.synthesis.netlists import count_cells, find_longest_path
from qhls.synthesis.report import SynthesisReport
from qhls.synthesis.yosys import find_yosys, run_yosys
from qhls.system.progress import report

FLOWS = ("yosys",)
"""The tools that ``synthesize`` runs."""
NETLIST = "netlist.json"


def synthesize(graph: Graph, verilog: Verilog, family: str, flow: str = "yosys") -> SynthesisReport:
    """Map the Verilog of ``graph`` to ``family`` and count its cells; the same Verilog is mapped once.

    Raises ``EmitError`` for a family or a flow that does not exist, ``MissingError`` without pyosys, and ``RtlError``
    where Yosys fails.
    """
    chosen = find_family(family)
    if flow not in FLOWS:
        raise EmitError(
            f"flow: expected one of {', '.join(FLOWS)}, got {flow!r}. Choose one of these."
        )
    found = _measure(graph, verilog, chosen)
    estimate = estimate_fabric(verilog.netlist, chosen)
    return SynthesisReport(
        graph.name,
        family,
        f"Yosys {find_yosys()}",
        chosen.count(found["cells"]),
        estimate.resources,
        estimate.errors,
        tuple((layer, cells) for layer, cells in found["path"]),
        verilog.netlist.levels,
        verilog.netlist.latency,
        found["cells"],
    )


def map_verilog(text: str, top: str, family: Family, folder: Path) -> None:
    """Map Verilog to a family and write ``netlist.json`` into ``folder``, which nextpnr reads too."""
    (folder / "design.sv").write_text(text, encoding="ascii")
    # ABC compares its result with its input, for longer than it maps a large design, and changes nothing by it.
    commands = ["scratchpad -set abc9.verify 0", "read_verilog -sv design.sv"]
    commands += [f"{family.command} -top {top}", f"write_json {NETLIST}"]
    run_yosys(commands, folder, lambda name: report(f"synthesize for {family.name}: {name}"))


def _measure(graph: Graph, verilog: Verilog, family: Family) -> dict[str, Any]:
    """Return the numbers of cells and the longest path, from the cache where the same Verilog was mapped before."""
    text = verilog.print()
    owners = _find_owners(graph, verilog)

    def make(folder: Path, built: Path) -> None:
        map_verilog(text, verilog.top, family, folder)
        netlist = json.loads((folder / NETLIST).read_text(encoding="utf-8"))
        module = netlist["modules"][verilog.top]
        path = find_longest_path(module, owners)
        found = {"cells": count_cells(module), "path": path}
        built.write_text(json.dumps(found), encoding="utf-8")

    name = digest(["synthesis", find_yosys(), family.command, text, *sorted(owners.values())])
    return json.loads(read_kept(f"{name}.json", make))


def _find_owners(graph: Graph, verilog: Verilog) -> dict[str, str]:
    """Return the Keras layer of each wire of the Verilog; the op where it has none."""
    layers = {op.name: op.layer or op.name for op, _ in graph.walk()}
    wires = verilog.wires
    labels = verilog.netlist.labels
    return {wire: layers.get(labels[cell][0], labels[cell][0]) for cell, wire in wires.items()}
