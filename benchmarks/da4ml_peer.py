"""Adder graphs of random matrices by da4ml, as JSON. Runs in an environment with da4ml alone."""

import json
import sys
import time
from math import log2

import numpy as np
from da4ml.cmvm import solve


def width(lo, hi):
    return max(int(hi), -int(lo) - 1).bit_length() + (lo < 0)


def one_bit_adders(solution):
    """Width of each adder without the low bits that only one operand has, which are wires."""
    total = 0
    for op in solution.ops:
        if op.opcode not in (0, 1):
            continue
        lo, hi, step = op.qint
        first, second = (solution.ops[i].qint.step for i in (op.id0, op.id1))
        second *= 2.0**op.data
        wires = abs(int(log2(first / second)))
        free = first <= second or op.opcode == 0
        total += width(lo / step, hi / step) - (wires if free else 0)
    return total


def measure(rows, columns, depth):
    matrix = np.random.default_rng(0).integers(-31, 32, (rows, columns)).astype(np.float32)
    start = time.process_time()
    found = solve(matrix, hard_dc=depth, qintervals=[(-128.0, 127.0, 1.0)] * rows)
    seconds = time.process_time() - start
    adders = sum(op.opcode in (0, 1) for part in found.solutions for op in part.ops)
    return {
        "adders": adders,
        "bits": sum(map(one_bit_adders, found.solutions)),
        "seconds": seconds,
    }


if __name__ == "__main__":
    sizes = [tuple(map(int, size.split("x"))) for size in sys.argv[1:]]
    rows = {
        f"{r}x{c}": {"default": measure(r, c, -1), "depth + 2": measure(r, c, 2)} for r, c in sizes
    }
    print(json.dumps(rows))
