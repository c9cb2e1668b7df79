"""Learn the widths of every weight on real handwritten digits: one run gives a front of accuracy against energy.

All weights are part of the logic (``partition_limit``), so that each has its own width, and one of 0 costs
nothing. Needs ``pip install "qhls[tensorflow,csim,demo,search]"``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import keras
from rich.console import Console
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import qhls

INPUT_TYPE = "u5.4"
"""scikit-learn's digits have 17 grey levels, 0 to 16: sixteenths from 0 to 1 are exact."""

UNROLLED = qhls.Schedule(partition_limit=1 << 16)


def network() -> keras.Model:
    """Return an MLP 64-32-32-10 of real numbers."""
    dense = keras.layers.Dense
    layers = [
        keras.Input((64,), name="digit"),
        dense(32, activation="relu", name="dense_1"),
        dense(32, activation="relu", name="dense_2"),
        dense(10, name="scores"),
        keras.layers.Activation("softmax", name="softmax"),
    ]
    model = keras.Sequential(layers, name="learned_mlp")
    adam = keras.optimizers.Adam(2e-3)
    model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, learn widths, show the front and check one of its points; return 0 if every bit was equal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=240, help="of the sweep")
    parser.add_argument("--folder", type=Path, default=Path("build/learned_widths"))
    options = parser.parse_args(arguments)

    console = Console(width=110)
    digits = load_digits()
    x, x_val, y, y_val = train_test_split(
        (digits.data / 16).astype("float32"), digits.target, test_size=0.25, random_state=0
    )
    keras.utils.set_random_seed(0)
    model = network()
    model.fit(x, y, batch_size=64, epochs=max(options.epochs // 4, 1), verbose=0)
    front = qhls.search.gradient(
        model,
        ((x, y), (x_val, y_val)),
        epochs=options.epochs,
        input_types=INPUT_TYPE,
        schedule=UNROLLED,
        folder=options.folder,
        fit={"batch_size": 64},
        progress=console,
    )
    best = front.best("accuracy")
    point = front.best("energy", accuracy=best.values["accuracy"] - 0.01)
    design = point.design()
    console.print(str(design.energy()), highlight=False)
    console.print(
        f"within 1 % of the best accuracy: {point.values['accuracy']:.2%} at "
        f"{point.values['energy']:,.0f} pJ; report: {front.report()}; again at any time:\n{point.command}",
        highlight=False,
        soft_wrap=True,
    )
    report = design.check(x_val[:64])
    console.print(str(report), highlight=False)
    return 0 if report else 1


if __name__ == "__main__":
    sys.exit(main())
