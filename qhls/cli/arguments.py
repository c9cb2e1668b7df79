"""Command-line arguments that several commands share."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from qhls.cli.schedule import add_family, add_targets
from qhls.compile import REAL_ENDS
from qhls.model.softmax import MODES

STATUSES = "status: 0 done, 1 check found a difference, 2 a wrong input, 3 a fault of qhls, 130 interrupted"


def add_common(command: argparse.ArgumentParser, name: str) -> None:
    """Add the arguments of every command that compiles: the model, its types and the schedule."""
    if name == "search":
        command.add_argument("model", help="a compiled float model of Keras: .keras or .h5")
    else:
        add_model(command, several=name == "energy")
        add_ends(command)
    types = "type of an input, e.g. s16.10 (signed, 16 bits, 10 fraction bits); once for all inputs, or once per input"
    command.add_argument("-i", "--input-type", action="append", help=types)
    shared = "number of multiplications that share one multiplier; default: 1"
    command.add_argument("--reuse-factor", type=int, help=shared)
    period = "clock period in nanoseconds; default: 5"
    command.add_argument("--clock-period", type=float, help=period)
    part = "AMD part for Vitis, e.g. xc7z020clg400-1; a warning says if the design does not fit"
    command.add_argument("--part", help=part)
    if name != "search":
        add_targets(command)
        add_family(command, name)
        foreign = "take part, clock, ports, reuse factors and types of inputs from hls4ml's configuration (.yml)"
        command.add_argument("--hls4ml-config", type=Path, metavar="FILE", help=foreign)


def add_ends(command: argparse.ArgumentParser) -> None:
    """Add the options for a softmax at the end, layers with real weights, and approximations of real numbers."""
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


def add_model(command: argparse.ArgumentParser, several: bool) -> None:
    """Add the arguments that name one or several model files."""
    kinds = "model file: .keras, whole-model .h5, .onnx, or JSON with --weights; or a design that compile --save wrote"
    command.add_argument("model", nargs="+" if several else 1, help=kinds)
    command.add_argument("-w", "--weights", help="weights .h5 of a model in JSON")


def parse_count(text: str) -> int:
    """Parse a number of samples, which must be positive."""
    with suppress(ValueError):
        if (count := int(text)) > 0:
            return count
    raise argparse.ArgumentTypeError(f"expected a whole number above 0, got {text!r}. Choose one.")


def parse_file_name(form: str) -> Callable[[str], Path]:
    """Return a parser of file names that checks the suffix before anything is computed."""
    suffix = {"html": ".html", "plot": ".svg", "json": ".json"}[form]

    def check(text: str) -> Path:
        if Path(text).suffix != suffix:
            raise argparse.ArgumentTypeError(
                f"expected a name that ends in {suffix}, got {text!r}. Rename it."
            )
        return Path(text)

    return check


def add_option(commands: Any, command: str, *names: str, **settings: Any) -> None:
    """Add an argument to the parser of ``command``."""
    commands.choices[command].add_argument(*names, **settings)


def add_json(command: argparse.ArgumentParser, what: str) -> None:
    """Add ``--json FILE``, which writes the results as data."""
    command.add_argument("--json", type=parse_file_name("json"), metavar="FILE", help=what)
