"""Each argument of each Q-layer: used as in Keras, refused, or of no effect at inference."""

import functools
import inspect

import keras
import numpy as np
import pytest

import qhls
import qhls.layers as Q
from qhls.frontend.lowering.lower import lower
from qhls.frontend.models.state import settle

BITS, WIDE = "quantized_bits(4,1,alpha=1)", "quantized_bits(8,3,alpha=1)"
OTHER, RELU = "quantized_bits(2,1,alpha=1)", "quantized_relu(4,1)"
IMAGE, STEPS = (4, 5, 2), (5, 2)
ENDS = ("_initializer", "_regularizer", "_constraint", "_range")
INERT = {
    "momentum",
    "seed",
    "weights",
    "dropout",
    "recurrent_dropout",
    "ema_freeze_delay",
    "implementation",
}
INERT |= {"unit_forget_bias", "stateful", "current_step", "quantization_delay", "ema_decay"}
"""Of no effect on numbers without training, or on how Keras computes only."""
KERNEL = {"kernel_quantizer": BITS, "bias_quantizer": BITS}
KERNEL_CHANGES = {"kernel_quantizer": OTHER, "bias_quantizer": OTHER}
KERNEL_CHANGES |= {"use_bias": False, "activation": RELU}
DEPTHWISE = {"depthwise_quantizer": BITS, "bias_quantizer": BITS}
DEPTHWISE_CHANGES = {"depthwise_quantizer": OTHER, "bias_quantizer": OTHER}
DEPTHWISE_CHANGES |= {"use_bias": False, "activation": RELU}
POINTWISE = DEPTHWISE | {"pointwise_quantizer": BITS}
POINTWISE_CHANGES = DEPTHWISE_CHANGES | {"pointwise_quantizer": OTHER, "depthwise_activation": RELU}
SLIDING = {"strides": 2, "padding": "same", "dilation_rate": 2, "kernel_size": 1}
FOLDED_CHANGES = {"center": False, "scale": False, "epsilon": 0.5}
FOLDED_CHANGES |= {"folding_mode": "batch_stats_folding"}
RECURRENT = KERNEL | {"recurrent_quantizer": BITS, "state_quantizer": BITS, "activation": BITS}
RECURRENT_CHANGES = KERNEL_CHANGES | {
    "recurrent_quantizer": OTHER,
    "state_quantizer": "quantized_bits(2,0,alpha=1)",
}
RECURRENT_CHANGES |= {"units": 3}
SEQUENCE = {"return_sequences": True, "go_backwards": True, "unroll": True}
GATED = RECURRENT | {"recurrent_activation": RELU}
GATED_CHANGES = RECURRENT_CHANGES | {"recurrent_activation": BITS}
TURNED = {"depthwise_kernel_quantizer": BITS, "bias_quantizer": BITS}
TURNED_CHANGES = {"depthwise_kernel_quantizer": OTHER, "bias_quantizer": OTHER}
TURNED_CHANGES |= {"use_bias": False, "depthwise_activation": RELU, "strides": 2}
TURNED_CHANGES |= {"padding": "same", "kernel_size": 3}
SCALE = {"weight_quantizer": BITS, "bias_quantizer": BITS}
SCALE_CHANGES = {"weight_quantizer": OTHER, "bias_quantizer": OTHER}
SCALE_CHANGES |= {"use_bias": False, "activation": RELU}
CONV = {"filters": 2, "kernel_size": 2}
NORMAL = {"beta_quantizer": BITS, "gamma_quantizer": BITS, "mean_quantizer": BITS}
NORMAL |= {"variance_quantizer": WIDE, "activation": WIDE}
ADAPTIVE = {"activation": "quantized_relu", "total_bits": 6}
FOLDED = {"activation": WIDE}

