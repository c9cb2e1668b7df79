"""Register bits of pipelines: the better of earliest and latest stages, retimed, and the fewest that exist (by scipy).

python benchmarks/register_bits.py --model M.json --weights W.h5 [--type s8.4]
"""

import argparse
import time

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

import qhls
from qhls import rtl
from qhls.rtl import pipeline as pipelines
from qhls.rtl.netlist import Kind
from qhls.rtl.timing.retiming import find_long_paths

CLOCKS = [(3.0, None), (5.0, None), (10.0, None), (8.0, "ecp5")]


def count_fewest(netlist, delays, room, last):
    """The fewest register bits with ``last`` stages of registers: a linear program whose corners are integers."""
    cells, size = netlist.cells, len(netlist.cells)
    free = [pipelines.is_free(netlist, cell) for cell in cells]
    readers = [
        (arg, place, 0)
        for place, cell in enumerate(cells)
        for arg in cell.args
        if cells[arg].kind is not Kind.CONST
    ]
    apart = [(a, b, 1) for a, b in find_long_paths(netlist, delays, room)]
    rows = [*readers, *apart, *((place, size + place, 0) for place in range(size))]
    rows += [(size + b if free[b] else b, size + a, 0) for a, b, _ in readers]
    first, second, bounds = np.array(rows).T
    places = np.arange(len(rows))
    ones = np.ones(len(rows))
    table = csr_matrix(
        (
            np.concatenate([ones, -ones]),
            (np.tile(places, 2), np.concatenate([first, second])),
        )
    )
    widths = np.array(
        [
            0 if cell.kind is Kind.CONST or wires else cell.type.width
            for cell, wires in zip(cells, free, strict=True)
        ]
    )
    ends = {cell for port in netlist.outputs for cell in port.cells}
    within = [(0, 0 if cell.kind is Kind.INPUT else last) for cell in cells]
    within += [(last if place in ends else 0, last) for place in range(size)]
    cost = np.concatenate([-widths, widths])
    return round(linprog(cost, table, -bounds, bounds=within, method="highs").fun)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--type", default="s8.4")
    options = parser.parse_args()
    design = qhls.compile(options.model, options.type, weights=options.weights)
    netlist = rtl.build_netlist(design.graph)
    print("| clock | latency | without | retimed | saved | fewest | above | CPU s |")
    print("|---|---|---|---|---|---|---|---|")
    for period, family in CLOCKS:
        start = time.process_time()
        found = pipelines.pipeline(netlist, period, family)
        seconds = time.process_time() - start
        delays, room = pipelines.list_delays(netlist, period, family)
        made = [
            pipelines.insert_registers(netlist, stages)
            for stages in pipelines.find_simple(netlist, delays, room)
        ]
        simple = min(map(pipelines.register_bits, made))
        retimed = pipelines.register_bits(found)
        fewest = count_fewest(netlist, delays, room, found.latency)
        name = f"{period:g} ns" + (f", {family}" if family else "")
        saved, above = f"{1 - retimed / simple:.1%}", f"{retimed / fewest - 1:.1%}"
        figures = (name, found.latency, simple, retimed, saved, fewest, above, f"{seconds:.1f}")
        print("| " + " | ".join(map(str, figures)) + " |", flush=True)


if __name__ == "__main__":
    main()
