"""``Design``: a compiled model; run it, write it, simulate it, check it, price it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qhls.errors import DesignWarning, VerifyError
from qhls.ir import Graph, Schedule, decode, encode, run
from qhls.ir.integers import Array
from qhls.ir.interpret import random_codes
from qhls.ir.schedule import check_schedule
from qhls.ir.softmax import Softmax

if TYPE_CHECKING:
    from qhls.backends.emit import Project
    from qhls.check import CheckReport
    from qhls.distance import Distance
    from qhls.energy.area import AreaReport
    from qhls.energy.latency import LatencyReport
    from qhls.energy.model import EnergyReport
    from qhls.exactness import ExactnessReport


@dataclass(frozen=True, eq=False)
class Design:
    """What ``qhls.compile`` returns: the graph, its schedule and the Keras model they came from.

    Inputs ``x`` are numbers: one array (samples, *shape), or several as a list or by name. They are
    rounded to the input type's nearest number, ties to even, and saturated. Several outputs come as a
    list.
    """

    graph: Graph
    schedule: Schedule
    model: Any = None
    exact: Graph | None = None
    """The part of ``graph`` that equals Keras: without a softmax in hardware."""
    softmax: Softmax = field(default_factory=Softmax)
    approximations: tuple[Any, ...] = ()
    """What ``compile(..., allow_approximate=...)`` put into ``model``, which is the given one with them."""
    given: Any = None
    """The Keras model that was given, which ``model`` is where nothing was approximated."""
    host: Any = None
    """The Keras model of the layers that are left to the host, from the outputs on; None where there are none."""
    distance: Distance | None = None
    """How far the design is from ``given``; None where nothing was approximated."""

    def __post_init__(self) -> None:
        check_schedule(self.schedule, "Design")

    def encode(self, x: Any) -> list[Array]:
        """Input numbers as integer codes, one array an input. Raises ``VerifyError``."""
        inputs = self.graph.inputs
        if isinstance(x, Mapping):
            names = [op.name for op in inputs]
            if sorted(x) != sorted(names):
                raise VerifyError(
                    f"inputs: expected {', '.join(names)}, got {', '.join(map(str, x))}"
                )
            x = [x[name] for name in names]
        given: list[Any] = list(x) if isinstance(x, list | tuple) and len(inputs) > 1 else [x]
        if len(given) != len(inputs):
            raise VerifyError(f"inputs: expected {len(inputs)} arrays, got {len(given)}")
        return [
            encode(values, op.type, f"input {op.name!r}").clip(*op.range.hull)
            for values, op in zip(given, inputs, strict=True)
        ]

    def run(self, x: Any) -> Any:
        """The outputs as exact numbers (float64), by the interpreter."""
        return self._numbers(run(self.graph, self.encode(x)))

    def finish(self, outputs: Any) -> Any:
        """Return what the host makes of ``outputs``, those of ``run`` or ``simulate``: the outputs of ``given``.

        Where no layers are left to the host these are ``outputs``. A softmax that is left to it is not computed.
        """
        if self.host is None:
            return outputs
        numbers = outputs if isinstance(outputs, list) else [outputs]
        arrays = [np.asarray(array, np.float32) for array in numbers]
        return self.host.predict(arrays if len(arrays) > 1 else arrays[0], verbose=0)

    def simulate(self, x: Any, target: str, *, include: str | Path | None = None) -> Any:
        """The outputs by C simulation of ``target``'s code ("vitis", "catapult"). Raises ``CsimError``."""
        from qhls.backends.csim import build

        (library,) = build(self.graph, self.schedule, [target], include=include)
        return self._numbers(library.run(self.encode(x)))

    def emit(
        self, target: str, path: str | Path, *, stimuli: Any = None, overwrite: bool = False
    ) -> Project:
        """Write the HLS project; ``stimuli`` (numbers, as ``x``) go into its test bench.

        Raises ``EmitError``. Warns (``DesignWarning``) of what the part or a tool will not build.
        """
        from qhls.backends.emit import emit

        codes = None if stimuli is None else self.encode(stimuli)
        found = self.warnings
        options: dict[str, Any] = {"overwrite": overwrite, "warnings": found}
        project = emit(self.graph, self.schedule, target, path, stimuli=codes, **options)
        for text in found:
            warnings.warn(text, DesignWarning, stacklevel=2)
        return project

    def check(
        self,
        x: Any = None,
        targets: str | Sequence[str] = ("vitis", "catapult"),
        *,
        include: str | Path | None = None,
    ) -> CheckReport:
        """Compare interpreter, every target's csim and Keras, bit for bit; true when all agree.

        ``x``: inputs; by default 256 random vectors over the whole input type.
        """
        from qhls.check import check

        return check(
            self, self.random_codes(256) if x is None else self.encode(x), targets, include
        )

    def energy(self, technology: Any = "horowitz_45nm") -> EnergyReport:
        """pJ per inference by op, layer and cause. ``technology``: a table's name or path, or a ``Technology``."""
        from qhls.energy.model import estimate
        from qhls.energy.technology import Technology, load_technology

        chosen = technology if isinstance(technology, Technology) else load_technology(technology)
        return estimate(self.graph, self.schedule, chosen)

    def area(self, table: Any = "xilinx_lut6") -> AreaReport:
        """LUT, DSP, FF and block RAM, or square micrometres, with error bars.

        ``table``: a name, a path or an ``AreaTable``.
        """
        from qhls.energy.area import AreaTable, estimate_area, load_area_table

        chosen = table if isinstance(table, AreaTable) else load_area_table(table)
        return estimate_area(self.graph, self.schedule, chosen)

    def latency(self) -> LatencyReport:
        """Clock cycles of one input, and between inputs, by op."""
        from qhls.energy.latency import estimate_latency

        return estimate_latency(self.graph, self.schedule)

    def exactness(self) -> ExactnessReport:
        """Where Keras' float32 is exact, layer by layer, and how ``check`` compares."""
        from qhls.exactness import exactness

        lines = [*self.approximations, *filter(None, [self.distance])]
        return exactness(self.exact or self.graph, lines)

    def measured(self, x: Any = None) -> Distance:
        """Return how far the design is from the given model on ``x``, by default on 256 random inputs."""
        from qhls.distance import SAMPLES, distance

        if x is None:
            return distance(self, self.random_codes(SAMPLES), "random inputs")
        return distance(self, self.encode(x), "given inputs")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the schedule's part or a tool will not build, by the area of a Xilinx FPGA."""
        return self.area().warnings

    @property
    def notes(self) -> list[str]:
        """What a reader of the design should know: what is left to the host, what was approximated."""
        found = [*self.approximations, *filter(None, [self.distance])]
        return [*self.graph.notes, *(f"approximated: {each}" for each in found)]

    def show(self) -> str:
        """The graph, one op a line: types, ranges, shapes and Keras layers."""
        return str(self.graph)

    def random_codes(self, samples: int, seed: int = 0) -> list[Array]:
        """Integer codes, uniform over each input's type, one array per input.

        Raises ``VerifyError`` for fewer than one sample.
        """
        if samples < 1:
            raise VerifyError(
                f"random_codes: expected at least one sample, got {samples}. Ask for more."
            )
        rng = np.random.default_rng(seed)
        return [
            random_codes(op.type, (samples, *op.shape), rng, op.ends) for op in self.graph.inputs
        ]

    def _numbers(self, outputs: list[Array]) -> Any:
        numbers = numbers_of(self.graph, outputs)
        return numbers[0] if len(numbers) == 1 else numbers


def numbers_of(graph: Graph, outputs: Sequence[Array]) -> list[Array]:
    """The codes of ``graph``'s outputs as numbers, float64."""
    return [decode(codes, op.type) for codes, op in zip(outputs, graph.outputs, strict=True)]
