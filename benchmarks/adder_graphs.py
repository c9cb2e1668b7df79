"""Constant matrices as adders: qhls beside da4ml and alkaid on the same matrices, and ternary beside binary adders.

python benchmarks/adder_graphs.py --peer-python PEER/bin/python [--high 20] [--sizes 8x8 16x16]
python benchmarks/adder_graphs.py --ternary [--sizes 8x8 16x16] [--model M.json --weights W.h5]
"""

import argparse
import json
import subprocess
import time
from pathlib import Path

import numpy as np

from qhls.ir.types import Fixed
from qhls.rtl.adders import EFFORT, count_least_levels, solve
from qhls.rtl.builder import Builder
from qhls.rtl.netlist import SUMS, Port
from qhls.rtl.ternary.join import join_adders
from qhls.rtl.ternary.sums import count_tables

SIZES = ["8x8", "32x5", "16x16", "32x32", "16x64", "64x32"]
PEERS = ("da4ml", "alkaid")
MOST = 0.75
"""The target of ternary adders: look-up tables relative to those of binary adders."""


def matrix(size):
    rows, columns = map(int, size.split("x"))
    return np.random.default_rng(0).integers(-31, 32, (rows, columns)).T.tolist()


def build(graph):
    """The netlist of a graph on inputs of 8 bits."""
    builder = Builder("graph")
    inputs = [builder.make_input(-128, 127) for _ in range(graph.inputs)]
    outputs = graph.build(builder, inputs)
    builder.label(outputs, "y", [f"_{place}" for place in range(len(outputs))])
    ports = [
        Port(name, Fixed(True, 32, 0), (len(cells),), tuple(cells))
        for name, cells in (("x", inputs), ("y", outputs))
    ]
    return builder.finish(ports[:1], ports[1:])


def measure(columns, **options):
    start = time.process_time()
    graph = solve(columns, **options)
    seconds = time.process_time() - start
    net = build(graph)
    return {
        "adders": graph.adders,
        "bits": count_tables(net.cells),
        "depth": net.levels,
        "seconds": seconds,
    }


def effort_of(columns, seconds, limit):
    """The effort that takes about so many CPU seconds."""
    first, more = (measure(columns, effort=effort, limit=limit)["seconds"] for effort in (0, 30))
    return max(1, int(30 * (seconds - first) / (more - first)))


def beside(ours, theirs, key):
    """Our figure, and how many times the peers' it is; of the depth, the peers' figures."""
    if key == "depth":
        return f"{ours[key]} ({', '.join(str(each[key]) for each in theirs)})"
    shown, digits = (f"{ours[key]:.2f}", 1) if key == "seconds" else (str(ours[key]), 3)
    ratios = ", ".join(f"{ours[key] / each[key]:.{digits}f}" for each in theirs)
    return f"{shown} ({ratios})"


def compare(options):
    """Print a row per matrix and effort."""
    script = Path(__file__).with_name("matrix_peers.py")
    call = [options.peer_python, str(script), *options.sizes]
    peers = json.loads(subprocess.run(call, capture_output=True, text=True, check=True).stdout)
    print("In brackets: times da4ml's, times alkaid's; of the depth, theirs.\n")
    print("| matrix | effort | adders | one-bit adders | depth | CPU s |")
    print("|---|---|---|---|---|---|")
    for size in options.sizes:
        columns = matrix(size)
        levels = count_least_levels(columns) + 2
        runs = {"default": {"effort": EFFORT}, "depth + 2": {"effort": EFFORT, "limit": levels}}
        if options.high:
            runs["high"] = {"effort": effort_of(columns, options.high, None)}
            more = {"effort": effort_of(columns, options.high, levels), "limit": levels}
            runs["depth + 2, high"] = more
        for name, settings in runs.items():
            ours = measure(columns, **settings)
            bound = "depth + 2" if settings.get("limit") else "default"
            theirs = [peers[peer][size][bound] for peer in PEERS]
            cells = [beside(ours, theirs, key) for key in ("adders", "bits", "depth", "seconds")]
            print("| " + " | ".join([size, name, *cells]) + " |", flush=True)


def join(name, net):
    """Print the adders, look-up tables and logic levels of a netlist with binary and with ternary adders."""
    start = time.process_time()
    joined = join_adders(net)
    seconds = time.process_time() - start
    adders = [sum(cell.kind in SUMS for cell in each.cells) for each in (net, joined)]
    tables = [count_tables(each.cells) for each in (net, joined)]
    ratio = tables[1] / tables[0]
    cells = [name, *adders, *tables, f"{ratio:.3f}", net.levels, joined.levels, f"{seconds:.1f}"]
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)
    return ratio


def compare_ternary(options):
    """Print a row per matrix and for a whole model; fail where a ratio is above the target."""
    print(
        "| design | adders | ternary form | LUT | ternary form | ratio | levels | ternary form | CPU s |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    nets = {}
    for size in options.sizes:
        columns = matrix(size)
        nets[size] = build(solve(columns, limit=count_least_levels(columns) + 2))
    if options.model:
        import qhls
        from qhls import rtl

        graph = qhls.compile(options.model, "s8.4", weights=options.weights).graph
        for op in graph.ops:
            if type(op).__name__ == "Matmul":
                weights = op.w.codes.to_integers().astype(int).T.tolist()
                nets[op.name] = build(solve(weights, limit=count_least_levels(weights) + 2))
        nets["jet tagger, whole"] = rtl.build_netlist(graph)
    worst = max(join(name, net) for name, net in nets.items())
    print(f"\nworst ratio: {worst:.3f}, asked for: {MOST}, {'met' if worst <= MOST else 'missed'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer-python", help="the Python of an environment with da4ml and alkaid")
    parser.add_argument("--high", type=float, default=0, help="CPU seconds per matrix")
    parser.add_argument("--ternary", action="store_true", help="compare ternary with binary adders")
    parser.add_argument("--sizes", nargs="+", default=SIZES)
    parser.add_argument("--model")
    parser.add_argument("--weights")
    options = parser.parse_args()
    if options.ternary:
        compare_ternary(options)
    elif options.peer_python:
        compare(options)
    else:
        parser.error("expected --peer-python or --ternary")


if __name__ == "__main__":
    main()
