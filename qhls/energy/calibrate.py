"""Fit the area formulas of look-up tables to synthesised primitives, with the error on rows held out.

    python -m qhls.energy.calibrate rows.json [stat.json ...] [-o table.json]

reads measurements and writes an area table (default: prints what it found). A file is either

* ``{"table": [row, ...]}``: a row has ``op``, its sizes and ``LUT``, and ``INV``, ``CARRY4``, ``FF`` where there
  are any; rows synthesised with DSPs, of another family than ``xcup``, or of unknown ops are left out; or
* what Yosys' ``stat -json`` writes, of modules named ``op__sizes``, such as ``mul_ss__a8_b6``.

The ops: add_s, sub_s, add_shift (w, result one bit wider), addtree_keep (n numbers of w bits), mul_ss, mul_us,
mul_uu (a, b), cmul (w bits times the constant c; cmul8: w is 8), max_s, relu, lt_s, lt_const, mux2, mux4 (w),
sat_s, relu_sat_u (w to o bits), rom_rand (n address bits, m data bits), reg (w).
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from qhls.energy.area import load_area_table
from qhls.energy.figures import FORMS
from qhls.errors import EnergyError

Row = dict[str, Any]

HELD_OUT = 4
"""Of every so many rows, in the order of their sizes, the last is held out of the fit."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How one figure is found: its rows, the sizes that its form takes, and whether a row is of use."""

    formula: str
    ops: tuple[str, ...]
    sizes: Callable[[Row], tuple[int, ...]]
    usable: Callable[[Row], bool] = lambda row: True
    target: str = "LUT"


def _digits(constant: int) -> int:
    return (constant ^ 3 * constant).bit_count()


def _width(row: Row) -> tuple[int, ...]:
    return (row["w"],)


def _product(row: Row) -> tuple[int, ...]:
    return row["a"], row["b"]


_PRODUCTS = ("mul_ss", "mul_us", "mul_uu")

FITS: dict[str, Fit] = {
    "multiply": Fit("c0 a b + c1 (a + b)", _PRODUCTS, _product, lambda r: min(r["a"], r["b"]) >= 3),
    "multiply_narrow": Fit("c a b", _PRODUCTS, _product, lambda r: min(r["a"], r["b"]) <= 2),
    "scale": Fit(
        "c0 (digits - 1) bits + c1 bits",
        ("cmul", "cmul8"),
        lambda r: (r.get("w", 8), _digits(r["c"])),
        lambda r: _digits(r["c"]) > 1,
    ),
    "accumulate": Fit(
        # n - 1 additions, each as wide as the result, in one size: bits of all of them.
        "c bits",
        ("addtree_keep",),
        lambda r: ((r["n"] - 1) * (r["w"] + math.ceil(math.log2(r["n"]))),),
    ),
    "add": Fit("c bits", ("add_s", "sub_s", "add_shift"), lambda r: (r["w"] + 1,)),
    "maximum": Fit("c bits", ("max_s",), _width),
    "relu": Fit("c bits", ("relu",), _width),
    "compare": Fit("c bits", ("lt_s",), _width),
    "compare_constant": Fit("c bits", ("lt_const",), _width),
    "choice": Fit(
        "c bits ceil(stages / 2)",
        ("mux2", "mux4"),
        lambda r: (r["w"], 1 if r["op"] == "mux2" else 2),
    ),
    "saturate": Fit(
        "c0 dropped + c1 kept", ("sat_s", "relu_sat_u"), lambda r: (r["w"] - r["o"], r["o"])
    ),
    "lookup": Fit("c bits max(entries / 64, 1)", ("rom_rand",), lambda r: (r["m"], 1 << r["n"])),
    "register": Fit("c bits", ("reg",), _width, target="FF"),
}


def read(paths: Sequence[Path]) -> list[Row]:
    """The rows of all files. Raises ``EnergyError`` for a file that is neither of the two kinds."""
    rows: list[Row] = []
    for path in paths:
        try:
            content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if "table" in content:
                rows += content["table"]
            else:
                rows += [
                    row
                    for name, module in cast("dict[str, Any]", content["modules"]).items()
                    if (row := _module(name, module)) is not None
                ]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
            raise EnergyError(
                f"{path}: expected JSON with a table of rows, or of Yosys' stat -json, got {fault!r}"
            ) from None
    return [r for r in rows if r.get("nodsp", True) and r.get("family", "xcup") == "xcup"]


