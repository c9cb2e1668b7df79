"""BOPs and EBOPs against their formulas, by hand."""

import math

import numpy as np
import pytest

from qhls.energy.operations import BitOperations, count_bit_operations, sum_operations
from qhls.ir import Add, Const, Conv, Fixed, Graph, Input, Matmul, Max, enter_layer
from qhls.plan.hardware.encoding import measure_spans


def test_span_by_hand():
    # 001xx1000 has four bits from its first to its last 1, whatever is between
    codes = [0, 1, -1, 2, 3, 24, 0b001011000, 0b001101000, -128, 127]
    assert measure_spans(np.array(codes)).tolist() == [0, 1, 1, 1, 2, 2, 4, 4, 1, 7]
    assert measure_spans(np.array([[(1 << 90) + (1 << 80)]], object)).tolist() == [[11]]


def test_dense_by_hand():
    x = Input((4,), Fixed(False, 6, 0), name="x")
    weights = np.array([[3.0, 0], [1, -4], [5, 0], [-1, 2]])
    with enter_layer("fc"):
        y = Matmul(x, Const.of(weights, name="w"), name="y")
        y = Max(Add(y, Const.of([1.0, 2.0])), Const.of(0.0))
    found = count_bit_operations(Graph((x,), (y,)))
    # 6 weights of s4 that are not 0; 8 products, sums of 4 terms
    bops = 6 * 6 * 4 + 8 * (6 + 4 + 2)
    assert found == {"fc": BitOperations(8, bops, 6 * (2 + 1 + 1 + 3 + 1 + 1))}


def test_convolution_by_hand():
    x = Input((4, 5, 2), Fixed(True, 5, 0), name="x")
    y = Conv(x, Const.of(np.full((3, 3, 2, 7), 3.0)), name="y")
    found = count_bit_operations(Graph((x,), (y,)))["y"]
    macs = 2 * 3 * 9 * 2 * 7
    assert found.macs == macs
    assert found.bops == pytest.approx(macs * (5 * 2 + 5 + 2 + math.log2(18)))
    assert found.ebops == macs * 5 * 2


def test_total():
    parts = {"a": BitOperations(1, 2.5, 3), "b": BitOperations(10, 20.0, 30)}
    assert sum_operations(parts) == BitOperations(11, 22.5, 33)
    assert sum_operations({}) == BitOperations(0, 0.0, 0)
