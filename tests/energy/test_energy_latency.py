"""Cycles: by hand, against the loops of the generated C++, and against what is published."""

import math
import re

import numpy as np
import pytest

from qhls.backends.emit import emit
from qhls.energy.latency import estimate_latency, levels
from qhls.energy.primitives import Loop, loop
from qhls.ir import (
    Add,
    Concat,
    Const,
    Conv,
    Fixed,
    Graph,
    Input,
    Matmul,
    Max,
    Pad,
    Pool,
    Quantize,
    Reshape,
    Schedule,
    Shift,
    Threshold,
)


def image_graph():
    x = Input((6, 5, 2), Fixed(True, 4, 1), name="x")
    y = Pad(x, ((1, 1), (1, 1), (0, 0)), name="padded")
    y = Conv(y, Const.of(np.full((3, 3, 2, 4), 3.0), name="kernel"), name="conv")
    y = Add(y, Const.of(np.arange(4) + 1.0, name="bias"), name="biased")
    y = Quantize(Max(y, Const.of(0.0, name="zero"), name="relu"), Fixed(False, 5, 0), name="q")
    y = Concat((y, Shift(y, 1, name="twice")), name="both")
    y = Pool(y, (2, 2), (2, 2), name="pooled")
    y = Reshape(y, (y.size,), name="flat")
    steps = Const.of([3.0, 9.0], name="steps")
    y = Threshold(y, steps, Const.of([0.0, 1, 3], name="values"), name="stepped")
    y = Matmul(y, Const.of(np.full((y.size, 3), 0.5), name="weights"), name="product")
    return Graph((x,), (y,), name="image")


def loops(text):
    """``(trips, interval)`` of each function of C++: its loops that are not unrolled, and their pipelines."""
    found = {}
    for name, body in re.findall(
        r"^static void compute_(\w+)\(.*?\) \{\n(.*?)^\}", text, re.S | re.M
    ):
        trips, interval = 1, 1
        pattern = r"for \(int \w+ = 0; \w+ < (\d+); \+\+\w+\) \{\n\s*((?:#pragma[^\n]*\n)?)"
        for count, pragma in re.findall(pattern, body):
            if "UNROLL" not in pragma:
                trips *= int(count)
        for interval_text in re.findall(r"PIPELINE II=(\d+)", body):
            interval = int(interval_text)
        found[name] = (trips, interval)
    return found


@pytest.mark.parametrize("reuse", [1, 3])
@pytest.mark.parametrize("limit", [16, 4096])
def test_loops_are_those_of_the_generated_code(tmp_path, reuse, limit):
    graph = image_graph()
    schedule = Schedule(reuse_factor=reuse, partition_limit=limit)
    project = emit(graph, schedule, "vitis", tmp_path / "project")
    written = loops((project.path / "src/image.cpp").read_text())
    compared = 0
    for op in graph.ops:
        if op.name in written and op.kind != "concat":  # a loop an operand there
            steps = loop(op, schedule)
            assert written[op.name] == (steps.trips, steps.interval), op.name
            compared += 1
    assert compared >= 9


def test_a_product_by_hand():
    x = Input((4,), Fixed(True, 4, 0), name="x")
    product = Matmul(x, Const.of(np.full((4, 3), 3.0), name="w"), name="product")
    assert levels(product) == 1 + 2  # 3 = 4 - 1, then a tree of four
    graph = Graph((x,), (Quantize(product, Fixed(True, 4, -2), name="y"),))
    report = estimate_latency(graph, Schedule(clock_period=2))
    assert [(op.trips, op.interval, op.depth) for op in report.ops] == [(1, 1, 2), (1, 1, 1)]
    assert report.latency == 3
    assert report.nanoseconds == 6
    assert report.interval == 1
    slow = estimate_latency(graph, Schedule(clock_period=0.5))
    assert [op.depth for op in slow.ops] == [6, 4]


def test_reuse_and_rows():
    x = Input((5, 4), Fixed(True, 4, 0), name="x")
    graph = Graph((x,), (Matmul(x, Const.of(np.full((4, 3), 3.0)), name="y"),))
    (op,) = estimate_latency(graph, Schedule(reuse_factor=4)).ops
    assert (op.trips, op.interval, op.busy) == (5, 4, 20)
    assert op.cycles == 20 + op.depth - 1


def test_ports_of_a_memory_bound_the_interval():
    x = Input((4,), Fixed(True, 4, 0), name="x")
    graph = Graph((x,), (Matmul(x, Const.of(np.full((4, 3), 3.0), name="w"), name="y"),))
    (op,) = estimate_latency(graph, Schedule(storage="bram")).ops
    assert (op.interval, op.bound) == (6, "w")  # 12 weights, two a cycle
    (op,) = estimate_latency(graph, Schedule(storage="bram", reuse_factor=8)).ops
    assert (op.interval, op.bound) == (8, "schedule")


def test_branches_run_at_once():
    x = Input((8,), Fixed(True, 4, 0), name="x")
    long, short = Add(x, x, name="long"), Quantize(x, Fixed(True, 3, 0), name="short")
    graph = Graph((x,), (Add(long, short, name="y"),))
    cycles = {op.name: op.cycles for op in estimate_latency(graph, Schedule()).ops}
    assert cycles == {"long": 8, "short": 1, "y": 8}
    report = estimate_latency(graph, Schedule())
    assert report.latency == 16
    assert report.waiting == 14  # two of the cycles are depths of 1
    assert report.bounds == (14 + 2, 14 + 3)


def test_elements_of_a_trip():
    x = Input((6, 5, 2), Fixed(True, 4, 1), name="x")
    assert loop(Pool(x, (2, 2), (2, 2)), Schedule()) == Loop(6, 1, 2)
    assert loop(Quantize(x, Fixed(True, 3, 0)), Schedule()) == Loop(1, 1, 60)
    assert loop(Quantize(x, Fixed(True, 3, 0)), Schedule(partition_limit=59)) == Loop(60, 1, 1)


def test_the_published_jet_tagger_takes_its_eleven_cycles():
    """Coelho et al. 2021: 16-64-32-32-5 in 6 bits, 11 cycles at 5 ns; the bias there is part of the sum."""
    random = np.random.default_rng(0)
    x = y = Input((16,), Fixed(True, 16, 10), name="x")
    for i, width in enumerate((64, 32, 32, 5)):
        weights = random.integers(-31, 32, (y.shape[-1], width)) / 32
        y = Matmul(y, Const.of(weights), name=f"product_{i}")
        if i < 3:
            y = Quantize(y, Fixed(False, 6, 6), name=f"relu_{i}")
    report = estimate_latency(Graph((x,), (y,)), Schedule(partition_limit=4096))
    assert report.latency == 11
    assert report.bounds == (9, 14)  # as published for other quantisations
    assert report.interval == 1
    assert math.isclose(report.nanoseconds, 55)


def test_text_and_numbers():
    report = estimate_latency(image_graph(), Schedule())
    assert f"{report.latency} cycles" in " ".join(str(report).split())
    content = report.to_dict()
    assert content["latency"] == report.latency
    assert [op["name"] for op in content["ops"]] == [op.name for op in report.ops]
