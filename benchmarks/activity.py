"""Energy by activity beside energy by count: trained digits models, on images and on random inputs.

python benchmarks/activity.py [--epochs 20] [--samples 100]
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from rich.progress import Progress

import qhls

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))
import digits


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--samples", type=int, default=100)
    options = parser.parse_args()
    data = digits.load_data()
    x = data[1][: options.samples]
    noise = np.random.default_rng(0).integers(0, 17, x.shape) / 16
    print("| model | inputs | toggles per bit | by activity, pJ | by count, pJ | ratio |")
    print("|---|---|---|---|---|---|")
    for make in (digits.q_mlp, digits.q_cnn):
        model = make(6)
        with Progress(disable=True) as progress:
            digits.train(model, data, options.epochs, progress)
        design = qhls.compile(model, digits.INPUT_TYPE)
        for name, inputs in {"test images": x, "random": noise}.items():
            report = design.energy(x=inputs)
            bits = sum(activity.bits for activity in report.activities.values())
            toggles = sum(activity.toggles for activity in report.activities.values())
            cells = (model.name, name, f"{toggles / bits:.3f}", f"{report.total:,.0f}")
            ratio = report.total / report.counted.total
            print("|", " | ".join((*cells, f"{report.counted.total:,.0f}", f"{ratio:.3f}")), "|")


if __name__ == "__main__":
    main()
