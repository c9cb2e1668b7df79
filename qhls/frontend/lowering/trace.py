"""``trace``: translation of a Keras model to an IR graph. Only this file reads Keras' functional graph."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from qhls.errors import LoweringError
from qhls.frontend.layers.activation import QActivation
from qhls.frontend.layers.fixed_point import QFixedPoint
from qhls.frontend.lowering.arithmetic import Arithmetic, find_arithmetic, use_arithmetic
from qhls.frontend.lowering.choices import make_truth
from qhls.frontend.lowering.half import check_half, find_half_type, lower_in_half
from qhls.frontend.lowering.lower import LeftSoftmax, explain_refusal, leave_softmax_to_host, lower
from qhls.frontend.lowering.reals import (
    Joined,
    LayerResult,
    Reals,
    Tensor,
    require_exact,
    use_reader,
)
from qhls.frontend.models.precision import copy_in_precision, find_float_type, list_layers_of_type
from qhls.ir import Fixed, Input, Op, Threshold, enter_layer, verify
from qhls.model.graph import ModelGraph
from qhls.quantizers import Quantizer
from qhls.quantizers.keras_types import CallArguments, KerasGraph, KerasLayer, KerasNode
from qhls.quantizers.numerics import train_in_float32, use_precision
from qhls.system.limits import ELEMENT, check_size
from qhls.system.progress import report

InputType = Fixed | str | Quantizer
InputTypes = InputType | Sequence[InputType] | Mapping[str, InputType] | None
"""The types of a model's inputs: one for all, a list in their order, or a dictionary by their names."""


def trace(model: keras.Model, input_types: InputTypes = None) -> ModelGraph:
    """Lower ``model`` to a graph: its layers in order, each by its lowering rule.

    ``input_types`` gives the types of the inputs: one for all, a list in the inputs' order, or a dictionary by
    the inputs' names. A type is a ``Fixed``, a fixed-point quantizer, or a text such as ``"s16.10"``: signed, 16 bits,
    10 of them fraction bits. It may be omitted if the only reader of an input is a ``QActivation`` with a
    fixed-point type, or an ``Embedding``. The codes are then those of its type, or the indices of its rows. A softmax
    at the end is left to the host, and the graph's ``host_softmax`` names its layer.

    Raises:
        LoweringError: an input without type or with a dynamic shape; a layer, quantizer or call that has
            no exact meaning in integers; a model that is not built from layers.
        VerifyError: shapes that do not fit.
    """
    return settle_float32(model, input_types, trace_in_own_type(model, input_types))


def trace_in_own_type(model: keras.Model, input_types: InputTypes = None) -> ModelGraph:
    """Return the graph of ``model``, with Keras in the model's own float type as the reference.

    ``ModelGraph.rounded`` lists the layers in which that type may round.
    """
    dtype = find_float_type(model)
    if dtype == "float64":
        _refuse_other_types(model)
    with use_arithmetic(dtype) as running, use_precision(dtype):
        graph = _trace(model, input_types, running)
    if graph.reals and (running.uneven or dtype == "float64"):
        # All quantizers of the reference use the arithmetic of real numbers, even if the new trace has none.
        with use_arithmetic(dtype, plain=True) as running, use_precision(dtype):
            plain = _trace(model, input_types, running)
        return replace(plain, reals=plain.reals or graph.reals)
    return graph


def _refuse_other_types(model: keras.Model) -> None:
    """Refuse a model with float64 layers if it also has layers of another type, since all are compared in float64."""
    for layer in list_layers_of_type(model):
        if layer.compute_dtype != "float64":
            raise explain_refusal(
                layer,
                "float64, as in other layers of the model",
                layer.compute_dtype,
                "Give all layers the same dtype.",
            )


def settle_float32(model: keras.Model, input_types: InputTypes, graph: ModelGraph) -> ModelGraph:
    """Return ``graph`` or, if it was traced in float32 and rounding there may matter, a float64 trace of ``model``."""
    steps = any(isinstance(op, Threshold) for op, _ in graph.walk())
    if find_float_type(model) == "float64" or not (graph.rounded and (steps or graph.reals)):
        return graph
    # The steps are those of Keras' functions in float64, with which everything is compared.
    with (
        use_arithmetic("float64", plain=bool(graph.reals)) as float64,
        use_precision("float64"),
        train_in_float32(),
    ):
        again = _trace(copy_in_precision(model, "float64"), input_types, float64)
    return replace(again, rounded=graph.rounded, reals=again.reals or graph.reals)


