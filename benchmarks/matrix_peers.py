"""Adder graphs of random matrices by da4ml and alkaid, as JSON. Runs in an environment with these two alone."""

import json
import sys
import time
from math import log2
from typing import Any, NamedTuple

import numpy as np
from alkaid.cmvm import cmvm_solve
from da4ml.cmvm import solve


class Sum(NamedTuple):
    """An addition (opcode 0) or subtraction (1) of two earlier results, or an input (any other opcode).

    ``step``: the value of its lowest bit.
    """

    opcode: int
    reads: tuple[int, ...]
    power: int
    low: float
    high: float
    step: float


def read_da4ml(op):
    """Return an operation of da4ml."""
    return Sum(op.opcode, (op.id0, op.id1) if op.opcode in (0, 1) else (op.id0,), op.data, *op.qint)


def read_alkaid(op):
    """Return an operation of alkaid."""
    reads = op.addr if op.opcode in (0, 1) else op.data
    return Sum(op.opcode, tuple(reads), op.data[0], *op.qint)


def count_bits(low, high):
    """Return the width in bits of the integers from ``low`` to ``high``."""
    return max(int(high), -int(low) - 1).bit_length() + (low < 0)


def count_one_bit_adders(sums):
    """Return the width of all adders without the low bits that only one operand has, which are wires."""
    total = 0
    for each in sums:
        if each.opcode not in (0, 1):
            continue
        first, second = (sums[place].step for place in each.reads)
        second *= 2.0**each.power
        wires = abs(int(log2(first / second)))
        free = first <= second or each.opcode == 0
        total += count_bits(each.low / each.step, each.high / each.step) - (wires if free else 0)
    return total


def find_depth(stages):
    """Return the number of adders on the longest path through two stages of sums and their outputs."""
    depths: list[int] = []
    for sums, outputs in stages:
        inside: list[int] = []
        for each in sums:
            if each.opcode in (0, 1):
                inside.append(1 + max(inside[place] for place in each.reads))
            else:
                inside.append(depths[each.reads[0]] if depths else 0)
        depths = [inside[place] if place >= 0 else 0 for place in outputs]
    return max(depths)


def measure(call: Any, read: Any, rows: int, columns: int) -> dict[str, float]:
    """Return the size, the depth and the CPU seconds of the graph that ``call`` makes of a random matrix."""
    matrix = np.random.default_rng(0).integers(-31, 32, (rows, columns)).astype(np.float32)
    start = time.process_time()
    solved = call(matrix, qintervals=[(-128.0, 127.0, 1.0)] * rows)
    seconds = time.process_time() - start
    stages = [([read(op) for op in part.ops], part.out_idxs) for part in solved]
    return {
        "adders": sum(each.opcode in (0, 1) for sums, _ in stages for each in sums),
        "bits": sum(count_one_bit_adders(sums) for sums, _ in stages),
        "depth": find_depth(stages),
        "seconds": seconds,
    }


def main() -> None:
    """Print the measures by peer, matrix and bound on the depth."""
    calls = {
        "da4ml": (lambda *a, **k: solve(*a, **k).solutions, read_da4ml),
        "alkaid": (cmvm_solve, read_alkaid),
    }
    rows = {
        peer: {
            size: {
                name: measure(
                    lambda *a, _c=call, _d=depth, **k: _c(*a, hard_dc=_d, **k),
                    read,
                    *map(int, size.split("x")),
                )
                for name, depth in (("default", -1), ("depth + 2", 2))
            }
            for size in sys.argv[1:]
        }
        for peer, (call, read) in calls.items()
    }
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
