"""Commands on designs: compile, check, plan, energy, report, show."""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qhls.backends.target import TARGETS, VERILOG
from qhls.cli.schedule import read_schedule
from qhls.cli.terminal import print_lines, print_tables
from qhls.compat.hls4ml import read_config
from qhls.errors import DesignWarning, QhlsError
from qhls.ir import decode
from qhls.ir.graph import HEADER
from qhls.plan.schedule import LIMIT_UNITS
from qhls.saved import is_saved
from qhls.saved import load as load_design
from qhls.system import text
from qhls.system.files import read_arrays, write_whole
from qhls.system.tables import read_rows

if TYPE_CHECKING:
    from qhls.design import Design
    from qhls.energy.report.comparison import CostComparison

EXIT_DIFFERENT = 1


def read_design(options: argparse.Namespace, model: str) -> Any:
    """Return the design from a file: a model, which is compiled with the options, or a saved design."""
    from qhls.compile import compile as compile_model
    from qhls.compile import read_source

    if is_saved(model):
        _refuse_settings(options, model)
        return load_design(model)
    # With several models --weights belongs to those in JSON, which contain no weights.
    needed = len(options.model) == 1 or Path(model).suffix == ".json"
    weights = options.weights if needed else None
    settings: dict[str, Any] = {
        "softmax": options.softmax,
        "real_end": options.real_end,
        "allow_approximate": options.allow_approximate,
        "approximate_bits": options.approximate_bits,
        "data": read_arrays(options.data) if getattr(options, "data", None) else None,
    }
    types = options.input_type
    input_types = types[0] if types and len(types) == 1 else types
    if options.hls4ml_config:
        source = read_source(model, weights)
        return _compile_as_configured(options, source, input_types, settings)
    schedule = read_schedule(options, {})
    return compile_model(model, input_types, weights=weights, schedule=schedule, **settings)


def _compile_as_configured(
    options: argparse.Namespace, model: Any, input_types: Any, settings: Mapping[str, Any]
) -> Any:
    """Compile a model with the schedule of hls4ml's configuration, and print the settings that were left out."""
    from qhls.compile import compile as compile_model

    config = read_config(options.hls4ml_config)
    for line in config.left_out:
        sys.stderr.write(text.escape_controls(f"note: {options.hls4ml_config.name}: {line}\n"))
    types = input_types or config.find_types(tensor.name for tensor in model.inputs)
    schedule = read_schedule(options, config.fields)
    design = compile_model(model, types, schedule=schedule, **settings)
    return replace(design, schedule=config.fold(design.schedule, design.graph))


def _refuse_settings(options: argparse.Namespace, model: str) -> None:
    """Raise ``QhlsError`` if an option was set that a saved design already fixes."""
    names = (
        *("weights", "input_type", "reuse_factor", "clock_period", "part", "softmax", "real_end"),
        *(
            "allow_approximate",
            "approximate_bits",
            "io",
            "family",
            "ternary_adders",
            "interval",
            "throughput",
            "fit",
            "fold",
            "hls4ml_config",
        ),
        *LIMIT_UNITS,
    )
    for name in names:
        if getattr(options, name) != options.default(name):
            raise QhlsError(
                f"{model}: expected no --{name.replace('_', '-')}, got one for a saved design, which is complete. "
                f"Leave it out, or compile the model again."
            )


