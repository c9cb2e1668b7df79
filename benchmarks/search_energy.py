"""Energy at equal accuracy: what a Pareto search finds, against the same network with 8 or 6 bits everywhere.

``python benchmarks/search_energy.py`` (``pip install "qhls[tensorflow,demo,search]"``). Scikit-learn's digits are
split in three: networks are trained on the first part, chosen by accuracy on the second, and reported with accuracy on
the third, which nothing has seen before. Energy is that of the trained design. All quantised networks start from the
same trained float network and are trained for as many epochs.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import qhls
from qhls.search.goals.objectives import Objective
from qhls.search.space.choices import Space
from qhls.search.trials.executors import Job, Task

INPUT_TYPE = "u5.4"
BASELINES = (8, 6)


def load() -> list[tuple[np.ndarray, np.ndarray]]:
    """Half, a quarter, a quarter: to train, to choose by, to tell."""
    digits = load_digits()
    images = (digits.images / 16).astype("float32")[..., None]
    x, rest, y, labels = train_test_split(images, digits.target, test_size=0.5, random_state=0)
    choose, tell, y_choose, y_tell = train_test_split(rest, labels, test_size=0.5, random_state=0)
    return [(x, y), (choose, y_choose), (tell, y_tell)]


def mlp() -> list[Any]:
    """Return an MLP 64-32-32-10."""
    dense, relu = keras.layers.Dense, keras.layers.Activation
    hidden = [
        part
        for i in (1, 2)
        for part in (dense(32, name=f"dense_{i}"), relu("relu", name=f"relu_{i}"))
    ]
    return [keras.layers.Flatten(name="flatten"), *hidden]


def cnn() -> list[Any]:
    """Return a CNN of two 3x3 convolutions with max pooling."""
    parts: list[Any] = []
    for i, filters in enumerate((8, 16), 1):
        parts += [
            keras.layers.Conv2D(filters, 3, padding="same", name=f"conv_{i}"),
            keras.layers.Activation("relu", name=f"relu_{i}"),
            keras.layers.MaxPooling2D(2, name=f"pool_{i}"),
        ]
    return [*parts, keras.layers.Flatten(name="flatten")]


NETWORKS = {"mlp": mlp, "cnn": cnn}


def network(name: str, shape: tuple[int, ...] = (8, 8, 1)) -> keras.Model:
    last = [
        keras.layers.Dense(10, name="scores"),
        keras.layers.Activation("softmax", name="softmax"),
    ]
    model = keras.Sequential(
        [keras.Input(shape, name="digit"), *NETWORKS[name](), *last], name=name
    )
    adam = keras.optimizers.Adam(2e-3)
    model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def homogeneous(bits: int) -> dict[str, dict[str, int]]:
    """Return a space of one candidate: ``bits`` bits everywhere."""
    weights = {f"quantized_bits({bits},0,1,alpha=1)": bits}
    return {"kernel": weights, "bias": weights, "activation": {f"quantized_relu({bits},2)": bits}}


def baseline(model: keras.Model, parts: list[Any], bits: int, options: Any, folder: Path) -> dict:
    """Train the homogeneous network and return its accuracies and energy."""
    space = {"transfer_weights": True, "quantization_config": homogeneous(bits)}
    data = (*parts[0], *parts[1])
    fit = {"batch_size": 64}
    job = Job(model, data, Objective("accuracy", True), ["accuracy"], folder, space, fit)
    task = Task(bits, Space(model, **space).smallest, options.seed, options.epochs)
    record = job.run(task)
    return measured(job.locate_model(bits), parts) | {
        "chosen by": record["metrics"]["val_accuracy"]
    }


def measured(path: Path, parts: list[Any]) -> dict[str, float]:
    """Return the accuracy on unseen digits, computed by the integer design, and its energy in pJ."""
    design = qhls.compile(qhls.load_model(path), INPUT_TYPE)
    x, y = parts[2]
    accuracy = float((design.run(x).argmax(1) == y).mean())
    return {"accuracy": accuracy, "energy": design.energy().total}


def compare(name: str, options: Any) -> list[dict[str, Any]]:
    """Return baselines and, for each, the front's point of the least energy that is as accurate."""
    keras.utils.set_random_seed(options.seed)
    parts, folder = load(), options.folder / f"{name}_{options.seed}"
    model = network(name)
    model.fit(*parts[0], batch_size=64, epochs=4 * options.epochs, verbose=0)
    front = qhls.search(
        model,
        parts[:2],
        ("accuracy", "energy"),
        trials=options.trials,
        epochs=options.epochs,
        warm_start=True,
        transfer_weights=True,
        input_types=INPUT_TYPE,
        folder=folder,
        fit={"batch_size": 64},
        seed=options.seed,
        executor=options.executor,
    )
    rows = []
    for bits in BASELINES:
        row = {"network": name, "bits": bits, **baseline(model, parts, bits, options, folder)}
        wanted = row["chosen by"]
        good = [point for point in front if point.values["accuracy"] >= wanted]
        if good:
            point = min(good, key=lambda p: p.values["energy"])
            found = measured(point.path, parts) | {"chosen by": point.values["accuracy"]}
            row |= {f"search {key}": value for key, value in found.items()}
            row["ratio"] = found["energy"] / row["energy"]
        rows.append(row)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", choices=tuple(NETWORKS), action="append", help="default: all")
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path("build/search_energy"))
    parser.add_argument("--executor", default="processes", choices=("processes", "inline"))
    parser.add_argument("--output", type=Path, help="also as JSON")
    options = parser.parse_args()
    rows = [row for name in options.network or NETWORKS for row in compare(name, options)]
    table = Table(title="Energy at equal accuracy; accuracy on unseen digits")
    for column in ("network", "baseline", "accuracy", "pJ", "search: accuracy", "pJ", "ratio"):
        table.add_column(column, justify="left" if column == "network" else "right")
    for row in rows:
        cells = [
            row["network"],
            f"{row['bits']} bits",
            f"{row['accuracy']:.2%}",
            f"{row['energy']:,.0f}",
        ]
        if "ratio" in row:
            cells += [
                f"{row['search accuracy']:.2%}",
                f"{row['search energy']:,.0f}",
                f"{row['ratio']:.2f}",
            ]
        table.add_row(*cells)
    Console(width=100).print(table)
    if options.output:
        options.output.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
