"""Projects: folders with the C++, the test bench and the build scripts of a design for one HLS tool."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jinja2
import numpy as np

from qhls.backends.folder import MARKER, check_folder, write
from qhls.backends.layout import lay_out
from qhls.backends.target import Target, get_target
from qhls.backends.view import CDesign
from qhls.backends.views.call import CCall
from qhls.errors import EmitError
from qhls.ir.graph import Graph
from qhls.ir.integers import Array
from qhls.ir.interpret import draw_codes, tap
from qhls.ir.ops import Input
from qhls.plan import Schedule

DATA_FOLDER = "tb_data"
STIMULI_BUDGET = 200_000
"""The approximate number of expected codes, over all layers, for which the default stimuli are chosen."""


@dataclass(frozen=True)
class Project:
    """A project on disk: its folder, its target and the name of its top function."""

    path: Path
    target: Target
    top: str

    @property
    def sources(self) -> list[Path]:
        """Return the paths of the C++ files that C simulation from Python compiles."""
        return [self.path / "src" / f"{self.top}.cpp", self.path / "csim" / "bridge.cpp"]


def generate_sources(graph: Graph, schedule: Schedule, target: Target) -> dict[str, str]:
    """Return the texts of all C++ files that csim needs for a design, by relative path."""
    return render_sources(lay_out(graph, schedule), target)


def generate_design(graph: Graph, schedule: Schedule, target: Target) -> str:
    """Return the C++ source of all functions of a design, without its constants and types."""
    return _render_design(lay_out(graph, schedule), target)


def _render_design(view: CDesign, target: Target) -> str:
    return indent(_render(f"{view.plan.schedule.io}/top.cpp.j2", view, target))


def render_sources(view: CDesign, target: Target) -> dict[str, str]:
    """Return the texts of all C++ files that csim needs for a design's view, by relative path."""
    files = {
        "src/qhls.h": "qhls.h.j2",
        "src/types.h": "types.h.j2",
        "src/weights.h": "weights.h.j2",
        "src/top.h": "top.h.j2",  # not named after the model: string.h would hide the C library's
        "csim/bridge.cpp": "bridge.cpp.j2",
    }
    rendered = {path: _render(template, view, target) for path, template in files.items()}
    return rendered | {f"src/{view.top}.cpp": _render_design(view, target)}


def render_calls(view: CDesign, target: Target, calls: Sequence[CCall]) -> dict[str, str]:
    """Return the texts of the C++ files that call single functions of a design, by relative path."""
    called = _render("calls.cpp.j2", view, target, calls=calls)
    return render_sources(view, target) | {"csim/calls.cpp": called}


def render_bounded(view: CDesign, target: Target) -> dict[str, str]:
    """Return the texts of the C++ files that simulate a stream design with FIFOs of limited depth, by relative path."""
    header = Path(__file__).parent / "hls_templates/stream/fifo.h"
    files = render_sources(view, target)
    del files["csim/bridge.cpp"]
    fifo = header.read_text(encoding="ascii")
    files |= {f"csim/{name}": fifo for name in ("hls_stream.h", "ac_channel.h")}
    return files | {"csim/bounded.cpp": _render("stream/bounded.cpp.j2", view, target)}


