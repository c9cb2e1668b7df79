"""Lowering rules of products with weights: MatMul, Gemm, Conv."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from qhls.ir import Codes, Const, Conv, Matmul, Op, Pad, Reshape
from qhls.onnx.load.model import OnnxNode
from qhls.onnx.load.rules.elementwise import add_constant, multiply_constant
from qhls.onnx.load.rules.windows import IMAGE, find_pads, to_image
from qhls.onnx.load.tracer import RealConstantError, Tracer, register_rule
from qhls.onnx.load.values import Constant, Value, count_magnitude_bits
from qhls.onnx.quantization import Numbers

WEIGHT_BITS = 16
"""Largest width in bits of weights that count as quantised without a Quant."""


def _read_weights(
    tracer: Tracer, node: OnnxNode, weights: Constant, axis: int
) -> tuple[Const, Numbers]:
    """Return the weights as a fixed-point constant, and the real scale of each output, or a single common scale.

    The scale is 1 for weights that are exact. ``axis``: that of the outputs.
    """
    values = weights.values.astype(np.float64)
    if count_magnitude_bits(values) <= WEIGHT_BITS:
        return Const.of(values, "weights"), np.ones(1)
    integers, scale = weights.integers, weights.scale
    if integers is None or scale is None:
        raise RealConstantError(
            f"{node}: expected weights behind a Quant, got real ones. Quantise them, or compile with "
            f"allow_approximate=True, which rounds them.",
            node.inputs[1],
            weights.values,
        )
    moved = np.moveaxis(scale, axis, 0).reshape(scale.shape[axis], -1)
    if (moved != moved[:, :1]).any():
        raise node.refuse(
            "one scale per tensor or output", "several per output", "Use such scales."
        )
    rows = moved[:, 0]
    codes = Const(Codes(integers.astype(np.int64)), 0, name="weights")
    return codes, rows[:1] if (rows == rows[0]).all() else rows


def _scale_outputs(
    tracer: Tracer, node: OnnxNode, product: Value, scales: Numbers, axis: int
) -> Value:
    """Return ``product`` times the scales of its outputs along ``axis``."""
    if (scales != 1).any():
        tracer.rounds.append(node.name)
    if len(scales) == 1:
        return product if scales[0] == 1 else product.scale(Fraction(float(scales[0])))
    shape = (-1, *(1,) * (len(product.order) - axis - 1))
    return multiply_constant(tracer, node, product, scales.reshape(shape))


@register_rule("MatMul")
def lower_matmul(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower a product of an activation with a matrix of weights."""
    value, weights = tracer.read_exact(node).with_order(), tracer.read_constant(node, 1)
    assert weights is not None
    return _multiply(tracer, node, value, weights)


def _multiply(tracer: Tracer, node: OnnxNode, value: Value, weights: Constant) -> Value:
    if weights.values.ndim != 2:
        raise node.refuse("a matrix of weights", f"the shape {weights.values.shape}", "Reshape it.")
    matrix, scales = _read_weights(tracer, node, weights, 1)
    tracer.note_sum(node, value)
    assert isinstance(value.x, Op)
    product = Value(Matmul(value.x, matrix), value.order, value.factor)
    return _scale_outputs(tracer, node, product, scales, len(product.order) - 1)


@register_rule("Gemm")
def lower_gemm(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower ``alpha * x @ w + beta * b``."""
    value, weights = tracer.read_exact(node).with_order(), tracer.read_constant(node, 1)
    assert weights is not None
    if node.attributes.get("transA", 0):
        raise node.refuse("samples as rows", "transA=1", "Export it without.")
    if node.attributes.get("transB", 0):
        weights = weights.move(np.transpose)
    alpha, beta = (float(node.attributes.get(name, 1.0)) for name in ("alpha", "beta"))
    if alpha == 0:
        raise node.refuse("an alpha other than 0", "0", "Mend the node.")
    product = _multiply(tracer, node, value, weights)
    product = product if alpha == 1 else product.scale(Fraction(alpha))
    bias = tracer.read_constant(node, 2)
    if bias is None or beta == 0:
        return product
    bias = bias if beta == 1 else Constant(bias.values * beta)
    return add_constant(tracer, node, product, bias)


@register_rule("Conv")
def lower_conv(tracer: Tracer, node: OnnxNode) -> Value:
    """Lower a convolution over one or two axes."""
    value, weights = tracer.read_exact(node), tracer.read_constant(node, 1)
    assert weights is not None
    tracer.check_rank(node, value, 2, 3)
    flat = len(value.order) == 2
    kernel = weights.move(lambda w: w[:, :, None]) if flat and weights.values.ndim == 3 else weights
    if kernel.values.ndim != 4:
        raise node.refuse("weights of 3 or 4 axes", f"{weights.values.shape}", "Export it again.")
    tracer.note_sum(node, value)
    image = to_image(value)
    assert isinstance(image.x, Op)
    size = (kernel.values.shape[2], kernel.values.shape[3])
    window = find_pads(node, image.x.shape, size)
    window.refuse_ceiling(node)
    own, scales = _read_weights(tracer, node, kernel, 0)
    turned = replace(own, codes=Codes(np.transpose(own.codes.to_integers(), (2, 3, 1, 0))))
    x: Op = image.x
    if any(any(pair) for pair in window.pads):
        x = Pad(x, (*window.pads, (0, 0)))
    product: Op = Conv(
        x, turned, window.strides, window.dilation, int(node.attributes.get("group", 1))
    )
    order = IMAGE
    if flat:
        product, order = Reshape(product, product.shape[1:]), (1, 0)
    result = _scale_outputs(tracer, node, Value(product, order, value.factor), scales, 0)
    bias = tracer.read_constant(node, 2)
    if bias is None:
        return result
    spread = bias.move(lambda b: b.reshape(-1, *(1,) * (len(result.order) - 1)))
    return add_constant(tracer, node, result, spread)
