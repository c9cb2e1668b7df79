"""``QTools``: QKeras' energy estimator reimplemented, with the same arguments and results."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import keras

from qhls.compat.qkeras.models.graph import warn_of_unseen
from qhls.compat.qtools.energy import Memory, make_energy_dict
from qhls.compat.qtools.graph import drop_batch, list_nodes, sort_as_in_model
from qhls.compat.qtools.prices import load_prices
from qhls.compat.qtools.rules.entry import Entry
from qhls.compat.qtools.types.convert import Types
from qhls.compat.qtools.types.numbers import Number
from qhls.compat.qtools.types.options import Options
from qhls.compat.qtools.types.typemap import find_source_types, make_entries
from qhls.errors import EnergyError
from qhls.frontend.files.weights import load_weights
from qhls.frontend.models.walk import walk_layers
from qhls.system.text import say

RELEASE = "0.9.0"
"""The release of QKeras whose widths ``compatible`` can select."""


class QTools:
    """An estimator of the type of every number in a model and of the energy of one inference, as in QKeras' QTools.

    Args:
        model: a Keras model of our Q-layers and Keras' own, with known sizes.
        process: "horowitz", which is the technology ``horowitz_45nm_qtools``, or a JSON table.
        source_quantizers: the types of the inputs: a list, or one for all; ``None`` is 8 bits, signed.
        is_inference: whether the weights' values count: multipliers by few powers of two get cheaper.
        weights_path: a file of weights to load into the model first.
        keras_quantizer: the type of weights of Keras' own layers: "fp32", "fp16", "int8", "int16",
            "int32" or a quantizer.
        keras_accumulator: the type of their products and sums.
        for_reference: impose these two on every layer.
        model_weights_already_quantized: whether the values of the weights are already quantised.
        hw_weight_dict: the result of ``model_save_quantized_weights``, for fused normalisations.
        compatible: True for the numbers of QKeras' last state (June 2025), its errors included, and an
            answer where it fails. "0.9.0" for the widths of products and sums in the release of 2021,
            with which the published energies were computed. False to count every layer
            (docs/qtools.md lists the differences).

    Raises:
        EnergyError: an unknown process, type or release; tensors of unknown size.
        LoadError: a file of weights that does not fit the model.
        LoweringError: a model that is not built from layers.
    """

    def __init__(  # noqa: PLR0917 - QTools' order
        self,
        model: keras.Model,
        process: Any = "horowitz",
        source_quantizers: Any = None,
        is_inference: bool = False,
        weights_path: str | os.PathLike[str] | None = None,
        keras_quantizer: Any = None,
        keras_accumulator: Any = None,
        for_reference: bool = False,
        model_weights_already_quantized: bool = True,
        hw_weight_dict: Mapping[str, Any] | None = None,
        *,
        compatible: bool | str = True,
    ) -> None:
        if compatible not in (True, False, RELEASE):
            raise EnergyError(
                f"QTools, compatible: expected True, False or {RELEASE!r}, got {compatible!r}. "
                f"Choose one."
            )
        if weights_path is not None:
            load_weights(model, Path(weights_path), Path(weights_path).name)
        self.prices = load_prices(process)
        types = Types(bool(compatible))
        options = Options(
            types,
            is_inference,
            keras_quantizer,
            keras_accumulator,
            for_reference,
            model_weights_already_quantized,
            hw_weight_dict or {},
            dict(walk_layers(model)),
            compatible != RELEASE,
        )
        nodes = list_nodes(model, types.compatible)
        warn_of_unseen("QTools", model)
        self._sources = find_source_types(model, source_quantizers, types)
        self._source_sizes = [
            math.prod(drop_batch(t.shape)) for t in keras.tree.flatten(model.inputs)
        ]
        layer_entries = make_entries(nodes, self._sources, options)
        by_name = {entry.node.name: entry for entry in layer_entries}
        self._entries = [by_name[node.name] for node in sort_as_in_model(model, nodes)]
        self._output_dict = {
            "source_quantizers": [number.to_dict() for number in self._sources],
            **{e.node.name: e.to_dict() for e in sorted(layer_entries, key=lambda e: e.node.depth)},
        }

    @property
    def data_type_map(self) -> dict[str, Any]:
        """Return the data type map: the types of each layer by name, and those of the inputs, as in QTools' JSON."""
        return self._output_dict

    @property
    def include_energy(self) -> Mapping[str, list[str]]:
        """Return the causes of energy that count for each class of layer: QTools' ``cfg.include_energy``."""
        return self.prices.include_energy

    @property
    def source_quantizer_list(self) -> list[Number]:
        """Return the types of the inputs."""
        return self._sources

    def qtools_stats_to_json(self, json_name: str | os.PathLike[str]) -> None:
        """Write the data type map to a JSON file."""
        Path(json_name).write_text(self._format(self._output_dict), encoding="utf-8")

    def qtools_stats_print(self) -> None:
        """Print the data type map as JSON."""
        say(self._format(self._output_dict))

    def pe(
        self,
        weights_on_memory: str = "dram",
        activations_on_memory: str = "dram",
        min_sram_size: int = 0,
        rd_wr_on_io: bool = True,
        verbose: bool = False,
    ) -> dict[str, Any]:
        """Return the energy of one inference in pJ: by cause for each layer, rounded to 0.01, and ``total_cost``.

        An entry of a layer has ``class_name`` and ``energy``. Each tensor moves once: inputs and parameters are read,
        outputs are written. Weights and activations are in "dram", in "sram", or "fixed" as part of the logic. The
        inputs and outputs of the model are in DRAM if ``rd_wr_on_io``, else in SRAM. ``min_sram_size`` is in bits.

        Raises:
            EnergyError: a place that does not exist.
        """
        memory = Memory(weights_on_memory, activations_on_memory, min_sram_size, rd_wr_on_io)
        energy = make_energy_dict(self._entries, memory, self.prices)
        if verbose:
            say(f"COST:\n{self._format(energy)}")
        return energy

    def extract_energy_sum(
        self, cfg_setting: Mapping[str, list[str]], energy_dict: Mapping[str, Any]
    ) -> int:
        """Return the energy in whole pJ of the causes that ``cfg_setting`` names for each class of layer.

        ``include_energy`` is such a setting.
        """
        profile = self.extract_energy_profile(cfg_setting, energy_dict)
        return int(_sum_in_order(entry["total"] for entry in profile.values()))

    def extract_energy_profile(
        self, cfg_setting: Mapping[str, list[str]], energy_dict: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return each layer's energy in pJ: by cause, and the ``total`` of the causes that ``cfg_setting`` names."""
        default = cfg_setting.get("default", [])
        return {
            name: {
                "energy": entry["energy"],
                "total": _sum_in_order(
                    entry["energy"][cause]
                    for cause in cfg_setting.get(entry["class_name"], default)
                ),
            }
            for name, entry in energy_dict.items()
            if name != "total_cost"
        }

    def calculate_ace(self, default_float_bits: int) -> tuple[int, int]:
        """Return the sum of multiplications times both operands' widths (ACE), and the same sum for floats.

        The sum is over all layers with weights. Floats have ``default_float_bits``.
        """
        products = [
            (count * bits, count * default_float_bits**2)
            for entry in self._entries
            for count, bits in _count_products(entry)
        ]
        return sum(ours for ours, _ in products), sum(floats for _, floats in products)

    def calculate_output_bytes(
        self, include_model_input_size: bool, default_float_bits: int
    ) -> tuple[float, float]:
        """Return the size of all ``QActivation`` outputs in bytes, and their size as floats of ``default_float_bits``.

        ``include_model_input_size`` adds the inputs of the model.
        """
        ours: float = 0
        floats: float = 0
        for entry in self._entries:
            if entry.node.kind == "QActivation":
                size = math.prod(drop_batch(entry.node.output_shape))
                ours += int(size * entry.output.bits / 8.0)
                floats += int(size * default_float_bits / 8.0)
        if include_model_input_size:
            for size, number in zip(self._source_sizes, self._sources, strict=True):
                ours += size * number.bits / 8.0
                floats += size * default_float_bits / 8.0
        return ours, floats

    def calculate_weight_bytes(self, default_float_bits: int) -> tuple[int, int]:
        """Return the size of all kernels and biases in bytes, and their size as floats of ``default_float_bits``."""
        ours = floats = 0
        for entry in self._entries:
            for size, number in _count_stored(entry):
                ours += int(size * number.bits / 8.0)
                floats += int(size * default_float_bits / 8.0)
        return ours, floats

    def get_roofline_numbers(
        self, include_model_input_size: bool = True, default_float_bits: int = 32
    ) -> dict[str, float]:
        """Return the numbers of a roofline model: ACE, and bytes of weights and activations, each also for floats."""
        ace = self.calculate_ace(default_float_bits)
        weights = self.calculate_weight_bytes(default_float_bits)
        outputs = self.calculate_output_bytes(include_model_input_size, default_float_bits)
        keys = ("ACE", "weight_in_bytes", "activation_in_bytes")
        ours, floats = zip(ace, weights, outputs, strict=True)
        return {
            **dict(zip(keys, ours, strict=True)),
            **{f"{key}_float": value for key, value in zip(keys, floats, strict=True)},
        }

    def _format(self, content: Mapping[str, Any]) -> str:
        return json.dumps(content, indent=4)


def _sum_in_order(values: Iterable[float]) -> float:
    """Return the sum of floats, added from left to right as in QTools; ``sum`` is more exact from Python 3.12 on."""
    total: float = 0
    for value in values:
        total += value
    return total


def _count_products(entry: Entry) -> list[tuple[int, int]]:
    """Return, per kernel of a layer, the number of multiplications and the product of both operands' widths."""
    weight = entry.findings.parts.get("weight_quantizer")
    if weight is None:
        return list(entry.findings.multiplied)
    return [(entry.count, entry.inputs[0].bits * weight.number.bits)]


def _count_stored(entry: Entry) -> list[tuple[int, Number]]:
    """Return one (number of elements, type) pair per kernel and bias of a layer; none if it has no kernels."""
    parts, layer = entry.findings.parts, entry.node.layer
    if "weight_quantizer" not in parts:
        return list(entry.findings.parameters) if entry.findings.multiplied else []
    kernel, *rest = layer.weights
    variables = [(math.prod(kernel.shape), parts["weight_quantizer"].number)]
    if getattr(layer, "use_bias", False) and rest:
        variables.append((math.prod(rest[0].shape), parts["bias_quantizer"].number))
    return variables
