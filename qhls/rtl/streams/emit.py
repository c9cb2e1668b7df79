"""Writing of SystemVerilog projects for designs of streams."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qhls.backends.emit import DATA_FOLDER
from qhls.backends.folder import check_folder
from qhls.ir.graph import Graph
from qhls.ir.integers import Array
from qhls.ir.interpret import run
from qhls.ir.op import Op
from qhls.plan import Schedule
from qhls.plan.streams.network import Fifo
from qhls.rtl.emit import (
    VerilogProject,
    check_stimuli,
    make_vectors,
    note,
    render,
    write_project,
)
from qhls.rtl.netlist import Port
from qhls.rtl.streams.design import StreamVerilog

WORD = 64
"""Width in bits of the words in which simulations exchange tokens."""


def emit_streams(
    graph: Graph,
    schedule: Schedule,
    path: str | Path,
    *,
    stimuli: Sequence[Array] | None = None,
    overwrite: bool = False,
    warnings: Sequence[str] = (),
) -> VerilogProject:
    """Write the Verilog project of ``graph`` as streams into the folder ``path``. Raises ``EmitError``."""
    folder = Path(path).absolute()
    check_folder(folder, overwrite)
    vectors = check_stimuli(graph, stimuli)
    verilog = StreamVerilog.of(graph, schedule)
    plan = verilog.plan
    settings: dict[str, Any] = {
        "top": verilog.top,
        "simulated": verilog.axis,
        "axis": verilog.axis,
        "notes": note(graph, warnings),
        "data_folder": DATA_FOLDER,
        "clock": "clk",
        "latency": plan.latency,
        "interval": plan.interval,
        "patience": verilog.patience,
        "drive": describe_ports(verilog, axis=True),
        "ports": [_describe(verilog, fifo) for fifo in (*plan.inputs, *plan.outputs)],
    }
    files = {f"tb/{verilog.top}_test.cpp": render("stream_drivers/testbench.cpp.j2", settings)}
    files |= make_vectors([_make_port(op) for op in plan.graph.inputs], vectors, "stimuli")
    files |= make_vectors(
        [_make_port(op) for op in plan.graph.outputs], run(graph, vectors), "expected"
    )
    return write_project(graph, folder, verilog.files, files, settings)


def describe_ports(verilog: StreamVerilog, *, axis: bool = False) -> dict[str, Any]:
    """Return the ports of the top module, or of the AXI-Stream module, as settings for the C++ driver's template."""

    def describe_port(fifo: Fifo) -> dict[str, Any]:
        sizes = {"width": fifo.tensor.type.width, "lanes": fifo.lanes, "tokens": fifo.tokens}
        sizes |= {"words": -(-fifo.bits // WORD)}
        signals = verilog.signals[fifo.name] | {"last": ""}
        if axis:
            roles = verilog.axis_signals[fifo.name]
            signals = {role[1:]: name for role, name in roles.items()}
        return {**sizes, **signals, "name": verilog.signals[fifo.name]["data"]}

    plan = verilog.plan
    return {
        "clock": "aclk" if axis else "clk",
        "reset": "aresetn" if axis else "reset",
        "asserted": 0 if axis else 1,
        "inputs": [describe_port(fifo) for fifo in plan.inputs],
        "outputs": [describe_port(fifo) for fifo in plan.outputs],
    }


def _make_port(op: Op) -> Port:
    return Port(op.name, op.type, op.shape, tuple(range(op.size)))


def _describe(verilog: StreamVerilog, fifo: Fifo) -> tuple[str, str, str]:
    """Return the name of a port, a description of its tokens, and its type."""
    shape = " x ".join(map(str, fifo.tensor.shape)) or "1"
    tokens = f"{shape}: {fifo.tokens:,} tokens of {fifo.lanes:,} elements"
    return verilog.signals[fifo.name]["data"], tokens, str(fifo.tensor.type)
