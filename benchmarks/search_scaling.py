"""Trials per second over workers, for every executor: ``python benchmarks/search_scaling.py``.

``pip install "qhls[tensorflow,demo,search,dask,ray]"``. Each executor trains the same candidates of a 64-32-32-10
network on scikit-learn's digits, with 1, 2, ... workers, up to the cores. Two figures are
separate: the time until every worker has read model and data ("start"), and the rate of trials after it. Overhead is
the time of a worker that no trial uses. It includes the transport of candidates and models, waiting for slower workers
at the end, and all other work of the machine.
All executors must come to the same metrics, to the last bit.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import keras
import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_digits

from qhls.search.goals.objectives import Objective
from qhls.search.space.choices import Space
from qhls.search.space.quantization import HARDWARE_QUANTIZATION
from qhls.search.trials.executors import EXECUTORS, Job, Task, count_cores, make_executor
from qhls.search.trials.training import derive_trial_seed

NEEDS = {"dask": "distributed", "ray": "ray"}


def make_job(folder: Path) -> Job:
    digits = load_digits()
    x, y = (digits.data / 16).astype("float32"), digits.target
    parts: list[Any] = [keras.Input((64,))]
    for i in (1, 2):
        parts += [keras.layers.Dense(32, name=f"dense_{i}"), keras.layers.Activation("relu")]
    model = keras.Sequential(
        [*parts, keras.layers.Dense(10, name="scores"), keras.layers.Activation("softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    space = {"quantization_config": HARDWARE_QUANTIZATION}
    data = (x[:1300], y[:1300], x[1300:], y[1300:])
    fit = {"batch_size": 64}
    return Job(model, data, Objective("accuracy", True), ["accuracy"], folder, space, fit)


def tasks_of(job: Job, count: int, epochs: int) -> list[Task]:
    space, rng = Space(job.model, **job.space), np.random.default_rng(0)
    numbers = [int(rng.integers(min(space.size, 2**62))) for _ in range(count)]
    return [
        Task(i, space.get_candidate(number), derive_trial_seed(0, i), epochs)
        for i, number in enumerate(numbers)
    ]


def measure(job: Job, tasks: list[Task], name: str, workers: int) -> tuple[dict[str, Any], Any]:
    """Return a row of the table, and the metrics by trial."""
    executor = make_executor(name, job, workers)
    try:
        began = time.perf_counter()
        executor.begin()
        started = time.perf_counter()
        records = {task.number: record for task, record in executor.run(tasks)}
        ended = time.perf_counter()
    finally:
        executor.close()
    training = sum(record["seconds"] for record in records.values())
    wall = ended - started
    row = {
        "executor": name,
        "workers": workers,
        "start, s": started - began,
        "trials/s": len(tasks) / wall,
        "seconds a trial": training / len(tasks),
        "overhead, s": (wall * workers - training) / len(tasks),
    }
    return row, {number: records[number]["metrics"] for number in sorted(records)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executor", action="append", choices=EXECUTORS, help="default: all")
    parser.add_argument("--workers", type=int, nargs="+", default=sorted({1, 2, count_cores()}))
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--output", type=Path, help="also as JSON")
    options = parser.parse_args()
    rows, metrics = [], []
    for name in options.executor or EXECUTORS:
        if find_spec(NEEDS.get(name, "keras")) is None:
            continue
        for workers in options.workers if name != "inline" else [1]:
            with tempfile.TemporaryDirectory() as folder:
                job = make_job(Path(folder))
                row, measured = measure(
                    job, tasks_of(job, options.trials, options.epochs), name, workers
                )
            rows.append(row)
            metrics.append(measured)
    same = all(measured == metrics[0] for measured in metrics)
    table = Table(*rows[0], title=f"{options.trials} trials of {options.epochs} epochs")
    for row in rows:
        table.add_row(*(v if isinstance(v, str) else f"{v:.3g}" for v in row.values()))
    console = Console(width=100)
    console.print(table)
    console.print(f"metrics on all executors: {'the same' if same else 'DIFFERENT'}")
    if options.output:
        options.output.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
