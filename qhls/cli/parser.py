"""Parser of the command line: commands, their groups, examples and arguments."""

from __future__ import annotations

import argparse
from importlib.metadata import version
from pathlib import Path
from typing import Any

import shtab

from qhls.backends.target import QONNX, TARGETS, VERILOG
from qhls.cli.arguments import (
    STATUSES,
    add_common,
    add_json,
    add_model,
    add_option,
    parse_count,
    parse_file_name,
)
from qhls.cli.designs import run_check, run_compile, run_energy, run_plan, run_report, run_show
from qhls.cli.project import PROJECT_FILE, run_build
from qhls.cli.tools import MODES_OF_QTOOLS, read_reports, run_qtools, run_search
from qhls.cli.verilog import run_place, run_prove, run_synth
from qhls.synthesis.families import FAMILIES
from qhls.synthesis.nextpnr import DEVICES
from qhls.synthesis.synthesize import FLOWS

SAVE = "also write the design to one file, which every command takes in place of the model"


GROUPS = {
    "designs": ("compile", "check", "show", "build"),
    "verilog": ("prove", "synth", "place"),
    "hardware and costs": ("plan", "energy", "report"),
    "quantisations": ("search", "qtools"),
}
"""Commands by the groups in which ``qhls --help`` lists them."""

EXAMPLES = {
    "compile": "qhls compile model.keras -i s16.10 -o project --part xc7z020clg400-1",
    "check": "qhls check model.keras -i s16.10 --data x.npy --rtl",
    "show": "qhls show model.json -w weights.h5 -i s16.10",
    "build": "qhls build path/to/qhls.toml",
    "prove": "qhls prove model.keras -i s16.10",
    "synth": "qhls synth model.keras -i s16.10 --family ecp5",
    "place": "qhls place model.keras -i s16.10 --device ecp5-25k",
    "plan": "qhls plan model.keras -i s16.10 --part xc7z020clg400-1 --io stream",
    "energy": "qhls energy a.keras b.keras -i s16.10 --html energy.html",
    "report": "qhls report model.keras -i s16.10 --data x.npy -o page.html",
    "search": "qhls search model.keras data.npz -i u5.4 --trials 40 --folder search",
    "qtools": "qhls qtools model.h5 --json types.json",
}
"""Example call of each command."""


