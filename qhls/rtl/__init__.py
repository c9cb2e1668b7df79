"""RTL: netlists of scalar cells built from a graph, their Verilog, and its simulation with Verilator."""

from qhls.rtl.activity import count_toggles
from qhls.rtl.emit import VerilogProject, check_pipeline, emit
from qhls.rtl.simulate import Rtl, build
from qhls.rtl.streams.designs import (
    build_design,
    check_period,
    emit_design,
    find_latency,
    save_waves,
)
from qhls.rtl.wires import build_netlist

__all__ = [
    "Rtl",
    "VerilogProject",
    "build",
    "build_design",
    "build_netlist",
    "check_period",
    "check_pipeline",
    "count_toggles",
    "emit",
    "emit_design",
    "find_latency",
    "save_waves",
]