def emit(
    graph: Graph,
    schedule: Schedule,
    target: str,
    path: str | Path,
    *,
    stimuli: Sequence[Array] | None = None,
    overwrite: bool = False,
    warnings: Sequence[str] = (),
) -> Project:
    """Write the project for ``target`` ("vitis" or "catapult") into the folder ``path``.

    ``stimuli``: integer codes (samples, *shape), one array per input, for the test bench; by default
    random codes from a fixed seed. ``warnings`` go into the README. The folder is written atomically: an
    existing project stays complete until the new one replaces it. The user's files in it are preserved.

    Raises:
        EmitError: an unknown target; a folder that cannot be written, that exists without ``overwrite`` or that is
            no qhls project; a user's file at the path of a project's file; types too wide for C++ to exchange;
            stimuli without a sample.
    """
    chosen, folder = get_target(target), Path(path).absolute()
    check_folder(folder, overwrite)
    view = lay_out(graph, schedule)
    view.warnings = list(warnings)
    extra = {
        f"tb/{view.top}_test.cpp": "testbench.cpp.j2",
        "Makefile": "Makefile.j2",
        "build.tcl": f"{chosen.name}/build.tcl.j2",
        "README.md": "README.md.j2",
    }
    files = render_sources(view, chosen)
    files |= {name: _render(template, view, chosen) for name, template in extra.items()}
    vectors = draw_stimuli(graph) if stimuli is None else stimuli
    if any(len(array) == 0 for array in vectors):
        raise EmitError(
            "stimuli: expected at least one sample, got none. Leave them out for random ones."
        )
    files |= _write_vectors(graph, view, vectors)
    files["graph.txt"] = view.picture
    marked = {"target": chosen.name, "top": view.top, "files": sorted([*files, MARKER])}
    files[MARKER] = json.dumps(marked) + "\n"
    write(folder, files)
    return Project(folder, chosen, view.top)


def indent(code: str) -> str:
    """Return generated C++ indented by its braces, so that templates need no indentation."""
    lines: list[str] = []
    depth = 0
    for raw in code.splitlines():
        line = raw.strip()
        shown = depth - line.startswith("}")
        lines.append(line if not line or line.startswith("#include") else "  " * shown + line)
        depth += line.count("{") - line.count("}") if not line.startswith("//") else 0
    return "\n".join(lines) + "\n"


def draw_stimuli(graph: Graph) -> list[Array]:
    """Return random codes for each input; the first two samples are its lowest and its highest code."""
    rng = np.random.default_rng(0)
    per_sample = sum(op.size for op in graph.ops if op.batched)
    samples = int(np.clip(STIMULI_BUDGET // max(per_sample, 1), 3, 32))
    return [_draw_codes(op, samples, rng) for op in graph.inputs]


def _draw_codes(op: Input, samples: int, rng: np.random.Generator) -> Array:
    codes = draw_codes(op.type, (samples, *op.shape), rng, op.values)
    codes[0], codes[1] = op.range.hull
    return codes


def _write_vectors(graph: Graph, view: CDesign, stimuli: Sequence[Array]) -> dict[str, str]:
    tapped = [each for each in view.taps if each.tapped]
    results = tap(graph, stimuli, list(dict.fromkeys([*graph.outputs, *(o.op for o in tapped)])))
    named = {f"input_{i}": array for i, array in enumerate(stimuli)}
    named |= {f"output_{i}": results[op] for i, op in enumerate(graph.outputs)}
    named |= {f"tap_{o.index}": results[o.op] for o in tapped}
    return {f"{DATA_FOLDER}/{name}.dat": _write_codes(array) for name, array in named.items()}


def _write_codes(codes: Array) -> str:
    rows = np.asarray(codes).reshape(len(codes), -1).tolist()
    return "".join(" ".join(map(str, row)) + "\n" for row in rows)


@cache
def _make_environment(target: Target) -> jinja2.Environment:
    templates = jinja2.PackageLoader("qhls.backends", "hls_templates")
    # A vendor's folder may override the template of an op.
    vendor = jinja2.PackageLoader("qhls.backends", f"hls_templates/{target.name}")
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader([vendor, templates]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # C++, not HTML; every name passes through names.py
    )


def _render(template: str, view: CDesign, target: Target, **more: object) -> str:
    environment = _make_environment(target)
    dialect = environment.get_template("dialect.j2").module
    return environment.get_template(template).render(
        design=view,
        target=target,
        d=dialect,
        data_folder=DATA_FOLDER,
        notes=view.notes,
        indent=indent,
        **more,
    )
