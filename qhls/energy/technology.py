"""``Technology``: the price in pJ of every event, read from a JSON table that states its sources.

A table has an ``operations`` part, polynomials in the operand width, and a ``memories`` part, curves of
the energy of one word over the capacity of its memory. A new technology is one more such file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn, cast

from qhls.errors import EnergyError
from qhls.ir.work import Event

OPERATIONS = ("multiply", "add", "compare")
"""The kinds of event that ops cause: a table prices each."""

MEMORIES: dict[str, tuple[str, ...]] = {
    "registers": ("read", "write"),
    "lutram": ("read", "write"),
    "bram": ("read", "write"),
    "rom": ("read",),
    "dram": ("read", "write"),
}
"""Where a tensor may lie, and what can be done to it there: a table prices each."""

_TABLES = Path(__file__).parent / "tables"


@dataclass(frozen=True, slots=True)
class Polynomial:
    """pJ of one operation: ``sum(coefficients[i] * b**i)``, b the geometric mean of the operands' bits.

    So a product of a-bit and b-bit numbers has ``a * b`` in the place of the square.
    """

    coefficients: tuple[float, ...]
    source: str
    error: str

    def price(self, bits: tuple[int, ...]) -> float:
        """pJ of one operation on operands of these widths."""
        product, count = math.prod(bits), len(bits)
        terms = (c * product ** (power / count) for power, c in enumerate(self.coefficients))
        return math.fsum(terms)


@dataclass(frozen=True, slots=True)
class WordCurve:
    """pJ of one access to a word of ``word_bits``, by the memory's capacity in bits.

    ``points`` (capacity, pJ) are joined by straight lines in log-log; the end segments go on beyond them.
    """

    word_bits: int
    points: tuple[tuple[float, float], ...]
    source: str
    error: str

    def word(self, capacity: int) -> float:
        """pJ of one word of a memory of ``capacity`` bits."""
        if len(self.points) == 1:
            return self.points[0][1]
        upper = 1
        while upper < len(self.points) - 1 and self.points[upper][0] < capacity:
            upper += 1
        (x0, y0), (x1, y1) = self.points[upper - 1 : upper + 1]
        return y0 * (y1 / y0) ** (math.log(capacity / x0) / math.log(x1 / x0))

    def tensor(self, bits: int) -> float:
        """pJ of one pass over a tensor of ``bits`` in a memory of just that capacity, packed in words."""
        return math.ceil(bits / self.word_bits) * self.word(bits) if bits else 0.0


@dataclass(frozen=True, slots=True)
class Technology:
    """Prices in pJ. ``operations`` by kind of event; ``memories`` by place, then ``read`` or ``write``."""

    name: str
    description: str
    operations: Mapping[str, Polynomial]
    memories: Mapping[str, Mapping[str, WordCurve]]

    def operation(self, event: Event) -> float:
        """pJ of one ``event``. Raises ``EnergyError`` for a kind that the table does not price."""
        if event.kind not in self.operations:
            raise EnergyError(
                f"technology {self.name!r}: expected an event of {', '.join(self.operations)}, got {event}"
            )
        return self.operations[event.kind].price(event.bits)

    def read(self, place: str, bits: int) -> float:
        """pJ of reading a tensor of ``bits`` once from ``place``."""
        return self.memories[place]["read"].tensor(bits)

    def write(self, place: str, bits: int) -> float:
        """pJ of writing a tensor of ``bits`` once to ``place``, which is not ``"rom"``."""
        return self.memories[place]["write"].tensor(bits)


def technologies() -> tuple[str, ...]:
    """The names of the technologies that come with qhls."""
    return tuple(sorted(path.stem for path in _TABLES.glob("*.json")))


def load_technology(name_or_path: str | Path) -> Technology:
    """A technology by name (``"horowitz_45nm"``) or from a JSON file of yours, named after the file.

    Raises ``EnergyError`` for a name that does not exist and for a table that is not complete: unknown or
    missing keys, an event without price or source, a price that is not finite, that is negative, or
    that falls with size.
    """
    path = Path(name_or_path)
    if path.suffix != ".json":
        path = _TABLES / f"{name_or_path}.json"
    if not path.is_file():
        raise EnergyError(
            f"technology: expected one of {', '.join(technologies())} or a .json file, got {str(name_or_path)!r}"
        )
    return _Table(path.stem).technology(path)


@dataclass(frozen=True, slots=True)
class _Table:
    """Reads one table; every error names the technology and the place in its table."""

    name: str

    def refuse(self, where: str, expected: str, received: object) -> NoReturn:
        raise EnergyError(
            f"technology {self.name!r}, {where}: expected {expected}, got {received!r}"
        )

    def technology(self, path: Path) -> Technology:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as fault:
            raise EnergyError(f"technology {self.name!r}: expected JSON, got {fault}") from None
        top = self.keys("table", content, ("description", "operations", "memories"))
        operations = self.keys("operations", top["operations"], OPERATIONS)
        memories = self.keys("memories", top["memories"], tuple(MEMORIES))
        curves: dict[str, Mapping[str, WordCurve]] = {}
        for place, accesses in MEMORIES.items():
            where = f"memories.{place}"
            given = self.keys(where, memories[place], accesses)
            curves[place] = {
                access: self.curve(f"{where}.{access}", given[access]) for access in accesses
            }
        return Technology(
            self.name,
            self.text("description", top["description"]),
            {kind: self.polynomial(f"operations.{kind}", operations[kind]) for kind in OPERATIONS},
            curves,
        )

    def keys(self, where: str, value: object, keys: tuple[str, ...]) -> dict[str, Any]:
        """``value`` as a dict with just ``keys``."""
        if not isinstance(value, dict):
            self.refuse(where, f"an object with {', '.join(keys)}", value)
        given = cast("dict[str, Any]", value)
        for key in given:
            if key not in keys:
                self.refuse(where, f"only {', '.join(keys)}", key)
        for key in keys:
            if key not in given:
                self.refuse(where, f"the key {key!r}", ", ".join(given))
        return given

    def figure(self, where: str, value: object, formula: str, *keys: str) -> dict[str, Any]:
        """A priced figure: its formula's keys, its unit, its source and how far off it may be."""
        given = self.keys(where, value, ("formula", "unit", *keys, "source", "error"))
        for key, only in (("formula", formula), ("unit", "pJ")):
            if given[key] != only:
                self.refuse(f"{where}.{key}", repr(only), given[key])
        self.text(f"{where}.source", given["source"])
        self.text(f"{where}.error", given["error"])
        return given

    def polynomial(self, where: str, value: object) -> Polynomial:
        given = self.figure(where, value, "polynomial in bits", "coefficients")
        where = f"{where}.coefficients"
        coefficients = tuple(
            self.number(where, c) for c in self.filled(where, given["coefficients"])
        )
        return Polynomial(coefficients, given["source"], given["error"])

    def curve(self, where: str, value: object) -> WordCurve:
        given = self.figure(where, value, "word by capacity in bits", "word_bits", "points")
        word_bits = given["word_bits"]
        if type(word_bits) is not int or word_bits < 1:
            self.refuse(f"{where}.word_bits", "a whole number of at least 1", word_bits)
        where = f"{where}.points"
        points: list[tuple[float, float]] = []
        for entry in self.filled(where, given["points"]):
            pair = self.filled(where, entry)
            if len(pair) != 2:
                self.refuse(where, "pairs [capacity in bits, pJ]", entry)
            x, y = self.number(where, pair[0]), self.number(where, pair[1])
            if not (x > 0 and y > 0):
                self.refuse(where, "positive capacities and pJ", entry)
            points.append((x, y))
        for (x0, y0), (x1, y1) in pairwise(points):
            if x1 <= x0 or y1 < y0:
                self.refuse(
                    where, "rising capacities and pJ that do not fall", [[x0, y0], [x1, y1]]
                )
        return WordCurve(word_bits, tuple(points), given["source"], given["error"])

    def filled(self, where: str, value: object) -> list[Any]:
        if not isinstance(value, list) or not value:
            self.refuse(where, "a list that is not empty", cast(object, value))
        return cast("list[Any]", value)

    def number(self, where: str, value: object) -> float:
        expected = "finite numbers of at least 0"
        if not isinstance(value, int | float) or isinstance(value, bool):
            self.refuse(where, expected, value)
        if not math.isfinite(value) or value < 0:
            self.refuse(where, expected, value)
        return float(value)

    def text(self, where: str, value: object) -> str:
        if not isinstance(value, str) or not value.strip():
            self.refuse(where, "a text that is not empty", value)
        return value
