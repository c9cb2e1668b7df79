"""Constant matrices as adders: qhls beside da4ml, on the same matrices in the same run.

python benchmarks/adder_graphs.py --peer-python PEER/bin/python [--high 20] [--sizes 8x8 16x16]
"""

import argparse
import json
import subprocess
import time
from pathlib import Path

import numpy as np

from qhls.rtl.adders import EFFORT, count_least_levels, solve
from qhls.rtl.builder import Builder
from qhls.rtl.netlist import Kind

SIZES = ["8x8", "32x5", "16x16", "32x32", "16x64", "64x32"]


def matrix(size):
    rows, columns = map(int, size.split("x"))
    return np.random.default_rng(0).integers(-31, 32, (rows, columns)).T.tolist()


def one_bit_adders(graph):
    """Width of each adder without the low bits that only one operand has, which are wires."""
    builder = Builder("graph")
    graph.build(builder, [builder.make_input(-128, 127) for _ in range(graph.inputs)])
    zeros, total = [], 0
    for cell in builder.cells:
        below = [zeros[arg] for arg in cell.args]
        zeros.append(below[0] + cell.setting if cell.kind is Kind.SHIFT else min(below, default=0))
        if cell.kind in (Kind.ADD, Kind.SUB):
            free = below[0] <= below[1] or cell.kind is Kind.ADD
            wires = abs(below[0] - below[1]) if free else 0
            total += cell.type.width - zeros[-1] - wires
    return total


def measure(columns, **options):
    start = time.process_time()
    graph = solve(columns, **options)
    seconds = time.process_time() - start
    return {"adders": graph.adders, "bits": one_bit_adders(graph), "seconds": seconds}


def effort_of(columns, seconds, limit):
    """The effort that takes about so many CPU seconds."""
    first, more = (measure(columns, effort=effort, limit=limit)["seconds"] for effort in (0, 30))
    return max(1, int(30 * (seconds - first) / (more - first)))


def ratio(ours, theirs, key):
    return f"{ours[key] / theirs[key]:.3f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer-python", required=True)
    parser.add_argument("--high", type=float, default=0, help="CPU seconds per matrix")
    parser.add_argument("--sizes", nargs="+", default=SIZES)
    options = parser.parse_args()
    script = Path(__file__).with_name("da4ml_peer.py")
    call = [options.peer_python, str(script), *options.sizes]
    peer = json.loads(subprocess.run(call, capture_output=True, text=True, check=True).stdout)
    print("| matrix | effort | adders | da4ml | ratio | one-bit adders | ratio | CPU s | ratio |")
    print("|---|---|---|---|---|---|---|---|---|")
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
            theirs = peer[size]["depth + 2" if settings.get("limit") else "default"]
            cells = [size, name, ours["adders"], theirs["adders"], ratio(ours, theirs, "adders")]
            cells += [ours["bits"], ratio(ours, theirs, "bits")]
            cells += [f"{ours['seconds']:.2f}", ratio(ours, theirs, "seconds")]
            print("| " + " | ".join(map(str, cells)) + " |", flush=True)


if __name__ == "__main__":
    main()
