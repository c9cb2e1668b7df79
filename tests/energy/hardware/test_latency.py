"""Cycles: by hand, against the loops of the generated C++, and against what is published."""

import math
import re
from collections import Counter

import numpy as np
import pytest

import qhls
from qhls.backends.emit import generate_sources
from qhls.backends.layout import lay_out
from qhls.backends.target import TARGETS
from qhls.energy.hardware.latency import estimate_latency
from qhls.energy.tool_reports.report import read_report
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
    Mul,
    Pad,
    Pool,
    Quantize,
    Reshape,
    Scan,
    Shift,
)
from qhls.plan import Schedule
from qhls.plan.hardware.depth import count_logic_levels
from support.cpp.trips import count_trips
from support.graphs.op_batches import graph_of
from support.graphs.op_examples import EXAMPLES
from support.plans import place_of, process_of
from support.shared import SHARED


def image_graph():
    x = Input((6, 5, 2), Fixed(True, 4, 1), name="x")
    y = Pad(x, ((1, 1), (1, 1), (0, 0)), name="padded")
    y = Conv(y, Const.of(np.full((3, 3, 2, 4), 3.0), name="kernel"), name="conv")
    y = Add(y, Const.of(np.arange(4) + 1.0, name="bias"), name="biased")
    y = Quantize(Max(y, Const.of(0.0, name="zero"), name="relu"), Fixed(False, 5, 0), name="q")
    y = Concat((y, Shift(y, 1, name="twice")), name="both")
    y = Pool(y, (2, 2), (2, 2), name="pooled")
    y = Reshape(y, (y.size,), name="flat")
    return Graph((x,), (y,), name="image")


def examples():
    """Every op of the conformance suites that reads tensors and is no recurrence, which copies and calls its step."""
    made = [build(Fixed(True, 6, 2)) for builds in EXAMPLES.values() for build in builds]
    kinds = Input | Const | Reshape | Scan
    return [op for op in made if op.batched and op.type.width < 60 and not isinstance(op, kinds)]


def check_loops(graph, schedule, folder):
    """Compare the loops of each function with those of its process; return the number of functions."""
    ran = count_trips(graph, schedule, folder)
    called = Counter(each.function for each in lay_out(graph, schedule).operations)
    for each in lay_out(graph, schedule).operations:
        trips, interval = ran.get(each.function, (called[each.function], 1))
        found = trips / called[each.function], interval
        assert found == (each.process.trips, each.process.interval), each.function
    return len(called)


LONG = pytest.mark.long


@pytest.mark.parametrize("reuse", [pytest.param(1, marks=LONG), 3])
@pytest.mark.parametrize("limit", [1, pytest.param(1024, marks=LONG)])
def test_loops_are_those_that_the_generated_code_runs(limit, reuse, tmp_path):
    graph = graph_of("top", examples())
    schedule = Schedule(reuse_factor=reuse, partition_limit=limit)
    assert check_loops(graph, schedule, tmp_path) > 40


def test_a_scan_copies_what_the_generated_code_does(tmp_path):
    scans = [build(Fixed(True, 6, 2)) for build in EXAMPLES[Scan]]
    graph, schedule = graph_of("top", scans), Schedule(partition_limit=1)
    ran = count_trips(graph, schedule, tmp_path)
    for each in lay_out(graph, schedule).operations:
        op, process = each.op, each.process
        once = sum(state.size for state in op.carried if state.size > 1)
        copies = process.interval - process.body.latency
        assert ran[each.function][0] == once + op.steps * copies
        assert (process.trips, process.depth) == (op.steps, 1)


def test_loops_of_a_whole_design(tmp_path):
    schedule = Schedule(reuse_factor=3, partition_limit=150)
    assert check_loops(image_graph(), schedule, tmp_path) == 4  # none copies the padding


@pytest.mark.parametrize("limit", [1, 1024])
@pytest.mark.parametrize("op_type", [Add, Mul, Matmul])
def test_constants_are_logic_where_the_loops_that_choose_them_are_unrolled(op_type, limit):
    x = Input((2, 3), Fixed(True, 6, 2), name="x")
    values = np.array([[3.0, -1, 5]] * 3) if op_type is Matmul else np.array([3.0, -1, 5])
    numbers = Const.of(values, name="numbers")
    op, schedule = op_type(x, numbers, name="y"), Schedule(partition_limit=limit)
    text = generate_sources(Graph((x,), (op,), name="top"), schedule, TARGETS["vitis"])[
        "src/top.cpp"
    ]
    index = re.findall(r"numbers_values\[(.*?)\]", text)[-1]
    rolled = [
        re.search(rf"int {variable} = 0.*\n.*UNROLL", text) is None
        for variable in re.findall(r"[a-z]\d?", index)
    ]
    assert rolled
    assert (place_of(op, numbers, schedule) == "wired") == (not any(rolled))


