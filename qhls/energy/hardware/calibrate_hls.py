"""Fit the figures of an HLS tool's operations to its reports, and state the error on repositories left out.

    python -m qhls.energy.hardware.calibrate_hls --family virtexuplus FOLDER [FOLDER ...] -o table.json

Each folder is one repository. Each row of a table ``Expression`` in its ``*_csynth.rpt`` is a measurement of one
operation, so no design is fitted as a whole. Rows of one kind are fitted by least squares. Then each repository is
left out in turn, and the total of its rows is predicted from the others.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qhls.energy.tool_reports.hls import list_expressions, list_fifos
from qhls.errors import EnergyError
from qhls.plan.hardware.figures import FORMS
from qhls.plan.hardware.prices import AREA_TABLES, load_area_table
from qhls.system.files import read

RESULTS = 16
"""The width of the result type in hls4ml's default configuration in bits, which the published projects use."""

_WIDEST = 10
"""The largest operand width in bits of a product in look-up tables; a wider product has a DSP and glue logic."""

FORMULAS = {
    "sum": "c0 bits + c1 missing",
    **dict.fromkeys(("add", "negate", "select"), "c bits"),
    "product": "c max(a, b)^2",
    "compare": "c0 bits + c1",
    **dict.fromkeys(("product_glue", "gate"), "c"),
    "fifo": "c0 bits + c1",
}
"""The area formula of each kind of operation."""

_SUMS = re.compile(r"acc_\d+_V|add_ln703(_\d+)?")
"""Pattern of the variables of sums: 703 is the line of the addition in Vivado HLS 2019.2's fixed-point header."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A measurement: the LUTs of one operation in a report, or of several together, with the terms of its formula."""

    kind: str
    terms: tuple[float, ...]
    lut: float
    repository: str


def list_measured(folder: Path, family: str) -> Iterator[Measured]:
    """Yield the measured operations in those reports of a repository whose product family is ``family``."""
    for path in sorted(folder.rglob("*_csynth.rpt")):
        text = read(path, "a report", EnergyError, 48).decode()
        where = re.search(r"^\* Product family: +(\S+)", text, re.M)
        if where is None or where[1] != family:
            continue
        for name, operation, bits, lut in list_expressions(text):
            kind = _find_kind(name, operation, bits)
            if kind:
                sizes = _find_sizes(kind, bits)
                yield Measured(kind, tuple(FORMS[FORMULAS[kind]](sizes)), lut, folder.name)
        fifos, lut = list_fifos(text)
        if fifos:
            yield Measured("fifo", (sum(fifos), len(fifos)), lut, folder.name)


def _find_kind(name: str, operation: str, bits: tuple[int, int]) -> str:
    """Return the kind of an operation, or an empty string for an operation that is not fitted."""
    widest = max(bits)
    if operation == "+":
        in_sum = _SUMS.fullmatch(re.sub(r"_fu_\d+_p2$", "", name)) and widest <= RESULTS
        return "sum" if in_sum else "add"
    if operation == "-":
        return "negate" if bits[0] == 1 else "add"
    if operation == "*":
        return "product" if widest <= _WIDEST else "product_glue"
    if operation in ("and", "or", "xor"):
        return "gate" if widest <= 2 else ""
    return {"icmp": "compare", "select": "select"}.get(operation, "")


def _find_sizes(kind: str, bits: tuple[int, int]) -> tuple[int, ...]:
    widest = max(bits)
    if kind == "product":
        return (*bits, 0)
    return (widest, RESULTS - widest) if kind == "sum" else (widest,)


def fit_kind(kind: str, rows: Sequence[Measured], source: str) -> dict[str, Any]:
    """Return the fitted figure of one kind, with its error on each repository when that is left out of the fit."""
    errors: list[float] = []
    for left in sorted({row.repository for row in rows}):
        others = [row for row in rows if row.repository != left]
        mine = [row for row in rows if row.repository == left]
        if len(others) >= 2:
            coefficients, total = _solve(others), sum(row.lut for row in mine)
            predicted = sum(float(np.dot(row.terms, coefficients)) for row in mine)
            errors.append(abs(predicted / total - 1))
    listed = ", ".join(f"{error:.1%}" for error in errors)
    return {
        "unit": "LUT",
        "formula": FORMULAS[kind],
        "coefficients": [round(float(c), 4) for c in _solve(rows)],
        "relative_error": round(max(errors), 4) if errors else None,
        "source": f"{source}: {len(rows):,} rows of {len({r.repository for r in rows})} repositories.",
        "error": f"Total of a repository left out of the fit: {listed} off."
        if errors
        else "Not measured: too few rows to leave a repository out.",
    }


def _solve(rows: Sequence[Measured]) -> Any:
    terms = np.array([row.terms for row in rows], float)
    return np.linalg.lstsq(terms, np.array([row.lut for row in rows]), rcond=None)[0]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run this module as a command with ``arguments`` and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m qhls.energy.hardware.calibrate_hls", description=__doc__
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--family", default="virtexuplus", help="product family in the reports")
    parser.add_argument("--base", default="vitis_csynth", help="the table with the other figures")
    parser.add_argument("-o", "--output", type=Path, help="write an area table (.json)")
    options = parser.parse_args(arguments)
    try:
        rows = [row for folder in options.folders for row in list_measured(folder, options.family)]
        if not rows:
            raise EnergyError(
                f"calibrate_hls: expected *_csynth.rpt of the family {options.family!r}, got none in "
                f"{', '.join(map(str, options.folders))}. Give folders with such reports."
            )
    except (EnergyError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    source = f"C synthesis reports of {options.family}"
    kinds = {kind: [row for row in rows if row.kind == kind] for kind in FORMULAS}
    figures = {kind: fit_kind(kind, mine, source) for kind, mine in kinds.items() if mine}
    if "compare" in figures:  # reports do not say which comparisons are with a constant
        figures["compare_constant"] = figures["compare"]
    for kind, figure in figures.items():
        sys.stdout.write(
            f"{kind}: LUT = {figure['formula']}, c = {figure['coefficients']}; {figure['error']}\n"
        )
    if options.output:
        base = AREA_TABLES / f"{options.base}.json"
        content: dict[str, Any] = json.loads(base.read_text(encoding="utf-8"))
        content["figures"] |= figures
        options.output.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
        load_area_table(options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
