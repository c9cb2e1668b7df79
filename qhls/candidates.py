"""``qhls.candidates``: what other quantizers in a model's layers would cost, before any training."""

from __future__ import annotations

from functools import cache
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

import numpy as np

from qhls.compile import DEFAULT_SCHEDULE
from qhls.ir import Schedule

if TYPE_CHECKING:
    from qhls.energy import Technology
    from qhls.energy.candidates import Candidates, Choice, Levels


def candidates(
    model: Any,
    input_types: Any = None,
    *,
    technology: str | PathLike[str] | Technology = "horowitz_45nm",
    area: str | PathLike[str] | None = None,
    schedule: Schedule = DEFAULT_SCHEDULE,
) -> Candidates:
    """Costs of variants of ``model``, which need not be trained: ``candidates(...).energy({layer: choice(...)})``.

    ``model``, ``input_types``, ``schedule``: as ``compile`` takes them; ``technology`` as ``compare`` does. ``area``: a
    table's name or .json file, for ``costs``. Layers without a choice keep the model's own weights and types.
    """
    from qhls.compile import compile as compile_model
    from qhls.design import Design
    from qhls.energy import Technology, load_area_table, load_technology
    from qhls.energy.candidates import Candidates

    prices = (
        technology if isinstance(technology, Technology) else load_technology(fspath(technology))
    )
    design = (
        model if isinstance(model, Design) else compile_model(model, input_types, schedule=schedule)
    )
    table = None if area is None else load_area_table(fspath(area))
    return Candidates(design.graph, design.schedule, prices, table)


def own_choices(model: Any) -> dict[str, Choice]:
    """The quantizers that the layers of a Keras ``model`` have, by layer: costs without regard to its weights.

    What is no quantizer, or one whose numbers lie on no grid, is left as the graph has it.
    """
    from qhls.energy.candidates import Choice

    found: dict[str, Choice] = {}
    for layer in model.layers:
        variables = getattr(layer, "quantized_weights", dict)()
        own = {
            name: quantizer for name, (quantizer, _) in variables.items() if _on_a_grid(quantizer)
        }
        bias = own.pop("bias", None)
        # A layer with a cell or activations inside rounds several things: then none of them is the layer's own.
        inner = hasattr(layer, "cell") or getattr(layer, "inner_activations", ())
        activation = getattr(
            layer, "quantizer", None if inner else getattr(layer, "activation", None)
        )
        chosen = Choice(
            tuple((name, levels(quantizer)) for name, quantizer in own.items()) or None,
            None if bias is None else levels(bias),
            _activation(activation) if _on_a_grid(activation) else None,
        )
        if chosen != Choice():
            found[layer.name] = chosen
    return found


def _on_a_grid(quantizer: Any) -> bool:
    """Whether it is a quantizer whose numbers are codes times a step."""
    return getattr(quantizer, "number_type", "float") != "float"


def choice(kernel: Any = None, bias: Any = None, activation: Any = None) -> Choice:
    """A layer's numbers from quantizers, as objects or strings: ``choice("quantized_bits(4,0,alpha=1)")``.

    A scale that follows the data is left out: it moves the point. Raises ``QuantizerError`` for a string that is none.
    """
    from qhls.energy.candidates import Choice

    return Choice(
        None if kernel is None else levels(kernel),
        None if bias is None else levels(bias),
        None if activation is None else _activation(activation),
    )


def levels(quantizer: Any) -> Levels:
    """The numbers that ``quantizer`` (an object or a string) can give."""
    if isinstance(quantizer, str):
        return _levels_of_text(quantizer)
    return _levels(quantizer)


@cache
def _levels_of_text(text: str) -> Levels:
    return _levels(_parsed(text))


@cache
def _parsed(text: str) -> Any:
    from qhls.quantizers import get_quantizer

    return get_quantizer(text)


def _activation(quantizer: Any) -> Any:
    if isinstance(quantizer, str):
        return _activation_of_text(quantizer)
    assignment = quantizer.quantization
    return _levels(quantizer) if assignment is None else assignment.to


@cache
def _activation_of_text(text: str) -> Any:
    return _activation(_parsed(text))


def _levels(quantizer: Any) -> Levels:
    """From the type where the quantizer is one, else by trying numbers of all sizes."""
    from qhls.energy.candidates import Levels
    from qhls.ir.integers import dyadic

    assignment = quantizer.quantization
    if assignment is not None:
        return Levels(tuple(range(assignment.lo, assignment.hi + 1)), assignment.to.frac)
    sizes = np.concatenate([np.exp2(np.arange(-24.0, 17)), np.linspace(0, 8, 4097)])
    codes, scale = quantizer.integer_codes(np.concatenate([-sizes, sizes]).astype(np.float32))
    follows = isinstance(getattr(quantizer, "alpha", None), str)
    values = codes if follows else codes * scale
    whole, frac = dyadic(np.unique(values))
    return Levels(tuple(int(code) for code in whole), frac)
