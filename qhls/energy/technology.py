"""``Technology``: the energy in pJ of every kind of event, read from a JSON table that states its sources.

A table has two parts. ``operations`` are polynomials in the operand width. ``memories`` are curves of
the energy of one word over the capacity of its memory. A new technology is one more such file. It may
name a ``base`` and state only the differences. If it states a ``process``, the figures of the base are scaled to it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any, NoReturn, Self, TypeVar, cast

from qhls.energy.scaling import (
    ProcessNode,
    compute_energy_factor,
    read_scaling_error,
    read_scaling_source,
)
from qhls.errors import EnergyError
from qhls.plan.hardware.events import Event
from qhls.system.files import find_table, is_file, read_json

OPERATIONS = ("multiply", "add", "compare", "mux", "xnor")
"""The operations that a table prices; the energy of other events is derived from these and from memory reads."""

COMPOSED = ("nothing", "scale", "shift", "choose", "round", "lookup")
"""The kinds of event whose energy is derived from a table's figures, by ``Technology.price_operation``."""

MEMORIES: dict[str, tuple[str, ...]] = {
    "registers": ("read", "write"),
    "lutram": ("read", "write"),
    "bram": ("read", "write"),
    "rom": ("read",),
    "dram": ("read", "write"),
}
"""The kinds of memory that store tensors, each with the accesses that a table must price."""

HARD_BLOCKS = ("bram", "dram")
"""The kinds of memory that are not FPGA fabric: hard blocks of the FPGA, or separate chips."""

_TABLES = Path(__file__).parent / "tables"


@dataclass(frozen=True, slots=True)
class Polynomial:
    """The energy of an operation in pJ: ``sum(coefficients[i] * b**i)``, with b the geometric mean of operand widths.

    A product of a-bit and b-bit numbers has ``a * b`` in place of the square.
    """

    coefficients: tuple[float, ...]
    source: str
    error: str

    def price(self, bits: tuple[int, ...]) -> float:
        """Return the energy in pJ of one operation on operands with these widths in bits."""
        product, count = math.prod(bits), len(bits)
        terms = (c * product ** (power / count) for power, c in enumerate(self.coefficients))
        return math.fsum(terms)

    def scale(self, factor: float, source: str, error: str) -> Self:
        """Return this polynomial times ``factor``, with a new source and error."""
        return type(self)(tuple(c * factor for c in self.coefficients), source, error)


@dataclass(frozen=True, slots=True)
class WordCurve:
    """The energy in pJ of one access to a word of ``word_bits``, as a function of the memory's capacity in bits.

    Straight lines in log-log join the ``points`` (capacity, pJ); the end segments continue beyond them.
    """

    word_bits: int
    points: tuple[tuple[float, float], ...]
    source: str
    error: str

    def scale(self, factor: float, source: str, error: str) -> Self:
        """Return this curve times ``factor``, with a new source and error."""
        points = tuple((capacity, pj * factor) for capacity, pj in self.points)
        return type(self)(self.word_bits, points, source, error)

    def price_word(self, capacity: int) -> float:
        """Return the energy in pJ of an access to one word in a memory of ``capacity`` bits."""
        if len(self.points) == 1:
            return self.points[0][1]
        upper = 1
        while upper < len(self.points) - 1 and self.points[upper][0] < capacity:
            upper += 1
        (x0, y0), (x1, y1) = self.points[upper - 1 : upper + 1]
        return y0 * (y1 / y0) ** (math.log(capacity / x0) / math.log(x1 / x0))

    def price_access(self, capacity: int, bits: int) -> float:
        """Return the energy in pJ of an access to ``bits`` bits, in whole words, in a memory of ``capacity`` bits."""
        return math.ceil(bits / self.word_bits) * self.price_word(capacity)

    def price_in_logic(self, capacity: int, bits: int) -> float:
        """Return the energy in pJ of reading ``bits`` bits of a table that has ``capacity`` bits and is made of logic.

        It is the share of the energy of a word.
        """
        return bits / self.word_bits * self.price_word(capacity)

    def price_tensor(self, bits: int) -> float:
        """Return the energy in pJ of accessing a tensor of ``bits`` bits once, in a memory of exactly that capacity."""
        return self.price_access(bits, bits) if bits else 0.0


