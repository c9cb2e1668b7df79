"""Plans of streams: parts, tokens, FIFOs whose depths are enough and not more, and what is refused."""

import math
import os
import random
from collections import Counter
from dataclasses import replace

import pytest

from qhls import Design
from qhls.energy.model import price_op
from qhls.energy.technology import load_technology
from qhls.errors import PlanError, VerifyError
from qhls.ir import (
    Add,
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
    Reshape,
)
from qhls.plan import Schedule, plan
from qhls.plan.search import add_up_resources
from qhls.plan.streams.bounded import run_bounded
from qhls.plan.streams.build import plan_streams
from qhls.plan.streams.decisions.choices import TOKEN_BITS
from qhls.plan.streams.depths import list_actors, set_depths
from qhls.plan.streams.firings import count_busy_cycles, fire
from qhls.rtl.streams.design import StreamVerilog
from support.graphs.op_batches import (
    BATCHES,
    batch,
    graph_of,
    network,
    random_const,
    residual,
    tokens,
)
from support.graphs.random_graphs import draw, graphs

STREAM = Schedule(io="stream")


def x_of(*dims, notation="u4.2", name="x"):
    return Input(dims, Fixed.parse(notation), name=name)


def planned(*outputs):
    return plan_streams(graph_of("design", outputs), STREAM)


def run(streams, **changes):
    """The bounded run of a plan, with FIFOs of other depths by name."""
    nodes, numbers = list_actors(streams)
    depths = {fifo.name: fifo.depth for fifo in streams.fifos} | changes
    return run_bounded(nodes, {numbers[name]: depth for name, depth in depths.items()})


def many():
    seed = int(os.environ.get("QHLS_SEED", random.getrandbits(32)))
    print(f"to repeat: QHLS_SEED={seed}")
    drawn = [graph for graph in draw(graphs(), 40, seed) if all(o.batched for o in graph.outputs)]
    batches = [graph_of("batch", batch(name)) for name in ("arithmetic", "structure")]
    return [*drawn, *batches, graph_of("residual", list(residual())), graph_of("t", list(tokens()))]


def test_every_fifo_has_one_producer_and_one_consumer_and_carries_its_tensor():
    for graph in many():
        streams = plan_streams(graph, STREAM)
        written = Counter(f.name for p in streams.processes for f in p.writes)
        read = Counter(f.name for p in streams.processes for f in p.reads)
        assert set(written.values()) | set(read.values()) == {1}
        assert set(read) - set(written) == {f.name for f in streams.inputs}
        assert set(written) - set(read) == {f.name for f in streams.outputs}
        for fifo in (*streams.inputs, *streams.outputs, *streams.fifos):
            assert fifo.tokens * fifo.lanes == fifo.tensor.size
            assert fifo.lanes == 1 or fifo.bits <= TOKEN_BITS
        for process, node in zip(streams.processes, list_actors(streams)[0], strict=True):
            assert node.firings.takes.sum(0).tolist() == [f.tokens for f in process.reads]
            assert node.firings.gives.sum(0).tolist() == [f.tokens for f in process.writes]


def test_planned_depths_lose_no_cycle():
    for graph in many():
        streams = plan_streams(graph, STREAM)
        bounded = run(streams)
        assert not bounded.cycle
        assert bounded.latency == streams.latency
        assert bounded.interval <= streams.interval


def reconvergences():
    image = x_of(8, 6, 2)
    conv = Conv(Pad(image, ((1, 1), (1, 1), (0, 0))), random_const((3, 3, 2, 2), 3, 2, 1))
    yield Add(conv, image, name="residual")
    gate = Matmul(Reshape(Pool(image, (8, 6), (8, 6), "sum"), (2,)), random_const((2, 2), 3, 2, 2))
    yield Mul(image, Reshape(gate, (1, 1, 2)), name="gate")
    pooled = Pool(Max(conv, Const.of(0.0)), (2, 2), (2, 2))
    yield Add(pooled, Conv(image, random_const((1, 1, 2, 2), 3, 2, 3), (2, 2)), name="strided")


