"""Training-step time of a quantised CNN against float Keras and the community's Keras 3 port of QKeras.

``python benchmarks/qat_speed.py --peer-python PATH`` where PATH is the Python of an environment with
``pip install qkeras-v3 tensorflow-cpu``. All variants run alternately in one session; CPU seconds a step.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

STEP = Path(__file__).with_name("qat_step.py")
AGAINST_FLOAT, AGAINST_PORT = 1.5, 1.0


def measure(python: str, kind: str, steps: int, jit: bool) -> float:
    """CPU seconds a training step."""
    command = [python, str(STEP), kind, str(steps), *(["jit"] if jit else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])["cpu"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--peer-python", help="Python with qkeras-v3; without it only float Keras is compared"
    )
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    variants = [("float", sys.executable), ("qhls", sys.executable)]
    variants += [("qkeras", options.peer_python)] if options.peer_python else []
    table = Table(title="QAT step, CPU seconds as ratios of medians (lower is better)")
    for column in ("XLA", "qhls / float Keras", "target", "qhls / qkeras-v3", "target"):
        table.add_column(column, justify="right")
    for jit in (True, False):
        times: dict[str, list[float]] = {kind: [] for kind, _ in variants}
        for _ in range(options.rounds):
            for kind, python in variants:
                times[kind].append(measure(python, kind, options.steps, jit))
        median = {kind: statistics.median(values) for kind, values in times.items()}
        port = f"{median['qhls'] / median['qkeras']:.2f}" if "qkeras" in median else "-"
        ratio = f"{median['qhls'] / median['float']:.2f}"
        table.add_row(
            "on (default)" if jit else "off",
            ratio,
            f"<= {AGAINST_FLOAT}",
            port,
            f"<= {AGAINST_PORT}",
        )
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
