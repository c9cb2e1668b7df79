"""Folds by name and by search: what they mean in C++, what they cost, and what cannot be."""

import math
import random
import re
from dataclasses import replace

import numpy as np
import pytest

from qhls.backends.csim import build
from qhls.backends.emit import generate_sources
from qhls.backends.target import TARGETS
from qhls.errors import PlanError
from qhls.ir import (
    ArgMax,
    Codes,
    Concat,
    Const,
    Conv,
    Fixed,
    Graph,
    Input,
    Lookup,
    Matmul,
    Max,
    Mul,
    Pad,
    Pool,
    Quantize,
    Reshape,
    Shift,
    Threshold,
    View,
    run,
)
from qhls.plan import Schedule, plan
from qhls.plan.fold import list_folds, list_weight_sizes
from qhls.plan.search import add_up_resources
from support.graphs.agreement import disagreements, stimuli
from support.graphs.designs import classifier


def matmul(inputs, outputs, layer, rows=1):
    x = Input((rows, inputs) if rows > 1 else (inputs,), Fixed(True, 6, 2), name=f"x_{layer}")
    weights = np.random.default_rng(0).integers(-7, 8, (inputs, outputs)) / 4
    return Matmul(x, Const.of(weights, name="w"), name=f"{layer}.y", layer=layer)


def conv(size, kernel, channels, filters, layer, **options):
    x = Input((*size, channels), Fixed(True, 6, 2), name=f"x_{layer}")
    taken = channels // options.get("groups", 1)
    weights = np.random.default_rng(0).integers(-7, 8, (*kernel, taken, filters)) / 4
    return Conv(x, Const.of(weights, name="w"), name=f"{layer}.y", layer=layer, **options)


SHAPES = [
    matmul(12, 6, "dense"),
    matmul(6, 4, "rows", rows=3),
    conv((7, 6), (3, 4), 4, 6, "conv", strides=(2, 1), dilation=(1, 1)),
    conv((7, 6), (2, 2), 4, 4, "dilated", dilation=(2, 1)),
    conv((4, 4), (1, 1), 6, 4, "pointwise"),
    conv((5, 5), (3, 3), 6, 6, "depthwise", groups=6),
    conv((5, 5), (2, 3), 4, 8, "multiplier", groups=4),
    conv((4, 4), (2, 2), 8, 12, "grouped", groups=4),
]
DESIGN = Graph(tuple(op.x for op in SHAPES), tuple(SHAPES), "top")


@pytest.mark.parametrize("seed", range(3))
def test_every_fold_is_what_the_op_means(seed, monkeypatch, tmp_path):
    monkeypatch.setenv("QHLS_CACHE", str(tmp_path))
    for name, target in TARGETS.items():
        monkeypatch.setitem(TARGETS, name, replace(target, optimisation="-O0"))
    chooser, rng = random.Random(seed), np.random.default_rng(seed)
    folding = {}
    for op in SHAPES:
        cut = [f for f in list_folds(list_weight_sizes(op)) if f.trips > 1]
        tiles = chooser.choice(cut)
        folding[op.layer] = (tiles.simd, tiles.pe)
    schedule = Schedule(folding=folding, partition_limit=chooser.choice([1, 1024]))
    codes = [rng.integers(-32, 32, (20, *x.shape)) for x in DESIGN.inputs]
    expected = run(DESIGN, codes)
    for csim in build(DESIGN, schedule):
        for wanted, got, op in zip(expected, csim.run(codes), SHAPES, strict=True):
            np.testing.assert_array_equal(wanted, got, err_msg=f"{op.layer} {folding[op.layer]}")


def test_folds_of_a_plan_are_those_of_the_schedule():
    schedule = Schedule(
        folding={"dense": (4, 3), "conv": "memory", "d*": "logic", "grouped": (2, 6)}
    )
    network = plan(DESIGN, schedule)
    found = {p.layer: p for p in network.processes}
    assert (found["dense"].fold.simd, found["dense"].fold.pe) == (4, 3)
    assert (found["grouped"].fold.simd, found["grouped"].fold.pe) == (2, 6)
    assert found["conv"].fold.trips == 2  # the fewest that share
    assert found["conv"].read(found["conv"].op.w).buffer.place in ("lutram", "bram")
    for layer in ("dilated", "depthwise"):
        assert found[layer].fold is None
        assert found[layer].read(found[layer].op.w).buffer.place == "wired"


