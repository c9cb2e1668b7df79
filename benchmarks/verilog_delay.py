"""The delay model of Verilog: fitted to placed designs, then compared with designs that it has not seen.

    python benchmarks/verilog_delay.py [--write]

Places small designs on an ECP5 with nextpnr. ``--write`` writes the table of ``qhls/synthesis/delays``.
"""

from __future__ import annotations

import argparse
import json

import numpy as np
import verilog_area as area

from qhls import rtl
from qhls.ir import Graph
from qhls.rtl.verilog import Verilog
from qhls.synthesis import delay
from qhls.synthesis.nextpnr import find_nextpnr
from qhls.synthesis.place import place

DEVICE = "ecp5-25k"


def designs(seed):
    """Pipelines by name, with the clock period of each."""
    rng = np.random.default_rng(seed)
    fitted = [(8, 4, 1.0), (6, 6, 2.0), (9, 6, 3.0), (12, 5, 4.0), (7, 5, 5.0), (10, 4, 6.0)]
    others = [(7, 5, 2.0), (10, 5, 3.0), (8, 6, 4.0), (12, 4, 5.0)]
    for rows, out, period in others if seed == area.SEEN_BY_NO_FIT else fitted:
        yield f"layer_{rows}_{period}", area.layer(rng, rows, 4, out), period


def measured(seed):
    """Return (name, netlist, nanoseconds) of all designs of a seed."""
    rows = []
    for name, (inputs, outputs), period in designs(seed):
        graph = Graph(inputs, outputs, name)
        verilog = Verilog.of(rtl.build_netlist(graph, clock_period=period))
        found = place(name, verilog, DEVICE, period)
        rows.append((name, verilog.netlist, found.slowest))
    return rows


def fit(rows):
    """Return the table whose slowest paths have the measured times: the paths follow from the table, and so on."""
    table = delay.DelayTable(0.5, 1.0, 0.05, 0.0)
    for _ in range(20):
        paths = [delay.find_slowest_path(netlist, table) for _, netlist, _ in rows]
        a = np.array([[1, levels, bits] for _, levels, bits in paths], float)
        y = np.array([time for *_, time in rows])
        found = np.maximum(np.linalg.lstsq(a / y[:, None], np.ones(len(y)), rcond=None)[0], 0)
        mixed = (np.array([table.start, table.level, table.bit]) + found) / 2
        table = delay.DelayTable(*mixed.tolist(), 0.0)
    return table


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    fitted = measured(area.FIT)
    table = fit(fitted)
    print("| design | in the fit | nextpnr, ns | estimate, ns | error |\n|---|---|---|---|---|")
    errors = {}
    for part, rows in (("yes", fitted), ("no", measured(area.SEEN_BY_NO_FIT))):
        for name, netlist, time in rows:
            estimate = delay.find_slowest_path(netlist, table)[0]
            errors.setdefault(part, []).append(abs(estimate / time - 1))
            print(f"| {name} | {part} | {time:.2f} | {estimate:.2f} | {estimate / time - 1:+.1%} |")
    content = {
        "source": f"benchmarks/verilog_delay.py: {len(fitted)} designs on {DEVICE}, nextpnr {find_nextpnr()}.",
        "unit": "ns",
        "start": round(table.start, 4),
        "level": round(table.level, 4),
        "bit": round(table.bit, 4),
        "designs": len(errors["no"]),
        "mean": round(float(np.mean(errors["no"])), 4),
        "worst": round(float(np.max(errors["no"])), 4),
    }
    print(json.dumps(content, indent=2))
    if options.write:
        path = delay.DELAYS / "ecp5.json"
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