def test_a_product_by_hand():
    x = Input((4,), Fixed(True, 4, 0), name="x")
    product = Matmul(x, Const.of(np.full((4, 3), 3.0), name="w"), name="product")
    assert count_logic_levels(product) == 1 + 2  # 3 = 4 - 1, then a tree of four
    graph = Graph((x,), (Quantize(product, Fixed(True, 4, -2), name="y"),))
    report = estimate_latency(graph, Schedule(clock_period=2))
    assert [(op.trips, op.interval, op.depth) for op in report.ops] == [(1, 1, 3)]
    assert report.latency == 3  # levels of sum and rounding: 5, of 2 ns
    assert report.nanoseconds == 6
    assert report.interval == 1
    slow = estimate_latency(graph, Schedule(clock_period=0.5))
    assert [op.depth for op in slow.ops] == [10]


def test_reuse_and_rows():
    x = Input((5, 4), Fixed(True, 4, 0), name="x")
    graph = Graph((x,), (Matmul(x, Const.of(np.full((4, 3), 3.0)), name="y"),))
    (op,) = estimate_latency(graph, Schedule(reuse_factor=4)).ops
    assert (op.trips, op.interval, op.busy) == (20, 1, 20)  # four tiles of each row
    assert op.cycles == 20 + op.depth - 1


def test_ports_of_a_memory_bound_the_interval():
    x = Input((4,), Fixed(True, 4, 0), name="x")
    graph = Graph((x,), (Matmul(x, Const.of(np.full((4, 3), 3.0), name="w"), name="y"),))
    (op,) = estimate_latency(graph, Schedule(storage="bram")).ops
    assert (op.interval, op.bound) == (6, "w")  # 12 weights, two a cycle
    (op,) = estimate_latency(graph, Schedule(storage="bram", reuse_factor=8)).ops
    assert (op.trips, op.interval, op.bound) == (6, 1, "schedule")  # a tile of two is a word


def test_branches_run_at_once():
    x = Input((8,), Fixed(True, 4, 0), name="x")
    long, short = Add(x, x, name="long"), Quantize(x, Fixed(True, 3, 0), name="short")
    graph = Graph((x,), (Add(long, short, name="y"),))
    cycles = {op.name: op.cycles for op in estimate_latency(graph, Schedule()).ops}
    assert cycles == {"long": 1, "short": 1, "y": 1}  # all elements at once
    assert estimate_latency(graph, Schedule()).latency == 2
    # one at a time, and short has to wait for the ports of x
    report = estimate_latency(graph, Schedule(partition_limit=1))
    assert {op.name: op.cycles for op in report.ops} == {
        **{"long": 8, "short": 8, "y": 8, "store y": 8}
    }
    assert report.latency == report.sequential == 32
    assert report.plan.waiting == 28  # four of the cycles are depths of 1
    assert report.bounds == (28 + 3, 28 + 5)


def test_without_dataflow_an_input_waits_for_the_result():
    x = Input((8,), Fixed(True, 4, 0), name="x")
    once = Quantize(x, Fixed(True, 3, 0), name="a")
    once = Quantize(Reshape(once, (8, 1)), Fixed(True, 2, 0), name="b")
    far = Schedule(partition_limit=1)
    chain = estimate_latency(Graph((x,), (once,)), far)
    assert (chain.obstacles, chain.interval, chain.latency) == ((), 8, 24)
    assert chain.sequential == 24  # Catapult's
    skip = estimate_latency(Graph((x,), (Add(Reshape(once, (8,)), x, name="y"),)), far)
    assert skip.obstacles == (*("several calls read x", "tensors of different depths meet in y"),)
    assert skip.interval == skip.latency == skip.sequential == 32
    text = " ".join(str(skip).split())
    assert "DATAFLOW disabled: several calls read x; tensors of different depths meet in y" in text
    assert skip.to_dict()["obstacles"] == list(skip.obstacles)


def test_a_result_goes_into_a_memory_two_elements_a_cycle():
    x = Input((3, 4), Fixed(True, 4, 0), name="x")
    graph = Graph((x,), (Matmul(x, Const.of(np.full((4, 10), 3.0)), name="y"),))
    product, store = estimate_latency(graph, Schedule(partition_limit=29)).ops
    assert (product.trips, product.interval, product.bound) == (3, 5, "y")
    assert (store.name, store.trips, store.interval) == ("store y", 30, 1)
    (product,) = estimate_latency(graph, Schedule(partition_limit=30)).ops
    assert product.interval == 1


