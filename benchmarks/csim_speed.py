"""qhls beside hls4ml 1.3 on the same model: interpreter, C simulation, its build, model to project.

    python benchmarks/csim_speed.py --model qkeras_3layer.json --weights qkeras_3layer_weights.h5 \\
        --peer-python PEER/bin/python

Everything is CPU time; both sides take turns, round by round, in one run, and a ratio is the median over
rounds. Without ``--model`` the model is a Q-MLP of the jet tagger's shape (16-64-32-32-5, 6 bits, random
weights). Without ``--peer-python`` only qhls is measured. See README.md.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from cpu_time import rate, timed
from rich.console import Console
from rich.table import Table

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
HERE = Path(__file__).parent
INSTALL = "python3.11 -m venv PEER; PEER/bin/pip install 'hls4ml[qkeras,profiling]==1.3.0'"
INPUT_TYPE = "s16.10"  # hls4ml's default input, fixed<16,6>
SIZES = (16, 64, 32, 32, 5)
TARGETS = ("vitis", "catapult")
CONSOLE = Console(width=None if sys.stdout.isatty() else 150)


def log(message: str) -> None:
    CONSOLE.print(message, style="dim", markup=False, highlight=False)


# -- models -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A model, and how many samples one call gets: by the interpreter, by either csim."""

    name: str
    model: Path
    weights: Path | None = None
    mlp: Path | None = None
    """Arrays from which the peer builds the model, where ``model`` is no file that it reads."""
    built: bool = False
    """Whether the peer builds the model itself (``peer_models.py``): QKeras cannot read a QLSTM that it wrote."""
    io: str = "io_parallel"
    interpreted: int = 20_000
    simulated: int = 2_000
    span: tuple[float, float] = (-8.0, 8.0)
    """The inputs: uniform over these numbers, on the grid of the input type."""
    targets: bool = True
    """Whether the project's targets are about this model."""


def cases(options: argparse.Namespace, folder: Path) -> list[Case]:
    """Return the models to measure."""
    models: list[Case] = []
    if options.model and options.model.is_file():
        models.append(Case("jet tagger", options.model, options.weights))
    else:
        missing = f"no file {str(options.model)!r}" if options.model else "no --model"
        log(f"{missing}: using a Q-MLP of the jet tagger's shape with random weights")
        models.append(stand_in(folder))
    if options.cnn and not options.quick:
        case = Case(
            "MNIST CNN",
            options.cnn,
            options.cnn_weights,
            io="io_stream",
            interpreted=500,
            simulated=40,
            span=(0.0, 1.0),
            targets=False,
        )
        models.append(case)
    if options.more and options.peer_python and not options.quick:
        settings = {"built": True, "span": (0.0, 1.0), "targets": False}
        sizes = {
            "svhn": {"io": "io_stream", "interpreted": 500, "simulated": 40},
            "lstm": {"interpreted": 2000, "simulated": 100},
        }
        for name, size in sizes.items():
            command = [options.peer_python, HERE / "peer_models.py", name, folder]
            subprocess.run([*map(str, command)], check=True, capture_output=True)
            files = folder / f"{name}.json", folder / f"{name}.h5"
            models.append(Case(name, *files, **settings, **size))
    return models


def stand_in(folder: Path) -> Case:
    """Return a Q-MLP of the jet tagger's shape with random weights."""
    import keras

    from qhls import layers, quantizers

    rng = np.random.default_rng(0)
    arrays: dict[str, np.ndarray] = {}
    model = keras.Sequential([keras.Input((SIZES[0],))])
    for i, (inputs, units) in enumerate(itertools.pairwise(SIZES)):
        kernel, bias = (
            rng.integers(-31, 32, (inputs, units)) / 32,
            rng.integers(-8, 9, units) / 32,
        )
        bits = [quantizers.quantized_bits(6, 0, alpha=1) for _ in range(2)]
        model.add(layers.QDense(units, kernel_quantizer=bits[0], bias_quantizer=bits[1]))
        model.layers[-1].set_weights([kernel, bias])
        if units != SIZES[-1]:
            model.add(layers.QActivation(quantizers.quantized_relu(6)))
        arrays |= {f"kernel{i}": kernel, f"bias{i}": bias}
    model.save(folder / "mlp.keras")
    np.savez(folder / "mlp.npz", **arrays)
    return Case("Q-MLP", folder / "mlp.keras", mlp=folder / "mlp.npz")


# -- figures ------------------------------------------------------------------------------------------


