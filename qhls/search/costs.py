"""What a candidate costs before it is trained: energy, area and latency of its design, bits of its model.

Types in the IR follow from weights, which are not there yet. So a candidate is priced with ``spread`` weights:
those of one output all the smallest, of one all the largest, of the others both in turn. Every constant then
has the type of its quantizer, and sums the width that the worst weights make necessary (where there are
fewer than three outputs: half of them). A kernel with ``alpha="auto"`` or ``"auto_po2"`` is taken for one whose
scales are all the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from qhls.compile import compile as compile_model
from qhls.design import Design
from qhls.errors import QhlsError
from qhls.ir import Graph, Schedule
from qhls.ir.op import Op
from qhls.search.errors import GoalError, TrialError
from qhls.search.forgiving import DEFAULT_CONFIG
from qhls.search.sizes import Sizes, model_bits
from qhls.utils.arrays import to_numpy
from qhls.utils.graph import layers

UNITS = {"energy": "pJ", "area": "LUT", "latency": "ns", "bits": "bits"}
"""The costs that there are, and their units."""


@dataclass(frozen=True)
class Hardware:
    """What a candidate's costs depend on beside itself.

    ``input_types`` and ``schedule`` as in ``qhls.compile``, ``technology`` as in ``Design.energy``.
    """

    input_types: Any = None
    schedule: Schedule = field(default_factory=Schedule)
    technology: Any = "horowitz_45nm"


def measure(model: keras.Model, names: Iterable[str], hardware: Hardware) -> dict[str, float]:
    """The costs ``names``, of ``UNITS``, of an untrained candidate; its weights are as before afterwards.

    Raises ``GoalError`` for a cost that does not exist, ``TrialError`` where the model cannot become a
    design.
    """
    names = tuple(names)
    check_costs(names)
    found: dict[str, float] = {}
    if "bits" in names:
        stats = model_bits(model, Sizes(), DEFAULT_CONFIG)
        found["bits"] = sum(entry["total"] for entry in stats.values())
    if set(names) - {"bits"}:
        design = untrained_design(model, hardware)
        priced = {
            "energy": lambda: design.energy(hardware.technology).total,
            "area": lambda: area(design.graph, design.schedule),
            "latency": lambda: latency(design.graph, design.schedule),
        }
        found |= {name: float(priced[name]()) for name in names if name in priced}
    return {name: found[name] for name in names}


def check_costs(names: Iterable[str]) -> None:
    """Raise ``GoalError`` for a name that is no cost."""
    for name in names:
        if name not in UNITS:
            raise GoalError(
                f"costs: expected one of {', '.join(UNITS)}, received {name!r}; a metric is an "
                f"objective, not a cost"
            )


def energy_by_layer(model: keras.Model, hardware: Hardware) -> dict[str, dict[str, float]]:
    """pJ per inference of an untrained candidate: by layer those by cause, and in "total"."""
    report = untrained_design(model, hardware).energy(hardware.technology)
    return {
        layer: causes | {"total": math.fsum(causes.values())}
        for layer, causes in report.layers.items()
    }


def untrained_design(model: keras.Model, hardware: Hardware) -> Design:
    """The design of ``model`` with ``spread`` weights. Raises ``TrialError`` where there is none."""
    try:
        with spread(model):
            return compile_model(model, hardware.input_types, schedule=hardware.schedule)
    except QhlsError as error:
        raise TrialError(f"model {model.name!r}: cannot become a design: {error}") from error


# -- weights ----------------------------------------------------------------------------------------


@contextmanager
def spread(model: keras.Model) -> Iterator[None]:
    """Within it, quantised kernels and biases have the largest and smallest weights of their quantizers."""
    kept = model.get_weights()
    try:
        for _, layer in layers(model):
            for variable, (quantizer, _) in getattr(layer, "quantized_weights", dict)().items():
                own = getattr(layer, variable, None)
                if quantizer is not None and isinstance(own, keras.Variable):
                    axis = -2 if _outputs_before(layer, variable) else -1
                    own.assign(_spread(to_numpy(own), quantizer, axis))
        yield
    finally:
        model.set_weights(kept)


def _outputs_before(layer: Any, variable: str) -> bool:
    """Whether a kernel has its outputs on the last axis but one."""
    return variable.startswith("depthwise") or isinstance(layer, keras.layers.Conv2DTranspose)


def _spread(initial: np.ndarray, quantizer: Any, axis: int) -> np.ndarray:
    """For a kernel with its outputs on ``axis`` as this module tells; in a vector, such as a bias, each end once."""
    assignment = getattr(quantizer, "quantization", None)
    po2 = getattr(quantizer, "number_type", "") == "po2"
    end = 1.0
    if assignment is not None:  # it saturates: twice the type's end is sure to reach it
        end = 2.0 * max(-assignment.to.lo, assignment.to.hi) * assignment.to.step
    elif po2:
        end = float(np.max(np.asarray(quantizer.max())))
    if initial.ndim > 1:
        values = np.where(np.indices(initial.shape).sum(0) % 2, -end, end)
        outputs = np.moveaxis(values, axis, 0)
        if len(outputs) > 2:  # fewer would leave no activation that is not a constant
            outputs[0], outputs[1] = -end, end
    else:  # an end in every element would make sums of one sign, and constants of what activations make of them
        values = np.array(initial)
        values.flat[:2] = (-end, end)[-min(values.size, 2) :]
    if po2 and values.size > 2:
        values.flat[-1] = np.finfo(np.float32).tiny  # the smallest power of two that there is
    return values.astype(initial.dtype)


# -- area and latency -------------------------------------------------------------------------------


def area(graph: Graph, schedule: Schedule) -> float:
    """LUTs of the arithmetic, weights and control left out: a measure to rank designs by.

    An a-bit by b-bit multiplier is ``2.80 a b - 2.35 (a + b) + 1.9`` LUTs, at least 1, divided among
    ``reuse_factor`` products; an n-bit addition or comparison is n. The fit is of Yosys 0.23
    (``synth_xilinx -family xcup -nodsp``) on 63 pairs of 2 to 10 and 1 to 16 bits: R2 0.937, mean error
    30 %.
    """
    total = 0.0
    for op in graph.ops:
        for event, count in op.work().items():
            if event.kind == "multiply":
                a, b = event.bits
                each = max(2.80 * a * b - 2.35 * (a + b) + 1.9, 1.0) / schedule.reuse_factor
            else:
                each = max(event.bits)
            total += each * count
    return total


def latency(graph: Graph, schedule: Schedule) -> float:
    """Nanoseconds from input to output if every level of logic takes a clock cycle.

    A product is a level, n additions or comparisons for an element are a tree of ``ceil(log2 n)``, at
    least 1; a multiplier shared by ``reuse_factor`` products adds as many cycles but one.
    """
    done: dict[Op, int] = {}
    for op in graph.ops:
        before = max((done[operand] for operand in op.operands), default=0)
        done[op] = before + _cycles(op, schedule)
    return max(done[op] for op in graph.outputs) * schedule.clock_period


def _cycles(op: Op, schedule: Schedule) -> int:
    counts: Mapping[str, int] = {}
    for event, count in op.work().items():
        counts = {**counts, event.kind: counts.get(event.kind, 0) + count}
    if not counts or not op.size:
        return 0
    reduced = sum(count for kind, count in counts.items() if kind != "multiply")
    each = math.ceil(reduced / op.size)
    tree = each if getattr(op, "searched", False) else max(math.ceil(math.log2(max(each, 1))), 1)
    products = schedule.reuse_factor if counts.get("multiply") else 0
    return tree + products
