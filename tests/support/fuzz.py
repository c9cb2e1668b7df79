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
from support.graphs.random_graphs import draw
from support.graphs.random_graphs import graphs as random_graphs
from support.models.random_models import extreme_model, random_model

SAMPLES = 32
BATCH = 12
GRAPHS = 60
"""Random graphs per simulation."""
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


def simulate(graphs, tally, schedule, verilog=False):
    """All ``graphs`` as one, by one compilation per target; the schedule of Verilog is drawn."""
    graphs = [renamed(graph) for graph in graphs]
    names = [graph.name for graph in graphs for _ in graph.outputs]
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
    if verilog:
        schedule = draw_verilog(whole)
        print(
            f"Verilog of {len(graphs)} graphs: io={schedule.io}, reuse_factor={schedule.reuse_factor}"
        )
        libraries = [rtl.build_design(whole, schedule)]
    else:
        libraries = csim.build(whole, schedule, TARGETS)
    for library in libraries:
        for name, wanted, got in zip(names, expected, library.run(codes), strict=True):
            if not np.array_equal(wanted, got):
                tally.faults.append(f"{name}: {library.name} differs, {schedule}")
    tally.simulated += len(graphs)


def draw_verilog(graph):
    """A schedule with io and folds drawn by the size of ``graph``; a recurrence shares no multiplier."""
    random = np.random.default_rng(len(graph.ops))
    io = random.choice(["array", "stream"])
    folds = not any(op.nested for op in graph.ops)
    reuse = int(random.choice([1, 2, 5, 16])) if folds else 1
    return Schedule(io=str(io), reuse_factor=reuse)


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


def fuzz(seconds, seed, models=1 << 30, simulated=0.25, make=random_model, io=None, verilog=False):
    """Examine models from ``seed`` on until time or ``models`` are used up, a share of them on the targets.

    Schedules are drawn: folds, and ``io`` where it is None or the target is Verilog.
    """
    tally, waiting, end = Tally(), [], time.monotonic() + seconds
    for number in range(seed, seed + models):
        if time.monotonic() > end:
            break
        design = examine(number, tally, make)
        if number % 100 == 0:
            keras.backend.clear_session()  # slow, but Keras keeps what it has seen
        if design and number % round(1 / simulated) == 0:
            waiting.append(design.graph)
        if len(waiting) == BATCH:
            simulate(waiting, tally, draw_schedule(number, io), verilog)
            waiting = []
    if waiting:
        simulate(waiting, tally, draw_schedule(seed, io), verilog)
    return tally


def fuzz_graphs(seconds, seed, batches=1 << 30, io=None, verilog=False):
    """Simulate batches of random graphs from ``seed`` on until time or ``batches`` are used up."""
    tally, end = Tally(), time.monotonic() + seconds
    for number in range(seed, seed + batches):
        if time.monotonic() > end:
            break
        graphs = [
            replace(graph, name=f"seed{number}_{place}")
            for place, graph in enumerate(draw(random_graphs(), GRAPHS, number))
        ]
        simulate(graphs, tally, draw_schedule(number, io), verilog)
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
    parser.add_argument(
        "--graphs",
        action="store_true",
        help=f"batches of {GRAPHS} random graphs instead of models of Keras",
    )
    parser.add_argument("--extreme", action="store_true", help="wide types, weights of any size")
    arguments = parser.parse_args()
    seed = int(time.time()) if arguments.seed is None else arguments.seed
    print(f"seed {seed}")
    make = extreme_model if arguments.extreme else random_model
    limits = (arguments.seconds, seed, arguments.models)
    if arguments.graphs:
        tally = fuzz_graphs(*limits, arguments.io, arguments.rtl)
    else:
        tally = fuzz(*limits, arguments.simulated, make, arguments.io, arguments.rtl)
    print(tally)
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
