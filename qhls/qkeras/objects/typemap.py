"""QTools' data type map: the types of each layer as objects, its JSON, and the energy of a model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import networkx as nx

from qhls.compat.qtools.energy import Memory, make_energy_dict
from qhls.compat.qtools.graph import list_nodes, sort_as_in_model
from qhls.compat.qtools.prices import load_prices
from qhls.compat.qtools.rules.entry import Entry, MapPart
from qhls.compat.qtools.types.convert import Types
from qhls.compat.qtools.types.numbers import Number
from qhls.compat.qtools.types.options import Options
from qhls.compat.qtools.types.typemap import make_entries
from qhls.errors import QhlsError
from qhls.frontend.models.walk import walk_layers
from qhls.qkeras.objects.numbers import IQuantizer, as_object
from qhls.qkeras.objects.operators import ComputedObject, refuse_denominator
from qhls.qkeras.objects.settings import cfg

PLAIN_LAYERS = ["Dense", "Conv1D", "Conv2D", "DepthwiseConv2D"]
Q_LAYERS = ["QDense", "QConv1D", "QConv2D", "QDepthwiseConv2D", "QConv2DTranspose"]


class TagMissingError(QhlsError, ValueError):
    """The error that QTools raises for a quantizer without a type; qhls has a type for each of its quantizers."""


class LayerDataType(dict[str, Any]):
    """The types of a layer by QTools' names, both as keys and as attributes; missing attributes are None."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(_make_objects(entry))
        self.entry = entry

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.get(name)


def _make_objects(entry: Entry) -> dict[str, Any]:
    parts = entry.findings.parts
    objects: dict[str, Any] = {
        "input_quantizer_list": [as_object(number) for number in entry.inputs],
        "output_quantizer": as_object(entry.output),
        "output_shapes": entry.output_shape,
        "operation_count": entry.count,
    }
    merged = parts.get(f"{entry.node.kind}_quantizer")
    if merged is not None:
        objects["multiplier"] = _make_object(merged)
    objects |= {name: _make_object(part) for name, part in parts.items()}
    for name, shape in (("weight_quantizer", "w_shapes"), ("bias_quantizer", "b_shapes")):
        if name in parts:
            objects[shape] = parts[name].shape
    return objects


def _make_object(part: MapPart) -> IQuantizer | ComputedObject:
    if isinstance(part.what, Number):
        return as_object(part.what)
    return ComputedObject(part.what, "multiplier" if part.what.op == "mul" else "accumulator")


def generate_layer_data_type_map(  # noqa: PLR0917 - QTools' order
    graph: nx.DiGraph,
    source_quantizer_list: Sequence[IQuantizer],
    is_inference: bool,
    keras_quantizer: Any = None,
    keras_accumulator: Any = None,
    for_reference: bool = False,
    debug: bool = False,
    model_weights_already_quantized: bool = True,
    hw_weight_dict: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a dictionary with the types of each layer, the types of the inputs, and the first and last layers.

    Its keys are ``layer_data_type_map``, ``source_quantizer_list``, ``input_layers`` and ``output_layers``.

    ``graph`` and ``source_quantizer_list`` are the results of ``CreateGraph``.
    """
    model = graph.graph["model"]
    types = Types(compatible=True)
    options = Options(
        types,
        is_inference,
        keras_quantizer or cfg.default_interm_quantizer,
        keras_accumulator or cfg.default_interm_quantizer,
        for_reference,
        model_weights_already_quantized,
        hw_weight_dict or {},
        dict(walk_layers(model)),
    )
    nodes = list_nodes(model, compatible=True)
    sources = [quantizer.number for quantizer in source_quantizer_list]
    entries = make_entries(nodes, sources, options)
    for entry in entries:
        if "internal_divide_quantizer" in entry.findings.parts:
            refuse_denominator(entry.findings.parts["variance_quantizer"].number)
    by_name = {entry.node.name: entry for entry in entries}
    ordered = [by_name[node.name] for node in sort_as_in_model(model, nodes)]
    return {
        "source_quantizer_list": list(source_quantizer_list),
        "input_layers": [node.layer for node in nodes if node.is_input],
        "output_layers": [node.layer for node in nodes if node.is_output],
        "layer_data_type_map": {entry.node.layer: LayerDataType(entry) for entry in ordered},
    }


def populate_quantizer(
    quantizer: IQuantizer, shape: Any = None, is_compound: bool = False
) -> dict[str, Any]:
    """Return the JSON object that QTools writes for a type or an operator, with ``shape`` unless it is None."""
    what = quantizer.operator if isinstance(quantizer, ComputedObject) else quantizer.number
    return MapPart(what, shape).to_dict()


def map_to_json(layer_data_type_map: Mapping[str, Any]) -> dict[str, Any]:
    """Return QTools' JSON of a data type map: ``source_quantizers``, and the types of each layer by its name."""
    sources = layer_data_type_map["source_quantizer_list"]
    return {
        "source_quantizers": [quantizer.number.to_dict() for quantizer in sources],
        **{
            layer.name: types.entry.to_dict()
            for layer, types in layer_data_type_map["layer_data_type_map"].items()
        },
    }


# Energy


OP = {
    "fp32": {"add": "fp32_add", "mul": "fp32_mul"},
    "fp16": {"add": "fp16_add", "mul": "fp16_mul"},
    "fpm": {"add": "fixed_add", "mul": "fixed_mul"},
}
"""The names of the prices of additions and multiplications, by kind of number."""


def energy_estimate(  # noqa: PLR0917 - QTools' order
    model: Any,
    layer_map: Mapping[str, Any],
    weights_on_memory: str,
    activations_on_memory: str,
    min_sram_size: int,
    rd_wr_on_io: bool,
) -> dict[str, Any]:
    """Return the energy of one inference in pJ by layer and cause, and ``total_cost``, at the prices of "horowitz"."""
    memory = Memory(weights_on_memory, activations_on_memory, min_sram_size, rd_wr_on_io)
    entries = [types.entry for types in layer_map["layer_data_type_map"].values()]
    return make_energy_dict(entries, memory, load_prices("horowitz"))


def memory_read_energy(  # noqa: PLR0917 - QTools' order
    is_input_layer: bool,
    tensor_shape: Sequence[Any],
    mode: str,
    min_sram_size: int,
    rd_wr_on_io: bool,
    quantizer_bits: int,
) -> float:
    """Return the energy of reading a tensor in pJ; inputs of the model are in DRAM if ``rd_wr_on_io``, else in SRAM."""
    memory = Memory("dram", mode, min_sram_size, rd_wr_on_io)
    bits = math.prod(n for n in tensor_shape if n is not None and n > 0) * quantizer_bits
    return memory.access(load_prices("horowitz"), bits, memory.get_outside(is_input_layer))


memory_write_energy = memory_read_energy