@pytest.mark.parametrize("number", range(3))
def test_depths_at_reconvergences_are_tight(number):
    streams = planned(list(reconvergences())[number])
    deep = [fifo for fifo in streams.fifos if fifo.depth > 2]
    assert deep
    for fifo in deep:
        shorter = run(streams, **{fifo.name: fifo.depth - 1})
        slower = (shorter.latency, shorter.interval) > (streams.latency, streams.interval)
        assert shorter.cycle or slower, fifo


def test_a_deadlock_is_a_cycle_of_processes_that_wait_for_each_other():
    streams = planned(list(reconvergences())[1])
    nodes, numbers = list_actors(streams)
    (bypass,) = (f for f in streams.fifos if f.depth > 2)
    cycle = run(streams, **{bypass.name: bypass.depth // 2}).cycle
    named = {number: name for name, number in numbers.items()}
    assert len(cycle) > 1
    assert (bypass.name, True) in [(named[wait.fifo], wait.full) for wait in cycle]
    for wait, following in zip(cycle, [*cycle[1:], cycle[0]], strict=True):
        node = nodes[following.process]
        assert wait.fifo in (node.reads if wait.full else node.writes)


def test_a_window_needs_lines_not_the_image():
    streams = planned(Conv(x_of(20, 10, 3), random_const((3, 3, 3, 2), 3, 2, 1), name="conv"))
    assert "lines lutram 10 x 24, window registers 27 x 4" in " ".join(str(streams).split())
    assert streams.interval == 200
    whole = planned(Conv(x_of(3, 3, 3), random_const((3, 3, 3, 2), 3, 2, 1), name="conv"))
    assert "whole tensors" in str(whole)


def test_forced_depths_stay():
    streams = planned(*residual())
    name = streams.fifos[-1].name
    assert {f.depth for f in set_depths(streams, {name: 7}).fifos if f.name == name} == {7}


def test_many_lanes_are_cut_into_tokens():
    (fifo,) = planned(Max(x_of(600, notation="s9.2"), Const.of(0.0))).inputs
    assert fifo.lanes == max(n for n in range(1, TOKEN_BITS // 9 + 1) if 600 % n == 0)
    assert math.prod((fifo.lanes, fifo.tokens)) == 600


def test_a_plan_of_arrays_is_not_one_of_streams():
    graph = graph_of("residual", list(residual()))
    match = r"^plan: expected a schedule with io='array', got 'stream'\. Use plan_design, which plans streams too\.$"
    with pytest.raises(VerifyError, match=match):
        plan(graph, STREAM)


def test_an_interval_of_streams_is_met_with_the_least_hardware():
    graph = graph_of("network", list(network()))
    least = 0
    for interval in (20_000, 2_000, 300):
        streams = plan_streams(graph, Schedule(io="stream", interval=interval))
        assert streams.interval <= interval
        assert (run(streams).latency, run(streams).cycle) == (streams.latency, ())
        products = [
            p.hardware.fold.products if p.hardware.fold else p.op.w.size
            for p in streams.processes
            if isinstance(p.op, Conv | Matmul)
        ]
        assert sum(products) > least
        least = sum(products)
    with pytest.raises(
        PlanError, match=r"^Schedule\.interval: expected at least 1\d\d cycles .*, got 5\. Allow"
    ):
        plan_streams(graph, Schedule(io="stream", interval=5))


def test_a_budget_of_streams_takes_the_fastest_that_fits():
    graph = graph_of("network", list(network()))
    slow, fast = (plan_streams(graph, Schedule(io="stream", lut=lut)) for lut in (4_000, 8_000))
    assert add_up_resources(slow)["LUT"] <= 4_000 < add_up_resources(fast)["LUT"] <= 8_000
    assert fast.interval < slow.interval
    with pytest.raises(
        PlanError,
        match=r"^plan of 'network': expected at most 50 LUT, got .* in the smallest design",
    ):
        plan_streams(graph, Schedule(io="stream", lut=50))
    assert plan_streams(graph, Schedule(io="stream", lut=50, part="xc7z020clg400-1", fit=False))


def test_tiles_are_taken_one_per_cycle():
    graph = graph_of("network", list(network()))
    streams = plan_streams(graph, Schedule(io="stream", folding={"*": "memory"}, reuse_factor=1))
    order_codes = [p for p in streams.processes if p.tiles]
    assert len(order_codes) >= 3
    for process in order_codes:
        assert count_busy_cycles(process) == int(fire(process).cycles.sum()) == process.tiles.cycles


def test_costs_of_streams_count_buffers():
    graph = graph_of("network", list(network()))
    design = Design(graph, Schedule(io="stream", interval=2_000))
    memories = [m for p in design.plan.processes for m in p.memories]
    assert {m.name for m in memories} == {"lines", "window", "next", "fifo", "sums", "part"}
    technology = load_technology("horowitz_45nm")
    beside = sum(
        m.writes * technology.write(m.buffer.place, m.buffer.bits)
        + m.reads * technology.read(m.buffer.place, m.buffer.bits)
        for m in memories
    )
    steps = sum(
        sum(price_op(replace(hardware, memories=()), technology).values())
        for hardware in design.plan.walk()
    )
    assert design.energy(technology).total == pytest.approx(beside + steps)
    assert design.latency().interval == design.plan.interval
    assert design.latency().latency == design.plan.latency
    assert design.area().totals["LUT"] == pytest.approx(add_up_resources(design.plan)["LUT"])
    assert "strided" in str(design.latency())


def test_ops_by_element_join_the_process_before():
    graph = graph_of("network", list(network()))
    processes = plan_streams(graph, STREAM).processes
    joined = {tuple(op.name for op in p.ops): p for p in processes if p.followers}
    assert set(joined) == {("conv", "levels"), ("depthwise", "scaled", "small")}
    for process in joined.values():
        parts = [process.hardware, *(each.hardware for each in process.followers)]
        places = [part.writes.buffer.place for part in parts]
        assert places == ["wired"] * len(process.followers) + ["registers"]
        assert process.tail == process.depth - process.hardware.depth
        assert process.writes[0].tensor is process.ops[-1]
    timed = StreamVerilog.of(graph, STREAM).plan.processes
    assert [process.ops for process in timed] == [process.ops for process in processes]


def test_an_op_with_another_reader_or_a_slow_one_has_a_process_of_its_own():
    x = x_of(4, 6, notation="s6.2")
    shared = Max(x, Const.of(0.0), name="shared")
    half = Mul(shared, Const.of(0.5), name="half")
    processes = planned(Add(shared, half, name="sum")).processes
    assert [p.name for p in processes] == ["shared", "shared fork", "half", "sum"]
    slow = Mul(Add(x, Const.of(1.0)), random_const((6,), 5, 2, 1), name="slow")
    whole = Schedule(reuse_factor=4, io="stream")
    assert len(plan_streams(graph_of("slow", [slow]), whole).processes) == 1


@pytest.mark.long
@pytest.mark.parametrize("name", BATCHES)
def test_planned_depths_of_every_op_lose_no_cycle(name):
    for op in batch(name):
        streams = plan_streams(Graph(tuple(graph_of("g", [op]).inputs), (op,), "one"), STREAM)
        assert (run(streams).latency, run(streams).cycle) == (streams.latency, ())


@pytest.mark.parametrize("budget", [{}, {"lut": 1 << 30}, {"interval": 100}])
def test_an_input_that_nothing_reads_is_drained(budget):
    x, unread = (Input((2, 2), Fixed.parse("u3.1"), name=name) for name in ("x", "unread"))
    design = Design(Graph((x, unread), (Add(x, x),)), Schedule(io="stream", **budget))
    (fork,) = (process for process in design.plan.processes if not process.writes)
    assert (fork.trips, fork.tensor) == (fork.reads[0].tokens, unread)
    assert "unread fork" in str(design.plan)
    assert design.plan.latency <= 8
    assert design.energy().total > 0
    assert design.area().totals["LUT"] > 0