def _module(name: str, module: dict[str, Any]) -> Row | None:
    """A row from a module of ``stat -json``; None for a module of another name."""
    named = re.fullmatch(r"\\?(?P<op>[a-z0-9_]+?)__(?P<sizes>[a-z]+\d+(?:_[a-z]+\d+)*)", name)
    if named is None:
        return None
    sizes = {key: int(n) for key, n in re.findall(r"([a-z]+)(\d+)", named["sizes"])}
    cells: dict[str, int] = module["num_cells_by_type"]
    return {
        "op": named["op"],
        **sizes,
        "LUT": sum(n for cell, n in cells.items() if re.fullmatch(r"LUT[1-6]", cell)),
        "FF": sum(n for cell, n in cells.items() if cell.startswith("FD")),
        "INV": cells.get("INV", 0),
        "CARRY4": cells.get("CARRY4", 0),
    }


def fitted(name: str, fit: Fit, rows: Sequence[Row], source: str) -> dict[str, Any]:
    """A figure: least squares of the relative error over the rows that are not held out.

    Raises ``EnergyError`` if there are fewer than four rows for it.
    """
    used = [r for r in rows if r["op"] in fit.ops and fit.usable(r)]
    used.sort(key=lambda r: (fit.ops.index(r["op"]), fit.sizes(r)))
    if len(used) < HELD_OUT:
        raise EnergyError(
            f"calibrate, {name}: expected at least {HELD_OUT} rows of {', '.join(fit.ops)}, got {len(used)}"
        )
    terms = np.array([FORMS[fit.formula](fit.sizes(r)) for r in used], float)
    measured = np.array([r[fit.target] for r in used], float)
    scale = 1 / np.maximum(measured, 1.0)
    held = np.arange(len(used)) % HELD_OUT == HELD_OUT - 1
    known, result = terms[~held] * scale[~held, None], measured[~held] * scale[~held]
    coefficients = np.linalg.lstsq(known, result, rcond=None)[0]
    errors = abs(terms @ coefficients - measured)[held] * scale[held]
    ninety = float(np.quantile(errors, 0.9))
    return {
        "unit": fit.target,
        "formula": fit.formula,
        "coefficients": [round(float(c), 4) for c in coefficients],
        "relative_error": round(ninety, 4),
        "source": f"{source}: {', '.join(fit.ops)}, {int((~held).sum())} rows fitted.",
        "error": f"On {int(held.sum())} rows held out: {errors.mean():.1%} on average, "
        f"{ninety:.1%} in nine of ten, {errors.max():.1%} at most. Before placement; no vendor tool.",
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the process's status."""
    parser = argparse.ArgumentParser(prog="python -m qhls.energy.calibrate", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("-o", "--output", type=Path, help="write an area table (.json)")
    parser.add_argument("--source", default="Yosys 0.70, synth_xilinx -family xcup -nodsp")
    parser.add_argument("--base", default="xilinx_lut6", help="the table with the other figures")
    options = parser.parse_args(arguments)
    try:
        rows = read(options.files)
        found = {name: fitted(name, fit, rows, options.source) for name, fit in FITS.items()}
    except EnergyError as error:
        sys.stderr.write(f"calibrate: {error}\n")
        return 2
    for name, figure in found.items():
        sys.stdout.write(
            f"{name}: {figure['unit']} = {figure['formula']}, c = {figure['coefficients']}; {figure['error']}\n"
        )
    if options.output:
        options.output.write_text(json.dumps(_table(options.base, found), indent=2) + "\n", "utf-8")
        load_area_table(options.output)
    return 0


def _table(base: str, found: dict[str, Any]) -> dict[str, Any]:
    """The table ``base`` with the figures found."""
    path = (
        Path(base) if base.endswith(".json") else Path(__file__).parent / "areas" / f"{base}.json"
    )
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {**content, "figures": {**content["figures"], **found}}


if __name__ == "__main__":
    sys.exit(main())
