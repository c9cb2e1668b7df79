"""Multiplications of each family of layers: those counted from the Keras layer are those of its op in the plan."""

import math

import keras
import pytest

import qhls
from qhls import layers as q
from qhls.compat.products import count_positions, list_products
from qhls.compat.qkeras.analysis.operations import extract_model_operations
from qhls.compat.qtools.graph import list_nodes
from qhls.compat.qtools.rules.counts import count_operations
from qhls.energy.operations import count_bit_operations, sum_operations
from support.models.common import BITS

KERNEL = {"kernel_quantizer": BITS, "bias_quantizer": BITS}
DEPTHWISE = {"depthwise_quantizer": BITS, "bias_quantizer": BITS}
SEPARABLE = {**DEPTHWISE, "pointwise_quantizer": BITS}
TRANSPOSED = {"depthwise_kernel_quantizer": BITS, "bias_quantizer": BITS}
RECURRENT = {**KERNEL, "recurrent_quantizer": BITS, "state_quantizer": BITS}
GATED = {**RECURRENT, "recurrent_activation": "quantized_sigmoid(4)"}
IMAGE, STEPS = (6, 5, 4), (9, 4)

COUNTED = {
    "dense": (q.QDense(4, **KERNEL), (6,)),
    "dense of rows": (q.QDense(4, **KERNEL), STEPS),
    "einsum": (q.QEinsumDense("abc,cde->abde", (9, 3, 2), **KERNEL), STEPS),
    "einsum of groups": (q.QEinsumDense("...bc,bcd->...db", (3, 4), **KERNEL), (2, 4, 5)),
    "conv1d": (q.QConv1D(6, 3, strides=2, groups=2, **KERNEL), STEPS),
    "causal conv1d": (q.QConv1D(6, 3, padding="causal", dilation_rate=2, **KERNEL), STEPS),
    "conv2d": (q.QConv2D(6, (3, 2), (2, 1), "same", **KERNEL), IMAGE),
    "conv2d of groups": (q.QConv2D(6, (3, 2), groups=2, **KERNEL), IMAGE),
    "depthwise": (q.QDepthwiseConv2D((3, 2), depth_multiplier=2, **DEPTHWISE), IMAGE),
    "separable": (q.QSeparableConv2D(3, 3, padding="same", depth_multiplier=2, **SEPARABLE), IMAGE),
    "separable1d": (q.QSeparableConv1D(3, 3, 2, **SEPARABLE), STEPS),
    "folded": (q.QConv2DBatchnorm(5, 3, **KERNEL), IMAGE),
    "folded depthwise": (q.QDepthwiseConv2DBatchnorm(3, **DEPTHWISE), IMAGE),
    "folded dense": (q.QDenseBatchnorm(3, **KERNEL), (5,)),
    "distributed": (keras.layers.TimeDistributed(q.QDense(4, **KERNEL)), STEPS),
}
UNCOUNTED = {
    "rnn": (q.QSimpleRNN(3, BITS, **RECURRENT), STEPS),
    "lstm": (q.QLSTM(3, BITS, **GATED), STEPS),
    "gru": (q.QGRU(3, BITS, reset_after=True, **GATED), STEPS),
    "bidirectional": (q.QBidirectional(q.QSimpleRNN(3, BITS, **RECURRENT)), STEPS),
}
WITH_ZEROS = {
    "transpose": (q.QConv2DTranspose(3, (3, 2), 2, **KERNEL), IMAGE),
    "depthwise transpose": (q.QDepthwiseConv2DTranspose(4, 3, 2, 2, **TRANSPOSED), IMAGE),
    "separable transpose": (
        q.QSeparableConv2DTranspose(3, 3, 2, pointwise_kernel_quantizer=BITS, **TRANSPOSED),
        IMAGE,
    ),
}


@pytest.mark.parametrize("name", {**COUNTED, **UNCOUNTED, **WITH_ZEROS})
def test_the_multiplications_of_a_layer_are_those_of_its_ops(name):
    """``extract_model_operations`` leaves out some layers; an op multiplies by the zeros between a transposed input."""
    layer, shape = {**COUNTED, **UNCOUNTED, **WITH_ZEROS}[name]
    model = keras.Sequential([keras.Input(shape), layer])
    (node,) = list_nodes(model, compatible=False)
    made = node.output_shape[1:]
    products = list_products(node.layer, shape, made)
    counted = sum(each.count for each in products)
    assert count_operations(node, compatible=False) == counted
    operations = [each["number_of_operations"] for each in extract_model_operations(model).values()]
    assert operations == ([counted] if name in COUNTED else [])
    in_plan = sum_operations(count_bit_operations(qhls.compile(model, "s6.3").graph)).macs
    assert in_plan == sum(
        math.prod(each.shape) * count_positions(layer, made) if each.is_transposed else each.count
        for each in products
    )
    assert in_plan > counted if name in WITH_ZEROS else in_plan == counted