def test_elements_of_a_trip():
    x = Input((6, 5, 2), Fixed(True, 4, 1), name="x")
    rounded = Quantize(x, Fixed(True, 3, 0))
    pool = process_of(Pool(x, (2, 2), (2, 2)))
    assert (pool.trips, pool.interval, pool.lanes) == (6, 1, 2)
    at_once, one = process_of(rounded), process_of(rounded, partition_limit=59)
    assert (at_once.trips, at_once.interval, at_once.lanes) == (1, 1, 60)
    assert (one.trips, one.interval, one.lanes) == (60, 1, 1)


def jet_tagger(apart):
    """16-64-32-32-5 in 6 bits; ``apart``: each activation is a function of its own, as in the published design."""
    random = np.random.default_rng(0)
    x = y = Input((16,), Fixed(True, 16, 10), name="x")
    for i, width in enumerate((64, 32, 32, 5)):
        weights = random.integers(-31, 32, (y.shape[-1], width)) / 32
        y = Matmul(y, Const.of(weights), name=f"product_{i}")
        if i < 3:
            y = Reshape(y, (width, 1)) if apart else y
            y = Quantize(y, Fixed(False, 6, 6), name=f"relu_{i}")
            y = Reshape(y, (width,))
    return estimate_latency(Graph((x,), (y,)), Schedule(partition_limit=4096))


def test_the_published_jet_tagger_takes_its_eleven_cycles():
    """Coelho et al. 2021: 11 cycles at 5 ns; the bias there is part of the sum."""
    report = jet_tagger(apart=True)
    assert report.latency == 11
    assert report.bounds == (9, 14)  # as published for other quantisations
    assert report.interval == 1
    assert math.isclose(report.nanoseconds, 55)
    assert jet_tagger(apart=False).latency == 8


def test_text_and_numbers():
    report = estimate_latency(image_graph(), Schedule())
    assert f"{report.latency} cycles" in " ".join(str(report).split())
    content = report.to_dict()
    assert content["latency"] == report.latency
    assert [op["name"] for op in content["ops"]] == [op.name for op in report.ops]


@pytest.mark.parametrize(
    ("sizes", "multipliers", "published"),
    [
        ((104, 48, 104, 16), (6, 4, 2), 2_920),
        ((104, 48, 104, 128), (3, 2, 8), 5_832),
        ((104, 48, 112, 104), (1, 1, 4), 13_288),
        ((104, 48, 104, 104), (1, 1, 2), 15_400),
    ],
)
def test_folded_layers_take_the_cycles_that_are_published(sizes, multipliers, published):
    """hls4ml's resource strategy after C synthesis by Vitis HLS 2023.2: the multipliers are those of its reuse factors.

    Source: jdweitz/wa-hls4ml, data/concatenated_3layer_json_to_csv.csv; benchmarks/folded_latency.py has more.
    """
    y = x = Input((sizes[0],), Fixed(True, 8, 4), name="x")
    for number, size in enumerate(sizes[1:]):
        kernel = np.arange(y.size * size).reshape(y.size, size) % 13 - 6.0
        y = Matmul(y, Const.of(kernel), name=f"dense{number}", layer=f"dense{number}")
        y = Quantize(Max(y, Const.of(0.0)), Fixed(False, 4, 0))
    folding = {f"dense{number}": (1, pe) for number, pe in enumerate(multipliers)}
    found = estimate_latency(Graph((x,), (y,), "layers"), Schedule(folding=folding))
    assert math.isclose(found.sequential, published, rel_tol=0.002)


JETS = SHARED / "reports/Hector-Plata+hls4ml-tutorial"


@pytest.mark.skipif(not JETS.is_dir(), reason=f"no published reports: {JETS} is absent")
@pytest.mark.parametrize("number", [1, 2, 3])
def test_unrolled_designs_take_about_the_cycles_that_are_published(number):
    """The interval is equal; of the latency, their softmax takes cycles, which the host computes here."""
    (folder,) = (JETS / f"model_{number}/model_{number}").rglob("syn/report")
    whole = read_report(folder / "myproject_csynth.xml").latency
    (softmax,) = folder.glob("softmax*_csynth.xml")
    model = JETS / f"models/model_{number}_KERAS_check_best_model.h5"
    schedule = Schedule(clock_period=5.0)
    design = qhls.compile(model, "s16.10", schedule=schedule, allow_approximate=number < 3)
    found = design.latency()
    assert found.interval == whole.interval == 1
    assert abs(found.latency - (whole.latency - read_report(softmax).latency.latency)) <= 3
