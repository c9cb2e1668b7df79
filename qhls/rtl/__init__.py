"""RTL: netlists of scalar cells made from a graph, their Verilog, and its simulation with Verilator."""

from qhls.rtl.activity import count_toggles
from qhls.rtl.emit import VerilogProject, clock_of, emit
from qhls.rtl.simulate import Rtl, build
from qhls.rtl.wires import netlist_of

__all__ = ["Rtl", "VerilogProject", "build", "clock_of", "count_toggles", "emit", "netlist_of"]
