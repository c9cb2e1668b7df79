"""``ProofReport``: op by op, how Verilog or C++ was proved equal to its graph, or why it was only tested."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from qhls.ir.integers import Array
from qhls.system.display import Tabular
from qhls.system.tables import make_cell


@dataclass(frozen=True, slots=True)
class OpProof:
    """Proof of one op; ``methods`` maps each method to the number of results that it proved.

    ``tested``: results that were only simulated; ``reason`` says why.
    """

    name: str
    methods: dict[str, int]
    codes: int = 0
    """Number of input codes on which results were compared exhaustively, of all results together."""
    tested: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Counterexample:
    """Input vectors, one per clock cycle, on which a port differs from the graph, maybe ``confirmed`` by Verilator.

    ``confirmed`` is None where Verilator is not installed.
    """

    inputs: tuple[Array, ...]
    """Codes by input: (vectors, *shape)."""
    vector: int
    port: str
    expected: int
    got: int
    confirmed: bool | None = None
    op: str = ""
    """The op whose C++ function got the inputs, all codes of what it reads; empty for vectors of the whole design."""

    def __str__(self) -> str:
        if self.op:
            return f"refuted: C++ of {self.op}, {self.port}: expected code {self.expected}, got {self.got}"
        agreed = {None: "", True: ", confirmed by Verilator", False: ", not confirmed by Verilator"}
        return (
            f"refuted: vector {self.vector}, port {self.port}: expected code {self.expected}, got {self.got}"
            f"{agreed[self.confirmed]}"
        )


@dataclass(frozen=True, slots=True)
class ProofReport(Tabular):
    """Proof of one design, which is true if its Verilog or C++ is proved to equal the graph for all inputs."""

    design: str
    ops: tuple[OpProof, ...]
    latency: int
    """Number of registers on every path from an input to an output."""
    fault: str = ""
    """A fault of the Verilog that no value shows, such as paths with unequal registers."""
    counterexample: Counterexample | None = None
    samples: int = 0
    """Number of vectors that were simulated."""
    seconds: float = 0.0
    """CPU seconds of the proof."""
    target: str = "verilog"
    """Target that was proved: "verilog", or an HLS tool, of which the C++ was."""
    assumptions: tuple[str, ...] = ()
    """Assumptions of a proof of C++."""

    @property
    def subject(self) -> str:
        """Return what was proved, as text: "Verilog", or the C++ of an HLS tool."""
        return "Verilog" if self.target == "verilog" else f"C++ of {self.target}"

    @property
    def proved(self) -> bool:
        """Return whether the Verilog or C++ is proved to equal the graph for all inputs."""
        return self.counterexample is None and not self.fault and not self.open

    @property
    def open(self) -> tuple[OpProof, ...]:
        """Return the proofs of ops in which at least one result was only tested; the ports count as one op."""
        return tuple(op for op in self.ops if op.tested)

    def __bool__(self) -> bool:
        return self.proved

    @property
    def verdict(self) -> str:
        """Return the result as one sentence."""
        if self.counterexample is not None:
            return str(self.counterexample)
        if self.fault:
            return f"not proved: {self.fault}"
        if self.open:
            return f"not proved, no difference in {self.samples:,} vectors"
        return "proved for all inputs" + (
            ", with the assumptions below" if self.assumptions else ""
        )

    def to_table(self) -> Table:
        """Return a table with one row per op and with the verdict as its caption."""
        of = f"latency {self.latency}" if self.target == "verilog" else self.subject
        lines = [f"{self.verdict} ({self.seconds:.1f} CPU s)", *self.assumptions]
        table = Table(
            title=make_cell(f"Proof of {self.design}, {of}", "italic"),
            caption=Text("\n".join(lines)),
        )
        table.add_column("op")
        table.add_column("proved by")
        table.add_column("only tested", justify="right")
        table.add_column("reason")
        for op in self.ops:
            methods = ", ".join(f"{name}: {count}" for name, count in sorted(op.methods.items()))
            codes = f" ({op.codes:,} codes)" if op.codes else ""
            tested = str(op.tested) if op.tested else ""
            table.add_row(make_cell(op.name), methods + codes, tested, make_cell(op.reason))
        return table

    def to_dict(self) -> dict[str, Any]:
        """Return the whole report, ready for ``json.dumps``."""
        example = self.counterexample
        return {
            "design": self.design,
            "target": self.target,
            "proved": self.proved,
            "verdict": self.verdict,
            "latency": self.latency,
            "samples": self.samples,
            "seconds": self.seconds,
            "methods": dict(sum((Counter(op.methods) for op in self.ops), Counter())),
            "ops": [
                {
                    "name": op.name,
                    "methods": op.methods,
                    "codes": op.codes,
                    "tested": op.tested,
                    "reason": op.reason,
                }
                for op in self.ops
            ],
            "assumptions": list(self.assumptions),
            "counterexample": example
            and {
                "op": example.op,
                "inputs": [array.tolist() for array in example.inputs],
                "vector": example.vector,
                "port": example.port,
                "expected": example.expected,
                "got": example.got,
                "confirmed": example.confirmed,
            },
        }
