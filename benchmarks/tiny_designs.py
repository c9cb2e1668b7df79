"""Designs of MLPerf-Tiny's networks: do they fit their parts, how fast are they planned, emitted, built and checked?

    python benchmarks/tiny_designs.py [--network ds_cnn] [--io stream] [--bits 8] [--samples 2]

Times are CPU seconds, those of a build with its compilers. ``multipliers``: those of the plan; the interval beside the
least that so many multipliers allow. C++ is counted without constants. The memory is the compiler's alone: any child of
this process counts with the memory of its parent until it starts.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from cpu_time import timed
from rich.console import Console
from rich.table import Table
from tiny_models import NETWORKS, build

import qhls
from qhls.backends.target import TARGETS
from qhls.ir import Conv, Matmul
from qhls.plan import Process
from qhls.plan.streams.network import StreamPlan

INPUT_TYPE = "s8.6"


COMPILER = """#!{python} -IS
import resource, subprocess, sys
status = subprocess.call(["g++", *sys.argv[1:]])
with open({log!r}, "a") as log:
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=log)
sys.exit(status)
"""
"""A compiler that writes down the kilobytes of its largest process."""


def install_compiler(folder: Path) -> Path:
    """Make all builds use ``COMPILER``; return the file that it writes."""
    log, compiler = folder / "kilobytes", folder / "g++"
    compiler.write_text(COMPILER.format(python=sys.executable, log=str(log)))
    compiler.chmod(0o755)
    os.environ["CXX"] = str(compiler)
    return log


def cpu(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return the result of ``work``, and the CPU seconds it took."""
    result, seconds = timed(work)
    return result, seconds["cpu"]


def count_multiplications(design: qhls.Design) -> int:
    """Return the multiplications of one inference."""
    products = (op for op in design.graph.ops if isinstance(op, Matmul | Conv))
    return sum(op.size * math.prod(op.w.shape[:-1]) for op in products)


def count_multipliers(design: qhls.Design) -> int:
    """Return the multiplications that the plan computes at once."""
    hardware = (e.unit for e in design.plan.walk() if isinstance(e.op, Matmul | Conv))
    products = [each for each in hardware if isinstance(each, Process)]
    return sum(p.fold.products if p.fold else math.prod(p.op.w.shape) for p in products)


def describe_fifos(design: qhls.Design) -> list[tuple[str, str]]:
    """Return the bits of the FIFOs of a plan of streams, beside those of one token per pixel."""
    if not isinstance(design.plan, StreamPlan):
        return []
    planned = sum(fifo.depth * fifo.bits for fifo in design.plan.fifos)
    whole = sum(fifo.tokens * fifo.bits for fifo in design.plan.fifos)
    return [("FIFO bits", f"{planned:,}: {planned / whole:.3f}x of whole tensors")]


def measure(name: str, options: argparse.Namespace, folder: Path) -> list[tuple[str, str]]:
    """Return names and figures of one network."""
    part, log = NETWORKS[name][1], install_compiler(folder)
    model = build(name, options.bits)
    schedule = qhls.Schedule(part=part, fit=True, io=options.io)
    design, seconds = cpu(lambda: qhls.compile(model, INPUT_TYPE, schedule=schedule))
    rows = [("compile", f"{seconds:.1f} s")]
    _, seconds = cpu(lambda: design.plan)
    rows.append(("plan", f"{seconds:.1f} s"))
    area = design.area()
    rooms = design.schedule.budget
    rows += [
        (unit, f"{total:,.0f} of {rooms[unit]:,}")
        for unit, total in area.totals.items()
        if unit in rooms
    ]
    products, multipliers = count_multiplications(design), count_multipliers(design)
    interval, least = design.latency().interval, products / multipliers
    rows.append(
        (
            "interval",
            f"{interval:,}: {interval / least:.2f}x of {least:,.0f} ({multipliers:,} multipliers)",
        )
    )
    rows += describe_fifos(design)
    for target in TARGETS:
        path = folder / name / target
        _, seconds = cpu(lambda t=target, p=path: design.emit(t, p))
        text = sum(f.stat().st_size for f in (path / "src").iterdir() if f.name != "weights.h")
        rows.append((f"{target}: emit", f"{seconds:.1f} s, {text / 1000:.0f} kB of C++"))
        x = np.random.default_rng(0).normal(size=(options.samples, *design.graph.inputs[0].shape))
        report, seconds = cpu(lambda t=target, x=x: design.check(x, t))
        rows.append((f"{target}: check", f"{seconds:.1f} s, {'equal' if report else 'DIFFERENT'}"))
    peak = max(map(int, log.read_text().split())) / 1e6
    return [*rows, ("compilers, largest process", f"{peak:.2f} GB")]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the networks and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", action="append", choices=tuple(NETWORKS))
    parser.add_argument("--io", choices=("array", "stream"), default="array")
    parser.add_argument("--bits", type=int, default=8)
    parser.add_argument("--samples", type=int, default=2)
    options = parser.parse_args(arguments)
    console = Console(width=120)
    for name in options.network or NETWORKS:
        with tempfile.TemporaryDirectory() as folder:
            os.environ["QHLS_CACHE"] = str(Path(folder) / "cache")
            table = Table("figure", name, title=f"{name}, {options.bits} bits, io={options.io}")
            for row in measure(name, options, Path(folder)):
                table.add_row(*row)
        console.print(table)


if __name__ == "__main__":
    main()
