"""Shared parts of the lowering rules of layers with weights: weight constants, the linear op, bias and activation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from qhls.errors import LoweringError, QuantizerError
from qhls.frontend.layers.qlayer import QLayer
from qhls.frontend.lowering.arithmetic import find_arithmetic
from qhls.frontend.lowering.lower import activate
from qhls.frontend.lowering.reals import Reals, Tensor, apply_real
from qhls.frontend.lowering.refusal import RealWeightsError, describe_layer, explain_refusal
from qhls.ir import Add, Const, Op
from qhls.ir.integers import Array
from qhls.quantizers import Quantizer
from qhls.quantizers.base import is_noiseless
from qhls.quantizers.keras_types import KerasLayer, KerasTensor, ops
from qhls.quantizers.numerics import find_trained_type, skip_gradients

Arrange = Callable[[Array], Array]


def make_weight(layer: KerasLayer, variable: str, arrange: Arrange = np.asarray) -> Const:
    """Return the quantised ``variable`` of ``layer`` as an exact constant, with its axes rearranged by ``arrange``.

    Raises:
        LoweringError: no quantizer, or a scale that is not a power of two.
    """
    codes, scale, odd = _find_codes(layer, variable)
    if odd is not None:
        raise odd
    return Const.of(arrange(codes * scale), variable)


def lower_linear(
    layer: KerasLayer,
    variable: str,
    make: Callable[[Const], Op],
    arrange: Arrange = np.asarray,
    mask: Any = 1,
) -> Tensor:
    """Return the linear op that ``make`` builds from the quantised ``variable``, or from its integer codes if its
    scales are real.

    ``arrange`` moves the elements of the variable until its last axis is that of ``make``'s channels.
    Real scales, one per channel, then multiply the exact sums, as reals. ``mask`` multiplies the weights.

    Raises:
        LoweringError: no quantizer; real scales that differ within a channel.
    """
    codes, scale, odd = _find_codes(layer, variable)
    if odd is None:
        return make(Const.of(arrange(codes * scale * mask), variable))
    used, scales = arrange(codes * mask), arrange(np.broadcast_to(scale, codes.shape))
    rows = np.where(used == 0, 0, scales).reshape(-1, used.shape[-1])
    factors = rows[np.abs(rows).argmax(axis=0), np.arange(rows.shape[1])]
    if ((rows != factors) & (rows != 0)).any():
        raise LoweringError(f"{odd} Its scales differ within a channel of the result.")
    running = find_arithmetic()
    if running is not None:
        running.rounds.append(layer.name)  # Keras multiplies first, then sums rounded products

    def scale_weights(v: KerasTensor) -> KerasTensor:
        return v * ops.convert_to_tensor(factors, v.dtype)

    return Reals(make(Const.of(used, variable)), scale_weights, monotone=True, refusal=odd)


def _find_codes(layer: Any, variable: str) -> tuple[Array, Array, LoweringError | None]:
    """Return the integer codes of a variable, their scale, and an error if some scale is not a power of two, else
    ``None``.
    """
    quantizer, values = layer.get_quantized_weights()[variable]
    if not isinstance(quantizer, Quantizer):
        raise _explain_unquantised(layer, variable)
    running = find_arithmetic()
    if running is not None:
        values = values.astype(find_trained_type(running.dtype))
    try:
        codes, scale = quantizer.compute_integer_codes(values)
    except QuantizerError as error:
        raise LoweringError(f"{describe_layer(layer)}, {variable}: {error}") from error
    used = np.broadcast_to(scale, codes.shape)[codes != 0]
    odd = used[np.frexp(used)[0] != 0.5]
    if not odd.size:
        return *_find_computed(layer, quantizer, values, codes, scale), None
    return (
        codes,
        scale,
        explain_refusal(
            layer,
            f"weights of {variable!r} that are integers times powers of two",
            f"the scale {odd[0]:g} from {quantizer}",
            "Use alpha='auto_po2', or a power of two such as alpha=1, or quantise the layer's result "
            "by an activation of at most 12 bits.",
        ),
    )


def _find_computed(
    layer: Any, quantizer: Quantizer, values: Array, codes: Array, scale: Array
) -> tuple[Array, Array]:
    """Return ``codes`` and ``scale``; if Keras' weights differ because ``x + (q - x)`` is rounded, return these weights
    and the scale 1.

    This happens for a weight far beyond a grid of so many bits that the sum has no place for the last of them.
    """
    running = find_arithmetic()
    if running is None or running.plain or not is_noiseless(quantizer):
        return codes, scale
    computed = np.asarray(ops.convert_to_numpy(quantizer(values)), np.float64)
    if (computed == codes * scale).all():
        return codes, scale
    running.uneven.append(layer.name)
    return computed, np.ones((), np.float64)


def _explain_unquantised(layer: Any, variable: str) -> LoweringError:
    argument = layer.name_argument(variable, "quantizer")
    advice = f"Add e.g. {argument}='quantized_bits(8,0,alpha=1)'."
    actual = "none, so its weights are real numbers"
    return RealWeightsError(
        str(explain_refusal(layer, f"a quantizer for {variable!r}", actual, advice))
    )


def add_bias(layer: QLayer, x: Tensor) -> Tensor:
    """Return ``x`` plus the layer's bias, or ``x`` if it has none; a folded normalisation always yields a bias."""
    if layer.get_unquantized("bias") is None:
        return x
    quantised = isinstance(layer.get_quantized_weights()["bias"][0], Quantizer)
    if isinstance(x, Op) and quantised:
        _, _, odd = _find_codes(layer, "bias")
        if odd is None:
            return Add(x, make_weight(layer, "bias"))
    else:
        odd = _explain_unquantised(layer, "bias")
    with skip_gradients():
        bias = layer.quantize_variable("bias")
    return apply_real(x, lambda v: v + ops.cast(bias, v.dtype), odd)


def finish(layer: QLayer, x: Tensor) -> Tensor:
    """Return ``activation(x + bias)``, which follows the linear op of every Q-layer."""
    return activate(layer, layer.activation, add_bias(layer, x))