def run_compile(options: argparse.Namespace) -> int:
    """Write the projects of a design for the chosen targets, and print their paths, notes and warnings."""
    design = read_design(options, options.model[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DesignWarning)  # printed below, once for all targets
        projects: dict[str, str] = {}
        for target in options.target or TARGETS:
            path = Path(options.output) / target
            project = design.emit(target, path, overwrite=options.overwrite)
            projects[target] = str(project.path)
            sys.stdout.write(f"{target}: {project.path}\n")
    if options.save:
        sys.stdout.write(f"design: {design.save(options.save)}\n")
    for note in design.notes:
        sys.stdout.write(text.escape_controls(f"note: {note}\n"))
    for warning in design.warnings:
        sys.stdout.write(text.escape_controls(f"warning: {warning}\n"))
    write_json(options.json, describe_projects(design, projects))
    return 0


def describe_projects(design: Design, projects: Mapping[str, str]) -> dict[str, Any]:
    """Return the folders of the projects by target, with the design's notes and warnings, as data for JSON."""
    return {
        "design": design.graph.name,
        "projects": dict(projects),
        "notes": list(design.notes),
        "warnings": list(design.warnings),
    }


def run_check(options: argparse.Namespace) -> int:
    """Compare the interpreter, the simulations and Keras, and return ``EXIT_DIFFERENT`` if a bit differs."""
    design = read_design(options, options.model[0])
    x = read_arrays(options.data) if options.data else draw_inputs(design, options.samples)
    targets = options.target or [*TARGETS]
    targets += [VERILOG] if options.rtl and VERILOG not in targets else []
    report = design.check(x, targets, include=options.include)
    sys.stdout.write(f"{report}\n")
    write_json(options.json, report.to_dict())
    return 0 if report else EXIT_DIFFERENT


def draw_inputs(design: Design, samples: int) -> Any:
    """Return ``samples`` random values per input, uniform over its type, in the form that ``Design.check`` takes."""
    codes = design.random_codes(samples)
    x = [decode(c, op.type) for c, op in zip(codes, design.graph.inputs, strict=True)]
    return x if len(x) > 1 else x[0]


def write_json(path: Path | None, content: object) -> None:
    """Write ``content`` as JSON to ``path`` and print the path; do nothing if ``path`` is None."""
    if path is not None:
        whole = json.dumps(content, indent=2) + "\n"
        sys.stdout.write(f"{write_whole(path, whole.encode(), '--json')}\n")


def run_plan(options: argparse.Namespace) -> int:
    """Print the plan of the design's hardware, one process per line."""
    design = read_design(options, options.model[0])
    print_tables(design.plan)
    if options.json:
        write_json(
            options.json,
            {"design": design.graph.name, "processes": read_rows(design.plan.to_table())},
        )
    return 0


def run_energy(options: argparse.Namespace) -> int:
    """Print the costs of one or several designs, and write them to files."""
    from qhls.compare import compare

    names = list(dict.fromkeys(options.model))
    designs = [read_design(options, model) for model in names]
    comparison = compare(
        designs,
        names=names,
        technology=options.technology,
        sensitivity=options.sensitivity,
        area=options.area or "xilinx_lut6",
    )
    print_tables(*(report.to_table() for report in comparison.reports.values()))
    if options.activity:
        x = read_arrays(options.activity)
        print_tables(*(design.energy(options.technology, x=x).to_table() for design in designs))
    if len(designs) > 1:
        print_tables(comparison.to_table(), comparison.tabulate_layers())
    print_tables(*map(comparison.tabulate_savings, comparison.savings))
    _print_areas(comparison, options.area is not None)
    for design, name in zip(designs, names, strict=True):
        for note in design.notes:
            sys.stdout.write(text.escape_controls(f"note: {name}: {note}\n"))
    for path in (options.html, options.plot, options.json):
        if path:
            sys.stdout.write(f"{comparison.save(path)}\n")
    return 0


def _print_areas(comparison: CostComparison, whole: bool) -> None:
    """Print area, latency and bit operations of all designs if ``whole``, else only the warnings on their area."""
    if whole:
        for design in comparison.areas:
            print_tables(
                comparison.areas[design].to_table(), comparison.latencies[design].to_table()
            )
        print_tables(comparison.tabulate_costs(), comparison.tabulate_operations())
        return
    for name, area in comparison.areas.items():
        for warning in area.warnings:
            sys.stdout.write(text.escape_controls(f"warning: {name}: {warning}\n"))


def run_report(options: argparse.Namespace) -> int:
    """Write the report page of a design; return ``EXIT_DIFFERENT`` if a check found a difference or a proof failed."""
    design = read_design(options, options.model[0])
    x = read_arrays(options.data) if options.data else None
    check = design.check(x, options.target) if options.check else None
    proved = (VERILOG, options.target) if options.prove else ()
    proofs = [design.prove(target) for target in proved]
    named = f"inputs of {options.data.name}" if options.data else ""
    page = design.report(
        x,
        data=named,
        target=options.target,
        check=check,
        proof=proofs,
        synthesis=options.synthesis,
    )
    sys.stdout.write(f"{page.save(options.output)}\n")
    write_json(options.json, page.figures)
    failed = [report for report in (check, *proofs) if report is not None and not report]
    return EXIT_DIFFERENT if failed else 0


def run_show(options: argparse.Namespace) -> int:
    """Print the ops of the design, and in which layers Keras' float32 arithmetic is exact."""
    design = read_design(options, options.model[0])
    print_lines(design.show(), HEADER, design.graph.list_rows())
    sys.stdout.write(f"\n{design.exactness()}\n")
    ops = [dict(zip(HEADER, row, strict=True)) for row in design.graph.list_rows()]
    notes = list(design.notes)
    write_json(options.json, {"design": design.graph.name, "ops": ops, "notes": notes})
    return 0