class _Help(argparse.RawDescriptionHelpFormatter):
    """Help formatter that keeps line breaks and omits argparse's list of commands, which the description contains."""

    def _format_action(self, action: argparse.Action) -> str:
        return "" if action.dest == "command" else super()._format_action(action)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="qhls", usage="qhls [-h] [--version] COMMAND ...", formatter_class=_Help
    )
    parser.add_argument("--version", action="version", version=f"qhls {version('qhls')}")
    shtab.add_argument_to(
        parser, "--print-completion", help="print the completions of a shell, to be sourced by it"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    described = {
        "compile": (run_compile, "write projects in HLS C++ or Verilog, or a QONNX file"),
        "check": (
            run_check,
            "compare interpreter, simulation of every target and the model, bit for bit",
        ),
        "energy": (run_energy, "print energy per layer, and compare several models"),
        "plan": (run_plan, "print the hardware of the design, one process per line"),
        "prove": (run_prove, "prove that Verilog or C++ equals the design for all inputs"),
        "synth": (run_synth, "map the Verilog to an FPGA family, beside our estimate"),
        "place": (run_place, "place and route the Verilog with nextpnr: utilisation and clock"),
        "search": (
            run_search,
            "search quantised forms of a model: the front of accuracy and costs",
        ),
        "show": (run_show, "print the design, one op per line"),
    }
    for name, (run, description) in described.items():
        command = commands.add_parser(
            name, help=description, description=description, formatter_class=_Help
        )
        command.set_defaults(run=run, default=command.get_default)
        add_common(command, name)
        if name in ("compile", "check"):
            choices = [*TARGETS, VERILOG, QONNX]
            default = f"default: {' and '.join(TARGETS)}"
            command.add_argument("-t", "--target", action="append", choices=choices, help=default)
    add_design_options(commands)
    add_energy_options(commands)
    add_qtools(commands)
    add_report(commands)
    add_build(commands)
    add_search_options(commands.choices["search"])
    parser.description = _describe_groups(commands)
    for name, command in commands.choices.items():
        command.epilog = f"example:\n  {EXAMPLES[name]}\n\n{STATUSES}"
    return parser


def _describe_groups(commands: Any) -> str:
    """Return the description in ``qhls --help``: the purpose of qhls, and its commands by group."""
    helps = {action.dest: action.help for action in commands._choices_actions}
    lines = ["Compile quantised Keras models to hardware, bit for bit."]
    for group, names in GROUPS.items():
        lines += ["", f"{group}:", *(f"  {name:9}{helps[name]}" for name in names)]
    return "\n".join(
        [*lines, "", "qhls COMMAND --help: its arguments and an example", "", STATUSES]
    )


def add_design_options(commands: Any) -> None:
    """Add the arguments that only some of the ``commands`` have, such as ``--output`` of ``compile``."""
    folder = "folder for the projects, one subfolder per target"
    add_option(commands, "compile", "-o", "--output", required=True, help=folder)
    add_option(commands, "compile", "--save", type=Path, metavar="FILE", help=SAVE)
    overwrite = "replace existing qhls projects"
    add_option(commands, "compile", "--overwrite", action="store_true", help=overwrite)
    inputs = "inputs as .npy or .npz; default: random codes"
    add_option(commands, "check", "--data", type=Path, help=inputs)
    measured = "inputs as .npy or .npz that measure the error of approximations; default: random"
    for name in ("compile", "show"):
        add_option(commands, name, "--data", type=Path, help=measured)
    samples = "number of random inputs; default: 256"
    add_option(commands, "check", "--samples", type=parse_count, default=256, help=samples)
    for name in ("check", "prove"):
        add_option(commands, name, "--include", help="folder of the vendor's headers")
    rtl = "simulate the Verilog too"
    add_option(commands, "check", "--rtl", action="store_true", help=rtl)
    solver = "seconds of the solver for one question; default: 20"
    proved = {"action": "append", "choices": [VERILOG, *TARGETS]}
    add_option(commands, "prove", "-t", "--target", help=f"default: {VERILOG}", **proved)
    add_option(commands, "prove", "--seconds", type=float, default=20.0, help=solver)
    family = "family of FPGAs; default: that of the design's schedule, or xc7"
    settings = {"choices": list(FAMILIES), "dest": "mapped_to", "help": family}
    add_option(commands, "synth", "--family", **settings)
    add_option(commands, "synth", "--flow", choices=FLOWS, default="yosys", help="synthesis tool")
    device = "device; default: ecp5-25k"
    add_option(
        commands, "place", "--device", choices=list(DEVICES), default="ecp5-25k", help=device
    )
    file = "also place the ports on pins and write a bitstream"
    add_option(commands, "place", "--bitstream", type=Path, metavar="FILE", help=file)
    for name in ("compile", "check", "show", "plan", "prove", "synth", "place", "search"):
        add_json(commands.choices[name], "also write it (.json)")


def add_build(commands: Any) -> None:
    """Add ``qhls build``, whose project file names model, inputs, schedule and targets."""
    what = f"repeat the design that {PROJECT_FILE} describes"
    command = commands.add_parser("build", help=what, description=what, formatter_class=_Help)
    command.set_defaults(run=run_build)
    file = f"project file, or its folder; default: {PROJECT_FILE}"
    command.add_argument("project", nargs="?", type=Path, default=Path(PROJECT_FILE), help=file)
    add_json(command, "also write paths, warnings and the check (.json)")


def add_energy_options(commands: Any) -> None:
    """Add the arguments of ``qhls energy``."""
    table = "name of a technology, or a JSON file; default: horowitz_45nm"
    add_option(commands, "energy", "--technology", default="horowitz_45nm", help=table)
    area = (
        "also print area, latency and bit operations; a JSON file or the name of an area table: xilinx_lut6, "
        "asic_45nm, or vitis_csynth and vivado for what these tools report"
    )
    add_option(commands, "energy", "--area", metavar="TABLE", help=area)
    less = "also print the energy saved by one bit less in each layer's weights or activations"
    add_option(commands, "energy", "--sensitivity", action="store_true", help=less)
    toggles = "also print energy by the toggles of the Verilog on these inputs (.npy or .npz), in their order"
    add_option(commands, "energy", "--activity", type=Path, metavar="FILE", help=toggles)
    files = {"html": "a page with all tables and plots (.html)", "plot": "a plot (.svg)"}
    for name, what in files.items():
        add_option(
            commands, "energy", f"--{name}", type=parse_file_name(name), help=f"write {what}"
        )
    add_json(commands.choices["energy"], "write all numbers (.json)")


def add_qtools(commands: Any) -> None:
    """Add ``qhls qtools`` with the arguments of QTools. It compiles nothing, so it has no schedule."""
    what = "print data types and energy as QKeras' QTools does, without compiling the model"
    command = commands.add_parser("qtools", help=what, description=what, formatter_class=_Help)
    command.set_defaults(run=run_qtools)
    add_model(command, several=False)
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
    command.add_argument("--mode", choices=tuple(MODES_OF_QTOOLS), default="today", help=mode)
    add_json(command, "write the data type map (.json)")


def add_report(commands: Any) -> None:
    """Add ``qhls report design``, where ``design`` may be left out, and ``qhls report read``, which needs no model."""
    what = "write a page on a design, or read reports of Vivado HLS, Vitis HLS and Vivado"
    usage = "qhls report [design] MODEL -o PAGE.html ...\n       qhls report read PATH ..."
    command = commands.add_parser(
        "report", help=what, description=what, usage=usage, formatter_class=_Help
    )
    actions = command.add_subparsers(dest="action", required=True)
    page = "write a page: network, types, bits that data use, costs and C++"
    action = actions.add_parser("design", help=page, description=page, epilog=STATUSES)
    action.set_defaults(run=run_report, default=action.get_default)
    add_common(action, "report")
    action.add_argument("--data", type=Path, help="inputs as .npy or .npz; default: random codes")
    shown = "tool whose C++ the page shows; default: vitis"
    action.add_argument("-t", "--target", choices=list(TARGETS), default="vitis", help=shown)
    checked = "compare interpreter, C simulation of the target and Keras, and show the result"
    action.add_argument("--check", action="store_true", help=checked)
    proved = (
        "prove that the Verilog and the C++ of the target equal the design, and show the result"
    )
    action.add_argument("--prove", action="store_true", help=proved)
    beside = "report of a vendor's tool on this design, whose numbers are shown beside the estimates; once per report"
    action.add_argument(
        "--synthesis", type=Path, action="append", default=[], metavar="FILE", help=beside
    )
    file = "the page (.html)"
    action.add_argument("-o", "--output", type=parse_file_name("html"), required=True, help=file)
    add_json(action, "also write costs, ranges and bits (.json)")
    listed = "print area and cycles of a report, as for our own estimates"
    action = actions.add_parser("read", help=listed, description=listed, epilog=STATUSES)
    action.set_defaults(run=read_reports)
    files = "csynth.xml, csynth.rpt, *_csynth.rpt, *_cosim.rpt, or report_utilization of Vivado"
    action.add_argument("path", nargs="+", help=files)
    add_json(action, "write all numbers (.json)")


def add_search_options(command: argparse.ArgumentParser) -> None:
    """Add the arguments of ``qhls search``, whose defaults ``qhls.search`` defines."""
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
