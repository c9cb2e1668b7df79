"""``Circuit``: a Verilog module as Yosys reads it, with its gates and registers in topological order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any, NamedTuple

from qhls.errors import RtlError

Bit = int
"""Bit of a circuit: the constants 0 and 1, or the number of a signal."""
BitWord = tuple[Bit, ...]
"""Bits of a word, the lowest bit first."""
REGISTER = "$dff"


class Gate(NamedTuple):
    """A word-level cell of Yosys: its inputs by port, and its result ``out``.

    ``signed``: whether the operands are signed. ``entries``: the words of a table.
    """

    kind: str
    name: str
    ports: Mapping[str, BitWord]
    out: BitWord
    signed: bool = False
    entries: tuple[int, ...] = ()


class Piece(NamedTuple):
    """Part-select of ``width`` bits from bit ``low`` of word ``source``, or the constant ``code`` without a source."""

    source: int | None
    low: int
    width: int
    code: int = 0


@dataclass(frozen=True)
class Circuit:
    """Verilog module: gates in topological order, input and output ports by name, and all words that have names."""

    inputs: dict[str, BitWord]
    outputs: dict[str, BitWord]
    gates: tuple[Gate, ...]
    wires: dict[str, BitWord]
    places: dict[Bit, tuple[int, int]] = field(default_factory=dict)
    """Number of the word that contains each bit (inputs first, then results of gates), and the bit's place in it."""

    def __post_init__(self) -> None:
        words = [*self.inputs.values(), *(gate.out for gate in self.gates)]
        self.places.update(
            {
                bit: (number, place)
                for number, word in enumerate(words)
                for place, bit in enumerate(word)
            }
        )

    @classmethod
    def read(cls, module: dict[str, Any]) -> Circuit:
        """Return the circuit of a module in Yosys' JSON. Raises ``RtlError`` for cells that qhls never emits."""
        ports = {"input": dict[str, BitWord](), "output": dict[str, BitWord]()}
        for name, port in module["ports"].items():
            ports[port["direction"]][name] = _read_bits(port["bits"])
        tables = {
            _strip(cell["parameters"]["MEMID"]): cell
            for cell in module["cells"].values()
            if cell["type"].startswith("$meminit")
        }
        gates = [
            _read_gate(name, cell, tables)
            for name, cell in module["cells"].items()
            if not cell["type"].startswith("$meminit")
        ]
        wires = {name: _read_bits(net["bits"]) for name, net in module["netnames"].items()}
        clocks = {bit for gate in gates if gate.kind == REGISTER for bit in gate.ports["CLK"]}
        inputs = {name: bits for name, bits in ports["input"].items() if not clocks & set(bits)}
        gates = [
            gate._replace(ports={"D": gate.ports["D"]}) if gate.kind == REGISTER else gate
            for gate in gates
        ]
        return cls(inputs, ports["output"], tuple(_sort(gates)), wires)

    def count_registers(self) -> dict[Bit, int | None]:
        """Return the number of registers on the paths from the inputs to each bit; None for constants.

        Raises ``RtlError`` where two paths to a gate differ.
        """
        registers: dict[Bit, int | None] = {0: None, 1: None}
        registers |= {bit: 0 for word in self.inputs.values() for bit in word}
        for gate in self.gates:
            read = {registers.get(bit, 0) for bits in gate.ports.values() for bit in bits} - {None}
            if len(read) > 1:
                raise RtlError(
                    f"{gate.name}: expected equally many registers on all paths to it, got "
                    f"{' and '.join(str(each) for each in sorted(read, key=str))}. Delay all operands alike."
                )
            stage = read.pop() if read else None
            late = stage + 1 if gate.kind == REGISTER and stage is not None else stage
            registers.update(dict.fromkeys(gate.out, late))
        return registers

    def drop_registers(self) -> Circuit:
        """Return the circuit with each register replaced by a wire."""
        same: dict[Bit, Bit] = {}
        gates: list[Gate] = []
        for gate in self.gates:
            ports = {
                name: tuple(same.get(bit, bit) for bit in bits) for name, bits in gate.ports.items()
            }
            if gate.kind == REGISTER:
                same |= dict(zip(gate.out, ports["D"], strict=True))
            else:
                gates.append(gate._replace(ports=ports))

        def move(words: dict[str, BitWord]) -> dict[str, BitWord]:
            return {name: tuple(same.get(bit, bit) for bit in word) for name, word in words.items()}

        outputs, wires = move(self.outputs), move(self.wires)
        return replace(self, outputs=outputs, gates=tuple(gates), wires=wires, places={})

    def list_words(self) -> dict[str, BitWord]:
        """Return, by name, all words whose bits are constants, inputs or results of gates."""
        named = {gate.name: gate.out for gate in self.gates} | self.wires
        return {
            name: bits
            for name, bits in named.items()
            if all(bit < 2 or bit in self.places for bit in bits)
        }

    def split(self, bits: BitWord) -> list[Piece]:
        """Return a word as constants and part-selects of inputs and of results of gates, the lowest first."""
        return list(_join_bits(self.places, bits))


