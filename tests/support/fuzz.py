"""Random models, each against Keras and, in batches, against both targets or Verilog: ``make fuzz``, or

    PYTHONPATH=tests python -m support.fuzz --seconds 600 --seed 12345

Prints the seed of whatever differs; ``--seed N --models 1`` repeats it. The status is 1 if anything did.
"""

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass, field, replace

import keras
import numpy as np

import qhls
from qhls import rtl
from qhls.backends import csim
from qhls.backends.layout import lay_out
from qhls.check.executions import check
from qhls.errors import EmitError, LoweringError
from qhls.ir import Graph, run
from qhls.plan import Schedule
from support.models.random_models import extreme_model, random_model

SAMPLES = 32
BATCH = 12
TARGETS = ("vitis", "catapult")


@dataclass
class Tally:
    """What a run has seen."""

    equal: int = 0
    simulated: int = 0
    refused: Counter = field(default_factory=Counter)
    faults: list = field(default_factory=list)

    def __str__(self):
        refused = sum(self.refused.values())
        lines = [
            f"{self.equal} models equal Keras, {self.simulated} of them simulated, {refused} refused"
        ]
        lines += [f"  {count} x {reason}" for reason, count in self.refused.most_common()]
        return "\n".join([*lines, *self.faults])


def examine(seed, tally, make=random_model):
    """The design of the model that ``make`` gives for ``seed`` if it equals Keras, else None."""
    try:
        model, types = make(seed)
    except ValueError as error:  # a window larger than what is left of the image, and the like
        tally.refused[f"Keras: {str(error).splitlines()[0][:90]}"] += 1
        return None
    try:
        design = qhls.compile(model, types)
        lay_out(design.graph, design.schedule)
    except (LoweringError, EmitError) as error:
        tally.refused[str(error).partition("expected ")[2].partition(";")[0][:120]] += 1
        return None
    codes = design.random_codes(SAMPLES, seed)
    random = np.random.default_rng(seed)
    for array, op in zip(
        codes, design.graph.inputs, strict=True
    ):  # every other sample: numbers of any size
        array[::2] >>= random.integers(0, op.type.width, array[::2].shape)
    report = check(design, codes, ())
    if not report:
        tally.faults.append(f"seed {seed}: {report}")
        return None
    tally.equal += 1
    return design


def simulate(designs, tally, schedule, build=None):
    """All ``designs`` as one, by one compilation a target; ``build`` makes the simulations of a graph."""
    build = build or build_csim
    graphs = [renamed(design.graph) for design in designs]
    whole = Graph(
        tuple(i for g in graphs for i in g.inputs),
        tuple(o for g in graphs for o in g.outputs),
        "fuzz",
    )
    random = np.random.default_rng(len(whole.ops))
    codes = [
        random.integers(i.type.lo, i.type.hi, (SAMPLES, *i.shape), endpoint=True)
        for i in whole.inputs
    ]
    expected = run(whole, codes)
    for library in build(whole, schedule):
        # One output a model, in the order of the designs.
        for design, wanted, got in zip(designs, expected, library.run(codes), strict=True):
            if not np.array_equal(wanted, got):
                tally.faults.append(f"{design.graph.name}: {library.name} differs, {schedule}")
    tally.simulated += len(designs)


def build_rtl(graph, schedule):
    """The Verilog of ``graph`` with io and folds drawn by its size, and a recurrence that shares no multiplier."""
    random = np.random.default_rng(len(graph.ops))
    io = random.choice(["array", "stream"])
    folds = not any(op.nested for op in graph.ops)
    reuse = int(random.choice([1, 2, 5, 16])) if folds else 1
    drawn = replace(schedule, io=str(io), reuse_factor=reuse)
    simulation = rtl.build_design(graph, drawn)
    print(f"Verilog of {len(graph.outputs)} models: io={io}, reuse_factor={reuse}")
    return [simulation]


def build_csim(graph, schedule):
    """The C++ of ``graph`` for each target."""
    return csim.build(graph, schedule, TARGETS)


def renamed(graph):
    """``graph`` with its name before those of its ops."""
    return graph.rewrite(lambda op: replace(op, name=f"{graph.name}_{op.name}"))


FOLDS = (
    {},
    {"reuse_factor": 2},
    {"reuse_factor": 7},
    {"partition_limit": 1, "reuse_factor": 3},
    {"interval": 1 << 24},
    {"lut": 1 << 30},
)
"""The ways in which hardware is shared that ``fuzz`` draws for C++."""


def draw_schedule(seed, io):
    """The schedule of ``seed``; ``io``: that of all, or None for one that is drawn too."""
    random = np.random.default_rng(seed)
    fold = FOLDS[random.integers(len(FOLDS))]
    drawn = ("array", "stream")[random.integers(2)]
    return Schedule(io=io or drawn, **fold)


def fuzz(seconds, seed, models=1 << 30, simulated=0.25, make=random_model, io=None, build=None):
    """Examine models from ``seed`` on until time or ``models`` are used up, a share of them on the targets.

    Schedules of C++ are drawn: folds, and ``io`` where it is None. ``build`` draws its own.
    """
    tally, waiting, end = Tally(), [], time.monotonic() + seconds
    for number in range(seed, seed + models):
        if time.monotonic() > end:
            break
        design = examine(number, tally, make)
        if number % 100 == 0:
            keras.backend.clear_session()  # slow, but Keras keeps what it has seen
        if design and number % round(1 / simulated) == 0:
            waiting.append(design)
        if len(waiting) == BATCH:
            schedule = Schedule() if build else draw_schedule(number, io)
            simulate(waiting, tally, schedule, build)
            waiting = []
    if waiting:
        schedule = Schedule() if build else draw_schedule(seed, io)
        simulate(waiting, tally, schedule, build)
    return tally


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--models", type=int, default=1 << 30)
    parser.add_argument("--simulated", type=float, default=0.25, help="share that goes to csim")
    parser.add_argument("--io", choices=("array", "stream"), help="of all designs, else drawn")
    parser.add_argument("--rtl", action="store_true", help="Verilog, io and folds drawn, not C++")
    parser.add_argument("--extreme", action="store_true", help="wide types, weights of any size")
    arguments = parser.parse_args()
    seed = int(time.time()) if arguments.seed is None else arguments.seed
    print(f"seed {seed}")
    make = extreme_model if arguments.extreme else random_model
    build = build_rtl if arguments.rtl else None
    limits = (arguments.seconds, seed, arguments.models, arguments.simulated)
    tally = fuzz(*limits, make, arguments.io, build)
    print(tally)
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
