"""``qhls.candidates``: costs of other quantizers in the layers of a model, before any training."""

from __future__ import annotations

import warnings
from functools import cache
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

import numpy as np

from qhls.compile import DEFAULT_SCHEDULE
from qhls.plan import Schedule

if TYPE_CHECKING:
    from qhls.energy import Technology
    from qhls.energy.candidates import Candidates, LayerChoice, QuantizerLevels


def candidates(
    model: Any,
    input_types: Any = None,
    *,
    technology: str | PathLike[str] | Technology = "horowitz_45nm",
    area: str | PathLike[str] | None = None,
    schedule: Schedule = DEFAULT_SCHEDULE,
) -> Candidates:
    """Return an object that prices variants of ``model``: ``candidates(...).energy({layer: make_choice(...)})``.

    The model need not be trained. ``model``, ``input_types``, ``schedule``: as for ``compile``. ``technology``: as for
    ``compare``. ``area``: the name or .json file of an area table, for ``costs``. Layers without a choice keep the
    weights and types of the model.

    Decisions of the plan (folds, tokens of streams and depths of their FIFOs) stay those of ``model``.
    """
    from qhls.compile import compile as compile_model
    from qhls.design import Design
    from qhls.energy import Technology, load_area_table, load_technology
    from qhls.energy.candidates import Candidates
    from qhls.plan import plan_design

    prices = (
        technology if isinstance(technology, Technology) else load_technology(fspath(technology))
    )
    design = (
        model if isinstance(model, Design) else compile_model(model, input_types, schedule=schedule)
    )
    table = None if area is None else load_area_table(fspath(area))
    return Candidates(plan_design(design.graph, design.schedule), prices, table)


def read_choices(model: Any) -> dict[str, LayerChoice]:
    """Return, by layer, the numbers that the quantizers of a Keras ``model`` can output, whatever its weights are.

    Layers within nested models and wrappers are named as their ops are. Functions that are not quantizers, and
    quantizers without a grid, are left out, and with a warning layers within user-defined layers.
    """
    from qhls.energy.candidates import LayerChoice
    from qhls.frontend.models.walk import split_inaccessible, walk_layers

    choices: dict[str, LayerChoice] = {}
    accessible, others = split_inaccessible(walk_layers(model))
    if others:
        warnings.warn(
            f"candidates: layers inside other layers keep their weights: {', '.join(others)}. Make them layers of "
            f"the model, or of a nested model.",
            stacklevel=2,
        )
    for name, layer in accessible.items():
        quantizers = {n: q for n, q in _find_quantizers(layer).items() if _has_grid(q)}
        bias = quantizers.pop("bias", None)
        # A layer with a cell or inner activations rounds several tensors: no single one is its result.
        inner = hasattr(layer, "cell") or getattr(layer, "inner_activations", ())
        activation = getattr(
            layer, "quantizer", None if inner else getattr(layer, "activation", None)
        )
        layer_choice = LayerChoice(
            tuple((name, list_levels(quantizer)) for name, quantizer in quantizers.items()) or None,
            None if bias is None else list_levels(bias),
            _read_activation(activation) if _has_grid(activation) else None,
        )
        if layer_choice != LayerChoice():
            choices[name] = layer_choice
    return choices


def _find_quantizers(layer: Any) -> dict[str, Any]:
    """Return the quantizers of the variables of a layer or its cell, or those that both its directions share."""
    if hasattr(layer, "forward_layer"):
        forward, backward = map(_find_quantizers, (layer.forward_layer, layer.backward_layer))
        return {n: q for n, q in forward.items() if str(q) == str(backward.get(n))}
    variables = getattr(getattr(layer, "cell", layer), "get_quantized_weights", dict)()
    return {name: quantizer for name, (quantizer, _) in variables.items()}


def _has_grid(quantizer: Any) -> bool:
    """Return whether the outputs of ``quantizer`` are integer codes times a step size."""
    return getattr(quantizer, "number_type", "float") != "float"


def make_choice(kernel: Any = None, bias: Any = None, activation: Any = None) -> LayerChoice:
    """Return a choice of quantizers (objects or strings) for a layer: ``make_choice("quantized_bits(4,0,alpha=1)")``.

    A scale fitted to data is left out: it moves the binary point. Raises ``QuantizerError`` for a string that names no
    quantizer.
    """
    from qhls.energy.candidates import LayerChoice

    return LayerChoice(
        None if kernel is None else list_levels(kernel),
        None if bias is None else list_levels(bias),
        None if activation is None else _read_activation(activation),
    )


def list_levels(quantizer: Any) -> QuantizerLevels:
    """Return the numbers that ``quantizer`` (an object or a string) can output."""
    if isinstance(quantizer, str):
        return _parse_levels(quantizer)
    return _list_numbers(quantizer)


@cache
def _parse_levels(text: str) -> QuantizerLevels:
    return _list_numbers(_parse_quantizer(text))


@cache
def _parse_quantizer(text: str) -> Any:
    from qhls.quantizers import get_quantizer

    return get_quantizer(text)


def _read_activation(quantizer: Any) -> Any:
    if isinstance(quantizer, str):
        return _parse_activation(quantizer)
    assignment = quantizer.quantization
    return _list_numbers(quantizer) if assignment is None else assignment.to


@cache
def _parse_activation(text: str) -> Any:
    return _read_activation(_parse_quantizer(text))


def _list_numbers(quantizer: Any) -> QuantizerLevels:
    """Return all numbers of the quantizer's type or, without a type, its outputs for samples without a fitted scale."""
    from qhls.energy.candidates import QuantizerLevels
    from qhls.ir.integers import find_dyadic

    assignment = quantizer.quantization
    if assignment is not None:
        return QuantizerLevels(tuple(range(assignment.lo, assignment.hi + 1)), assignment.to.frac)
    samples = np.concatenate([np.exp2(np.arange(-24.0, 17)), np.linspace(0, 8, 4097)])
    codes, scale = quantizer.compute_integer_codes(
        np.concatenate([-samples, samples]).astype(np.float32)
    )
    is_fitted = isinstance(getattr(quantizer, "alpha", None), str)
    values = codes if is_fitted else codes * scale
    whole, frac = find_dyadic(np.unique(values))
    return QuantizerLevels(tuple(int(code) for code in whole), frac)
