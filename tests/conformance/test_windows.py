"""Windows that add their padding and read several pixels at once equal the interpreter in C++ and Verilog."""

import os
import random
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from qhls.ir import Fixed, Graph, Input, Pool, run
from qhls.plan import Schedule
from qhls.plan.streams.actions import Slide
from qhls.plan.streams.build import plan_streams
from qhls.rtl import build_design, find_latency
from support.graphs.agreement import STREAMS, assert_agreement, stimuli
from support.graphs.random_graphs import draw
from support.graphs.windows import SEVERAL, TIGHT, windows
from support.rtl import needs_verilator

SCHEDULES = {
    "all at once": STREAMS,
    "shared": Schedule(io="stream", reuse_factor=3),
    "tight": Schedule(io="stream", interval=TIGHT),
}

QUICK_AND_LONG = [
    "tight",
    *(pytest.param(n, marks=pytest.mark.long) for n in SCHEDULES if n != "tight"),
]


@cache
def drawn(count):
    """A graph of random windows, each on an image of its own."""
    seed = int(os.environ.get("QHLS_SEED", random.getrandbits(32)))
    print(f"to repeat: QHLS_SEED={seed}")
    ops = draw(windows(SEVERAL), count, seed)
    inputs, outputs = [], []
    for number, op in enumerate(ops):
        image = replace(op.x.x, name=f"image {number}")
        pad = replace(op.x, x=image, name=f"pad {number}")
        inputs.append(image)
        outputs.append(replace(op, x=pad, name=f"{op.name} {number}"))
    return Graph(tuple(inputs), tuple(outputs), "windows")


def count_wide(graph, schedule):
    actions = [process.action for process in plan_streams(graph, schedule).processes]
    slides = [action for action in actions if isinstance(action, Slide)]
    assert sum(slide.is_padded for slide in slides) >= len(slides) // 2
    return sum(slide.pixels > 1 for slide in slides)


@pytest.mark.parametrize("name", QUICK_AND_LONG)
def test_windows_equal_the_interpreter(name, unoptimised):
    graph, schedule = drawn(16), SCHEDULES[name]
    assert count_wide(graph, schedule) >= (6 if name == "tight" else 0)
    assert_agreement(graph, schedule=schedule)


@needs_verilator
@pytest.mark.parametrize("name", QUICK_AND_LONG)
def test_windows_equal_the_interpreter_in_verilog(name):
    graph, schedule = drawn(6), SCHEDULES[name]
    simulation, codes = build_design(graph, schedule), stimuli(graph, 0)
    for waits in (0, 0.3):
        got = simulation.run(codes, gaps=waits, stalls=waits, seed=0)
        pairs = zip(graph.outputs, run(graph, codes), got, strict=True)
        assert [op.name for op, a, b in pairs if not np.array_equal(a, b)] == []
    reported = find_latency(graph, schedule)
    counted = simulation.count_cycles([array[:4] for array in codes], 0)
    assert counted == (reported.latency, reported.interval)


@needs_verilator
def test_the_interval_is_that_of_the_slowest_output_even_if_it_leaves_first():
    early, late = (
        Input(shape, Fixed.parse("s4.2"), name=name)
        for shape, name in (((4, 5, 1), "early"), ((1, 19, 1), "late"))
    )
    pools = (
        Pool(early, (2, 2), (3, 3), "max", name="pool_early"),
        Pool(late, (1, 18), (1, 1), "max", name="pool_late"),
    )
    graph = Graph((early, late), pools, "outputs")
    codes = [array[:4] for array in stimuli(graph, 0)]
    reported = find_latency(graph, STREAMS)
    assert reported.interval == 20
    counted = build_design(graph, STREAMS).count_cycles(codes, 0)
    assert counted == (reported.latency, reported.interval)