PriceFigure = TypeVar("PriceFigure", Polynomial, WordCurve)


@dataclass(frozen=True, slots=True)
class Technology:
    """The energy in pJ of operations by kind, and of memory accesses by kind of memory, then ``read`` or ``write``."""

    name: str
    description: str
    operations: Mapping[str, Polynomial]
    memories: Mapping[str, Mapping[str, WordCurve]]
    process: ProcessNode | None = None

    def price_operation(self, event: Event, table: str | None = None) -> float:
        """Return the energy in pJ of one ``event``; ``table``: the memory of a lookup's table, or None for logic.

        A product by a constant costs the additions of its digits. Shifts and choices are multiplexers, rounding is an
        addition. A table in logic costs its share of a word of a read-only memory.
        Raises ``EnergyError`` for a kind that is not known.
        """
        kind, bits, adds = event.kind, event.bits, self.operations["add"]
        if kind == "nothing":
            return 0.0
        if kind == "scale":
            return max(bits[1] - 1, 0) * adds.price(bits[:1])
        if kind in ("shift", "mux"):
            return bits[1] * self.operations["mux"].price(bits[:1])
        if kind == "choose":
            return self.operations["mux"].price(bits)
        if kind == "lookup":
            return self._price_lookup(bits[0], bits[1], table)
        if kind != "round" and kind not in self.operations:
            known = dict.fromkeys((*self.operations, *COMPOSED))
            raise EnergyError(
                f"technology {self.name!r}: expected an event of {', '.join(known)}, got {event}. "
                f"Use one of these kinds."
            )
        return (adds if kind == "round" else self.operations[kind]).price(bits)

    def _price_lookup(self, bits: int, entries: int, table: str | None) -> float:
        if table is None:
            return self.memories["rom"]["read"].price_in_logic(bits * entries, bits)
        return self.memories[table]["read"].price_access(bits * entries, bits)

    def with_process(self, process: ProcessNode) -> Technology:
        """Return this technology with all figures scaled to another process, except DRAM, which is a separate chip.

        Raises ``EnergyError`` for a technology without process, or a node outside the range of the scaling.
        """
        if self.process is None:
            raise EnergyError(
                f"technology {self.name!r}: expected one with a process to scale from, got none. "
                f"Name a base that states its process."
            )
        factor = compute_energy_factor(self.process, process)
        note = f"Scaled from {self.process} to {process}, times {factor:.4g}"

        def scale(figure: PriceFigure) -> PriceFigure:
            source = f"{figure.source} {note}: {read_scaling_source()}"
            return figure.scale(factor, source, f"{figure.error} {read_scaling_error()}")

        operations = {kind: scale(figure) for kind, figure in self.operations.items()}
        memories = {
            place: {a: f if place == "dram" else scale(f) for a, f in curves.items()}
            for place, curves in self.memories.items()
        }
        return replace(self, operations=operations, memories=memories, process=process)

    def with_fabric(self, factor: float, source: str, error: str) -> Technology:
        """Return this technology with all energies times ``factor``, except those of ``HARD_BLOCKS``."""

        def price_in_fabric(figure: PriceFigure) -> PriceFigure:
            return figure.scale(
                factor, f"{figure.source} Times {factor:g}: {source}", f"{figure.error} {error}"
            )

        operations = {kind: price_in_fabric(figure) for kind, figure in self.operations.items()}
        memories = {
            place: {a: f if place in HARD_BLOCKS else price_in_fabric(f) for a, f in curves.items()}
            for place, curves in self.memories.items()
        }
        return replace(self, operations=operations, memories=memories)

    def read(self, place: str, bits: int) -> float:
        """Return the energy in pJ of reading a tensor of ``bits`` bits once from the memory ``place``."""
        return self.memories[place]["read"].price_tensor(bits)

    def write(self, place: str, bits: int) -> float:
        """Return the energy in pJ of writing a tensor of ``bits`` bits once to the memory ``place``, not ``"rom"``."""
        return self.memories[place]["write"].price_tensor(bits)