def _trace(model: keras.Model, input_types: InputTypes, running: Arithmetic) -> ModelGraph:
    functional = find_functional(model, model)
    inputs = _make_inputs(model, functional, input_types)
    notes: list[LeftSoftmax] = []
    results = _run(functional, list(inputs), "", notes, final=True)
    with use_reader(model, results):
        outputs = [require_exact(None, x) for x in results]
    ends = _sort_ends(notes, outputs)
    graph = ModelGraph(
        inputs,
        tuple(outputs),
        model.name,
        host_softmax=tuple(end.layer for end in ends),
        softmax_axes=tuple(end.axes for end in ends),
        rounded=tuple(running.rounds),
    )
    reals = tuple(dict.fromkeys(running.reals))
    return verify(replace(graph, rounded=graph.inexact, reals=reals))


def _sort_ends(ends: list[LeftSoftmax], outputs: list[Op]) -> list[LeftSoftmax]:
    """Sort the softmaxes ``ends`` by the outputs that are their logits, since Keras calls layers in another order."""
    places = [next(i for i, op in enumerate(outputs) if op is end.logits) for end in ends]
    return [end for _, end in sorted(zip(places, ends, strict=True), key=lambda pair: pair[0])]


def list_inputs(model: keras.Model, input_types: InputTypes = None) -> tuple[Input, ...]:
    """Return the input ops of ``model``; ``input_types`` as in ``trace``. Raises ``LoweringError``."""
    return _make_inputs(model, find_functional(model, model), input_types)


# -- inputs -----------------------------------------------------------------------------------------


def _make_inputs(model: keras.Model, functional: KerasGraph, input_types: Any) -> tuple[Input, ...]:
    tensors = {tensor._keras_history.operation.name: tensor for tensor in functional.inputs}
    if input_types is None:
        input_types = _derive_types(functional)
    types = list_types(model, list(tensors), input_types)
    types = {name: _limit_to_keras(name, tensors[name], dtype) for name, dtype in types.items()}
    ends = {name: _count_rows_read(functional, tensor) for name, tensor in tensors.items()}
    return tuple(
        _make_input(name, tensor.shape[1:], types[name], ends[name])
        for name, tensor in tensors.items()
    )


def _list_readers(functional: KerasGraph, tensor: keras.KerasTensor) -> Iterator[Any]:
    """Yield the layers that read ``tensor``; a nested model is replaced by its own layers that read it."""
    for node in list_keras_nodes(functional):
        for place, read in enumerate(node.input_tensors):
            if read is tensor and isinstance(node.operation, keras.Model):
                nested = find_functional(node.operation, node.operation)
                yield from _list_readers(nested, nested.inputs[place])
            elif read is tensor:
                yield node.operation


def _count_rows_read(functional: KerasGraph, tensor: keras.KerasTensor) -> int | None:
    """Return the number of rows of the smallest ``Embedding`` that reads an input; None if no ``Embedding`` does."""
    readers = _list_readers(functional, tensor)
    rows = [reader.input_dim for reader in readers if isinstance(reader, keras.layers.Embedding)]
    return min(rows, default=None)


def _derive_types(functional: KerasGraph) -> list[Any] | None:
    """Return the type of each input, derived from its readers; None if an input has no such type.

    That is the type of the indices if an ``Embedding`` reads the input, else the type to which all readers quantise it.
    """
    derived: list[Fixed | None] = []
    for tensor in functional.inputs:
        readers = list(_list_readers(functional, tensor))
        indices = [r for r in readers if isinstance(r, keras.layers.Embedding)]
        types = {_find_quantised_type(layer) for layer in indices or readers}
        if len(types) != 1 or None in types:
            return None
        derived.extend(types)
    return derived


def _find_quantised_type(layer: KerasLayer) -> Fixed | None:
    if isinstance(layer, keras.layers.Embedding):
        return Fixed.from_range(0, layer.input_dim - 1, 0)
    if isinstance(layer, QFixedPoint):
        return layer.input_type
    quantizer = layer.quantizer if isinstance(layer, QActivation) else None
    assignment = quantizer.quantization if isinstance(quantizer, Quantizer) else None
    return assignment.to if assignment else None


