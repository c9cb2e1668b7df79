"""The delay model of Verilog: fitted to placed designs, then compared with designs that it has not seen.

    python benchmarks/verilog_delay.py [--write]

Places small designs on an ECP5 with nextpnr. ``--write`` writes the table of ``qhls/rtl/timing/tables``.
"""

from __future__ import annotations

import argparse
import json

import numpy as np
import verilog_area as area

from qhls import rtl
from qhls.ir import Add, Const, Fixed, Graph, Input, Mul
from qhls.rtl.timing import delays
from qhls.rtl.verilog import Verilog
from qhls.synthesis.nextpnr import find_nextpnr
from qhls.synthesis.place import FAMILY, place
from qhls.synthesis.source import VerilogSource

DEVICE = "ecp5-25k"
MARGIN = 0.15
"""Share of a stage's time that pipelines leave free: the spread of nextpnr's routes."""


def multiplied(rng, a, b):
    """Products between sums: paths through multipliers that begin and end at registers."""
    x, y = Input((2,), Fixed(True, a, 0), name="x"), Input((2,), Fixed(True, b, 0), name="y")
    left, right = (Add(each, Const.of(rng.integers(1, 9, 2).astype(float))) for each in (x, y))
    return (x, y), (Add(Mul(left, right), left, name="products"),)


def designs(seed):
    """Pipelines by name, with the clock period of each."""
    rng = np.random.default_rng(seed)
    fitted = [(8, 4, 1.0), (6, 6, 2.0), (9, 6, 3.0), (12, 5, 4.0), (7, 5, 5.0), (10, 4, 6.0)]
    others = [(7, 5, 4.0), (10, 5, 5.0), (8, 6, 6.0), (12, 4, 7.0), (9, 4, 8.0)]
    products = [(8, 10, 3.5), (14, 6, 3.0)] if seed == area.FIT else [(11, 9, 8.0)]
    for rows, out, period in others if seed == area.SEEN_BY_NO_FIT else fitted:
        yield f"layer_{rows}_{period}", area.layer(rng, rows, 4, out), period
    for a, b, period in products:
        yield f"product_{a}x{b}_{period}", multiplied(rng, a, b), period


def measured(seed, family=None):
    """Return (name, netlist, period, nanoseconds) of all designs of a seed; ``family``: whose pipelines."""
    rows = []
    for name, (inputs, outputs), period in designs(seed):
        graph = Graph(inputs, outputs, name)
        verilog = Verilog.of(rtl.build_netlist(graph, clock_period=period, family=family))
        found = place(VerilogSource.of_module(verilog), DEVICE, period)
        rows.append((name, verilog.netlist, period, found.slowest))
    return rows


def fit(rows):
    """Return the table whose slowest paths have the measured times: the paths follow from the table, and so on."""
    table = delays.DelayTable(1.0, 0.5, 0.1, 5.0, MARGIN, 0.0)
    for _ in range(20):
        paths = [delays.find_slowest_path(netlist, table)[1] for _, netlist, *_ in rows]
        a = np.array([[1, path.levels, path.bits, path.products] for path in paths], float)
        y = np.array([time for *_, time in rows])
        found = np.maximum(np.linalg.lstsq(a / y[:, None], np.ones(len(y)), rcond=None)[0], 0)
        mixed = (np.array([table.start, table.level, table.bit, table.product]) + found) / 2
        table = delays.DelayTable(*mixed.tolist(), MARGIN, 0.0)
    return table


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    fitted = measured(area.FIT)
    table = fit(fitted)
    print("| design | in the fit | asked for, ns | nextpnr, ns | estimate, ns | error |")
    print("|---|---|---|---|---|---|")
    errors = {}
    for part, rows in (("yes", fitted), ("no", measured(area.SEEN_BY_NO_FIT, FAMILY))):
        for name, netlist, period, time in rows:
            estimate = delays.find_slowest_path(netlist, table)[0]
            errors.setdefault(part, []).append(abs(estimate / time - 1))
            met = "" if part == "yes" else " (met)" if time <= period else " (missed)"
            times = f"{period:.1f}{met} | {time:.2f} | {estimate:.2f} | {estimate / time - 1:+.1%}"
            print(f"| {name} | {part} | {times} |")
    content = {
        "source": f"benchmarks/verilog_delay.py: {len(fitted)} designs on {DEVICE}, nextpnr {find_nextpnr()}.",
        "unit": "ns",
        "start": round(table.start, 4),
        "level": round(table.level, 4),
        "bit": round(table.bit, 4),
        "product": round(table.product, 4),
        "margin": MARGIN,
        "designs": len(errors["no"]),
        "mean": round(float(np.mean(errors["no"])), 4),
        "worst": round(float(np.max(errors["no"])), 4),
    }
    print(json.dumps(content, indent=2))
    if options.write:
        path = delays.DELAYS / f"{FAMILY}.json"
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
