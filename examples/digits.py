"""The complete flow on real data: train a Q-MLP and a Q-CNN on handwritten digits, compile, check and price them.

Run it with ``make demo``. Everything lands in ``build/demo``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault(
    "TF_ENABLE_ONEDNN_OPTS", "1"
)  # the default, but said explicitly it is not logged

import keras
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import qhls
from qhls.frontend import QActivation, QConv2D, QDense

INPUT_TYPE = "u5.4"
"""scikit-learn's digits have 17 grey levels, 0 to 16: sixteenths from 0 to 1 are exact."""
TARGETS = ("vitis", "catapult")
console = Console(width=110)


def weights(bits: int) -> str:
    """Return the quantizer of kernels and biases."""
    return f"quantized_bits({bits},0,alpha=1)"


def q_mlp(bits: int) -> keras.Model:
    """Return an MLP 64-32-32-10 with weights and activations of ``bits`` bits."""
    quantised = {"kernel_quantizer": weights(bits), "bias_quantizer": weights(bits)}
    return keras.Sequential(
        [
            keras.Input((8, 8, 1), name="digit"),
            keras.layers.Flatten(name="flatten"),
            QDense(32, **quantised, name="dense_1"),
            QActivation(f"quantized_relu({bits},2)", name="relu_1"),
            QDense(32, **quantised, name="dense_2"),
            QActivation(f"quantized_relu({bits},2)", name="relu_2"),
            QDense(10, **quantised, name="scores"),
            keras.layers.Activation("softmax", name="softmax"),
        ],
        name=f"digits_mlp_{bits}bit",
    )


def q_cnn(bits: int) -> keras.Model:
    """Return a CNN of two 3x3 convolutions with max pooling and a dense layer, all of ``bits`` bits."""
    quantised = {"kernel_quantizer": weights(bits), "bias_quantizer": weights(bits)}
    return keras.Sequential(
        [
            keras.Input((8, 8, 1), name="digit"),
            QConv2D(8, 3, padding="same", **quantised, name="conv_1"),
            QActivation(f"quantized_relu({bits},2)", name="relu_1"),
            keras.layers.MaxPooling2D(2, name="pool_1"),
            QConv2D(16, 3, padding="same", **quantised, name="conv_2"),
            QActivation(f"quantized_relu({bits},2)", name="relu_2"),
            keras.layers.MaxPooling2D(2, name="pool_2"),
            keras.layers.Flatten(name="flatten"),
            QDense(10, **quantised, name="scores"),
            keras.layers.Activation("softmax", name="softmax"),
        ],
        name=f"digits_cnn_{bits}bit",
    )


def load_data() -> list[np.ndarray]:
    """Return x_train, x_test, y_train, y_test; images (n, 8, 8, 1) from 0 to 1 in sixteenths."""
    digits = load_digits()
    images = (digits.images / 16).astype("float32")[..., None]
    return train_test_split(images, digits.target, test_size=0.25, random_state=0)


class Bar(keras.callbacks.Callback):
    """Progress bar of rich that advances by epochs."""

    def __init__(self, progress: Progress, task: int) -> None:
        super().__init__()
        self.progress, self.task = progress, task

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Advance the bar by one step."""
        self.progress.advance(self.task)


def train(
    model: keras.Model, data: list[np.ndarray], epochs: int, progress: Progress, jit: bool = False
) -> None:
    """Train a quantised model, repeatably by the seed. ``jit``: compile the training, by XLA on TensorFlow."""
    x_train, _, y_train, _ = data
    adam = keras.optimizers.Adam(3e-3)
    model.compile(adam, "sparse_categorical_crossentropy", jit_compile=jit or "auto")
    task = progress.add_task(f"train {model.name}", total=epochs)
    model.fit(
        x_train, y_train, batch_size=64, epochs=epochs, verbose=0, callbacks=[Bar(progress, task)]
    )


def accuracy(scores: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of right answers."""
    return float((scores.argmax(1) == labels).mean())