def _make_input(name: str, shape: tuple[int | None, ...], dtype: Fixed, rows: int | None) -> Input:
    if None in shape:
        raise LoweringError(
            f"input {name!r}: expected a fixed shape, got (batch, "
            f"{', '.join(map(str, shape))}). Give keras.Input every dimension but the batch."
        )
    values = None
    if rows is not None and dtype.frac == 0:  # other numbers are no index of a row
        values = range(min(dtype.hi + 1, rows))
    return Input(tuple(shape), dtype, values, name=name, layer=name)  # type: ignore[arg-type]


def list_types(model: Any, names: list[str], input_types: Any) -> dict[str, Fixed]:
    """Return the types of the inputs ``names``, by name; ``input_types`` as in ``trace``. Raises ``LoweringError``."""
    if input_types is None:
        raise LoweringError(
            f"model {model.name!r}: expected the type of {_list_names(names)}, got none: inputs are "
            f"real numbers otherwise. Give input_types='s16.10', say (signed, 16 bits, 10 of them "
            f"fraction), or a quantizer. On the command line, add -i s16.10."
        )
    if isinstance(input_types, Mapping):
        if set(input_types) != set(names):
            raise LoweringError(
                f"model {model.name!r}: expected a type for each of {_list_names(names)}, got them "
                f"for {_list_names(list(input_types))}. Use the names of the model's inputs."
            )
        return {name: _parse_type(name, input_types[name]) for name in names}
    if not isinstance(input_types, list | tuple):
        input_types = [input_types] * len(names)
    if len(input_types) != len(names):
        raise LoweringError(
            f"model {model.name!r}: expected {len(names)} types, for {_list_names(names)}, got "
            f"{len(input_types)}. Give one per input, in this order."
        )
    return {name: _parse_type(name, each) for name, each in zip(names, input_types, strict=True)}


def _limit_to_keras(name: str, tensor: keras.KerasTensor, dtype: Fixed) -> Fixed:
    """Return ``dtype``, or one unsigned bit for an input that is bool in Keras; refuse fractions for integers."""
    held = keras.backend.standardize_dtype(tensor.dtype)
    if held == "bool":
        return Fixed(False, 1, 0)
    if "int" in held and dtype.frac > 0:
        raise LoweringError(
            f"input {name!r}: expected whole numbers, because Keras has them as {held}, got {dtype}. Give a type "
            f"without fraction bits, such as 'u8.0', or make the input one of float32."
        )
    return dtype


def _parse_type(name: str, input_type: object) -> Fixed:
    if isinstance(input_type, Fixed):
        return input_type
    if isinstance(input_type, Quantizer) and input_type.quantization is not None:
        return input_type.quantization.to
    if isinstance(input_type, str):
        with suppress(ValueError):
            return Fixed.parse(input_type)
    raise LoweringError(
        f"input {name!r}: expected a fixed-point type: a Fixed, a text such as 's16.10' (signed, 16 "
        f"bits, 10 of them fraction) or a quantizer with one, got {input_type!r}. Pass one of these."
    )


def _list_names(names: list[str]) -> str:
    return ", ".join(map(repr, names))


# -- the graph of layers ----------------------------------------------------------------------------


def find_functional(model: keras.Model, layer: KerasLayer) -> KerasGraph:
    """Return the functional Keras model that contains the graph of layers of ``model``."""
    if not isinstance(model, keras.Model):
        raise LoweringError(
            f"model: expected a Keras model, got {type(model).__name__}. Give a Sequential or Functional "
            f"keras.Model, or the path of a saved one to compile."
        )
    functional = model._functional if isinstance(model, keras.Sequential) else model
    if hasattr(functional, "_nodes_by_depth"):
        return functional
    if isinstance(model, keras.Sequential):
        raise explain_refusal(
            layer, "a model with a known input shape", "one not built", "Add keras.Input(shape)."
        )
    raise explain_refusal(
        layer,
        "a Sequential or Functional model",
        "a model whose call is a Python function",
        "Rebuild it with the functional API.",
    )


def list_output_names(model: keras.Model) -> list[str]:
    """Return the names of the layers whose results are the outputs of ``model``."""
    return [t._keras_history.operation.name for t in find_functional(model, model).outputs]


