"""``Prices``: the energy of operations and memory accesses in a process technology, read from a JSON table.

The table states its sources.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qhls.compat.qtools.types.operators import Operator
from qhls.errors import EnergyError
from qhls.system.files import is_file, read_json

_TABLES = Path(__file__).parent / "tables"

ALIASES = {"horowitz": "horowitz_45nm_qtools"}
"""QTools' names of process technologies, each with the name of its table."""

_PARTS = {
    "operations": ("fixed_add", "fixed_mul", "fp16_add", "fp16_mul", "fp32_add", "fp32_mul"),
    "memories": ("sram", "dram"),
    "include_energy": ("default",),
}


@dataclass(frozen=True)
class Prices:
    """The energy of operations and memory accesses in pJ, as polynomials of their sizes in bits.

    ``curves`` are polynomials, highest power first, of the operands' bits. For "sram" they are per word of
    ``word_bits`` and of log2 of the memory's bits, for "dram" of the bits moved. Negative values count as 0.
    ``include_energy`` are the causes in ``QTools.extract_energy_sum``, by class of layer.
    """

    name: str
    curves: Mapping[str, tuple[float, ...]]
    word_bits: int
    include_energy: Mapping[str, list[str]]

    def price_operator(self, operator: Operator) -> float:
        """Return the energy in pJ of one operation, before multiplication by its gate factor.

        In fixed point all gates but multipliers cost as adders, in floating point all but adders as multipliers.
        """
        bits = operator.priced_bits
        action = "mul" if operator.op == "mul" else "add"
        if operator.output.is_float:
            width = "fp16" if operator.output.bits <= 16 else "fp32"
            if operator.op == "add":
                return self._evaluate_curve(f"{width}_add", bits)
            return self._evaluate_curve(f"{width}_mul", bits)
        return self._evaluate_curve(f"fixed_{action}", bits)

    def price_sram(self, bits: int, least: int) -> float:
        """Return the energy in pJ of accessing ``bits`` bits once in an SRAM of ``max(bits, least)`` bits."""
        if bits == 0:
            return 0.0
        words = np.ceil(bits * (1 / self.word_bits))
        return words * self._evaluate_curve("sram", np.log2(max(bits, least)))

    def price_dram(self, bits: int) -> float:
        """Return the energy in pJ of transferring ``bits`` bits from or to DRAM."""
        return self._evaluate_curve("dram", bits)

    def _evaluate_curve(self, name: str, x: Any) -> float:
        value: Any = 0.0
        for coefficient in self.curves[name]:
            value = value * x + coefficient
        return max(value, 0)


def load_prices(process: Any) -> Prices:
    """Load the prices of a process, which is "horowitz" (``horowitz_45nm_qtools``) or the path of a JSON table.

    Raises ``EnergyError`` for a process that does not exist and a table that is not complete.
    """
    path = Path(str(process))
    if path.suffix != ".json":
        path = _TABLES / f"{ALIASES.get(str(process), process)}.json"
    if not is_file(path):
        known = sorted({*ALIASES, *(p.stem for p in _TABLES.glob("*.json"))})
        raise EnergyError(
            f"QTools, process: expected one of {', '.join(known)} or a .json file, got {process!r}. "
            f"Choose one."
        )
    table = read_json(path, "JSON", EnergyError, f"QTools, process {path.stem!r}")
    try:
        return _make_prices(path.stem, table)
    except (AttributeError, LookupError, TypeError, ValueError, OverflowError) as fault:
        raise EnergyError(
            f"QTools, process {path.stem!r}: expected a table as {ALIASES['horowitz']}.json, got {fault!r}. "
            f"Correct the table."
        ) from None


def _make_prices(name: str, table: Any) -> Prices:
    for part, keys in _PARTS.items():
        missing = [key for key in keys if key not in table.get(part, {})]
        if missing:
            raise EnergyError(
                f"QTools, process {name!r}: expected {part} with {', '.join(keys)}, got a table without "
                f"{', '.join(missing)}. Take {ALIASES['horowitz']}.json as an example."
            )
    figures = {**table["operations"], **table["memories"]}
    curves = {key: tuple(map(float, figure["coefficients"])) for key, figure in figures.items()}
    if not all(math.isfinite(number) for curve in curves.values() for number in curve):
        raise ValueError("coefficients that are not finite")
    words = int(table["memories"]["sram"]["word_bits"])
    if words < 1:
        raise ValueError(f"word_bits of {words}")
    return Prices(name, curves, words, table["include_energy"])
