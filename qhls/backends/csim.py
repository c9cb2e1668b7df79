"""C simulation from Python: g++ compiles a design to a cached shared library, which runs on batches of codes."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from qhls.backends.cache import digest, keep_library, open_library, stamp
from qhls.backends.emit import render_sources
from qhls.backends.layout import lay_out
from qhls.backends.target import TARGETS, Target, get_target
from qhls.errors import CsimError
from qhls.ir.graph import Graph
from qhls.ir.integers import Array
from qhls.ir.interpret import check_codes
from qhls.ir.op import Op
from qhls.plan import Schedule
from qhls.system.processes import Children, begin
from qhls.system.progress import report

_CHUNK = 64
"""The number of samples per library call: few enough to react to Ctrl-C, enough to amortise the call."""


def find_include(target: Target, include: str | Path | None = None) -> Path:
    """Return the folder with the vendor's headers.

    They are searched in ``include``, then ``QHLS_<TARGET>_INCLUDE``, then a vendor installation's environment
    variables, then the ``hls4ml`` package (its headers only; it is not imported). Raises ``CsimError``.
    """
    variable = target.include_variable
    for origin, folder in (("include", include), (variable, os.environ.get(variable))):
        if folder:
            if (Path(folder) / target.header).is_file():
                return Path(folder)
            raise CsimError(
                f"{target.name} headers: expected {target.header} in {origin}={str(folder)!r}, got no "
                "such file. Correct the folder."
            )
    for root, below in target.environment:
        if (
            (place := Path(os.environ.get(root, "")) / below)
            and root in os.environ
            and (place / target.header).is_file()
        ):
            return place
    package = importlib.util.find_spec("hls4ml")
    for location in (package.submodule_search_locations or []) if package else []:
        if ((place := Path(location) / target.wheel) / target.header).is_file():
            return place
    raise CsimError(
        f"{target.name} headers: expected {target.header}, got none. Run pip install 'qhls[csim]', or set "
        f"{variable} or {target.environment[0][0]}, or pass include=."
    )


def find_compiler() -> str:
    """Return the path of the C++ compiler: ``CXX`` or g++. Raises ``CsimError``."""
    name = os.environ.get("CXX", "g++")
    path = shutil.which(name)
    if path is None:
        raise CsimError(
            f"C++ compiler: expected {name!r} on PATH, got none. Install g++ or set CXX."
        )
    return path


@dataclass(frozen=True)
class Csim:
    """The compiled C simulation of a design: ``run`` returns its outputs, ``tap`` the results of its ops.

    ``taps``: the ops whose results are recorded, in the library's order; None for a result that a tap cannot carry.
    ``has_taps``: whether the library was built with taps.
    """

    graph: Graph
    target: Target
    path: Path
    taps: tuple[Op | None, ...] = ()
    has_taps: bool = False

    @property
    def name(self) -> str:
        """Return the name of the target."""
        return self.target.name

    @cached_property
    def _library(self) -> ctypes.CDLL:
        return open_library(self.path)

    def run(self, codes: Sequence[Array]) -> list[Array]:
        """Return the outputs' codes (int64) for input codes (samples, *shape), one array per input."""
        return self._run(codes, [])

    def _run(self, codes: Sequence[Array], taps: Sequence[Array | None]) -> list[Array]:
        """Return the library's outputs for ``codes`` and fill ``taps``, in chunks, to react to Ctrl-C between them."""
        checked = check_codes(self.graph, codes)
        samples = len(next(iter(checked.values())))
        inputs = [np.ascontiguousarray(array, np.int64) for array in checked.values()]
        outputs = [_make_zeros(op, samples) for op in self.graph.outputs]
        for start in range(0, samples, _CHUNK):
            part = slice(start, start + _CHUNK)
            pointers = _list_addresses([None if tap is None else tap[part] for tap in taps])
            if taps:  # the library keeps this pointer until the chunk is done
                self._library.qhls_set_taps(pointers)
            self._library.qhls_run(
                _list_addresses([array[part] for array in inputs]),
                _list_addresses([array[part] for array in outputs]),
                ctypes.c_longlong(min(_CHUNK, samples - start)),
            )
        return outputs

    def tap(self, codes: Sequence[Array]) -> dict[Op, Array]:
        """Return the codes of every op that the C++ computes in at most 63 bits, by op in graph order.

        Raises ``CsimError`` if the library was built without taps.
        """
        if not self.has_taps:
            raise CsimError(
                "Csim.tap: expected a library built with taps=True, got one without. Build it with taps=True."
            )
        samples = len(next(iter(check_codes(self.graph, codes).values())))
        taps = [None if op is None else _make_zeros(op, samples) for op in self.taps]
        try:
            self._run(codes, taps)
        finally:
            self._library.qhls_set_taps(None)
        results = dict(zip(self.taps, taps, strict=True))
        return {op: tap for op in self.graph.ops if (tap := results.get(op)) is not None}


