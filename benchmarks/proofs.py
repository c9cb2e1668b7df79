"""Proofs: CPU seconds of a matrix and of a model, Verilog and C++; share of random models whose Verilog is proved.

PYTHONPATH=tests python benchmarks/proofs.py [--model M.json --weights W.h5 --type s16.10] [--random 40]
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from adder_graphs import matrix

from qhls import rtl
from qhls.backends.target import TARGETS
from qhls.ir import Const, Fixed, Graph, Input, Matmul
from qhls.plan import Schedule
from qhls.proof.code.prove import prove_code
from qhls.proof.prove import prove
from qhls.rtl.verilog import Verilog


def show(name, graph, clock_period):
    proof = prove(graph, Verilog.of(rtl.build_netlist(graph, clock_period=clock_period)))
    print(f"| {name} | {proof.latency} | {proof.verdict} | {proof.seconds:.1f} |", flush=True)
    return proof


def show_code(name, graph):
    """Prove the C++ for both vendors; g++ counts."""
    for target in TARGETS:
        proof = prove_code(graph, Schedule(), target)
        print(f"| {name}, {target} | - | {proof.verdict} | {proof.seconds:.1f} |", flush=True)


def prove_random(count, seed):
    """Prove random models, as the fuzzer makes them."""
    from support.fuzz import Tally, examine

    proved, seconds, number = [], 0.0, seed
    while len(proved) < count:
        design, number = examine(number, Tally()), number + 1
        if design is None:
            continue
        proof = prove(design.graph, Verilog.of(rtl.build_netlist(design.graph)))
        seconds += proof.seconds
        proved.append(bool(proof))
        if not proof:
            print(
                f"seed {number - 1}: {proof.verdict}; {'; '.join(op.reason for op in proof.open)}"
            )
    print(f"| {count} random models from seed {seed} | 0 | {sum(proved)} proved | {seconds:.1f} |")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model")
    parser.add_argument("--weights")
    parser.add_argument("--type", default="s16.10")
    parser.add_argument("--random", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print("| design | latency | verdict | CPU s |\n|---|---|---|---|")
    weights = np.array(matrix("16x64")).T.astype(float)
    x = Input((16,), Fixed(True, 8, 0), name="x")
    graph = Graph((x,), (Matmul(x, Const.of(weights), name="sums"),), "matrix")
    show("matrix 16 x 64", graph, None)
    show_code("matrix 16 x 64", graph)
    if options.model:
        import qhls

        design = qhls.compile(options.model, options.type, weights=options.weights)
        show("model", design.graph, None)
        show("model, 5 ns", design.graph, 5.0)
        show_code("model", design.graph)
    if options.random:
        prove_random(options.random, options.seed)


if __name__ == "__main__":
    main()
