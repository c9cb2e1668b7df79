"""Verilog port connections of the netlists in a module."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from qhls.rtl.netlist import Port
from qhls.rtl.verilog import Verilog


def connect_ports(verilog: Verilog, sources: Iterable[str], result: str) -> Iterator[str]:
    """Yield the port connections of an instance of ``verilog``, whose outputs are parts of the vector ``result``."""
    if verilog.clocked:
        yield f".{verilog.clock}(clk)"
    targets = print_parts(result, verilog.netlist.outputs)
    for ports, ends in ((verilog.inputs, sources), (verilog.outputs, targets)):
        names = (name for port in ports for name in port)
        yield from (f".{name}({end})" for name, end in zip(names, ends, strict=True))


def print_parts(vector: str, ports: Iterable[Port]) -> Iterator[str]:
    """Yield the Verilog part-select of each element of ``ports``, which lie in ``vector`` one after another."""
    start = 0
    for port in ports:
        width = port.type.width
        for _ in port.cells:
            yield f"{vector}[{start + width - 1}:{start}]"
            start += width