@pytest.mark.parametrize(("inputs", "place"), [(32, "lutram"), (1024, "bram")])
def test_weights_of_a_fold_are_bound_to_the_memory_of_the_plan(inputs, place):
    op = matmul(inputs, 64, "dense")
    graph = Graph((op.x,), (op,), "top")
    schedule = Schedule(folding={"dense": (4, 8)})
    buffer = plan(graph, schedule).process(op).read(op.w).buffer
    assert (buffer.place, buffer.words, buffer.word_bits) == (place, inputs * 64 // 32, 32 * 4)
    vitis, catapult = (
        generate_sources(graph, schedule, TARGETS[name]) for name in ("vitis", "catapult")
    )
    text = vitis["src/top.cpp"]
    (table,) = re.findall(r"BIND_STORAGE variable=(\w+) type=rom_1p impl=\w+", text)
    assert f"variable={table} type=rom_1p impl={place}" in text
    assert f"ARRAY_RESHAPE variable={table} type=cyclic factor=32" in text
    order = (
        plan(graph, schedule)
        .process(op)
        .fold.order_codes(op.w.codes.to_integers())
        .ravel()
        .tolist()
    )
    for files in (vitis, catapult):
        codes = re.search(rf"{table}\[\d+\] = {{(.*)}}", files["src/weights.h"])[1]
        assert [int(code) for code in codes.split(",")] == order


@pytest.mark.parametrize(
    ("folding", "message"),
    [
        (
            {"dense": (5, 1)},
            r"^folding of layer 'dense': expected simd of 1, 2, 3, 4, 6, 12 and pe of 1, 2, 3, 6, got \(5, 1\)\. "
            r"Choose divisors of 'dense\.y'\.$",
        ),
        (
            {"depthwise": (9, 4)},
            r"^folding of layer 'depthwise': expected simd of 1, 3, 9 and pe of 1, 2, 3, 6, got \(9, 4\)\. .*$",
        ),
        (
            {"dens": (4, 1)},
            r"^Schedule\.folding: expected layers with products \(dense, rows, .*, grouped\), got 'dens'\. "
            r"Choose one, or a pattern such as 'dense\*'\.$",
        ),
        ({"[x]*": "logic"}, r"^Schedule\.folding: expected layers .*, got '\[x\]\*'\. .*$"),
    ],
)
def test_folds_that_cannot_be(folding, message):
    with pytest.raises(PlanError, match=message):
        plan(DESIGN, Schedule(folding=folding))


def chain(widths=(64, 48, 32, 10), name="chain"):
    """Dense layers with roundings between, so that all processes overlap."""
    rng = np.random.default_rng(1)
    x = y = Input((widths[0],), Fixed(False, 8, 8), name="x")
    for i, width in enumerate(widths[1:]):
        w = Const.of(rng.integers(-31, 32, (y.size, width)) / 32, name="w")
        y = Matmul(y, w, name=f"dense{i}.matmul", layer=f"dense{i}")
        y = Quantize(y, Fixed(False, 8, 4), name=f"dense{i}.round", layer=f"dense{i}")
    return Graph((x,), (y,), name)


@pytest.mark.parametrize("interval", [1, 2, 16, 100, 1000, 10**6])
def test_an_interval_is_met_with_the_least_multipliers(interval):
    network = plan(chain(), Schedule(interval=interval))
    assert network.overlap
    assert network.interval <= interval
    for process in network.processes:
        if process.kind == "matmul":
            macs = process.op.w.size
            products = process.fold.products if process.fold else macs
            better = [f for f in list_folds(list_weight_sizes(process.op)) if f.products < products]
            assert all(f.trips > interval for f in better)
    slower = plan(chain(), Schedule(interval=2 * interval))
    assert sum(p.unrolled for p in slower.processes) <= sum(p.unrolled for p in network.processes)


def test_an_interval_of_a_residual_network_is_its_latency():
    least = plan(classifier(), Schedule(interval=10**6))
    assert least.interval == least.latency <= 10**6
    some = plan(classifier(), Schedule(interval=500))
    assert 100 < some.interval <= 500
    message = (
        r"^Schedule\.interval: expected at least (\d+) cycles between inputs of 'classifier', got 3: several calls "
        r"read .*\. Allow more cycles\.$"
    )
    with pytest.raises(PlanError, match=message) as caught:
        plan(classifier(), Schedule(interval=3))
    bound = int(re.match(message, str(caught.value))[1])
    assert plan(classifier(), Schedule(interval=bound)).interval <= bound


def test_a_throughput_is_an_interval():
    quick = Schedule(throughput=1e6, clock_period=4)
    assert quick.target == 250
    assert plan(chain(), quick).interval <= 250


def test_a_budget_takes_the_fastest_that_fits():
    graph = chain()
    smallest = plan(graph, Schedule(lut=1, fit=False))
    assert [p.fold.products for p in smallest.processes if p.fold] == [1, 1, 1]
    room = math.ceil(add_up_resources(smallest)["LUT"])
    least = plan(graph, Schedule(lut=room, dsp=3))
    more = plan(graph, Schedule(lut=20 * room, dsp=200))
    assert more.interval * 10 < least.interval <= smallest.interval
    assert all(
        add_up_resources(more)[unit] <= limit for unit, limit in more.schedule.budget.items()
    )
    macs = sum(p.ops[0].w.size for p in more.processes if p.fold)
    assert macs > 3000
    assert more.interval <= 1.5 * macs / 200


def test_products_beyond_the_dsp_blocks_are_in_luts():
    graph = chain((256, 256, 256, 10))
    few = plan(graph, Schedule(interval=600, dsp=140, lut=10**6))
    many = plan(graph, Schedule(interval=600))
    assert [p.fold for p in few.processes] == [p.fold for p in many.processes]
    assert not any(p.in_luts for p in many.processes)
    assert 0 < sum(p.in_luts for p in few.processes) < 3
    assert add_up_resources(few)["DSP"] <= 140 < add_up_resources(many)["DSP"]
    assert add_up_resources(few)["LUT"] > add_up_resources(many)["LUT"] + 5_000
    text = generate_sources(graph, few.schedule, TARGETS["vitis"])["src/chain.cpp"]
    assert text.count("BIND_OP variable=product op=mul impl=fabric") == sum(
        p.in_luts for p in few.processes
    )


def test_a_design_fits_the_part_on_request():
    graph = chain((256, 256, 256, 10))
    part = "xc7z020clg400-1"
    design = plan(graph, Schedule(part=part, fit=True))
    assert plan(graph, Schedule(part=part)).interval == 1  # no budget asked for
    from qhls.design import Design

    area = Design(graph, design.schedule).area()
    assert area.warnings == ()
    assert all(area.totals[unit] <= limit for unit, limit in design.schedule.budget.items())
    assert 1 < design.interval <= 1024


def test_what_does_not_fit_says_what_needs_most():
    graph = chain((256, 256, 256, 10))
    message = (
        r"^plan of 'chain': expected at most 1 BRAM18, got \d+ in the smallest design, \d+ of them in layer "
        r"'dense\d'\. Use a larger part, fewer bits or more cycles, or pass fit=False\.$"
    )
    with pytest.raises(PlanError, match=message):
        plan(graph, Schedule(bram=1))
    with pytest.raises(
        PlanError,
        match=r"^plan of 'chain': expected at most 5,000 LUT, got [\d,]+ for this interval, ",
    ):
        plan(graph, Schedule(lut=5_000, interval=100))
    loose = plan(graph, Schedule(bram=1, fit=False))
    assert loose.interval > 10_000


def mixed():
    """One op of each kind that works in lanes, on tensors of 8 channels."""
    x = Input((4, 4, 8), Fixed(True, 5, 2), name="x")
    index = Input((6,), Fixed(False, 3, 0), name="index")
    rng = np.random.default_rng(3)
    padded = Pad(x, ((1, 0), (0, 1), (0, 0)), name="padded")
    pooled = Pool(padded, (2, 2), (1, 1), "max", name="pooled")
    scaled = Mul(pooled, Const.of(rng.integers(-3, 4, 8) / 2, name="scale"), name="scaled")
    both = Concat((scaled, x), 2, name="both")
    turned = View(both, (16, 4, 4), (1, 64, 16), 0, name="turned")
    steps = Const(Codes(np.sort(rng.choice(np.arange(-40, 40), (4, 3), False), axis=1)), 3)
    levels = Const.of(rng.integers(0, 4, (4, 4)), name="levels")
    stepped = Threshold(turned, steps, levels, name="stepped")
    table = Const.of(rng.integers(-4, 4, (8, 40)) / 2, name="table")
    looked = Lookup(index, table, name="looked")
    best = ArgMax(Reshape(stepped, (64, 4), name="rows"), name="best")
    return Graph((x, index), (stepped, Max(x, Shift(x, 1), name="most"), looked, best), "mixed")


@pytest.mark.parametrize("share", [1, 2, 5])
def test_lanes_are_what_the_op_means(share, monkeypatch, tmp_path):
    monkeypatch.setenv("QHLS_CACHE", str(tmp_path))
    for name, target in TARGETS.items():
        monkeypatch.setitem(TARGETS, name, replace(target, optimisation="-O0"))
    graph = mixed()
    slowest = plan(graph, Schedule(interval=10**9))
    assert {process.lanes for process in slowest.processes} == {1}
    stored = [b for b in slowest.buffers if b.place != "wired" and b.tensor.size > 100]
    assert stored
    assert all(b.is_memory for b in stored)
    schedule = Schedule(interval=slowest.interval // share)
    lanes = {process.lanes for process in plan(graph, schedule).processes}
    assert (max(lanes) > 1) == (share > 1)
    codes = stimuli(graph, share)
    found = disagreements(graph, codes, build(graph, schedule, taps=True))
    assert not found, "\n".join(found)
