"""Search accuracy against energy on real handwritten digits, then check one point of the front bit for bit.

Run it twice: the second run resumes from the journal of the first and only shows its results. Needs ``pip
install "qhls[tensorflow,csim,demo,search]"``.
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


def load_data() -> tuple:
    """Return ``(x, y), (x_val, y_val)``; images (n, 8, 8, 1) from 0 to 1 in sixteenths."""
    digits = load_digits()
    images = (digits.images / 16).astype("float32")[..., None]
    x, x_val, y, y_val = train_test_split(images, digits.target, test_size=0.25, random_state=0)
    return (x, y), (x_val, y_val)


def network() -> keras.Model:
    """Return an MLP 64-32-32-10 of real numbers, which the search quantises."""
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1), name="digit"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(32, name="dense_1"),
            keras.layers.Activation("relu", name="relu_1"),
            keras.layers.Dense(32, name="dense_2"),
            keras.layers.Activation("relu", name="relu_2"),
            keras.layers.Dense(10, name="scores"),
            keras.layers.Activation("softmax", name="softmax"),
        ],
        name="digits_mlp",
    )
    adam = keras.optimizers.Adam(3e-3)
    model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, search, show the front and check its cheapest good point; return 0 if every bit was equal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=24, help="candidates to train")
    parser.add_argument("--epochs", type=int, default=10, help="of each candidate")
    parser.add_argument("--folder", type=Path, default=Path("build/search_digits"))
    parser.add_argument("--executor", choices=("processes", "inline"), default="processes")
    options = parser.parse_args(arguments)

    console = Console(width=110)
    data = load_data()
    keras.utils.set_random_seed(0)
    model = network()
    model.fit(*data[0], batch_size=64, epochs=3 * options.epochs, verbose=0)
    front = qhls.search(
        model,
        data,
        objectives=("accuracy", "energy"),
        trials=options.trials,
        epochs=options.epochs,
        warm_start=True,
        transfer_weights=True,
        input_types=INPUT_TYPE,
        folder=options.folder,
        executor=options.executor,
        fit={"batch_size": 64},
        progress=console,
    )
    console.print(
        f"{front.count_states()}; report: {front.report()}", highlight=False, soft_wrap=True
    )

    best = front.best("accuracy")
    point = front.best("energy", accuracy=best.values["accuracy"] - 0.01)
    console.print(
        f"within 1 % of the best accuracy, trial {point.number}: {point.values['accuracy']:.2%} at "
        f"{point.values['energy']:,.0f} pJ; again at any time:\n{point.command}",
        highlight=False,
        soft_wrap=True,
    )
    report = point.design().check(data[1][0])
    console.print(str(report), highlight=False)
    return 0 if report else 1


if __name__ == "__main__":
    sys.exit(main())
