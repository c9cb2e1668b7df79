"""Fit the cost of an addition after Vivado's synthesis, leaving one design out in turn.

    python benchmarks/vivado_area.py MODEL,REPORT[,RESULTS[,INPUT]] ... [-o vivado.json]

``MODEL``: a Keras model; ``REPORT``: ``report_utilization`` of its project; ``RESULTS``: the type in which the
project stores sums (default s16.10); ``INPUT``: the type of the input (default s16.10). All other figures of the
table follow from the structure of the device or from Yosys, so the fit has one unknown: the LUT per bit of an
addition. It lies below 1 because Vivado builds one adder for three numbers.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import qhls
from qhls.energy import load_area_table, read_report
from qhls.plan.hardware.prices import AREA_TABLES

TABLE = AREA_TABLES / "vivado.json"
FITTED = ("sum", "add", "product")


def estimate(design, results, per_bit):
    """Return the LUT of a design if an addition takes ``per_bit`` LUT per bit."""
    table = load_area_table("vivado").with_results(results)
    figures = dict(table.figures)
    for kind in FITTED:
        old = figures[kind]
        figures[kind] = replace(old, coefficients=(per_bit, *(0.0 for _ in old.coefficients[1:])))
    return design.area(replace(table, figures=figures)).totals["LUT"]


def read_pair(text):
    """Return name, LUT without additions, bits of additions, and reported LUT of a pair of model and report."""
    model, report, results, input_type = [*text.split(","), "s16.10", "s16.10"][:4]
    design = qhls.compile(model, input_type, allow_approximate=True, approximate_bits=16)
    fixed = estimate(design, results, 0.0)
    bits = estimate(design, results, 1.0) - fixed
    return Path(report).parent.name, fixed, bits, read_report(report).area.totals["LUT"]


def fit(pairs):
    """Return the LUT per bit that makes the relative errors of all pairs add up to 0."""
    return sum(1 - fixed / lut for _, fixed, _, lut in pairs) / sum(
        b / lut for _, _, b, lut in pairs
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pairs", nargs="+", metavar="MODEL,REPORT[,RESULTS[,INPUT]]")
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    pairs = [read_pair(text) for text in options.pairs]
    errors = []
    for left in pairs:
        others = [pair for pair in pairs if pair is not left]
        name, fixed, bits, lut = left
        per_bit = fit(others)
        errors.append((fixed + per_bit * bits) / lut - 1)
        print(
            f"{name}: {lut:,.0f} LUT reported, {errors[-1]:+.1%} with {per_bit:.3f} of the others"
        )
    print(f"all: {fit(pairs):.3f} LUT per bit")
    if options.output:
        content = json.loads(TABLE.read_text())
        listed = ", ".join(f"{error:+.1%}" for error in errors)
        for kind in FITTED:
            figure = content["figures"][kind]
            figure["coefficients"][0] = round(fit(pairs), 4)
            figure["relative_error"] = round(max(map(abs, errors)), 4)
            figure["error"] = (
                f"Total LUT of {len(pairs)} designs, each left out of the fit: {listed} off."
            )
        options.output.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
