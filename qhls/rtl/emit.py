"""Writing of SystemVerilog projects: sources, test bench, Makefile and README of a design."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from qhls.backends.emit import DATA_FOLDER, draw_stimuli
from qhls.backends.folder import MARKER, check_folder, write
from qhls.backends.names import make_printable
from qhls.backends.target import VERILOG
from qhls.backends.view import draw_graph
from qhls.errors import EmitError
from qhls.ir.graph import Graph
from qhls.ir.integers import Array
from qhls.ir.interpret import run
from qhls.plan import Schedule
from qhls.plan.schedule import LIMIT_UNITS
from qhls.rtl.netlist import Port
from qhls.rtl.verilog import Verilog
from qhls.rtl.wires import build_netlist


@dataclass(frozen=True)
class VerilogProject:
    """A Verilog project on disk; ``files``: the names of its Verilog files, the top module first."""

    path: Path
    top: str
    files: tuple[str, ...]

    @property
    def sources(self) -> list[Path]:
        """Return the paths of the Verilog files."""
        return [self.path / "rtl" / name for name in self.files]


def emit(
    graph: Graph,
    path: str | Path,
    *,
    clock_period: float | None = None,
    family: str | None = None,
    ternary: bool = False,
    stimuli: Sequence[Array] | None = None,
    overwrite: bool = False,
    warnings: Sequence[str] = (),
) -> VerilogProject:
    """Write the Verilog project of ``graph`` into the folder ``path``, as ``qhls.backends.emit.emit`` does for C++.

    ``clock_period``: nanoseconds of a pipeline's clock; None for a combinational module. ``family``: the FPGA family
    whose delays count. ``ternary``: whether adders have three operands where that saves look-up tables.

    Raises ``EmitError`` for a graph too large to have an adder per weight, one without inputs or outputs that depend
    on them, stimuli without a sample, and a folder that exists or cannot be written.
    """
    folder = Path(path).absolute()
    check_folder(folder, overwrite)
    vectors = check_stimuli(graph, stimuli)
    verilog = Verilog.of(build_netlist(graph, (), clock_period, family, ternary))
    settings = _describe(verilog) | {"notes": note(graph, warnings), "simulated": verilog.top}
    sources = {f"{verilog.top}.sv": verilog.print()}
    files = {f"tb/{verilog.top}_test.cpp": render("testbench.cpp.j2", settings)}
    files |= make_vectors(verilog.netlist.inputs, vectors, "stimuli")
    files |= make_vectors(verilog.netlist.outputs, run(graph, vectors), "expected")
    return write_project(graph, folder, sources, files, settings)


def check_stimuli(graph: Graph, stimuli: Sequence[Array] | None) -> Sequence[Array]:
    """Return checked ``stimuli``, or random ones for None. Raises ``EmitError`` for stimuli without a sample."""
    vectors = draw_stimuli(graph) if stimuli is None else stimuli
    if any(len(array) == 0 for array in vectors):
        raise EmitError(
            "stimuli: expected at least one sample, got none. Leave them out for random ones."
        )
    return vectors


def note(graph: Graph, warnings: Sequence[str]) -> list[str]:
    """Return the notes of the graph and ``warnings`` in printable characters, for a project."""
    return [make_printable(text, 1000) for text in (*graph.notes, *warnings)]


def write_project(
    graph: Graph,
    folder: Path,
    sources: Mapping[str, str],
    files: Mapping[str, str],
    settings: Mapping[str, Any],
) -> VerilogProject:
    """Write a project of the Verilog ``sources``, the top module's first, and of other ``files``."""
    top = settings["top"]
    common = {**settings, "sources": [f"rtl/{name}" for name in sources]}
    whole = {f"rtl/{name}": text for name, text in sources.items()}
    for name in ("Makefile", "synth.ys", "README.md"):
        whole[name] = render(f"{name}.j2", common)
    whole |= {**files, "graph.txt": draw_graph(graph, top, common["notes"])}
    marked = {"target": VERILOG, "top": top, "files": sorted([*whole, MARKER])}
    whole[MARKER] = json.dumps(marked) + "\n"
    write(folder, whole)
    return VerilogProject(folder, top, tuple(sources))


def make_vectors(ports: Sequence[Port], arrays: Sequence[Array], name: str) -> dict[str, str]:
    """Return the text of the data file ``name``, by its path: the codes of all ports, one line per sample."""
    return {f"{DATA_FOLDER}/{name}.hex": _print_vectors(ports, arrays)}


def check_pipeline(schedule: Schedule) -> float:
    """Check that a schedule shares no hardware and asks for no streams; return its clock period.

    Raises ``EmitError`` for a schedule that shares hardware or asks for streams.
    """
    plain = Schedule()
    shared = (
        "reuse_factor",
        "storage",
        "io",
        "interval",
        "throughput",
        *LIMIT_UNITS,
        "fit",
        "folding",
    )
    for name in shared:
        value = getattr(schedule, name)
        if value != getattr(plain, name):
            raise EmitError(
                f"verilog: expected a schedule without {name}, got {name}={value!r}. Proofs and Yosys' counts "
                "are of one pipeline that shares no hardware: leave it out."
            )
    return schedule.clock_period


def render_shim(verilog: Verilog) -> str:
    """Return the C++ code through which Python simulates the design on batches."""
    return render("shim.cpp.j2", _describe(verilog))


def render(template: str, settings: dict[str, Any]) -> str:
    """Return the text of ``template`` with ``settings``."""
    return _make_environment().get_template(template).render(settings)


@cache
def _make_environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("qhls.rtl", "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # C++ and Markdown, not HTML; every name passes through names.py
    )


def _describe(verilog: Verilog) -> dict[str, Any]:
    net = verilog.netlist
    return {
        "top": verilog.top,
        "clock": verilog.clock if verilog.clocked else "",
        "latency": net.latency,
        "levels": net.levels,
        "data_folder": DATA_FOLDER,
        "inputs": list(_list_elements(verilog.inputs, net.inputs)),
        "outputs": list(_list_elements(verilog.outputs, net.outputs)),
        "ports": [
            *_list_rows(verilog.inputs, net.inputs),
            *_list_rows(verilog.outputs, net.outputs),
        ],
    }


def _list_elements(names: list[list[str]], ports: Sequence[Port]) -> Iterator[tuple[str, int]]:
    """Yield the name and the width of every element."""
    for elements, port in zip(names, ports, strict=True):
        yield from ((name, port.type.width) for name in elements)


def _list_rows(names: list[list[str]], ports: Sequence[Port]) -> Iterator[tuple[str, str, str]]:
    """Yield for every port, as text, the names of its first and last element, its shape, and its type."""
    for elements, port in zip(names, ports, strict=True):
        ends = elements[0] if len(elements) == 1 else f"{elements[0]}` to `{elements[-1]}"
        yield ends, " x ".join(map(str, port.shape)) or "1", str(port.type)


def _print_vectors(ports: Sequence[Port], arrays: Sequence[Array]) -> str:
    """Return one line per sample, with the bit pattern of each code in hexadecimal."""
    columns: list[Any] = []
    for port, array in zip(ports, arrays, strict=True):
        mask, digits = (1 << port.type.width) - 1, -(-port.type.width // 4)
        rows = np.asarray(array).reshape(len(array), -1).tolist()
        columns.append([" ".join(f"{code & mask:0{digits}x}" for code in row) for row in rows])
    return "".join(" ".join(parts) + "\n" for parts in zip(*columns, strict=True))
