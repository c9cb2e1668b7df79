"""Simulation of a circuit on samples, one per clock, as its Verilog would run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qhls.ir.integers import Array
from qhls.proof.circuit import REGISTER, BitWord, Circuit
from qhls.proof.gates import Samples, compute_gate


class Run:
    """Simulation run: the values of a circuit's words on samples, one per clock cycle; registers start at 0."""

    def __init__(self, circuit: Circuit, inputs: Sequence[Array]) -> None:
        self.circuit = circuit
        self.on = Samples()
        self.samples = len(inputs[0]) if inputs else 1
        kinds = [np.int64 if len(bits) <= 62 else object for bits in circuit.inputs.values()]
        self.words: list[Any] = [
            (array.astype(object) & ((1 << len(bits)) - 1)).astype(kind)
            for array, bits, kind in zip(inputs, circuit.inputs.values(), kinds, strict=True)
        ]
        for gate in circuit.gates:
            if gate.kind == REGISTER:
                now = np.broadcast_to(self.compute_word(gate.ports["D"]), self.samples)
                self.words.append(np.concatenate([np.zeros(1, now.dtype), now[:-1]]))
            else:
                self.words.append(compute_gate(gate, self.compute_word, self.on))

    def compute_word(self, bits: BitWord) -> Array:
        """Return the unsigned values of a word: one per sample, or a single value for a constant."""
        parts: list[tuple[Array, int, int]] = []
        place = 0
        for source, low, width, code in self.circuit.split(bits):
            if source is None:
                kind: Any = np.int64 if width <= 62 else object
                parts.append((np.array(code, kind), width, place))
            else:
                value = np.asarray(self.words[source])
                parts.append((self.on.slice(value, low, width, 0), width, place))
            place += width
        return self.on.gather(parts)

    def compute_values(self, bits: BitWord) -> Array:
        """Return the unsigned values of a word, one per sample."""
        return np.broadcast_to(self.compute_word(bits), self.samples)