def _join_bits(places: Mapping[Bit, tuple[int, int]], bits: BitWord) -> Iterator[Piece]:
    start = 0
    while start < len(bits):
        end = start + 1
        if bits[start] in (0, 1):
            while end < len(bits) and bits[end] in (0, 1):
                end += 1
            code = sum(bit << place for place, bit in enumerate(bits[start:end]))
            yield Piece(None, 0, end - start, code)
        else:
            source, low = places[bits[start]]
            while end < len(bits) and places.get(bits[end]) == (source, low + end - start):
                end += 1
            yield Piece(source, low, end - start)
        start = end


def _read_bits(given: Iterable[Any]) -> BitWord:
    """Return the bits of a word in Yosys' JSON, with 0 for each undefined bit ("x")."""
    return tuple(bit if isinstance(bit, int) else int(bit == "1") for bit in given)


def _strip(parameter: str) -> str:
    return parameter.strip()


_KNOWN = {
    *("$add", "$sub", "$mul", "$neg", "$lt", "$le", "$gt", "$ge", "$eq", "$ne", "$and", "$or"),
    *("$xor", "$not", "$mux", "$pmux", "$reduce_or", "$reduce_bool", "$reduce_and", "$pos"),
    *("$logic_not", "$logic_and", "$logic_or", "$memrd_v2", REGISTER),
}


def _read_gate(name: str, cell: dict[str, Any], tables: dict[str, Any]) -> Gate:
    kind, settings = cell["type"], cell["parameters"]
    if kind not in _KNOWN:
        raise RtlError(
            f"{name}: expected a cell that emitted Verilog has, got {kind}. Prove Verilog of qhls only."
        )
    ports = {port: _read_bits(bits) for port, bits in cell["connections"].items()}
    out = ports.pop({"$memrd_v2": "DATA", REGISTER: "Q"}.get(kind, "Y"))
    signed = all(
        int(settings.get(f"{port}_SIGNED", "1"), 2) for port in ("A", "B") if port in ports
    )
    if kind != "$memrd_v2":
        return Gate(kind, name, ports, out, signed and "A_SIGNED" in settings)
    table = tables[_strip(settings["MEMID"])]
    data, width = _read_bits(table["connections"]["DATA"]), len(out)
    words = [data[i : i + width] for i in range(0, len(data), width)]
    entries = tuple(sum(bit << place for place, bit in enumerate(word)) for word in words)
    return Gate(kind, name, {"A": ports["ADDR"]}, out, False, entries)


def _sort(gates: list[Gate]) -> list[Gate]:
    """Return the gates in topological order. Raises ``RtlError`` for a loop."""
    drivers = {bit: number for number, gate in enumerate(gates) for bit in gate.out}
    sorter = TopologicalSorter[int]()
    for number, gate in enumerate(gates):
        read = {drivers[bit] for bits in gate.ports.values() for bit in bits if bit in drivers}
        sorter.add(number, *sorted(read))
    try:
        return [gates[number] for number in sorter.static_order()]
    except CycleError as loop:
        names = " -> ".join(gates[number].name for number in loop.args[1])
        raise RtlError(
            f"Verilog: expected no loop, got {names}. A design of qhls keeps no state."
        ) from None
