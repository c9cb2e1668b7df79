"""The page of a design: its operations, their bits, their costs and their C++."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qhls.backends.target import get_target
from qhls.energy.report.look import STYLE
from qhls.ir import Graph, Op
from qhls.ir.integers import Array
from qhls.report.bits import describe_bits, draw_bits
from qhls.report.code import split_functions
from qhls.report.costs import DesignCosts
from qhls.report.network import draw_operations
from qhls.report.processes import draw_processes
from qhls.report.profile import TensorProfile, profile_design
from qhls.report.template import load_page_template
from qhls.system.files import write_whole
from qhls.system.progress import report as report_progress
from qhls.system.tables import render_html

if TYPE_CHECKING:
    from qhls.check.executions import CheckReport
    from qhls.design import Design
    from qhls.energy.tool_reports.report import ToolReport
    from qhls.proof.report import ProofReport

RANDOM_SAMPLES = 256
"""Number of random inputs whose bits are shown by default."""


@dataclass(frozen=True)
class TensorRow:
    """One tensor on the page: its operation, its type, and the bits that its codes use."""

    op: Op
    profile: TensorProfile
    picture: str
    sentence: str
    bounds: str
    """The range that is proved for the tensor's numbers, as text."""


@dataclass
class LayerSection:
    """The section of the page on one Keras layer."""

    id: str
    name: str
    rows: list[TensorRow] = field(default_factory=list[TensorRow])
    costs: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    code: str = ""


@dataclass(frozen=True)
class DesignReport:
    """An HTML page on one design; a notebook shows it in a frame.

    ``figures``: the costs, ranges and bits on it as data for JSON; the bits of a tensor are those that no code needs.
    """

    name: str
    html: str
    figures: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def save(self, path: str | Path) -> Path:
        """Write the page to a file and return its path. Raises ``QhlsError`` if the file cannot be written."""
        return write_whole(path, self.html.encode(), "report")

    def _repr_html_(self) -> str:
        frame = 'style="width: 100%; height: 45em; border: 0"'
        return f'<iframe title="Report of {escape(self.name)}" srcdoc="{escape(self.html)}" {frame}></iframe>'


def report_design(
    design: Design,
    codes: Sequence[Array],
    data: str,
    *,
    target: str = "vitis",
    check: CheckReport | None = None,
    proof: ProofReport | Sequence[ProofReport] | None = None,
    synthesis: Sequence[ToolReport] = (),
) -> DesignReport:
    """Return the page of ``design``, with the bits that its tensors use on input ``codes``.

    ``data``: a description of these codes. ``target``: whose C++ the page shows. ``check``: a check of the same design.
    ``proof``: a proof of its Verilog or C++, or several.
    ``synthesis``: reports of vendors' tools on it, whose numbers are shown beside the estimates.
    """
    proofs = list(proof) if isinstance(proof, Sequence) else [proof] if proof is not None else []
    report_progress("profile all tensors")
    profiles = profile_design(design.graph, codes)
    sections = _collect_layers(design.graph, profiles)
    report_progress("estimate the costs")
    costs = DesignCosts(design)
    for section in sections.values():
        section.costs = costs.select_layer(section.name)
    code = split_functions(design.graph, design.schedule, get_target(target))
    for op in design.graph.ops:
        if op.name in code:
            sections[op.layer or op.name].code += f"{code[op.name]}\n\n"
    links = {op: f"#{sections[op.layer or op.name].id}" for op in design.graph.ops}
    html = load_page_template("qhls.report", "design.html.j2").render(
        name=design.graph.name,
        style=STYLE,
        summary=costs.summary,
        notes=[*design.notes, *costs.notes],
        network=draw_operations(design.graph, links),
        processes=draw_processes(design.plan, links),
        layers=list(sections.values()),
        energy=costs.picture,
        samples=len(codes[0]) if codes else 0,
        data=data,
        target=get_target(target).title,
        check="" if check is None else str(check),
        equal=bool(check),
        proofs=[(each, render_html(each.to_table())) for each in proofs],
        plan=render_html(design.plan.to_table()),
        synthesis=[(report, costs.compare(report)) for report in synthesis],
    )
    figures = {
        "design": design.graph.name,
        "samples": len(codes[0]) if codes else 0,
        "costs": costs.totals,
        "tensors": [_list_figures(row) for section in sections.values() for row in section.rows],
        "check": None if check is None else check.to_dict(),
        "proof": proofs[0].to_dict() if proofs else None,
        "proofs": [each.to_dict() for each in proofs],
    }
    return DesignReport(design.graph.name, html, figures)


def _list_figures(row: TensorRow) -> dict[str, Any]:
    op, profile = row.op, row.profile
    return {
        "name": op.name,
        "layer": op.layer,
        "type": str(op.type),
        "shape": list(op.shape),
        "range": [float(end * 2.0**-op.type.frac) for end in op.range.hull],
        "numbers": list(profile.numbers),
        "unused_high": profile.unused_high,
        "unused_low": profile.unused_low,
        "below": profile.below,
        "above": profile.above,
    }


def _collect_layers(graph: Graph, profiles: Mapping[Op, TensorProfile]) -> dict[str, LayerSection]:
    sections: dict[str, LayerSection] = {}
    for op in graph.ops:
        name = op.layer or op.name
        section = sections.setdefault(name, LayerSection(f"layer-{len(sections)}", name))
        profile = profiles[op]
        lo, hi = (float(end * 2.0**-op.type.frac) for end in op.range.hull)
        row = TensorRow(
            op, profile, draw_bits(profile), describe_bits(profile), f"{lo:g} to {hi:g}"
        )
        section.rows.append(row)
    return sections
