"""Tiles of weights: the least hardware in so many cycles, every weight once, and the C++ of all shapes."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qhls.backends.csim import build
from qhls.backends.emit import generate_sources
from qhls.backends.target import TARGETS
from qhls.ir import Const, Conv, Fixed, Graph, Input, Matmul, run
from qhls.plan import Fold, Schedule
from qhls.plan.fold import choose_fold
from support.plans import process_of


def matmul(inputs, outputs, rows=1, seed=0):
    x = Input((rows, inputs) if rows > 1 else (inputs,), Fixed(True, 6, 2), name="x")
    weights = np.random.default_rng(seed).integers(-7, 8, (inputs, outputs)) / 4
    return Matmul(x, Const.of(weights, name="w"), name="y")


def conv(size, kernel, channels, filters, **options):
    x = Input((*size, channels), Fixed(True, 6, 2), name="x")
    taken = channels // options.get("groups", 1)
    weights = np.random.default_rng(0).integers(-7, 8, (*kernel, taken, filters)) / 4
    return Conv(x, Const.of(weights, name="w"), name="y", **options)


def test_tiles_by_hand():
    assert choose_fold(matmul(6, 4), Schedule()) is None
    assert choose_fold(matmul(6, 4), Schedule(4)) == Fold((1, 1, 1, 6, 4), (1, 1, 1, 3, 2))
    assert choose_fold(matmul(6, 4), Schedule(24)).products == 1
    assert choose_fold(matmul(6, 4), Schedule(10**6)).trips == 24
    assert choose_fold(conv((5, 5), (3, 3), 2, 4), Schedule(9)).tile == (1, 1, 1, 2, 4)
    grouped = choose_fold(conv((5, 5), (3, 3), 4, 4, groups=2), Schedule(9))
    assert (grouped.tile, grouped.simd, grouped.pe) == ((2, 1, 1, 2, 2), 2, 4)
    assert choose_fold(Const.of(1.0), Schedule(9)) is None


@given(st.tuples(*[st.integers(1, 5)] * 2, *[st.integers(1, 40)] * 2), st.integers(1, 300))
def test_tiles_take_no_longer_and_little_more_than_they_may(sizes, reuse):
    rows, columns, channels, filters = sizes
    op = conv((rows, columns), (rows, columns), channels, filters)
    found = choose_fold(op, Schedule(reuse))
    tiles = found or Fold((1, *sizes), (1, *sizes))
    assert 1 <= tiles.trips <= reuse
    macs = math.prod(sizes)
    assert math.ceil(macs / reuse) <= tiles.products <= macs
    if max(channels, filters) >= reuse:  # one axis alone can be cut as often
        assert tiles.products < macs / reuse * 2 + rows * columns * max(channels, filters)


@given(st.tuples(*[st.integers(1, 3)] * 2, *[st.integers(1, 9)] * 2), st.integers(2, 60))
def test_tiles_hold_every_weight_once_and_else_zeros(sizes, reuse):
    op = conv(sizes[:2], sizes[:2], *sizes[2:])
    found = choose_fold(op, Schedule(reuse))
    if found is None:
        return
    codes = 1 + np.arange(math.prod(sizes)).reshape(sizes)
    order_codes = found.order_codes(codes)
    assert order_codes.shape == (found.trips, found.products)
    assert sorted(order_codes[order_codes > 0].tolist()) == codes.ravel().tolist()


SHAPES = [
    *(matmul(7, 5), matmul(8, 4, rows=3), matmul(13, 11)),
    *(conv((6, 5), (3, 3), 5, 4), conv((7, 6), (3, 2), 4, 6, strides=(2, 1), dilation=(1, 2))),
    *(conv((4, 4), (1, 1), 3, 3), conv((5, 5), (3, 3), 4, 8, groups=4)),
]


@pytest.mark.parametrize(("reuse", "limit"), [(2, 1024), (3, 1), (8, 1024), (30, 1), (10**6, 1024)])
def test_a_tile_a_trip_is_what_the_op_means(reuse, limit, monkeypatch, tmp_path):
    """Seven shapes in one design, of registers or of memories, on both targets."""
    monkeypatch.setenv("QHLS_CACHE", str(tmp_path))
    for name, target in TARGETS.items():
        monkeypatch.setitem(TARGETS, name, replace(target, optimisation="-O0"))
    graph = Graph(tuple(op.x for op in SHAPES), tuple(SHAPES), "top")
    rng = np.random.default_rng(reuse)
    codes = [rng.integers(-32, 32, (20, *x.shape)) for x in graph.inputs]
    expected = run(graph, codes)
    for csim in build(graph, Schedule(reuse, partition_limit=limit)):
        for wanted, got in zip(expected, csim.run(codes), strict=True):
            np.testing.assert_array_equal(wanted, got)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(2, 4000))
def test_a_body_has_as_many_products_as_a_tile(inputs, outputs, reuse):
    op, schedule = matmul(inputs, outputs), Schedule(reuse)
    tiles = choose_fold(op, schedule)
    if tiles is None:
        return
    text = generate_sources(Graph((op.x,), (op,), "top"), schedule, TARGETS["vitis"])["src/top.cpp"]
    function = text[text.index("compute_y(") : text.index("store_result")]
    head = r"for \(int (\w) = 0; \1 < (\d+); \+\+\1\) \{\n *#pragma HLS (UNROLL|PIPELINE)"
    found = {name: int(count) for name, count, how in re.findall(head, function) if how == "UNROLL"}
    assert found["p"] * found["s"] == tiles.products
    process = process_of(op, schedule)
    assert (process.trips, process.interval) == (tiles.trips, 1)
    assert (process.fold, process.unrolled) == (tiles, tiles.products)
    assert process.read(op.w).words == tiles.trips