def list_keras_nodes(functional: KerasGraph) -> list[Any]:
    """Return Keras' nodes, each of which is a call of a layer, in topological order.

    A node's ``operation`` is the layer. ``input_tensors`` and ``outputs`` are symbolic tensors: the node that computes
    a tensor and the nodes that read it refer to the same object.
    """
    depths = sorted(functional._nodes_by_depth, reverse=True)
    return [n for depth in depths for n in functional._nodes_by_depth[depth] if not n.is_input]


def _run(
    functional: KerasGraph, inputs: list[Tensor], path: str, notes: list[LeftSoftmax], final: bool
) -> list[Tensor]:
    """Lower all calls of layers in ``functional`` on ``inputs`` and return the outputs of this graph of layers.

    ``path`` precedes the names of layers. ``final``: whether nothing reads the outputs.
    """
    values = {id(t): op for t, op in zip(functional.inputs, inputs, strict=True)}
    nodes = list_keras_nodes(functional)
    for node in nodes:
        _refuse_mask(node)
    read = {id(t) for node in nodes for t in node.input_tensors}
    for number, node in enumerate(nodes, 1):
        report(f"trace layer {path}{node.operation.name} ({number} of {len(nodes)})")
        last = final and not any(id(t) in read for t in node.outputs)
        ops = _call(node, [values[id(t)] for t in node.input_tensors], path, notes, last)
        values.update({id(t): op for t, op in zip(node.outputs, ops, strict=True)})
    return [values[id(t)] for t in functional.outputs]


def _call(
    node: KerasNode, inputs: list[Tensor], path: str, notes: list[LeftSoftmax], last: bool
) -> list[Tensor]:
    """Lower one call of a layer by the layer's rule, or all layers of a nested model."""
    layer = node.operation
    if isinstance(layer, keras.Model):
        nested = find_functional(layer, layer)
        _refuse_options(layer, node.arguments)
        return _run(nested, inputs, f"{path}{layer.name}/", notes, last)
    rule = lower.find_rule(layer)
    for tensor in node.outputs:
        size = math.prod(n for n in tensor.shape[1:] if n is not None)
        check_size(size, f"layer {path}{layer.name}", "an output", LoweringError, ELEMENT)
    args, kwargs = inputs, {}
    if isinstance(layer, keras.layers.Layer):
        _refuse_options(layer, node.arguments)
        args = _drop_mask(node, inputs)
        kwargs = _find_mask(node, inputs)
    else:
        args, kwargs = _list_operands(node, inputs)
    name, running = f"{path}{layer.name}", find_arithmetic()
    rounded = len(running.rounds) if running else 0
    with (
        lower_in_half(layer, find_half_type(node)),
        enter_layer(name),
        leave_softmax_to_host(last) as left,
        use_reader(node, inputs, path),
    ):
        ops = rule(layer, *args, **kwargs)
        ops = list(ops) if isinstance(ops, tuple) else [ops]
        check_half(inputs, ops, running is not None and len(running.rounds) > rounded)
    if any(all(end.logits is not op for op in ops) for end in left):
        raise explain_refusal(
            layer,
            "a softmax at the end of the layer only, where the host computes it",
            "one whose result the layer reads",
            "Give it another activation there.",
        )
    notes += [replace(end, layer=f"{path}{end.layer}") for end in left]
    _check_shapes(layer, node, ops)
    _check_integers(layer, node, ops)
    if running is not None and not all(isinstance(op, Op) for op in ops):
        running.reals.append(name)
    return [op if isinstance(op, Op) else _name_chain(op, name, layer, inputs) for op in ops]


def _name_chain(
    chain: Reals | Joined, name: str, layer: KerasLayer, inputs: list[Tensor]
) -> Tensor:
    """Return the real numbers ``chain`` named after ``layer``; functions of one of ``inputs`` also start there."""
    if isinstance(chain, Joined):
        return replace(chain, layer=name)
    begins = any(chain.x is x for x in inputs)
    named = replace(chain, layer=name, start=None if begins else chain.start)
    return replace(named, start=(layer, named)) if begins else named