def _make_zeros(op: Op, samples: int) -> Array:
    return np.zeros((samples, *op.shape), np.int64)


def _list_addresses(arrays: Sequence[Array | None]) -> ctypes.Array[ctypes.c_void_p]:
    """Return a C array of the arrays' addresses, with null for None; the caller keeps the arrays alive."""
    return (ctypes.c_void_p * len(arrays))(*(None if a is None else a.ctypes.data for a in arrays))


def build(
    graph: Graph,
    schedule: Schedule,
    targets: str | Sequence[str] = tuple(TARGETS),
    *,
    include: str | Path | None = None,
    taps: bool = False,
) -> list[Csim]:
    """Compile the C simulation of a design for each target in parallel, or take it from the cache.

    Raises ``CsimError`` with the compiler's messages when it fails.
    """
    chosen = [get_target(name) for name in ([targets] if isinstance(targets, str) else targets)]
    report(f"build the C simulation of {' and '.join(target.name for target in chosen)}")
    compilers = Children()
    one = partial(_build, graph, schedule, compilers, include=include, taps=taps)
    with ThreadPoolExecutor(len(chosen) or 1) as pool:
        try:
            return list(pool.map(one, chosen))
        except BaseException:  # Ctrl-C, or one of two failed: the pool waits for the others
            compilers.stop()
            raise


def _build(
    graph: Graph,
    schedule: Schedule,
    compilers: Children,
    target: Target,
    *,
    include: str | Path | None,
    taps: bool,
) -> Csim:
    view = lay_out(graph, schedule)
    files = render_sources(view, target)
    library = keep_compiled(compilers, target, files, include=include, taps=taps)
    recorded = tuple(tap.op if tap.tapped else None for tap in view.taps)
    return Csim(graph, target, library, recorded if taps else (), taps)


def keep_compiled(
    compilers: Children,
    target: Target,
    files: dict[str, str],
    *,
    include: str | Path | None,
    taps: bool,
) -> Path:
    """Return the path of the library to which all C++ files of a design are compiled together, by relative path.

    Raises ``CsimError`` with the compiler's messages when it fails.
    """
    headers = find_include(target, include)
    units = [name for name in files if name.endswith(".cpp")]
    command = [
        find_compiler(),
        "-std=c++17",
        target.optimisation,
        "-w",
        "-shared",
        "-fPIC",
        "-fno-gnu-unique",  # else all designs of a process share one sink of taps
        f"-I{headers}",
        "-Isrc",
    ]
    command += ["-DQHLS_TAPS"] if taps else []
    texts = (text for item in sorted(files.items()) for text in item)
    name = f"{digest([*command, stamp(headers / target.header), *texts])}.so"
    return keep_library(
        name,
        partial(compile_library, compilers, files, [*command, *_order_units(units)]),
    )


def _order_units(units: Sequence[str]) -> list[str]:
    """Return the arguments that compile C++ files as one, so that headers are parsed once: those of ``src`` first."""
    *before, last = sorted(units, key=lambda name: (not name.startswith("src/"), name))
    return [*(argument for name in before for argument in ("-include", name)), last]


def compile_library(
    compilers: Children, files: dict[str, str], command: list[str], folder: Path, library: Path
) -> None:
    """Write ``files`` into ``folder`` and compile them to ``library``. Raises ``CsimError`` with the first error."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
    status, said = compilers.run([*command, "-o", str(library)], folder)
    compiler = Path(command[0]).name
    if status:
        raise CsimError(
            f"csim build: expected {compiler} to succeed, got status {status}. Its first error:\n{begin(said)}"
        )
    if not library.is_file():
        raise CsimError(
            f"csim build: expected {compiler} to write a library, got none. Set CXX to a C++ compiler."
        )


if __name__ == "__main__":  # called by a project's Makefile
    sys.stdout.write(f"{find_include(get_target(sys.argv[1]))}\n")