@dataclass
class Row:
    """One figure of both sides, a value a round."""

    title: str
    unit: str
    target: str = ""
    """Such as ">= 2" or "<= 0.6": of the ratio, or of the own figure where ``absolute``."""
    absolute: bool = False
    own: list[float] = field(default_factory=list)
    peer: list[float] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        return [own / peer for own, peer in zip(self.own, self.peer, strict=False)]

    @property
    def met(self) -> bool | None:
        judged = self.own if self.absolute else self.ratios
        if not self.target or not judged:
            return None
        sign, limit, *_ = self.target.split()
        value = statistics.median(judged)
        return value >= float(limit) if sign == ">=" else value <= float(limit)

    def cells(self) -> tuple[str, ...]:
        ratios = self.ratios
        shown = f"{_figure(ratios)}x" if ratios else "-"
        spread = f"{_figure([min(ratios)])} to {_figure([max(ratios)])}" if ratios[1:] else "-"
        verdict = {True: "met", False: "missed", None: "-"}[self.met]
        figures = _figure(self.own), _figure(self.peer)
        return self.title, self.unit, *figures, shown, spread, self.target or "-", verdict


def _figure(values: list[float]) -> str:
    if not values:
        return "-"
    value = statistics.median(values)
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


class Rows:
    """The figures of one model."""

    def __init__(self, case: Case) -> None:
        def row(title: str, unit: str, target: str, absolute: bool = False) -> Row:
            return Row(f"{case.name}: {title}", unit, target if case.targets else "", absolute)

        rates = "samples/CPU s"
        self.interpreter = row("interpreter, to Vitis predict", rates, ">= 100")
        self.csim = {target: row(f"{target} csim", rates, ">= 2") for target in TARGETS}
        self.build = {target: row(f"{target} csim build", "user s", "<= 0.6") for target in TARGETS}
        self.project = row("model to Vitis project", "CPU s", "<= 1 s", absolute=True)

    @property
    def measured(self) -> list[Row]:
        rows = [self.interpreter, *self.csim.values(), *self.build.values(), self.project]
        return [row for row in rows if row.own]


def table(rows: list[Row]) -> Table:
    result = Table(title="CPU time, medians; ratio = qhls / hls4ml, round by round", box=None)
    for heading in ("figure", "unit", "qhls", "hls4ml", "ratio", "lowest to highest", "target", ""):
        numeric = heading in ("qhls", "hls4ml", "ratio", "lowest to highest")
        result.add_column(heading, justify="right" if numeric else "left", no_wrap=True)
    for row in rows:
        result.add_row(*row.cells(), style="red" if row.met is False else None)
    return result


def markdown(rows: list[Row]) -> str:
    """Return the table as README.md has it."""
    lines = [" | ".join(row.cells()) for row in rows]
    head = "| figure | unit | qhls | hls4ml | ratio | lowest to highest | target | |"
    return "\n".join(
        [head, "|---|---|---|---|---|---|---|---|", *(f"| {line} |" for line in lines)]
    )


# -- both sides ---------------------------------------------------------------------------------------


