"""QTools' unroll factors: the cheapest hardware that computes a chain of layers at a required throughput.

Each layer computes ``cout`` of its results from ``cin`` inputs and a part of its window in a clock cycle, and passes
``OutElementPerClk`` elements on. Its cost in gates is that of its multiply-accumulates (a fit by QTools' authors to
synthesised ones: 7.70 gates per product of operand bits, 13.76 per bit of the sum, -92.2), 10 per bit of a register and
0.1 per bit of a ROM. For each number of passed elements, the cheapest chain consists of a layer and the cheapest rest
of the chain.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import keras

from qhls.errors import EnergyError
from qhls.qkeras.objects.graph import (
    SINK,
    SOURCE,
    CreateGraph,
    GraphPropagateActivationsToEdges,
)
from qhls.qkeras.objects.typemap import LayerDataType, generate_layer_data_type_map
from qhls.qkeras.objects.utilities import find_divisors, get_layer_info

MemoryGatesPerBit = {"Register": 10.0, "SRAM": 1.0, "ROM": 0.1}

_MAC_GATES = (7.70469119, 13.76199652, -92.15756665)

_BY_CHANNEL = (
    *("QDepthwiseConv2D", "QAveragePooling2D", "MaxPooling2D"),
    *("QGlobalAveragePooling2D", "GlobalMaxPooling2D"),
)
"""The layers in which each output channel reads only one input channel."""
_GLOBAL = ("QGlobalAveragePooling2D", "GlobalMaxPooling2D", "UpSampling2D")
_PASSED = (
    *("QBatchNormalization", "QActivation", "Activation", "Dropout", "Reshape", "ZeroPadding2D"),
)
"""The layers without multiply-accumulates, which cost nothing."""
_KNOWN = ("QConv2D", "QDense", *_BY_CHANNEL, "UpSampling2D", "Concatenate")


class CostMode(enum.Enum):
    """The kinds of cost that ``estimate_model_cost`` may be asked for; only ``ACE`` is implemented, as in QTools."""

    ACE = 1
    PE_AREA = 2
    PE_BW_AREA = 3


def get_ace_mac_gates(xbit: int, wbit: int, abit: int, regen_params: bool = False) -> float:
    """Return the number of gates of one multiply-accumulate, from the widths of input, weight and sum in bits."""
    products, sums, constant = _MAC_GATES
    return products * xbit * wbit + sums * abit + constant


@dataclass(frozen=True)
class UnrollChoice:
    """The hardware of one layer: its unroll factors and two ratios, passed / computed and used / read elements.

    ``l`` is the number of elements passed on per computed result, ``k`` the number of unrolled inputs per element read.
    """

    l: float = 0  # noqa: E741 - QTools' name
    k: float = 0
    cin_unroll: int = 0
    cout_unroll: int = 0
    kh_unroll: int = 0
    kw_unroll: int = 0

    def __str__(self) -> str:
        names = ("k", "l", "cin_unroll", "cout_unroll", "kh_unroll", "kw_unroll")
        return f"Choice({', '.join(f'{name}={getattr(self, name)}' for name in names)})"


class DivideConquerGraph:
    """A model as a chain of layers, with the types of each layer."""

    def __init__(self, model: keras.Model, source_quantizers: Any = None) -> None:
        self.graph, sources = CreateGraph(model, source_quantizers)
        GraphPropagateActivationsToEdges(self.graph)
        types = generate_layer_data_type_map(self.graph, sources, is_inference=False)
        self.types: dict[Any, LayerDataType] = types["layer_data_type_map"]

    def list_layers(self) -> list[tuple[int, Any]]:
        """Return one (number, layer) pair per layer of the chain, in order.

        Raises ``EnergyError`` for anything but a chain.
        """
        layers = []
        node = SOURCE
        while node != SINK:
            following = list(self.graph.successors(node))
            if len(following) != 1:
                raise EnergyError(
                    f"estimate_model_cost: expected a chain of layers, got {len(following)} layers after "
                    f"{layers[-1][1].name if layers else 'the input'!r}. Estimate each chain."
                )
            node = following[0]
            layers.append((node, self.graph.nodes[node]["layer"][0]))
        return layers[:-1]


@dataclass(frozen=True)
class _Step:
    """The cheapest hardware of a layer and of all layers after it, for one number of elements read per cycle."""

    choice: UnrollChoice
    cur_cost: float
    acc_cost: float
    elements: int
    """The number of elements that the layer passes on per cycle."""


@dataclass(frozen=True)
class _Sizes:
    kind: str
    channels_in: int
    channels_out: int
    height: int
    width: int

    @classmethod
    def of(cls, layer: Any) -> _Sizes:
        names = ("layer_type", "input_channel", "output_channel", "kernel_height", "kernel_width")
        sizes = cls(*(get_layer_info(layer, name) for name in names))
        if sizes.kind not in (*_KNOWN, *_PASSED):
            raise EnergyError(
                f"estimate_model_cost, layer {layer.name!r}: expected one of {', '.join((*_KNOWN, *_PASSED))}, "
                f"got {sizes.kind}. Estimate the layers before and after it."
            )
        return sizes

    def share(self, cin: int, cout: int, kh: int, kw: int) -> float:
        """Return the fraction of the work for one pixel that the hardware does per cycle."""
        if self.kind in ("QConv2D", "QDense"):
            whole = self.channels_in * self.channels_out * self.height * self.width
            return cin * cout * kh * kw / whole
        if self.kind in ("QGlobalAveragePooling2D", "GlobalMaxPooling2D", "Concatenate"):
            return cout / self.channels_out
        return cout * kh * kw / (self.channels_out * self.height * self.width)

    def count_inputs(self, cin: int, cout: int, kh: int, kw: int) -> int:
        """Return the number of elements that the hardware reads per cycle at one position of the window."""
        if self.kind == "Concatenate":
            return int(cin / (kh * kw))
        if self.kind in _GLOBAL:
            return int(cout / (kh * kw))
        return cout if self.kind in _BY_CHANNEL else cin


def _list_multiples(elements: int, most: int) -> list[int]:
    """Return the divisors of ``elements``, followed by its multiples up to ``most * elements``."""
    return [*find_divisors(elements), *(elements * n for n in range(2, most + 1))]


@dataclass(frozen=True)
class _Limits:
    compute_to_memory: int
    memory_to_unroll: int


def _list_choices(
    sizes: _Sizes, passed: int, out_rate: float, in_rate: float, limits: _Limits
) -> Iterator[tuple[UnrollChoice, int]]:
    """Yield the unroll factors of a layer that keep up with both rates, each with the elements read per cycle."""
    window = sizes.height * sizes.width if sizes.kind == "UpSampling2D" else 1
    if passed / (sizes.channels_out * window) < in_rate:
        return
    for cout in _list_multiples(passed, limits.compute_to_memory):
        if sizes.channels_out % cout:
            continue
        ins = [cout] if sizes.kind in _BY_CHANNEL else find_divisors(sizes.channels_in)
        for cin, kw, kh in product(ins, find_divisors(sizes.width), find_divisors(sizes.height)):
            if sizes.share(cin, cout, kh, kw) < out_rate:
                continue
            for read in _list_multiples(
                sizes.count_inputs(cin, cout, kh, kw), limits.memory_to_unroll
            ):
                if read / sizes.channels_in >= out_rate:
                    yield UnrollChoice(passed / cout, cin / read, cin, cout, kh, kw), read


def _compute_cost(
    types: LayerDataType | None, choice: UnrollChoice, read: int, passed: int
) -> float:
    """Return the cost of a layer in gates: multiply-accumulates, registers for its elements, a ROM of its weights."""
    if types is None:
        return 0.0
    x = types.input_quantizer_list[0].bits
    weight = types.weight_quantizer.bits if types.weight_quantizer else 0
    total = types.accumulator.output.bits if types.accumulator else x
    units = choice.cin_unroll * choice.cout_unroll * choice.kh_unroll * choice.kw_unroll
    registers = read * x + passed * types.output_quantizer.bits
    return (
        units * get_ace_mac_gates(x, weight, total)
        + registers * MemoryGatesPerBit["Register"]
        + math.prod(types.w_shapes or (0,)) * weight * MemoryGatesPerBit["ROM"]
    )


def _find_steps(
    layer: Any,
    types: LayerDataType,
    after: dict[int, _Step],
    rates: tuple[float, float],
    limits: _Limits,
) -> dict[int, _Step]:
    """Return the cheapest hardware from this layer on, by the elements that the layer reads per cycle."""
    sizes = _Sizes.of(layer)
    if sizes.kind in _PASSED:
        return {n: _Step(UnrollChoice(), 0, step.acc_cost, n) for n, step in after.items()}
    best: dict[int, _Step] = {}
    for passed, rest in after.items():
        for choice, read in _list_choices(sizes, passed, *rates, limits):
            cost = _compute_cost(types, choice, read, passed)
            if read not in best or cost + rest.acc_cost < best[read].acc_cost:
                best[read] = _Step(choice, cost, cost + rest.acc_cost, passed)
    return best


def estimate_model_cost(  # noqa: PLR0917 - QTools' order
    model: keras.Model,
    input_quantizer_bits: int = 8,
    target_OutElementPerClk: int = 10,  # noqa: N803 - QTools' name
    target_out_throughput: float = 1.0,
    compute_to_memory_max_ratio: int = 4,
    memory_to_unroll_max_ratio: int = 4,
    mode: CostMode = CostMode.ACE,
) -> tuple[dict[int, dict[str, Any]], float | None]:
    """Return the cheapest hardware of each layer, by the layer's number in the graph, and the total cost in gates.

    An entry has ``choice`` (a text), ``cur_cost``, ``acc_cost`` with all layers after it, ``OutElementPerClk`` and
    ``layer_name``. Number -1 is the input. ``({}, None)`` means that no hardware keeps up with
    ``target_out_throughput`` inferences per cycle. As in QTools, inputs have 8 bits whatever ``input_quantizer_bits``
    is.

    Raises:
        EnergyError: another cost than ``ACE``, a model that is no chain, a layer without a rule.
    """
    if mode != CostMode.ACE:
        raise EnergyError(
            f"estimate_model_cost: expected the mode {CostMode.ACE}, got {mode}. Use it."
        )
    graph = DivideConquerGraph(model)
    chain = graph.list_layers()
    limits = _Limits(compute_to_memory_max_ratio, memory_to_unroll_max_ratio)
    after = {target_OutElementPerClk: _Step(UnrollChoice(), 0, 0, -1)}
    steps: list[dict[int, _Step]] = []
    rate = target_out_throughput
    for _, layer in reversed(chain):
        ratio = math.prod(layer.input.shape[1:-1]) / math.prod(layer.output.shape[1:-1])
        after = _find_steps(layer, graph.types[layer], after, (rate, rate * ratio), limits)
        if not after:
            return {}, None
        steps.insert(0, after)
        rate *= ratio
    start, first = min(after.items(), key=lambda item: item[1].acc_cost)
    path = {SOURCE: _make_entry(_Step(UnrollChoice(), 0.0, first.acc_cost, start), "None")}
    elements = start
    for (number, layer), step in zip(chain, steps, strict=True):
        path[number] = _make_entry(step[elements], layer.name)
        elements = step[elements].elements
    return path, first.acc_cost


def _make_entry(step: _Step, name: str) -> dict[str, Any]:
    return {
        "choice": str(step.choice),
        "cur_cost": step.cur_cost,
        "acc_cost": step.acc_cost,
        "OutElementPerClk": step.elements,
        "layer_name": name,
    }
