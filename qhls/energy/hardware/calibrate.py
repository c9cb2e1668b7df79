"""Fit the area formulas to synthesised primitives and report the error on rows held out.

    python -m qhls.energy.hardware.calibrate rows.json [stat.json ...] [-o table.json]

reads measurements and prints the fitted figures; ``-o`` also writes an area table. A file is either

* ``{"table": [row, ...]}``: a row has ``op``, its sizes and ``LUT``, and optionally ``INV``, ``CARRY4`` and ``FF``.
  Rows synthesised with DSPs, of another family than ``xcup``, or of unknown ops are left out; or
* a report of Yosys, Vitis HLS, Vivado or Catapult, of modules named ``op__sizes``, such as ``mul_ss__a8_b6``
  (``qhls.energy.hardware.vendor``). Catapult's are square micrometres: ``--unit um2 --base asic_45nm``.

Figures without a row keep the base's values. Ops: add_s, sub_s, add_shift (w, result one bit wider), addtree_keep
(n numbers of w bits), mul_ss, mul_us, mul_uu (a, b), cmul (w bits times the constant c; cmul8: w is 8). Also max_s,
relu, lt_s, lt_const, mux2, mux4, mux8, mux16 (w), sat_s, relu_sat_u (w to o bits), rom_rand (n address bits, m data
bits), reg (w), rnd_conv, rnd_half_up (w bits less f, rounded; of rows with ``carries``, which count the LUTs that feed
carry chains: benchmarks/yosys_primitives.py).
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from qhls.energy.hardware.vendor import Row, read
from qhls.errors import EnergyError
from qhls.plan.hardware.encoding import count_signed_digits
from qhls.plan.hardware.figures import FORMS
from qhls.plan.hardware.prices import AREA_TABLES, load_area_table

HELD_OUT = 4
"""The step between rows that are left out of the fit to measure its error: every fourth, in order of the sizes."""


@dataclass(frozen=True, slots=True)
class Fit:
    """The fit of one figure: its formula, the ops and rows to use, the arguments of the formula, and the resource."""

    formula: str
    ops: tuple[str, ...]
    sizes: Callable[[Row], tuple[int, ...]]
    usable: Callable[[Row], bool] = lambda row: True
    target: str = "LUT"


def _count_digits(row: Row) -> int:
    return int(count_signed_digits(np.array([row["c"]]))[0])


def _read_width(row: Row) -> tuple[int, ...]:
    return (row["w"],)


def _read_product(row: Row) -> tuple[int, ...]:
    return row["a"], row["b"]


_PRODUCTS = ("mul_ss", "mul_us", "mul_uu")

FITS: dict[str, Fit] = {
    "multiply": Fit(
        "c0 a b + c1 (a + b)", _PRODUCTS, _read_product, lambda r: min(r["a"], r["b"]) >= 3
    ),
    "multiply_narrow": Fit("c a b", _PRODUCTS, _read_product, lambda r: min(r["a"], r["b"]) <= 2),
    "scale": Fit(
        "c0 (digits - 1) bits + c1 bits",
        ("cmul", "cmul8"),
        lambda r: (r.get("w", 8), _count_digits(r)),
        lambda r: _count_digits(r) > 1,
    ),
    "accumulate": Fit(
        # n - 1 additions, each as wide as the result, in one size: bits of all of them.
        "c bits",
        ("addtree_keep",),
        lambda r: ((r["n"] - 1) * (r["w"] + math.ceil(math.log2(r["n"]))),),
    ),
    "add": Fit("c bits", ("add_s", "sub_s", "add_shift"), lambda r: (r["w"] + 1,)),
    "maximum": Fit("c bits", ("max_s",), _read_width),
    "relu": Fit("c bits", ("relu",), _read_width),
    "compare": Fit("c bits", ("lt_s",), _read_width),
    "compare_constant": Fit("c bits", ("lt_const",), _read_width),
    "choice": Fit(
        "c bits ceil(stages / 2)",
        ("mux2", "mux4"),
        lambda r: (r["w"], 1 if r["op"] == "mux2" else 2),
    ),
    "select": Fit(
        "c bits max(entries - 1, 2)",
        ("mux2", "mux4", "mux8", "mux16"),
        lambda r: (r["w"], int(r["op"].removeprefix("mux"))),
    ),
    "saturate": Fit(
        "c0 dropped + c1 kept", ("sat_s", "relu_sat_u"), lambda r: (r["w"] - r["o"], r["o"])
    ),
    "lookup": Fit("c bits max(entries / 64, 1)", ("rom_rand",), lambda r: (r["m"], 1 << r["n"])),
    "register": Fit("c bits", ("reg",), _read_width, target="FF"),
    "round": Fit(
        "c0 bits + c1",
        ("rnd_conv", "rnd_half_up"),
        lambda r: (r["w"] - r["f"],),
        lambda r: "carries" in r,
    ),
}


def fit_figure(name: str, fit: Fit, rows: Sequence[Row], source: str) -> dict[str, Any]:
    """Return a figure fitted by least squares of the relative error, with the error on rows left out of the fit.

    Raises ``EnergyError`` for fewer than four rows.
    """
    used = _select_rows(fit, rows)
    used.sort(key=lambda r: (fit.ops.index(r["op"]), fit.sizes(r)))
    if len(used) < HELD_OUT:
        raise EnergyError(
            f"calibrate, {name}: expected at least {HELD_OUT} rows of {', '.join(fit.ops)}, got {len(used)}. "
            f"Measure more sizes."
        )
    terms = np.array([FORMS[fit.formula](fit.sizes(r)) for r in used], float)
    measured = np.array([r[fit.target] for r in used], float)
    scale = 1 / np.maximum(measured, 1.0)
    held = np.arange(len(used)) % HELD_OUT == HELD_OUT - 1
    inputs, targets = terms[~held] * scale[~held, None], measured[~held] * scale[~held]
    coefficients = np.linalg.lstsq(inputs, targets, rcond=None)[0]
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


def _select_rows(fit: Fit, rows: Sequence[Row]) -> list[Row]:
    return [r for r in rows if r["op"] in fit.ops and fit.target in r and fit.usable(r)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run this module as a command with ``arguments`` and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m qhls.energy.hardware.calibrate", description=__doc__
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("-o", "--output", type=Path, help="write an area table (.json)")
    parser.add_argument("--source", default="Yosys 0.70, synth_xilinx -family xcup -nodsp")
    parser.add_argument("--base", default="xilinx_lut6", help="the table with the other figures")
    parser.add_argument("--unit", help="the unit of all figures, such as um2; default: LUT, FF")
    options = parser.parse_args(arguments)
    try:
        rows = read(options.files)
        fits = {n: replace(f, target=options.unit or f.target) for n, f in FITS.items()}
        used = {name: fit for name, fit in fits.items() if _select_rows(fit, rows)}
        figures = {name: fit_figure(name, fit, rows, options.source) for name, fit in used.items()}
    except EnergyError as error:
        sys.stderr.write(f"calibrate: {error}\n")
        return 2
    for name, figure in figures.items():
        sys.stdout.write(
            f"{name}: {figure['unit']} = {figure['formula']}, c = {figure['coefficients']}; {figure['error']}\n"
        )
    if options.output:
        options.output.write_text(
            json.dumps(_merge_table(options.base, figures), indent=2) + "\n", "utf-8"
        )
        load_area_table(options.output)
    return 0


def _merge_table(base: str, figures: dict[str, Any]) -> dict[str, Any]:
    """Return the content of the area table ``base``, in which ``figures`` replace those of the same name."""
    path = Path(base) if base.endswith(".json") else AREA_TABLES / f"{base}.json"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {**content, "figures": {**content["figures"], **figures}}


if __name__ == "__main__":
    sys.exit(main())
