"""Command-line arguments of the schedule: interval, budget, folds, ports and FPGA family."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any, get_args

from qhls.plan import Schedule
from qhls.plan.schedule import LIMIT_UNITS, FamilyName, Io


def add_family(command: argparse.ArgumentParser, name: str) -> None:
    """Add the FPGA family and its adders to the command ``name``.

    ``synth`` and ``place`` choose the family otherwise and take binary adders.
    """
    if name in ("synth", "place"):
        command.set_defaults(family=None, ternary_adders=None)
        return
    delays = (
        "FPGA family whose delays place the registers of Verilog; default: those of UltraScale+"
    )
    command.add_argument("--family", choices=get_args(FamilyName), help=delays)
    three = "adders of three operands in Verilog, fewer and slower; with --family xc7 or xcup"
    command.add_argument("--ternary-adders", action="store_true", default=None, help=three)


def add_targets(command: argparse.ArgumentParser) -> None:
    """Add the arguments for the ports, the interval, the budget and the folds of layers."""
    ports = "tensors as arrays, or as tokens in FIFOs between processes; default: array"
    command.add_argument("--io", choices=get_args(Io), help=ports)
    cycles = "most clock cycles between two inputs: plan the least hardware for it"
    command.add_argument("--interval", type=int, metavar="CYCLES", help=cycles)
    rate = "least inputs per second, instead of --interval"
    command.add_argument("--throughput", type=float, metavar="RATE", help=rate)
    for field, unit in LIMIT_UNITS.items():
        most = f"most {unit}: plan the least interval within all budgets"
        command.add_argument(f"--{field}", type=int, metavar="N", help=most)
    room = (
        "take the part's resources as budget; --no-fit: plan the smallest design if nothing fits; "
        "default: --fit for qhls plan with --part alone"
    )
    command.add_argument("--fit", action=argparse.BooleanOptionalAction, help=room)
    fold = "fold of a layer's products, by name or pattern: LAYER=SIMD,PE or =logic or =memory"
    command.add_argument(
        "--fold", action="append", type=_fold, metavar="LAYER=FOLD", default=[], help=fold
    )


def _fold(text: str) -> tuple[str, Any]:
    """Parse ``LAYER=FOLD`` to the name or pattern of a layer and its fold."""
    layer, _, fold = text.rpartition("=")
    numbers = fold.split(",")
    if layer and fold in ("logic", "memory"):
        return layer, fold
    if layer and len(numbers) == 2 and all(n.isascii() and n.isdigit() for n in numbers):
        return layer, (int(numbers[0]), int(numbers[1]))
    raise argparse.ArgumentTypeError(f"expected LAYER=SIMD,PE or =logic or =memory, got {text!r}")


_FIELDS = (
    *("reuse_factor", "clock_period", "part", "io", "family", "ternary_adders"),
    *("interval", "throughput", "fit"),
    *LIMIT_UNITS,
)
"""Fields of a schedule that have an option; an option that is not given is None, and its default is the schedule's."""


def read_schedule(options: argparse.Namespace, base: Mapping[str, Any]) -> Schedule:
    """Return the schedule that the options describe; fields without an option have the values of ``base``.

    ``qhls plan`` with only ``--part`` takes the part's resources as budget.
    """
    fields = {
        name: value for name in _FIELDS if (value := getattr(options, name, None)) is not None
    }
    is_alone = (
        fields.keys() <= {"clock_period", "part", "io", "family", "ternary_adders"}
        and not options.fold
    )
    if options.command == "plan" and is_alone and "part" in fields:
        fields["fit"] = True
    return Schedule(**{**base, **fields}, folding=tuple(options.fold))