def prove(
    model: keras.Model, data: list[np.ndarray], folder: Path
) -> tuple[list[str], qhls.CheckReport, list[Path]]:
    """Compile, write, simulate and compare one model; return a table row, the check and the projects."""
    _, x, _, labels = data
    design = qhls.compile(model, INPUT_TYPE)
    projects = [
        design.emit(t, folder / model.name / t, stimuli=x[:8], overwrite=True).path for t in TARGETS
    ]
    report = design.check(x, TARGETS)
    simulated = [accuracy(design.simulate(x, target), labels) for target in TARGETS]
    keras_accuracy = accuracy(model.predict(x, verbose=0), labels)
    mismatches = sum(comparison.mismatches for comparison in report.comparisons)
    bits = sum(comparison.bits for comparison in report.comparisons)
    row = [
        model.name,
        *(f"{a:.2%}" for a in (keras_accuracy, *simulated)),
        f"{bits:,}",
        f"{mismatches:,}",
    ]
    return row, report, projects


def run_testbench(project: Path) -> str:
    """Build and run the C test bench of a project by its Makefile."""
    command = ["make", "--no-print-directory", "csim"]
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    lines = (done.stdout + done.stderr).splitlines()
    return lines[-1] if lines else f"make ended with status {done.returncode}"


def energy_table(designs: dict[int, qhls.Design]) -> Table:
    """Return a table of pJ per inference by layer for several bit widths."""
    reports = {bits: design.energy() for bits, design in designs.items()}
    first = next(iter(reports.values()))
    table = Table(
        title=f"Energy of the Q-CNN, pJ per inference ({first.technology})", show_footer=True
    )
    table.add_column("layer", "total")
    for bits, report in reports.items():
        table.add_column(f"{bits} bits", f"{report.total:,.0f}", justify="right")
    for layer in first.layers:
        table.add_row(layer, *(f"{sum(r.layers[layer].values()):,.0f}" for r in reports.values()))
    return table


def main(epochs: int = 12, folder: Path = Path("build/demo")) -> int:
    """Train, check and price both models; return 0 if every comparison was equal."""
    start = time.monotonic()
    data = load_data()
    keras.utils.set_random_seed(0)
    models = {"mlp": q_mlp(6), **{f"cnn_{bits}": q_cnn(bits) for bits in (4, 6, 8)}}
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("epoch {task.completed}/{task.total}"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        for model in models.values():
            train(model, data, epochs, progress)
    with (
        console.status("compiling, building and running C simulations"),
        ThreadPoolExecutor(1) as pool,
    ):
        results = list(pool.map(lambda name: prove(models[name], data, folder), ("mlp", "cnn_6")))
    table = Table(title=f"{len(data[1])} test digits: interpreter == Vitis == Catapult == Keras")
    for column in (
        "model",
        "accuracy Keras",
        "Vitis csim",
        "Catapult csim",
        "bits compared",
        "mismatches",
    ):
        table.add_column(column, justify="left" if column == "model" else "right")
    for row, _, _ in results:
        table.add_row(*row)
    console.print(table)
    for row, report, _ in results:
        console.print(f"{row[0]}: {report}\n", highlight=False)
    console.print(
        energy_table({b: qhls.compile(models[f"cnn_{b}"], INPUT_TYPE) for b in (4, 6, 8)})
    )
    projects = [project for _, _, written in results for project in written]
    with (
        console.status("building and running the projects' test benches"),
        ThreadPoolExecutor(2) as pool,
    ):
        verdicts = list(pool.map(run_testbench, projects))
    for project, verdict in zip(projects, verdicts, strict=True):
        console.print(f"project {project}: make csim: {verdict}", highlight=False, soft_wrap=True)
    console.print(f"done in {time.monotonic() - start:.0f} s", highlight=False)
    passed = all(report for _, report, _ in results) and all(v.startswith("PASS") for v in verdicts)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