def _list_operands(node: KerasNode, inputs: list[Tensor]) -> tuple[Any, Any]:
    """Return the arguments of an operation such as ``a + 2``, with its Keras tensors replaced by ``inputs``."""
    by_tensor = {id(t): op for t, op in zip(node.input_tensors, inputs, strict=True)}
    arguments = (node.arguments.args, node.arguments.kwargs)
    operands: Any = keras.tree.map_structure(
        lambda value: by_tensor.get(id(value), value), arguments
    )
    return operands


def _refuse_mask(node: KerasNode) -> None:
    """Refuse a call with a mask, unless its rule takes masks or its layer is a batch normalisation.

    Masks come from ``Embedding(mask_zero=True)``, ``Masking`` or the caller.
    """
    mask = node.arguments.kwargs.get("mask")
    ignored = isinstance(node.operation, keras.layers.BatchNormalization)
    if mask is not None and not ignored and not lower.supports_mask(node.operation):
        softmax = isinstance(node.operation, keras.layers.Softmax)
        advice = (
            "keras.ops.where(mask, x, -128.0)" if softmax else "x * keras.ops.cast(mask, x.dtype)"
        )
        raise explain_refusal(
            node.operation,
            "a call without a mask: a mask makes the number of elements depend on data",
            f"mask={mask.name!r}",
            f"Compute what it reads of the mask, such as {advice}, and give no mask.",
        )


def _drop_mask(node: KerasNode, inputs: list[Tensor]) -> list[Tensor]:
    """Return ``inputs`` without the mask, which a rule takes by keyword or not at all."""
    mask = node.arguments.kwargs.get("mask")
    pairs = zip(node.input_tensors, inputs, strict=True)
    return [op for tensor, op in pairs if tensor is not mask]


def _find_mask(node: KerasNode, inputs: list[Tensor]) -> dict[str, Op]:
    """Return the mask of a call as a keyword argument of its rule; empty without a mask or if the rule takes none."""
    mask = node.arguments.kwargs.get("mask")
    if mask is None or not lower.supports_mask(node.operation):
        return {}
    ops = {id(t): op for t, op in zip(node.input_tensors, inputs, strict=True)}
    return {"mask": make_truth(require_exact(node.operation, ops[id(mask)]))}


def run_model(model: keras.Model, inputs: list[Tensor], path: str) -> LayerResult:
    """Lower the nested ``model`` on ``inputs`` and return its outputs; ``path`` precedes the names of its layers."""
    results = _run(find_functional(model, model), inputs, path, [], final=False)
    return results[0] if len(results) == 1 else tuple(results)


def _refuse_options(layer: Any, arguments: CallArguments) -> None:
    """Refuse arguments of a call that are not tensors, since they change its meaning and a rule does not see them."""
    kwargs = dict(arguments.kwargs)
    training = inspect.signature(layer.call).parameters.get("training")
    if training is not None and kwargs.get("training") is training.default:
        kwargs.pop("training", None)  # the model's own replaces it
    options = [x for x in keras.tree.flatten((arguments.args[1:], kwargs)) if x is not None]
    options = [x for x in options if not isinstance(x, keras.KerasTensor) and x is not False]
    if options:
        raise explain_refusal(
            layer,
            "a call with tensors only",
            f"one with {', '.join(map(repr, options))}",
            "Call the layer in inference mode, without options.",
        )


def _check_integers(layer: KerasLayer, node: KerasNode, ops: list[Tensor]) -> None:
    """Refuse results beyond the integer or bool type that they have in Keras, which then computes other numbers."""
    for op, tensor in zip(ops, node.outputs, strict=True):
        dtype = keras.backend.standardize_dtype(tensor.dtype)
        if "float" in dtype or not isinstance(op, Op):
            continue
        ends = (0, 1) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        lo, hi = (math.ldexp(end, -op.type.frac) for end in op.range.hull)
        if op.type.frac > 0 or lo < ends[0] or hi > ends[1]:
            raise explain_refusal(
                layer,
                f"results that {dtype} holds",
                f"numbers of {op.type} from {lo:g} to {hi:g}",
                "Cast to float32 before it.",
            )


def _check_shapes(layer: KerasLayer, node: KerasNode, ops: list[Tensor]) -> None:
    shapes = [op.shape for op in ops]
    expected = [tuple(t.shape[1:]) for t in node.outputs]
    if shapes != expected:
        raise explain_refusal(
            layer,
            f"a rule whose outputs have the shapes {expected}, as in Keras",
            str(shapes),
            "Correct the rule.",
        )