def list_technologies() -> tuple[str, ...]:
    """Return the names of the technologies that come with qhls."""
    return tuple(sorted(path.stem for path in _TABLES.glob("*.json")))


MOST_WORD_BITS = 1 << 32
"""The largest width of a memory word in bits that a table may state."""


def load_technology(name_or_path: str | PathLike[str]) -> Technology:
    """Load a technology by name (``"horowitz_45nm"``) or from a JSON file, whose stem becomes its name.

    Raises ``EnergyError`` for a name that does not exist, for a table with unknown or missing keys, and for a figure
    that has no source, is not finite, is negative, or falls with size.
    """
    return _load(name_or_path, ())


def _load(name_or_path: str | PathLike[str], derived: tuple[Path, ...]) -> Technology:
    """Load a technology; ``derived``: the paths of the tables that have it as base, directly or indirectly."""
    path = find_table("technology", name_or_path, _TABLES)
    return _Table(path.stem, (*derived, path.resolve())).read_technology(path)


@dataclass(frozen=True, slots=True)
class _Table:
    """A reader of the JSON table of one technology; every error names the technology and the place in the table."""

    name: str
    derived_tables: tuple[Path, ...]
    """The paths of the tables that have this one as base, directly or indirectly, then its own path."""

    def refuse(self, where: str, expected: str, value: object) -> NoReturn:
        raise EnergyError(
            f"technology {self.name!r}, {where}: expected {expected}, got {value!r}. Correct the table."
        )

    def read_technology(self, path: Path) -> Technology:
        where = f"technology {self.name!r}"
        content: object = read_json(path, "JSON", EnergyError, where)
        if isinstance(content, dict) and "base" in content:
            return self.read_derived(cast("dict[str, Any]", content), path)
        keys = ("description", "process", "operations", "memories")
        top = self.read_object("table", cast("object", content), keys)
        operations = self.read_object("operations", top["operations"], OPERATIONS)
        memories = self.read_object("memories", top["memories"], tuple(MEMORIES))
        curves = {
            place: self.read_object(f"memories.{place}", memories[place], accesses)
            for place, accesses in MEMORIES.items()
        }
        process = None if top["process"] is None else self.read_process(top["process"])
        return Technology(
            self.name,
            self.read_text("description", top["description"]),
            {kind: self.read_polynomial(kind, operations[kind]) for kind in OPERATIONS},
            {place: self.read_curves(place, curves[place]) for place in MEMORIES},
            process,
        )

    def read_derived(self, content: object, path: Path) -> Technology:
        """Return the technology of a table with a base: the base, scaled as the table states, with its own figures."""
        parts = ("process", "fabric", "operations", "memories")
        top = self.read_object("table", content, ("description", "base"), parts)
        base = self.read_text("base", top["base"])
        file = path.parent / base if base.endswith(".json") else _TABLES / f"{base}.json"
        if is_file(file) and file.resolve() in self.derived_tables:
            self.refuse("base", "a technology that does not build on this one", base)
        result = _load(file if base.endswith(".json") else base, self.derived_tables)
        if "process" in top:
            result = result.with_process(self.read_process(top["process"]))
        if "fabric" in top:
            result = result.with_fabric(*self.read_fabric(top["fabric"]))
        operations = self.read_object("operations", top.get("operations", {}), (), OPERATIONS)
        memories = self.read_object("memories", top.get("memories", {}), (), tuple(MEMORIES))
        curves = dict(result.memories)
        for place, figures in memories.items():
            stated = self.read_object(f"memories.{place}", figures, (), MEMORIES[place])
            curves[place] = {**curves[place], **self.read_curves(place, stated)}
        return replace(
            result,
            name=self.name,
            description=self.read_text("description", top["description"]),
            operations={
                **result.operations,
                **{kind: self.read_polynomial(kind, operations[kind]) for kind in operations},
            },
            memories=curves,
        )

    def read_process(self, value: object) -> ProcessNode:
        content = self.read_object("process", value, ("node_nm", "voltage"))
        node, voltage = (self.read_number(f"process.{key}", content[key]) for key in content)
        if not (node > 0 and voltage > 0):
            self.refuse("process", "a positive node_nm and voltage", value)
        return ProcessNode(node, voltage)

    def read_fabric(self, value: object) -> tuple[float, str, str]:
        content = self.read_object("fabric", value, ("factor", "source", "error"))
        factor = self.read_number("fabric.factor", content["factor"])
        if factor <= 0:
            self.refuse("fabric.factor", "a positive number", factor)
        source, error = (
            self.read_text(f"fabric.{key}", content[key]) for key in ("source", "error")
        )
        return factor, source, error

    def read_curves(self, place: str, accesses: dict[str, Any]) -> dict[str, WordCurve]:
        return {
            access: self.read_curve(f"memories.{place}.{access}", value)
            for access, value in accesses.items()
        }

    def read_object(
        self, where: str, value: object, keys: tuple[str, ...], optional: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """Return ``value`` as a dict; refuse it unless it has all ``keys`` and no others but ``optional`` ones."""
        known = ", ".join((*keys, *optional))
        if not isinstance(value, dict):
            self.refuse(where, f"an object with {known}", value)
        content = cast("dict[str, Any]", value)
        for key in content:
            if key not in keys and key not in optional:
                self.refuse(where, f"only {known}", key)
        for key in keys:
            if key not in content:
                self.refuse(where, f"the key {key!r}", ", ".join(content))
        return content

    def read_figure(self, where: str, value: object, formula: str, *keys: str) -> dict[str, Any]:
        """Return a table's figure as a dict, after a check of its keys, formula, unit, source and error."""
        content = self.read_object(where, value, ("formula", "unit", *keys, "source", "error"))
        for key, only in (("formula", formula), ("unit", "pJ")):
            if content[key] != only:
                self.refuse(f"{where}.{key}", repr(only), content[key])
        self.read_text(f"{where}.source", content["source"])
        self.read_text(f"{where}.error", content["error"])
        return content

    def read_polynomial(self, kind: str, value: object) -> Polynomial:
        where = f"operations.{kind}"
        content = self.read_figure(where, value, "polynomial in bits", "coefficients")
        where = f"{where}.coefficients"
        coefficients = tuple(
            self.read_number(where, c) for c in self.read_list(where, content["coefficients"])
        )
        return Polynomial(coefficients, content["source"], content["error"])

    def read_curve(self, where: str, value: object) -> WordCurve:
        content = self.read_figure(where, value, "word by capacity in bits", "word_bits", "points")
        word_bits = content["word_bits"]
        if type(word_bits) is not int or not 1 <= word_bits <= MOST_WORD_BITS:
            expected = f"a whole number of at least 1 and at most {MOST_WORD_BITS:,}"
            self.refuse(f"{where}.word_bits", expected, word_bits)
        where = f"{where}.points"
        points: list[tuple[float, float]] = []
        for entry in self.read_list(where, content["points"]):
            pair = self.read_list(where, entry)
            if len(pair) != 2:
                self.refuse(where, "pairs [capacity in bits, pJ]", entry)
            x, y = self.read_number(where, pair[0]), self.read_number(where, pair[1])
            if not (x > 0 and y > 0):
                self.refuse(where, "positive capacities and pJ", entry)
            points.append((x, y))
        for (x0, y0), (x1, y1) in pairwise(points):
            if x1 <= x0 or y1 < y0:
                self.refuse(
                    where, "rising capacities and pJ that do not fall", [[x0, y0], [x1, y1]]
                )
        return WordCurve(word_bits, tuple(points), content["source"], content["error"])

    def read_list(self, where: str, value: object) -> list[Any]:
        if not isinstance(value, list) or not value:
            self.refuse(where, "a list that is not empty", cast(object, value))
        return cast("list[Any]", value)

    def read_number(self, where: str, value: object) -> float:
        expected = "finite numbers of at least 0"
        if not isinstance(value, int | float) or isinstance(value, bool):
            self.refuse(where, expected, value)
        if not math.isfinite(value) or value < 0:
            self.refuse(where, expected, value)
        return float(value)

    def read_text(self, where: str, value: object) -> str:
        if not isinstance(value, str) or not value.strip():
            self.refuse(where, "a text that is not empty", value)
        return value
