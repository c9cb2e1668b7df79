"""Latency of folded dense layers against published figures of hls4ml's resource strategy.

    python benchmarks/folded_latency.py

The figures are the worst latency, which is the interval too, of three dense layers in 4 bits after C synthesis by Vitis
HLS 2023.2 at 5 ns: jdweitz/wa-hls4ml (2e49d33), data/concatenated_3layer_json_to_csv.csv, the first rows. hls4ml takes
for each layer the possible reuse factor that is next to the one asked for; ``legal`` repeats this rule.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from qhls.ir import Const, Fixed, Graph, Input, Matmul, Max, Quantize
from qhls.plan import Schedule, plan_design

REUSE = (1024, 2047, 3070, 4093)
PUBLISHED = {
    (104, 48, 104): {
        104: (2920, 6872, 7704, 15400),
        112: (2920, 5832, 7912, 12904),
        120: (3128, 6248, 8120, 14152),
        128: (2920, 5832, 8328, 13320),
        16: (2920, 5832, 6664, 11656),
        24: (2920, 6664, 7496, 12488),
        32: (2920, 5832, 8328, 13320),
        40: (3128, 6248, 7080, 14152),
        48: (2920, 5832, 7496, 14984),
        56: (2920, 5624, 7912, 12904),
        64: (2920, 5832, 8328, 13320),
        72: (3024, 6040, 7496, 13736),
        8: (2920, 5000, 5832, 10824),
        80: (3128, 6248, 7080, 14152),
        88: (3232, 6456, 7288, 14568),
        96: (2920, 5832, 8328, 13320),
    },
    (104, 48, 112): {104: (2504, 5816, 8104, 13288), 112: (2504, 6152, 8328, 13512)},
}
"""Cycles by the sizes of the layers and the reuse factor that is asked for."""


def legal(inputs, outputs, wished):
    """Return the reuse factor of a layer that is next to the one that is wished for."""
    count = inputs * outputs
    found = [
        rf
        for rf in range(1, count + 1)
        if count % rf == 0 and (inputs % rf == 0 if rf <= inputs else rf % inputs == 0)
    ]
    return min(found, key=lambda rf: (abs(rf - wished), rf))


def network(sizes):
    rng = np.random.default_rng(0)
    x = Input((sizes[0],), Fixed(True, 8, 4), name="x")
    y = x
    for number, (rows, columns) in enumerate(pairwise(sizes)):
        w = np.ldexp(rng.integers(-7, 8, (rows, columns)).astype(float), -3)
        y = Matmul(y, Const.of(w), name=f"dense{number}", layer=f"dense{number}")
        y = Quantize(Max(y, Const.of(0.0)), Fixed(False, 4, 3))
    return Graph((x,), (y,), "layers")


def compared():
    """Yield published cycles, ours for the reuse factor that was asked for, and ours for hls4ml's own factors."""
    for first, lasts in PUBLISHED.items():
        for last, cycles in lasts.items():
            sizes = (*first, last)
            graph, pairs = network(sizes), list(pairwise(sizes))
            for wished, published in zip(REUSE, cycles, strict=True):
                factors = [legal(inputs, outputs, wished) for inputs, outputs in pairs]
                same = {
                    f"dense{n}": (1, inputs * outputs // factor)
                    for n, ((inputs, outputs), factor) in enumerate(
                        zip(pairs, factors, strict=True)
                    )
                }
                schedules = Schedule(reuse_factor=wished), Schedule(folding=same)
                ours = (plan_design(graph, schedule).sequential for schedule in schedules)
                yield (published, *ours)


def rank_correlation(a, b):
    """Return Spearman's correlation; equal numbers share their mean rank."""
    ranks = []
    for each in (np.asarray(a), np.asarray(b)):
        _, place, count = np.unique(each, return_inverse=True, return_counts=True)
        ranks.append((np.cumsum(count) - (count - 1) / 2)[place])
    return float(np.corrcoef(*ranks)[0, 1])


def main():
    published, asked, same = np.array(list(compared()), float).T
    for name, ours in (("hls4ml's own factors", same), ("the factor asked for", asked)):
        errors = ours / published - 1
        correlation = rank_correlation(published, ours)
        print(f"{name}: {len(errors)} networks, error mean {np.mean(np.abs(errors)):.2%}, ", end="")
        print(f"worst {np.max(np.abs(errors)):.2%}, rank correlation {correlation:.3f}")


if __name__ == "__main__":
    main()
