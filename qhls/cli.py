"""Command line: ``qhls compile|check|energy|qtools|report|search|show``."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console

from qhls.backends.target import TARGETS, VERILOG
from qhls.compile import REAL_ENDS
from qhls.errors import DesignWarning, QhlsError
from qhls.model.softmax import MODES
from qhls.plan import Schedule
from qhls.plan.schedule import UNITS
from qhls.saved import is_saved
from qhls.saved import load as load_design
from qhls.schedule_arguments import add_targets, read_schedule
from qhls.system import text
from qhls.system.limits import read_arrays
from qhls.system.progress import shown
from qhls.system.quiet import import_keras

_MODES: dict[str, bool | str] = {"today": True, "0.9.0": "0.9.0", "complete": False}
"""``QTools``' argument ``compatible``, by the name of the mode."""

EXIT_DIFFERENT, EXIT_ERROR, EXIT_FAULT, EXIT_INTERRUPTED = 1, 2, 3, 130
STATUSES = "status: 0 done, 1 check found a difference, 2 a wrong input, 3 a fault of qhls, 130 interrupted"


SAVE = "also write the design to one file, which every command takes in place of the model"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status, one of ``STATUSES``. Messages go to stderr."""
    options = _parser().parse_args(arguments)
    say = partial(print, f"qhls {options.command}:", file=sys.stderr)
    try:
        if _needs_keras(options):
            import_keras()
        if options.command == "search":  # it shows its own progress
            return options.run(options)
        with shown(Console(stderr=True)):
            return options.run(options)
    except QhlsError as error:
        say(error)
        return EXIT_ERROR
    except KeyboardInterrupt:
        say("interrupted")
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # the reader of the output, such as head, has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:
        traceback.print_exc()
        say("expected no internal error, got the one above. Report it as a fault of qhls.")
        return EXIT_FAULT


def _needs_keras(options: argparse.Namespace) -> bool:
    """Return whether the command builds a Keras model; reports and saved designs need none."""
    if options.command == "report":
        return False
    return options.command in ("search", "qtools") or not all(map(is_saved, options.model))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="qhls",
        description="Compile quantised Keras models to hardware, bit for bit.",
        epilog=STATUSES,
    )
    parser.add_argument("--version", action="version", version=f"qhls {version('qhls')}")
    commands = parser.add_subparsers(dest="command", required=True)
    described = {
        "compile": (_compile, "write projects in HLS C++ or Verilog"),
        "check": (
            _check,
            "compare interpreter, simulation of every target and Keras, bit for bit",
        ),
        "energy": (_energy, "print energy per layer, and compare several models"),
        "plan": (_plan, "print the hardware of the design, one process per line"),
        "search": (_search, "search quantised forms of a model: the front of accuracy and costs"),
        "show": (_show, "print the design, one op per line"),
    }
    for name, (run, description) in described.items():
        command = commands.add_parser(
            name, help=description, description=description, epilog=STATUSES
        )
        command.set_defaults(run=run, default=command.get_default)
        _common(command, name)
        if name in ("compile", "check"):
            choices = [*TARGETS, VERILOG]
            default = f"default: {' and '.join(TARGETS)}"
            command.add_argument("-t", "--target", action="append", choices=choices, help=default)
    folder = "folder for the projects, one subfolder per target"
    _option(commands, "compile", "-o", "--output", required=True, help=folder)
    _option(commands, "compile", "--save", type=Path, metavar="FILE", help=SAVE)
    overwrite = "replace existing qhls projects"
    _option(commands, "compile", "--overwrite", action="store_true", help=overwrite)
    inputs = "inputs as .npy or .npz; default: random codes"
    _option(commands, "check", "--data", type=Path, help=inputs)
    measured = "inputs as .npy or .npz that measure the error of approximations; default: random"
    for name in ("compile", "show"):
        _option(commands, name, "--data", type=Path, help=measured)
    samples = "number of random inputs; default: 256"
    _option(commands, "check", "--samples", type=_count, default=256, help=samples)
    _option(commands, "check", "--include", help="folder of the vendor's headers")
    rtl = "simulate the Verilog too"
    _option(commands, "check", "--rtl", action="store_true", help=rtl)
    _energy_options(commands)
    _qtools_parser(commands)
    _report_parser(commands)
    _search_options(commands.choices["search"])
    return parser


def _energy_options(commands: Any) -> None:
    """Add the arguments of ``qhls energy``."""
    table = "name of a technology, or a JSON file; default: horowitz_45nm"
    _option(commands, "energy", "--technology", default="horowitz_45nm", help=table)
    area = (
        "also print area, latency and bit operations; a JSON file or the name of an area table: xilinx_lut6, "
        "asic_45nm, or vitis_csynth and vivado for what these tools report"
    )
    _option(commands, "energy", "--area", metavar="TABLE", help=area)
    less = "also print the energy saved by one bit less in each layer's weights or activations"
    _option(commands, "energy", "--sensitivity", action="store_true", help=less)
    files = {
        "html": "a page with all tables and plots (.html)",
        "plot": "a plot (.svg)",
        "json": "all numbers (.json)",
    }
    for name, what in files.items():
        _option(commands, "energy", f"--{name}", type=_file_name(name), help=f"write {what}")


def _qtools_parser(commands: Any) -> None:
    """Add ``qhls qtools`` with the arguments of QTools. It compiles nothing, so it has no schedule."""
    what = "print data types and energy as QKeras' QTools does, without compiling the model"
    command = commands.add_parser("qtools", help=what, description=what)
    command.set_defaults(run=_qtools)
    _model(command, several=False)
    source = "type of an input, such as 'quantized_bits(8,0,1)' or fp32; once for all inputs, or once per input"
    command.add_argument("--source-quantizer", action="append", help=source)
    process = "energy table: horowitz, or a JSON file; default: horowitz"
    command.add_argument("--process", default="horowitz", help=process)
    places = ("dram", "sram", "fixed")
    memory = "memory of the {}; default: dram"
    command.add_argument(
        "--weights-on-memory", choices=places, default="dram", help=memory.format("weights")
    )
    command.add_argument(
        "--activations-on-memory", choices=places, default="dram", help=memory.format("activations")
    )
    smallest = "size of the smallest SRAM in bits; default: 0"
    command.add_argument("--min-sram-size", type=int, default=0, help=smallest)
    border = "read the model's inputs from DRAM and write its outputs there"
    action = argparse.BooleanOptionalAction
    command.add_argument("--rd-wr-on-io", action=action, default=True, help=border)
    types = "type of {} in layers of Keras: fp32, fp16, int8, int16, int32 or a quantizer"
    command.add_argument("--keras-quantizer", help=types.format("weights"))
    command.add_argument("--keras-accumulator", help=types.format("products and sums"))
    reference = "use --keras-quantizer and --keras-accumulator for all layers"
    command.add_argument("--for-reference", action="store_true", help=reference)
    values = "derive types from the values of the weights"
    command.add_argument("--is-inference", action="store_true", help=values)
    mode = (
        "numbers to compute: those of QKeras today, of QKeras 0.9.0, or complete ones that also count what QKeras "
        "omits; default: today"
    )
    command.add_argument("--mode", choices=tuple(_MODES), default="today", help=mode)
    command.add_argument("--json", type=_file_name("json"), help="write the data type map (.json)")


def _report_parser(commands: Any) -> None:
    """Add ``qhls report read``, which needs no model."""
    what = "read reports of Vivado HLS, Vitis HLS and Vivado"
    command = commands.add_parser("report", help=what, description=what)
    actions = command.add_subparsers(dest="action", required=True)
    listed = "print area and cycles of a report, as for our own estimates"
    action = actions.add_parser("read", help=listed, description=listed, epilog=STATUSES)
    action.set_defaults(run=_report)
    files = "csynth.xml, csynth.rpt, *_csynth.rpt, *_cosim.rpt, or report_utilization of Vivado"
    action.add_argument("path", nargs="+", help=files)
    action.add_argument("--json", type=_file_name("json"), help="write all numbers (.json)")


def _common(command: argparse.ArgumentParser, name: str) -> None:
    """Add the arguments of every command that compiles: the model, its types and the schedule."""
    if name == "search":
        command.add_argument("model", help="a compiled float model of Keras: .keras or .h5")
    else:
        _model(command, several=name == "energy")
        _ends(command)
    types = "type of an input, e.g. s16.10 (signed, 16 bits, 10 fraction bits); once for all inputs, or once per input"
    command.add_argument("-i", "--input-type", action="append", help=types)
    shared = "number of multiplications that share one multiplier; default: 1"
    command.add_argument("--reuse-factor", type=int, default=1, help=shared)
    period = "clock period in nanoseconds; default: 5"
    command.add_argument("--clock-period", type=float, default=5.0, help=period)
    part = "AMD part for Vitis, e.g. xc7z020clg400-1; a warning says if the design does not fit"
    command.add_argument("--part", default=Schedule().part, help=part)
    if name != "search":
        add_targets(command)


def _ends(command: argparse.ArgumentParser) -> None:
    """Add the arguments for numbers that no fixed-point type holds."""
    ends = (
        "softmax at the end of the model: left to the host, computed in hardware, or replaced by the index of the "
        "largest logit; default: host"
    )
    command.add_argument("--softmax", choices=MODES, default="host", help=ends)
    real = "processor of the layers from the first real weights on, such as a plain Dense at the end; default: auto"
    command.add_argument("--real-end", choices=REAL_ENDS, default="auto", help=real)
    insert = "round real weights, insert a quantizer where a value has no exact fixed-point form, and report the error"
    command.add_argument(
        "--allow-approximate",
        nargs="?",
        const=True,
        default=False,
        metavar="QUANTIZER",
        help=insert,
    )
    wide = "bits of an approximation; default: 12"
    command.add_argument("--approximate-bits", type=int, default=12, help=wide)


def _model(command: argparse.ArgumentParser, several: bool) -> None:
    """Add the arguments that name one or several model files."""
    kinds = "model file: .keras, whole-model .h5, or JSON with --weights; or a design that compile --save wrote"
    command.add_argument("model", nargs="+" if several else 1, help=kinds)
    command.add_argument("-w", "--weights", help="weights .h5 of a model in JSON")


def _search_options(command: argparse.ArgumentParser) -> None:
    """Add the settings of ``qhls.search``, which also defines their defaults."""
    arrays = "data as .npz with x_train, y_train, and x_test, y_test (or x_val, x_validation, ...)"
    command.add_argument("data", type=Path, help=arrays)
    several = (
        "objective: a metric, METRIC:max, METRIC:min or a cost (energy, area, latency, bits); "
        "default: accuracy and energy"
    )
    command.add_argument("--objective", action="append", help=several)
    most = "largest value of a cost, e.g. energy=400 (pJ), area (LUT), latency (ns), bits"
    command.add_argument("--budget", action="append", metavar="COST=NUMBER", default=[], help=most)
    learned = "learn the width of each weight in one training, instead of trying candidates"
    command.add_argument("--learned", action="store_true", help=learned)
    levels = "with --learned: number of strengths of energy in the loss"
    command.add_argument("--levels", type=int, help=levels)
    strengths = "with --learned: strength of energy in the loss, of the first level and of the last"
    command.add_argument("--strengths", type=float, nargs="+", help=strengths)
    command.add_argument("--bits", type=int, help="with --learned: bits at the start")
    command.add_argument("--trials", type=int, help="number of candidates to train")
    epochs = "epochs per candidate, or of the whole training with --learned"
    command.add_argument("--epochs", type=int, help=epochs)
    rungs = "epochs after which only the best third continues, e.g. --rungs 2 6"
    command.add_argument("--rungs", type=int, nargs="+", help=rungs)
    command.add_argument("--engine", help="sampler of candidates: tpe, nsga2, gp or random")
    executors = "where to train: processes, inline, dask, ray, dask:ADDRESS or ray:ADDRESS"
    command.add_argument("--executor", help=executors)
    command.add_argument("--workers", type=int, help="number of worker processes")
    command.add_argument("--batch", type=int, help="number of candidates per batch")
    command.add_argument("--batch-size", type=int, help="samples per training step")
    command.add_argument("--seed", type=int, help="seed of all candidates and trainings")
    command.add_argument("--technology", help="name of a technology, or a JSON file")
    folder = "folder of journal, models and report; the same call resumes the search in it"
    command.add_argument("--folder", help=folder)
    command.add_argument("--storage", metavar="URL", help="database for the journal")
    command.add_argument("--name", help="name of the search in the database")
    space = (
        "JSON with quantization_config, limit, tune_filters, ... like the arguments of qhls.search"
    )
    command.add_argument("--space", type=Path, metavar="FILE", help=space)
    warm = "start from the solutions of an integer program on the model's sensitivities"
    command.add_argument("--warm-start", action="store_true", help=warm)
    transfer = "start candidates from the model's weights"
    command.add_argument("--transfer-weights", action="store_true", help=transfer)
    command.add_argument("--loss", help="loss to compile the model with")
    optimizer = "optimizer to compile the model with; default: adam"
    command.add_argument("--optimizer", help=optimizer)
    command.add_argument("--report", action="store_true", help="write report.html")


def _count(text: str) -> int:
    """Parse a number of samples."""
    with suppress(ValueError):
        if (count := int(text)) > 0:
            return count
    raise argparse.ArgumentTypeError(f"expected a whole number above 0, got {text!r}. Choose one.")


def _file_name(form: str) -> Callable[[str], Path]:
    """Return a parser of file names that checks the suffix before anything is computed."""
    suffix = {"html": ".html", "plot": ".svg", "json": ".json"}[form]

    def check(text: str) -> Path:
        if Path(text).suffix != suffix:
            raise argparse.ArgumentTypeError(
                f"expected a name that ends in {suffix}, got {text!r}. Rename it."
            )
        return Path(text)

    return check


def _option(commands: Any, command: str, *names: str, **settings: Any) -> None:
    commands.choices[command].add_argument(*names, **settings)


def _design(options: argparse.Namespace, model: str) -> Any:
    from qhls.compile import compile as compile_model

    if is_saved(model):
        _refuse_settings(options, model)
        return load_design(model)
    types = options.input_type
    schedule = read_schedule(options)
    input_types = types[0] if types and len(types) == 1 else types
    # With several models --weights belongs to those in JSON, which contain no weights.
    needed = len(options.model) == 1 or Path(model).suffix == ".json"
    weights = options.weights if needed else None
    return compile_model(
        model,
        input_types,
        weights=weights,
        schedule=schedule,
        softmax=options.softmax,
        real_end=options.real_end,
        allow_approximate=options.allow_approximate,
        approximate_bits=options.approximate_bits,
        data=read_arrays(options.data) if getattr(options, "data", None) else None,
    )


def _refuse_settings(options: argparse.Namespace, model: str) -> None:
    """Raise ``QhlsError`` for a setting that a saved design has already."""
    names = (
        *("weights", "input_type", "reuse_factor", "clock_period", "part", "softmax", "real_end"),
        *("allow_approximate", "approximate_bits", "interval", "throughput", "fit", "fold", *UNITS),
    )
    for name in names:
        if getattr(options, name) != options.default(name):
            raise QhlsError(
                f"{model}: expected no --{name.replace('_', '-')}, got one for a saved design, which is complete. "
                f"Leave it out, or compile the model again."
            )


def _compile(options: argparse.Namespace) -> int:
    design = _design(options, options.model[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DesignWarning)  # printed below, once for all targets
        for target in options.target or TARGETS:
            path = Path(options.output) / target
            project = design.emit(target, path, overwrite=options.overwrite)
            sys.stdout.write(f"{target}: {project.path}\n")
    if options.save:
        sys.stdout.write(f"design: {design.save(options.save)}\n")
    for note in design.notes:
        sys.stdout.write(text.shown(f"note: {note}\n"))
    for warning in design.warnings:
        sys.stdout.write(text.shown(f"warning: {warning}\n"))
    return 0


def _check(options: argparse.Namespace) -> int:
    import numpy as np

    design = _design(options, options.model[0])
    x: Any = None
    if options.data:
        x = read_arrays(options.data)
    else:
        codes = design.random_codes(options.samples)
        x = [
            np.ldexp(c.astype(float), -op.frac)
            for c, op in zip(codes, design.graph.inputs, strict=True)
        ]
        x = x if len(x) > 1 else x[0]
    targets = options.target or [*TARGETS]
    targets += [VERILOG] if options.rtl and VERILOG not in targets else []
    report = design.check(x, targets, include=options.include)
    sys.stdout.write(f"{report}\n")
    return 0 if report else EXIT_DIFFERENT


def _plan(options: argparse.Namespace) -> int:
    design = _design(options, options.model[0])
    sys.stdout.write(f"{design.plan}\n")
    return 0


def _energy(options: argparse.Namespace) -> int:
    from qhls.compare import compare

    console = Console(width=None if sys.stdout.isatty() else 120)
    names = list(dict.fromkeys(options.model))
    designs = [_design(options, model) for model in names]
    comparison = compare(
        designs,
        names=names,
        technology=options.technology,
        sensitivity=options.sensitivity,
        area=options.area or "xilinx_lut6",
    )
    for report in comparison.reports.values():
        console.print(report.table())
    if len(designs) > 1:
        console.print(comparison.table(), comparison.layers_table())
    for design in comparison.savings:
        console.print(comparison.savings_table(design))
    if options.area:
        for design in comparison.areas:
            console.print(comparison.areas[design].table(), comparison.latencies[design].table())
        console.print(comparison.costs_table(), comparison.operations_table())
    else:
        for name, area in comparison.areas.items():
            for warning in area.warnings:
                sys.stdout.write(text.shown(f"warning: {name}: {warning}\n"))
    for design, name in zip(designs, names, strict=True):
        for note in design.notes:
            sys.stdout.write(text.shown(f"note: {name}: {note}\n"))
    for path in (options.html, options.plot, options.json):
        if path:
            sys.stdout.write(f"{comparison.save(path)}\n")
    return 0


def _qtools(options: argparse.Namespace) -> int:
    from qhls.compat.qtools.report import build_energy_table, format_roofline
    from qhls.frontend.files.load import load_model
    from qhls.qtools import QTools

    sources = options.source_quantizer
    tools = QTools(
        load_model(options.model[0], options.weights),
        options.process,
        sources[0] if sources and len(sources) == 1 else sources,
        options.is_inference,
        keras_quantizer=options.keras_quantizer,
        keras_accumulator=options.keras_accumulator,
        for_reference=options.for_reference,
        compatible=_MODES[options.mode],
    )
    energy = tools.pe(
        options.weights_on_memory,
        options.activations_on_memory,
        options.min_sram_size,
        options.rd_wr_on_io,
    )
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(build_energy_table(tools, energy))
    sys.stdout.write(f"{format_roofline(tools)}\n")
    if options.json:
        tools.qtools_stats_to_json(options.json)
        sys.stdout.write(f"{options.json}\n")
    return 0


def _report(options: argparse.Namespace) -> int:
    from qhls.energy.tool_reports.report import read_report, save_reports

    console = Console(width=None if sys.stdout.isatty() else 120)
    reports = [read_report(path) for path in options.path]
    for report in reports:
        console.print(report.table())
    if options.json:
        sys.stdout.write(f"{save_reports(reports, options.json)}\n")
    return 0


def _search(options: argparse.Namespace) -> int:
    from qhls.search.command import run

    return run(options)


def _show(options: argparse.Namespace) -> int:
    design = _design(options, options.model[0])
    sys.stdout.write(f"{design.show()}\n\n{design.exactness()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