class Peer:
    """hls4ml in its own process: a request a line, an answer a line. Imports on being started."""

    def __init__(self, python: str, case: Case, inputs: Path) -> None:
        model = ["--mlp", case.mlp] if case.mlp else ["--model", case.model]
        model = ["--build", case.name] if case.built else model
        weights = [] if case.weights is None else ["--weights", case.weights]
        command = [python, HERE / "hls4ml_peer.py", *model, *weights, "--inputs", inputs]
        self.process = subprocess.Popen(
            [*map(str, command), "--io", case.io, "--samples", str(case.simulated), "--serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()  # the end of its requests is its end
        self.process.wait()
        self.process.stdout.close()

    def ask(self, task: str, **arguments: Any) -> dict[str, Any]:
        """Return the answer, or ``{"error": ...}``."""
        try:
            self.process.stdin.write(json.dumps({"task": task, **arguments}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        return json.loads(line) if line else {"error": "the peer's process has ended"}


@dataclass
class Own:
    """qhls' side of one model."""

    case: Case

    @cached_property
    def design(self) -> Any:
        import qhls

        return qhls.compile(qhls.load_model(self.case.model, self.case.weights), INPUT_TYPE)

    @cached_property
    def inputs(self) -> np.ndarray:
        (op,) = self.design.graph.inputs
        step = 2.0**-op.type.frac
        lo, hi = (round(bound / step) for bound in self.case.span)
        shape = (self.case.interpreted, *op.shape)
        return np.random.default_rng(0).integers(lo, hi, shape) * step

    def project(self) -> float:
        """Measure the first compile and emit of a new process, without the imports."""
        command = [sys.executable, HERE / "model_to_project.py", self.case.model]
        command += [self.case.weights or "", INPUT_TYPE]
        done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"model_to_project.py failed:\n{done.stderr[-2000:]}")
        return json.loads(done.stdout.splitlines()[-1])["cpu"]

    def build(self, target: str) -> tuple[Any, float]:
        """Measure the library and the user seconds of rendering and g++, with nothing in the cache."""
        from qhls.backends import csim

        with tempfile.TemporaryDirectory(prefix="qhls-cache-") as cache:
            os.environ["QHLS_CACHE"] = cache
            (library,), seconds = timed(
                lambda: csim.build(self.design.graph, self.design.schedule, [target])
            )
            library.run(self.design.random_codes(1))  # loads it, before its file goes
        return library, seconds["user"]

    def interpreter(self, seconds: float) -> float:
        """Return samples per CPU second, numbers in, numbers out, as the peer's predict."""
        return rate(lambda: self.design.run(self.inputs), len(self.inputs), seconds)

    def csim(self, library: Any, seconds: float) -> float:
        """Return the same as ``interpreter`` for C simulation; ``Design.simulate`` without its look "
        "into the cache of libraries."""
        from qhls.ir import decode

        batch = self.inputs[: self.case.simulated]

        def run() -> None:
            outputs = library.run(self.design.encode(batch))
            for codes, op in zip(outputs, self.design.graph.outputs, strict=True):
                decode(codes, op.type)

        return rate(run, len(batch), seconds)


Ask = Callable[..., dict[str, Any]]


def measure(case: Case, python: str | None, rounds: int, quick: bool) -> list[Row]:
    """Return all rows of one model."""
    own = Own(case)
    with tempfile.TemporaryDirectory(prefix="qhls-benchmark-") as scratch:
        inputs = Path(scratch) / "inputs.npy"
        if python is None:
            return in_turns(own, lambda *_, **__: {}, rounds, quick)
        with Peer(python, case, inputs) as peer:
            np.save(inputs, own.inputs)
            log(f"{case.name}: peer {peer.ask('versions')}")
            rows = in_turns(own, peer.ask, rounds, quick)
            for target in TARGETS:
                compare(own, peer, target, Path(scratch) / "outputs.npy")
    return rows


def in_turns(own: Own, ask: Ask, rounds: int, quick: bool) -> list[Row]:
    """Measure each figure of one side right after that of the other."""
    rows, seconds = Rows(own.case), 0.2 if quick else 0.5

    def peer(row: Row, task: str, key: str, **arguments: Any) -> None:
        answer = ask(task, **arguments)
        if key in answer:
            row.peer.append(answer[key])
        elif answer:
            log(f"{row.title}: the peer failed, {answer.get('error', answer)[:300]}")

    own.design.run(own.inputs)  # the first call pays for pages and caches
    for number in range(rounds):
        log(f"{own.case.name}: round {number + 1} of {rounds}")
        if not quick:
            rows.project.own.append(own.project())
            if number == 0:  # later calls of the peer's process are warm, ours are all first ones
                peer(rows.project, "project", "cpu", backend="vitis")
        for target in TARGETS:
            library, user = own.build(target)
            rows.build[target].own.append(user)
            peer(rows.build[target], "build", "user", backend=target)
            rows.csim[target].own.append(own.csim(library, seconds))
            peer(rows.csim[target], "predict", "rate", backend=target, seconds=seconds)
        rows.interpreter.own.append(own.interpreter(seconds))
        peer(rows.interpreter, "predict", "rate", backend="vitis", seconds=seconds)
    return rows.measured


def compare(own: Own, peer: Peer, target: str, path: Path) -> None:
    """Say in how many samples both sides agree: whether the work is equal."""
    if "error" not in peer.ask("outputs", backend=target, path=str(path)):
        received = np.load(path)
        expected = own.design.run(own.inputs[: len(received)]).reshape(received.shape)
        equal = (received == expected).all(1).mean()
        log(f"{own.case.name}: hls4ml {target} == qhls in {equal:.1%} of samples")


# -- command ------------------------------------------------------------------------------------------


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="the jet tagger's JSON (qkeras_3layer.json)")
    parser.add_argument("--weights", type=Path, help="its weights (qkeras_3layer_weights.h5)")
    parser.add_argument(
        "--cnn", type=Path, help="also the MNIST CNN's JSON (qkeras_mnist_cnn.json)"
    )
    parser.add_argument("--cnn-weights", type=Path, help="its weights")
    parser.add_argument(
        "--more", action="store_true", help="also a 32x32x3 CNN and an LSTM, built by the peer"
    )
    parser.add_argument("--peer-python", help="the interpreter of hls4ml's environment")
    parser.add_argument("--rounds", type=int, default=3, help="repetitions (default 3)")
    parser.add_argument(
        "--quick", action="store_true", help="one short round, without the CNN and the project"
    )
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown too")
    parser.add_argument("--output", type=Path, help="write the figures as JSON")
    return parser.parse_args()


def main() -> None:
    options = parse()
    python = options.peer_python
    if python is None or not Path(python).exists():
        reason = "not given (--peer-python)" if python is None else f"not found ({python})"
        log(f"peer {reason}: own figures only. To install it: {INSTALL}")
        python = None
    rounds = 1 if options.quick else options.rounds
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="qhls-models-") as folder:
        for case in cases(options, Path(folder)):
            rows += measure(case, python, rounds, options.quick)
    CONSOLE.print(table(rows))
    if options.markdown:
        print(markdown(rows))
    if options.output:
        figures = [asdict(row) | {"ratios": row.ratios, "met": row.met} for row in rows]
        about = {
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "quick": options.quick,
        }
        options.output.write_text(json.dumps(about | {"rows": figures}, indent=2) + "\n")


if __name__ == "__main__":
    main()