USED = {
    Q.QActivation: ({"activation": BITS}, (3,), {"activation": RELU}),
    Q.QAdaptiveActivation: (
        ADAPTIVE,
        (4, 3),
        {
            **{"activation": "quantized_bits", "total_bits": 3, "per_channel": True},
            **{
                "relu_neg_slope": 0.25,
                "relu_upper_bound": 0.7,
                "symmetric": False,
                "po2_rounding": True,
            },
        },
    ),
    Q.QDense: ({"units": 2} | KERNEL, (3,), {"units": 3} | KERNEL_CHANGES),
    Q.QConv1D: (CONV | KERNEL, STEPS, KERNEL_CHANGES | SLIDING | {"filters": 3}),
    Q.QConv2D: (
        CONV | KERNEL,
        IMAGE,
        KERNEL_CHANGES | SLIDING | {"filters": 3, "mask": [[1, 0], [0, 1]]},
    ),
    Q.QDepthwiseConv2D: (
        {"kernel_size": 2} | DEPTHWISE,
        IMAGE,
        DEPTHWISE_CHANGES | SLIDING | {"depth_multiplier": 2},
    ),
    Q.QSeparableConv1D: (
        CONV | POINTWISE,
        STEPS,
        POINTWISE_CHANGES | SLIDING | {"filters": 3, "depth_multiplier": 2},
    ),
    Q.QSeparableConv2D: (
        CONV | POINTWISE,
        IMAGE,
        POINTWISE_CHANGES | SLIDING | {"filters": 3, "depth_multiplier": 2},
    ),
    Q.QConv2DTranspose: (
        CONV | KERNEL,
        IMAGE,
        KERNEL_CHANGES
        | {"filters": 3, "strides": 2, "padding": "same", "kernel_size": 1, "dilation_rate": 2},
    ),
    Q.QDepthwiseConv2DTranspose: (CONV | TURNED, IMAGE, TURNED_CHANGES),
    Q.QSeparableConv2DTranspose: (
        CONV | TURNED | {"pointwise_kernel_quantizer": BITS},
        IMAGE,
        TURNED_CHANGES
        | {"filters": 3, "pointwise_kernel_quantizer": OTHER, "pointwise_activation": RELU},
    ),
    Q.QConv2DBatchnorm: (CONV | KERNEL | FOLDED, IMAGE, FOLDED_CHANGES),
    Q.QDenseBatchnorm: ({"units": 2} | KERNEL | FOLDED, (3,), FOLDED_CHANGES),
    Q.QDepthwiseConv2DBatchnorm: ({"kernel_size": 2} | DEPTHWISE | FOLDED, IMAGE, FOLDED_CHANGES),
    Q.QBatchNormalization: (
        NORMAL,
        (2, 3),
        {
            **{"axis": 1, "epsilon": 0.5, "center": False, "scale": False, "activation": RELU},
            **{"beta_quantizer": OTHER, "gamma_quantizer": OTHER, "mean_quantizer": OTHER},
            **{"variance_quantizer": OTHER},
            "inverse_quantizer": {
                **{"gamma_quantizer": None, "variance_quantizer": None},
                "inverse_quantizer": "quantized_bits(4,1,alpha=1)",
            },
        },
    ),
    Q.QAveragePooling2D: (
        {"average_quantizer": WIDE, "activation": WIDE},
        IMAGE,
        {
            **{"pool_size": 3, "strides": 1, "padding": "same"},
            **{"average_quantizer": "quantized_bits(2,0,alpha=1)", "activation": RELU},
        },
    ),
    Q.QGlobalAveragePooling2D: (
        {"average_quantizer": WIDE, "activation": WIDE},
        IMAGE,
        {"average_quantizer": "quantized_bits(8,0,alpha=1)", "activation": RELU},
    ),
    Q.QScaleShift: (SCALE, (3,), SCALE_CHANGES),
    Q.QChannelScaleShift: (SCALE, (2, 3), SCALE_CHANGES),
    Q.QSimpleRNN: ({"units": 2} | RECURRENT, STEPS, RECURRENT_CHANGES | SEQUENCE),
    Q.QGRU: ({"units": 2} | GATED, STEPS, GATED_CHANGES | SEQUENCE | {"reset_after": True}),
    Q.QLSTM: ({"units": 2} | GATED, STEPS, GATED_CHANGES | SEQUENCE),
}
"""Class -> its arguments, the shape of an input, and what is computed otherwise with another argument."""
ALIKE = {"unroll", "folding_mode", "per_channel", "symmetric", "po2_rounding"}
"""The same numbers, computed or learned otherwise."""
CELLS = {Q.QSimpleRNN: Q.QSimpleRNNCell, Q.QGRU: Q.QGRUCell, Q.QLSTM: Q.QLSTMCell}


CASES = [(cls, name) for cls, (_, _, changes) in USED.items() for name in changes]


def made(cls, arguments, shape):
    model = keras.Sequential([keras.Input(shape), cls(**arguments)])
    random = np.random.default_rng(2)
    for weight in model.weights:
        if weight.dtype == "float32" and weight.shape is not None:
            signs = 1 if "variance" in weight.path else random.choice([-1, 1], weight.shape)
            weight.assign(random.uniform(0.3, 1.7, weight.shape) * signs)
    settle(model)
    return model


CASES = [(cls, name) for cls, (_, _, changes) in USED.items() for name in changes]


@functools.cache
def numbers(cls):
    """What the layer makes of the inputs without changes."""
    arguments, shape, _ = USED[cls]
    return keras.ops.convert_to_numpy(made(cls, arguments, shape)(inputs(shape)))


def inputs(shape):
    return (np.random.default_rng(1).integers(-31, 32, (16, *shape)) / 8).astype("float32")


@pytest.mark.parametrize(
    ("cls", "name"), CASES, ids=lambda value: getattr(value, "__name__", value)
)
def test_an_argument_changes_what_it_changes_in_keras(cls, name):
    arguments, shape, changes = USED[cls]
    change = changes[name] if isinstance(changes[name], dict) else {name: changes[name]}
    model = made(cls, arguments | change, shape)
    before, after = numbers(cls), keras.ops.convert_to_numpy(model(inputs(shape)))
    differ = before.shape != after.shape or (before != after).any()
    assert differ or name in ALIKE, "an example without effect"
    report = qhls.compile(model, "s6.3").check(inputs(shape), targets=())
    assert report, report


REFUSED = {
    "return_state",
    "data_format",
    "output_padding",
    "group_size",
    "depth_multiplier",
    "axis",
}
"""Not used by every layer: refused, or tested beside the layer."""
ELSEWHERE = {Q.QBidirectional: "test_hardware_layers.py"}


def test_every_argument_of_every_layer_has_a_kind():
    """A new layer, or a new argument, belongs into one of these tables."""
    layers = [c for c in vars(Q).values() if isinstance(c, type) and c in lower._rules]
    assert set(layers) <= USED.keys() | ELSEWHERE.keys()
    assert len(layers) > 15
    told = {cls: {*USED[cls][0], *USED[cls][2]} for cls in USED}
    for cls in [*USED, *CELLS.values()]:
        known = told.get(cls) or told[next(c for c, cell in CELLS.items() if cell is cls)]
        arguments = set(inspect.signature(cls.__init__).parameters) - {"self", "args", "kwargs"}
        missing = {n for n in arguments - known - INERT - REFUSED if not n.endswith(ENDS)}
        assert not missing, f"{cls.__name__}: {sorted(missing)}"
