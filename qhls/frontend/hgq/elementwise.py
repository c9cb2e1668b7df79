"""Translation of HGQ2's layers that quantise, merge, sum or pool tensors, and of its batch normalisation."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from qhls.frontend.hgq.linear import list_quantizers, quantize_weight
from qhls.frontend.hgq.parts import Layer, Ref, register_expansion
from qhls.frontend.layers.einsum import spell_axes
from qhls.frontend.layers.scale_shift import QChannelScaleShift
from qhls.quantizers.keras_types import ops

_MERGES = {
    "QAdd": keras.layers.Add,
    "QSubtract": keras.layers.Subtract,
    "QMultiply": keras.layers.Multiply,
    "QMaximum": keras.layers.Maximum,
    "QMinimum": keras.layers.Minimum,
    "QDot": keras.layers.Dot,
    "QAveragePow2": keras.layers.Add,
}
_POOLS = {
    **dict.fromkeys(
        (f"Q{kind}Pooling{rank}D" for kind in ("Max", "Average") for rank in (1, 2, 3)),
        ("pool_size", "strides", "padding", "data_format"),
    ),
    **dict.fromkeys(
        (f"QGlobal{kind}Pooling{rank}D" for kind in ("Max", "Average") for rank in (1, 2, 3)),
        ("data_format", "keepdims"),
    ),
}
"""Pooling layers of HGQ2, named as Keras' with the prefix Q, each with the arguments that it shares with Keras'."""


@register_expansion("Quantizer")
def _expand_quantizer(layer: Layer) -> None:
    grid = layer.read_quantizer("config", "")
    if layer.quantize("", Ref(0), grid) == Ref(0):
        layer.add("", keras.layers.Activation, [Ref(0)], {"activation": "linear"})


@register_expansion(*_MERGES)
def _expand_merge(layer: Layer) -> None:
    names = ("axes", "normalize") if layer.kind == "QDot" else ()
    settings = {name: layer.read(name) for name in names}
    xs = layer.quantize_inputs(len(layer.shapes))
    merged = layer.add(
        "sum" if layer.kind == "QAveragePow2" else "", _MERGES[layer.kind], [xs], settings
    )
    if layer.kind == "QAveragePow2":
        merged = layer.add_operation("", "Multiply", merged, round_power(1.0 / len(xs)))
    layer.quantize_output(merged)


def round_power(number: float) -> float:
    """Return the power of two whose exponent is ``log2(number)`` rounded half to even, as in HGQ2."""
    return 2.0 ** round(math.log2(number))


@register_expansion("QSum", "QMeanPow2")
def _expand_sum(layer: Layer) -> None:
    axes, (shape,) = layer.read("axes"), layer.shapes
    axes = axes if isinstance(axes, list) else [axes]
    if layer.kind == "QSum":
        factor = layer.read("scale")
    else:
        factor = round_power(1.0 / math.prod(int(shape[axis]) for axis in axes))
    x = layer.quantize_input()
    summed = layer.add_operation(
        "" if factor == 1 else "sum", "Sum", x, axis=axes, keepdims=layer.read("keepdims")
    )
    if factor != 1:
        summed = layer.add_operation("", "Multiply", summed, float(factor))
    layer.quantize_output(summed)


@register_expansion(*_POOLS)
def _expand_pooling(layer: Layer) -> None:
    settings = {name: layer.read(name) for name in _POOLS[layer.kind]}
    x = layer.quantize_input()
    cls: Any = getattr(keras.layers, layer.kind.removeprefix("Q"))
    layer.quantize_output(layer.add("", cls, [x], settings))


@register_expansion("QBatchNormalization")
def _expand_batch_normalization(layer: Layer) -> None:
    """Add ``x * Q(s) + Q(beta - mean * s)``, where ``s = gamma / sqrt(variance + epsilon)``; without beta HGQ2 adds
    1.
    """
    (shape,), axis = layer.shapes, layer.read("axis")
    axis = axis[0] if isinstance(axis, list) else axis
    if axis % len(shape) != len(shape) - 1:
        raise layer.refuse("a normalisation of the last axis", f"axis={axis}", "Permute the axes.")
    has_weights = [bool(layer.read(name)) for name in ("scale", "center")]
    *trained, mean, variance = map(ops.convert_to_tensor, layer.read_weights(2 + sum(has_weights)))
    gamma, beta = (trained.pop(0) if has else 1 for has in has_weights)
    scale = gamma / ops.sqrt(variance + layer.read("epsilon"))
    weights = {
        "weight": quantize_weight(layer, "kernel", scale),
        "bias": quantize_weight(layer, "bias", beta - mean * scale),
    }
    settings = {"use_bias": True, **list_quantizers(layer, **weights)}
    arrays = [np.asarray(each) for each in weights.values()]
    layer.quantize_output(
        layer.add("", QChannelScaleShift, [layer.quantize_input()], settings, arrays)
    )


@register_expansion("QEinsum")
def _expand_einsum(layer: Layer) -> None:
    """Add an einsum of two tensors: their products, broadcast over all axes, and sums over the axes that the result
    lacks.
    """
    x, y, *more, out = spell_axes(layer.read("equation"), *map(len, layer.shapes))
    summed = "".join(a for a in x if a in y and a not in out)
    both = "".join(a for a in x[1:] if a in y and a in out)
    alone = ["".join(a for a in one if a not in other) for one, other in ((x, y), (y, x))]
    sound = not more and x[:1] == y[:1] == out[:1] != ""
    if not sound or sorted(out[1:]) != sorted("".join((both, *alone))):
        expected = (
            "two tensors, an equation that keeps the batch in front, and sums over axes of both"
        )
        raise layer.refuse(expected, layer.read("equation"), "Reshape the tensors, and use others.")
    sizes = {
        a: int(size) for axes, shape in zip((x, y), layer.shapes, strict=True)
        for a, size in zip(axes[1:], shape[1:], strict=True)
    }  # fmt: skip
    refs: list[Ref] = []
    for i, (ref, axes) in enumerate(zip(layer.quantize_inputs(2), (x, y), strict=True)):
        order = x[0] + both + alone[i] + summed
        moved = layer.add_operation(
            f"order_{i}", "Transpose", ref, axes=[axes.index(a) for a in order]
        )
        ones = [[sizes[a] for a in part] for part in alone]
        ones[1 - i] = [1] * len(ones[1 - i])
        dims = [sizes[a] for a in both] + ones[0] + ones[1] + [sizes[a] for a in summed]
        refs.append(layer.add_operation(f"axes_{i}", "Reshape", moved, newshape=[-1, *dims]))
    products = layer.add_operation("products", "Multiply", *refs)
    order = x[0] + both + alone[0] + alone[1]
    if summed:
        last = list(range(len(order), len(order) + len(summed)))
        products = layer.add_operation("sums", "Sum", products, axis=last, keepdims=False)
    layer.quantize_output(
        layer.add_operation("", "Transpose", products, axes=[order.index(a) for a in out])
    )
