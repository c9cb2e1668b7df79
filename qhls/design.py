"""``Design``: a compiled model that can be run, written, simulated, checked and priced."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from qhls.errors import DesignWarning, VerifyError
from qhls.ir import Graph, decode, encode, run, verify
from qhls.ir.integers import Array
from qhls.ir.interpret import draw_codes
from qhls.model.softmax import Softmax
from qhls.plan import Plan, Schedule, check_schedule, plan_design

if TYPE_CHECKING:
    from qhls.backends.emit import Project
    from qhls.check.distance import Distance
    from qhls.check.exactness import ExactnessReport
    from qhls.check.executions import CheckReport
    from qhls.energy.hardware.area import AreaReport
    from qhls.energy.hardware.latency import LatencyReport
    from qhls.energy.model import EnergyReport
    from qhls.model.graph import ModelGraph
    from qhls.onnx.export.emit import OnnxProject
    from qhls.plan.schedule import FamilyName
    from qhls.plan.streams.network import StreamPlan
    from qhls.proof.report import ProofReport
    from qhls.report.page import DesignReport
    from qhls.rtl.emit import VerilogProject
    from qhls.rtl.streams.designs import RtlLatency
    from qhls.rtl.verilog import Verilog
    from qhls.saved import ModelReference
    from qhls.synthesis.place import PlacementReport
    from qhls.synthesis.report import SynthesisReport


@dataclass(frozen=True, eq=False)
class Design:
    """Result of ``qhls.compile``: a graph, its schedule, and the Keras model that it was translated from.

    Inputs ``x`` are numbers: one array (samples, *shape), or several as a list or by name. They are rounded to the
    nearest number of the input's type, ties to even, and saturated. Several outputs are returned as a list.
    """

    graph: ModelGraph
    schedule: Schedule
    model: Any = None
    exact: ModelGraph | None = None
    """Part of ``graph`` that equals Keras bit for bit: everything except a softmax in hardware."""
    softmax: Softmax = field(default_factory=Softmax)
    approximations: tuple[Any, ...] = ()
    """The approximations in ``model`` that ``compile(..., allow_approximate=...)`` made."""
    given: Any = None
    """The Keras model that was passed to ``compile``; the same as ``model`` without approximations."""
    host: Any = None
    """The Keras model that the host computes from the outputs; None where nothing is left to the host."""
    distance: Distance | None = None
    """Difference between the outputs of the design and of ``given``; None without approximations."""
    reference: ModelReference | None = None
    """Name, class and hash of the Keras model, for a design from a file, which does not contain the model."""

    def __post_init__(self) -> None:
        check_schedule(self.schedule, "Design")
        if not all(op.batched for op in self.graph.outputs):
            verify(self.graph)

    @property
    def plan(self) -> Plan | StreamPlan:
        """Return the plan of the hardware: every decision on its processes, buffers and channels."""
        return plan_design(self.graph, self.schedule)

    def encode(self, x: Any) -> list[Array]:
        """Convert input numbers to integer codes, one array per input. Raises ``VerifyError``."""
        inputs = self.graph.inputs
        if isinstance(x, Mapping):
            names = [op.name for op in inputs]
            if sorted(x) != sorted(names):
                raise VerifyError(
                    f"inputs: expected {', '.join(names)}, got {', '.join(map(str, x)) or 'none'}. "
                    f"Pass one array per input."
                )
            x = [x[name] for name in names]
        arrays: list[Any] = list(x) if isinstance(x, list | tuple) and len(inputs) > 1 else [x]
        if len(arrays) != len(inputs):
            raise VerifyError(
                f"inputs: expected {len(inputs)} arrays, got {len(arrays)}. Pass one array per input."
            )
        return [
            encode(values, op.type, f"input {op.name!r}").clip(*op.range.hull)
            for values, op in zip(arrays, inputs, strict=True)
        ]

    def run(self, x: Any) -> Any:
        """Return the outputs as exact numbers (float64), computed by the interpreter."""
        return self._decode(run(self.graph, self.encode(x)))

    def finish(self, outputs: Any) -> Any:
        """Apply the host's layers to ``outputs``, which ``run`` or ``simulate`` returned, and return their results.

        Without layers on the host, return ``outputs``. A softmax that is left to the host is not computed. Raises
        ``VerifyError`` for a design from a file, which holds no Keras model.
        """
        if self.host is None:
            if self.graph.host_layers:
                raise VerifyError(
                    f"finish: expected a design with the layers of the host, {', '.join(self.graph.host_layers)}, "
                    f"got a design from a file, which holds no Keras model. Compile the model again."
                )
            return outputs
        numbers = outputs if isinstance(outputs, list) else [outputs]
        arrays = [np.asarray(array, np.float32) for array in numbers]
        return self.host.predict(arrays if len(arrays) > 1 else arrays[0], verbose=0)

    def simulate(self, x: Any, target: str, *, include: str | Path | None = None) -> Any:
        """Return the outputs for ``x``, simulated by C++ ("vitis", "catapult"), Verilog ("verilog") or QONNX ("qonnx").

        Raises ``CsimError``, ``RtlError`` or, for "qonnx", ``EmitError``.
        """
        from qhls.check.executions import build_simulations

        (simulation,) = build_simulations(self, [target], include)
        return self._decode(simulation.run(self.encode(x)))

    def emit(
        self, target: str, path: str | Path, *, stimuli: Any = None, overwrite: bool = False
    ) -> Project | VerilogProject | OnnxProject:
        """Write the project for ``target``, whose test bench has the inputs ``stimuli`` (numbers, like ``x``).

        Targets: "vitis", "catapult" (C++) and "verilog": a pipeline for the schedule's clock in which every weight has
        its own logic; one module per process with ``io="stream"`` and where hardware is shared. "qonnx": one file,
        without a test bench, which QONNX's tools execute and read; ``path`` ends in ".onnx", or is a folder. It needs
        ``pip install 'qhls[onnx]'``.

        Raises ``EmitError``. Warns (``DesignWarning``) if the part is too small or a tool will not build the design.
        """
        from qhls import rtl
        from qhls.backends.emit import emit
        from qhls.backends.target import QONNX, VERILOG

        if target == QONNX:
            from qhls.onnx.export.emit import write_model

            return write_model(self.graph, path, overwrite=overwrite)

        codes = None if stimuli is None else self.encode(stimuli)
        if target == VERILOG:
            rtl.check_period(self.schedule)
        texts = self.warnings
        options: dict[str, Any] = {"stimuli": codes, "overwrite": overwrite, "warnings": texts}
        if target == VERILOG:
            project = rtl.emit_design(self.graph, self.schedule, path, **options)
        else:
            project = emit(self.graph, self.schedule, target, path, **options)
        for text in texts:
            warnings.warn(text, DesignWarning, stacklevel=2)
        return project

    def check(
        self,
        x: Any = None,
        targets: str | Sequence[str] = ("vitis", "catapult"),
        *,
        include: str | Path | None = None,
    ) -> CheckReport:
        """Compare interpreter, simulations of all targets and Keras, bit for bit; the report is true if all agree.

        ``x``: inputs; by default 256 random vectors over the whole input type. ``targets``: also "verilog", which
        needs ``pip install 'qhls[rtl]'``, and "qonnx", which needs ``pip install 'qhls[onnx]'``.
        """
        from qhls.check.executions import check

        return check(
            self, self.random_codes(256) if x is None else self.encode(x), targets, include
        )

    def prove(
        self,
        target: str = "verilog",
        *,
        seconds: float = 20.0,
        include: str | Path | None = None,
    ) -> ProofReport:
        """Prove for all inputs that the Verilog or the C++ equals the design, op by op, or give codes that differ.

        ``target``: "verilog", or "vitis" or "catapult", whose functions are called one by one with the vendor's headers
        (from ``include``, as for ``check``); the report states what this takes for granted. ``seconds``: the time of
        the solver for one question on Verilog. Verilog needs ``pip install 'qhls[rtl]'``, and ``'qhls[prove]'`` for
        functions of more than 2**20 codes. Raises ``EmitError``, ``CsimError``, ``RtlError`` and ``MissingError``.
        """
        from qhls.backends.target import VERILOG

        if target != VERILOG:
            from qhls.proof.code.prove import prove_code

            return prove_code(self.graph, self.schedule, target, include=include)
        from qhls.proof.prove import prove

        return prove(self.graph, self._build_verilog(), seconds=seconds)

    def synthesize(self, family: str | None = None, flow: str = "yosys") -> SynthesisReport:
        """Map the Verilog to an FPGA family with Yosys, and compare the resource counts with the estimate of qhls.

        ``family``: "xc7", "xcup", "ice40", "ecp5" or "gowin", by default the schedule's, else "xc7"; its delays place
        the registers. The result is cached by the content of the Verilog.
        Needs ``pip install 'qhls[rtl]'``. Raises ``EmitError``, ``MissingError`` and ``RtlError``.
        """
        from qhls.synthesis.families import find_family
        from qhls.synthesis.source import VerilogSource
        from qhls.synthesis.synthesize import synthesize

        chosen = cast("FamilyName", find_family(family or self.schedule.family or "xc7").name)
        source = VerilogSource.of(self.graph, self.schedule, chosen)
        return synthesize(self.graph, source, chosen, flow)

    def place(
        self, device: str = "ecp5-25k", *, bitstream: str | Path | None = None
    ) -> PlacementReport:
        """Place and route the Verilog on a device with nextpnr; return its utilisation and its highest clock.

        Registers follow the device's delays, as those of ``emit`` do with ``Schedule(family="ecp5")``.
        ``device``: "ecp5-12k", "ecp5-25k", "ecp5-45k" or "ecp5-85k". ``bitstream``: file to write, for which all ports
        need pins; by default they have none, as those of a part of a larger design. Needs ``pip install
        'qhls[rtl,pnr]'``. Raises ``EmitError``, ``MissingError`` and ``RtlError``.
        """
        from qhls.synthesis.place import FAMILY, place
        from qhls.synthesis.source import VerilogSource

        source = VerilogSource.of(self.graph, self.schedule, FAMILY)
        return place(source, device, self.schedule.clock_period, bitstream)

    def _build_verilog(self, family: str | None = None) -> Verilog:
        """Return the Verilog that ``emit`` writes for the FPGA ``family``, by default that of the schedule."""
        from qhls import rtl
        from qhls.rtl.streams.designs import build_pipeline
        from qhls.rtl.verilog import Verilog

        rtl.check_pipeline(self.schedule)
        schedule = replace(self.schedule, family=family or self.schedule.family)
        return Verilog.of(build_pipeline(self.graph, schedule))

    def save(self, path: str | Path) -> Path:
        """Write the design to one file, which ``qhls.load`` opens without Keras, and return its path.

        Raises ``QhlsError`` if the file cannot be written.
        """
        from qhls.saved import save

        return save(self, path)

    def energy(self, technology: Any = "horowitz_45nm", *, x: Any = None) -> EnergyReport:
        """Estimate the energy per inference in pJ, by op, layer and cause.

        ``technology``: the name or the path of a table, or a ``Technology``. ``x``: inputs that follow one another, at
        least two. Arithmetic is then weighted by the toggles of the Verilog on them (``qhls.energy.activity``).

        Raises ``VerifyError`` if ``x`` is given and the schedule shares hardware or asks for streams, whose operands
        alternate, or for fewer than two samples; ``EmitError`` for a design too large for Verilog.
        """
        from qhls.energy.model import estimate
        from qhls.energy.technology import Technology, load_technology

        chosen = technology if isinstance(technology, Technology) else load_technology(technology)
        report = estimate(self.graph, self.schedule, chosen)
        if x is None:
            return report
        from qhls.energy.activity import weigh
        from qhls.rtl import build_netlist, count_toggles

        if self.schedule.io != "array" or not self.schedule.weights_are_logic:
            raise VerifyError(
                "energy: expected a schedule of arrays without shared hardware beside x, got one whose operands "
                "alternate on the same wires. Leave x out, or change the schedule."
            )
        codes = self.encode(x)
        if len(codes[0]) < 2:
            raise VerifyError(
                f"energy: expected at least two samples in x, got {len(codes[0])}. Toggles need two: pass more."
            )
        return weigh(report, count_toggles(build_netlist(self.graph), codes))

    def area(self, table: Any = "xilinx_lut6", *, results: str | None = None) -> AreaReport:
        """Estimate the area with error bars: LUT, DSP, FF and block RAM, or square micrometres.

        ``table``: the name or the path of a table, or an ``AreaTable``. ``results``: with the table of a tool, the
        type in which the project stores sums, such as "s16.10".
        """
        from qhls.energy.hardware.area import estimate_area
        from qhls.plan.hardware.prices import AreaTable, load_area_table

        chosen = table if isinstance(table, AreaTable) else load_area_table(table)
        if results is not None:
            chosen = chosen.with_results(results)
        return estimate_area(self.graph, self.schedule, chosen)

    def latency(self, target: str = "vitis") -> LatencyReport | RtlLatency:
        """Return latency and initiation interval in clock cycles.

        ``target``: by default an estimate of Vitis' C++ and, beside it, of Catapult's, by op. "verilog": the cycles of
        the Verilog, which are exact. Raises ``EmitError`` for a target that is none, and for Verilog that ``emit``
        refuses.
        """
        from qhls.backends.target import VERILOG, get_target

        if target == VERILOG:
            from qhls.rtl import find_latency

            return find_latency(self.graph, self.schedule)
        from qhls.energy.hardware.latency import estimate_latency

        get_target(target)
        return estimate_latency(self.graph, self.schedule)

    def report(
        self,
        x: Any = None,
        *,
        data: str = "",
        target: str = "vitis",
        check: CheckReport | None = None,
        proof: ProofReport | Sequence[ProofReport] | None = None,
        synthesis: Any = (),
    ) -> DesignReport:
        """Return a report page on the design: network, processes, types, bits that are used, costs and C++.

        ``x``: inputs whose bits are shown, by default 256 random ones; ``data`` names them. ``target``: whose C++ is
        shown. ``check`` and ``proof``: what ``check`` and ``prove`` returned, to be shown. ``synthesis``: a vendor's
        report of the design, or several, as paths or as ``qhls.read_report`` gives them. Save it:
        ``design.report(x).save("report.html")``.
        """
        from qhls.energy.tool_reports.report import collect_reports
        from qhls.report.page import RANDOM_SAMPLES, report_design

        codes = self.random_codes(RANDOM_SAMPLES) if x is None else self.encode(x)
        named = data or ("random inputs" if x is None else "given inputs")
        reports = collect_reports(synthesis)
        return report_design(
            self, codes, named, target=target, check=check, proof=proof, synthesis=reports
        )

    def exactness(self) -> ExactnessReport:
        """Report for every layer whether Keras' float32 is exact, and which float type ``check`` uses in Keras.

        Raises ``VerifyError`` for a design of a graph that was not compiled from a Keras model.
        """
        from qhls.check.exactness import report_exactness
        from qhls.model.graph import ModelGraph

        if not isinstance(self.graph, ModelGraph):
            raise VerifyError(
                "exactness: expected a design of a Keras model, got one of a graph. Compile a Keras model."
            )
        lines = [*self.approximations, *filter(None, [self.distance])]
        report = report_exactness(self.exact or self.graph, lines)
        return replace(report, notes=tuple(self.graph.notes))

    def measured(self, x: Any = None) -> Distance:
        """Measure the difference between the outputs of the design and of the given model on the inputs ``x``.

        By default, inputs are random: 256, or fewer where a large design would take long.
        """
        from qhls.check.distance import choose_sample_count, measure_distance

        if self.given is None and self.model is None:
            raise VerifyError(
                "measured: expected a design with its Keras model, got one without. Compile the model again."
            )
        if x is None:
            return measure_distance(
                self, self.random_codes(choose_sample_count(self.graph)), "random inputs"
            )
        return measure_distance(self, self.encode(x), "given inputs")

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return warnings of a part that is too small (by Xilinx area) and of tools that cannot build the design."""
        return self.area().warnings

    @property
    def notes(self) -> list[str]:
        """Return remarks on the layers that are left to the host and on the approximations."""
        lines = [*self.approximations, *filter(None, [self.distance])]
        return [*self.graph.notes, *(f"approximated: {line}" for line in lines)]

    def show(self) -> str:
        """Return the graph as text, one op per line: types, ranges, shapes and Keras layers."""
        return str(self.graph)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.show())}</pre>"

    def random_codes(self, samples: int, seed: int = 0) -> list[Array]:
        """Return random integer codes, uniform over the type of each input, one array per input.

        Raises ``VerifyError`` for fewer than one sample.
        """
        if samples < 1:
            raise VerifyError(
                f"random_codes: expected at least one sample, got {samples}. Ask for more."
            )
        rng = np.random.default_rng(seed)
        return [
            draw_codes(op.type, (samples, *op.shape), rng, op.values) for op in self.graph.inputs
        ]

    def _decode(self, outputs: list[Array]) -> Any:
        numbers = decode_outputs(self.graph, outputs)
        return numbers[0] if len(numbers) == 1 else numbers


def decode_outputs(graph: Graph, outputs: Sequence[Array]) -> list[Array]:
    """Convert the output codes of ``graph`` to numbers (float64)."""
    return [decode(codes, op.type) for codes, op in zip(outputs, graph.outputs, strict=True)]
