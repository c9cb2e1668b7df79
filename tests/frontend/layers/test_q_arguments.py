"""Each argument of each Q-layer: used as in Keras, refused, or of no effect at inference."""

import functools

import keras
import numpy as np
import pytest

import qhls
import qhls.layers as Q
from qhls.frontend import get_registered
from support.arguments import (
    Arguments,
    arguments_of,
    cases,
    check,
    differ,
    made,
    outputs_of,
    without_effect,
)

L = keras.layers
BITS, WIDE = "quantized_bits(4,1,alpha=1)", "quantized_bits(8,3,alpha=1)"
OTHER, RELU = "quantized_bits(2,1,alpha=1)", "quantized_relu(4,1)"
IMAGE, STEPS = (4, 5, 2), (5, 2)
INERT = {
    "momentum": 0.5,
    "seed": 7,
    "dropout": 0.5,
    "recurrent_dropout": 0.5,
    "ema_freeze_delay": 3,
    "unit_forget_bias": False,
    "current_step": 5,
    "quantization_delay": 5,
    "ema_decay": 0.5,
    "synchronized": True,
    "lora_alpha": 3,
    "quantization_config": keras.quantizers.Int8QuantizationConfig(),
    "zero_output_for_mask": True,
    "unroll": True,
    "implementation": 2,
    "gptq_unpacked_column_size": 3,
    "folding_mode": "batch_stats_folding",
    "per_channel": True,
    "po2_rounding": True,
}
"""Argument without effect on numbers, without training or a mask, or on how Keras computes only -> another value."""
KERNEL = {"kernel_quantizer": BITS, "bias_quantizer": BITS}
KERNEL_CHANGES = {"kernel_quantizer": OTHER, "bias_quantizer": OTHER}
KERNEL_CHANGES |= {"use_bias": False, "activation": RELU}
DEPTHWISE = {"depthwise_quantizer": BITS, "bias_quantizer": BITS}
DEPTHWISE_CHANGES = {"depthwise_quantizer": OTHER, "bias_quantizer": OTHER}
DEPTHWISE_CHANGES |= {"use_bias": False, "activation": RELU}
POINTWISE = DEPTHWISE | {"pointwise_quantizer": BITS}
POINTWISE_CHANGES = DEPTHWISE_CHANGES | {"pointwise_quantizer": OTHER, "depthwise_activation": RELU}
SLIDING = {"strides": 2, "padding": "same", "dilation_rate": 2, "kernel_size": 1}
LORA = {"lora_rank": (2, r"^Lora is incompatible with kernel constraints")}
GROUPS = {"groups": {"filters": 4, "groups": 2}}
FOLDED_CHANGES = {"center": False, "scale": False, "epsilon": 0.5}
RECURRENT = KERNEL | {"recurrent_quantizer": BITS, "state_quantizer": BITS, "activation": BITS}
RECURRENT_CHANGES = KERNEL_CHANGES | {
    "recurrent_quantizer": OTHER,
    "state_quantizer": "quantized_bits(2,0,alpha=1)",
}
RECURRENT_CHANGES |= {"units": 3}
BACKWARDS = RECURRENT | {"use_bias": False}
SEQUENCE = {"return_sequences": True, "go_backwards": True, "return_state": True}
GATED = RECURRENT | {"recurrent_activation": RELU}
GATED_CHANGES = RECURRENT_CHANGES | {"recurrent_activation": BITS}
TURNED = {"depthwise_kernel_quantizer": BITS, "bias_quantizer": BITS}
TURNED_CHANGES = {"depthwise_kernel_quantizer": OTHER, "bias_quantizer": OTHER}
TURNED_CHANGES |= {"use_bias": False, "depthwise_activation": RELU, "strides": 2}
TURNED_CHANGES |= {"padding": "same", "kernel_size": 3}
SCALE = {"weight_quantizer": BITS, "bias_quantizer": BITS}
SCALE_CHANGES = {"weight_quantizer": OTHER, "bias_quantizer": OTHER}
SCALE_CHANGES |= {"use_bias": False, "activation": RELU}
EINSUM = {"equation": "abc,cd->abd", "output_shape": (4, 4), "bias_axes": "d"}
CONV = {"filters": 2, "kernel_size": 2}
NORMAL = {"beta_quantizer": BITS, "gamma_quantizer": BITS, "mean_quantizer": BITS}
NORMAL |= {"variance_quantizer": WIDE, "activation": WIDE}
FOLDED = {"activation": WIDE}


def refused(value, message):
    """Return the value of an argument, or values of several, and the message of ``compile``."""
    return value, rf"^layer 'x' \(\w+\): expected {message}"


FIRST = {"data_format": refused("channels_first", "data_format='channels_last'")}
FIRST_OF_4 = {"data_format": "channels_first", "filters": 4}
STATEFUL = {"stateful": refused(True, "stateful=False")}
STATEFUL |= {"cell": (None, r"^.*multiple values for .* 'cell'")}
AXIS = {"axis": (1, r"^Q\w+: expected the channels' axis")}
ONE = {"depth_multiplier": (2, r"^Q\w+Transpose: expected depth_multiplier=1, got 2")}
ONE |= {"activation": (RELU, r"^Q\w+Transpose: expected ")}

TABLE = {
    Q.QActivation: Arguments({"activation": BITS}, used={"activation": RELU}),
    Q.QAdaptiveActivation: Arguments(
        {"activation": "quantized_bits", "total_bits": 6},
        (4, 3),
        {
            "activation": "quantized_relu",
            "total_bits": 3,
            "symmetric": False,
            "per_channel": True,
            "po2_rounding": {"per_channel": True, "po2_rounding": True},
            "relu_neg_slope": {"activation": "quantized_relu", "relu_neg_slope": 0.25},
            "relu_upper_bound": {"activation": "quantized_relu", "relu_upper_bound": 0.7},
        },
    ),
    Q.QDense: Arguments({"units": 2} | KERNEL, (3,), {"units": 3} | KERNEL_CHANGES, refused=LORA),
    Q.QConv1D: Arguments(
        CONV | KERNEL,
        STEPS,
        KERNEL_CHANGES | SLIDING | GROUPS | {"filters": 3},
        refused=FIRST | LORA,
    ),
    Q.QConv2D: Arguments(
        CONV | KERNEL,
        IMAGE,
        KERNEL_CHANGES | SLIDING | GROUPS | {"filters": 3, "mask": [[1, 0], [0, 1]]},
        refused=FIRST | LORA,
    ),
    Q.QDepthwiseConv2D: Arguments(
        {"kernel_size": 2} | DEPTHWISE,
        IMAGE,
        DEPTHWISE_CHANGES | SLIDING | {"depth_multiplier": 2},
        refused=FIRST,
    ),
    Q.QSeparableConv1D: Arguments(
        CONV | POINTWISE,
        STEPS,
        POINTWISE_CHANGES | SLIDING | {"filters": 3, "depth_multiplier": 2},
        refused=FIRST,
    ),
    Q.QSeparableConv2D: Arguments(
        CONV | POINTWISE,
        IMAGE,
        POINTWISE_CHANGES | SLIDING | {"filters": 3, "depth_multiplier": 2},
        refused=FIRST,
    ),
    Q.QConv2DTranspose: Arguments(
        CONV | KERNEL,
        IMAGE,
        KERNEL_CHANGES
        | {"filters": 3, "strides": 2, "padding": "same", "kernel_size": 1, "dilation_rate": 2}
        | {"output_padding": {"strides": 2, "output_padding": 1}},
        refused=FIRST,
    ),
    Q.QDepthwiseConv2DTranspose: Arguments(
        CONV | TURNED,
        IMAGE,
        TURNED_CHANGES
        | {"group_size": 2, "dilation_rate": 2, "filters": 3}
        | {"output_padding": {"strides": 2, "output_padding": 1}},
        refused=ONE | {"data_format": refused(FIRST_OF_4, "data_format='channels_last'")},
    ),
    Q.QSeparableConv2DTranspose: Arguments(
        CONV | TURNED | {"pointwise_kernel_quantizer": BITS},
        IMAGE,
        TURNED_CHANGES
        | {"filters": 3, "pointwise_kernel_quantizer": OTHER, "pointwise_activation": RELU}
        | {"output_padding": {"strides": 2, "output_padding": 1}, "dilation_rate": 2},
        refused=FIRST | ONE,
    ),
    Q.QConv2DBatchnorm: Arguments(
        CONV | KERNEL | FOLDED,
        IMAGE,
        FOLDED_CHANGES
        | KERNEL_CHANGES
        | SLIDING
        | GROUPS
        | {"filters": 3, "mask": [[1, 0], [0, 1]]},
        refused=FIRST | AXIS | LORA,
    ),
    Q.QDenseBatchnorm: Arguments(
        {"units": 2} | KERNEL | FOLDED,
        (2, 3),
        FOLDED_CHANGES | KERNEL_CHANGES | {"units": 3},
        refused=AXIS | LORA,
    ),
    Q.QDepthwiseConv2DBatchnorm: Arguments(
        {"kernel_size": 2} | DEPTHWISE | FOLDED,
        IMAGE,
        FOLDED_CHANGES
        | DEPTHWISE_CHANGES
        | SLIDING
        | {"depth_multiplier": 2, "bias_quantizer": "quantized_bits(2,0,alpha=1)"},
        refused=FIRST | AXIS,
    ),
    Q.QBatchNormalization: Arguments(
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
        alike={"renorm_clipping": {"rmax": 3.0}, "renorm_momentum": 0.5},
        refused={"renorm": (True, r"^QBatchNormalization: expected renorm=False, got True")},
    ),
    Q.QAveragePooling2D: Arguments(
        {"average_quantizer": WIDE, "activation": WIDE},
        IMAGE,
        {
            **{"pool_size": 3, "strides": 1, "padding": "same"},
            **{"average_quantizer": "quantized_bits(2,0,alpha=1)", "activation": RELU},
        },
        refused=FIRST,
    ),
    Q.QGlobalAveragePooling2D: Arguments(
        {"average_quantizer": WIDE, "activation": WIDE},
        IMAGE,
        {
            "average_quantizer": "quantized_bits(8,0,alpha=1)",
            "activation": RELU,
            "keepdims": True,
        },
        refused=FIRST,
    ),
    Q.QEinsumDense: Arguments(
        EINSUM | KERNEL,
        (4, 4),
        {
            "kernel_quantizer": OTHER,
            "bias_quantizer": OTHER,
            "activation": RELU,
            "equation": "acb,cd->abd",
            "output_shape": (4, 2),
            "bias_axes": "bd",
        },
        refused=LORA,
    ),
    Q.QFixedPoint: Arguments(
        {"integer": -1},
        used={
            "keep_negative": 0,
            "integer": [0, 1, 2],
            "fraction": 1,
            "rounding": "TRN",
            "overflow": "SAT",
            "scale": 2.0,
            "factor": 0.75,
            "offset": 0.5,
        },
    ),
    Q.QScaleShift: Arguments(SCALE, (3,), SCALE_CHANGES),
    Q.QChannelScaleShift: Arguments(SCALE, (2, 3), SCALE_CHANGES),
    Q.QSimpleRNN: Arguments(
        {"units": 2} | RECURRENT, STEPS, RECURRENT_CHANGES | SEQUENCE, refused=STATEFUL
    ),
    Q.QGRU: Arguments(
        {"units": 2} | GATED,
        STEPS,
        GATED_CHANGES | SEQUENCE | {"reset_after": True},
        refused=STATEFUL,
    ),
    Q.QLSTM: Arguments({"units": 2} | GATED, STEPS, GATED_CHANGES | SEQUENCE, refused=STATEFUL),
    Q.QBidirectional: Arguments(
        {"layer": lambda: Q.QSimpleRNN(2, **RECURRENT)},
        STEPS,
        {
            "layer": lambda: Q.QSimpleRNN(3, **RECURRENT),
            "merge_mode": "ave",
            "backward_layer": lambda: Q.QSimpleRNN(2, go_backwards=True, **BACKWARDS),
        },
        alike={"weights": [np.ones(shape) for shape in ((2, 2), (2, 2), (2,)) * 2]},
    ),
}
CELLS = {Q.QSimpleRNN: Q.QSimpleRNNCell, Q.QGRU: Q.QGRUCell, Q.QLSTM: Q.QLSTMCell}
TABLE |= {
    cell: Arguments(
        TABLE[cls].example,
        STEPS,
        {n: v for n, v in TABLE[cls].used.items() if n not in SEQUENCE},
    )
    for cls, cell in CELLS.items()
}


def model_of(cls, arguments):
    """Return a model of the layer, or of one whose cell it is."""
    if cls not in CELLS.values():
        return made(cls, arguments, TABLE[cls].shapes())
    return made(lambda **own: L.RNN(cls(**own)), arguments, TABLE[cls].shapes())


@functools.cache
def numbers(cls):
    """Return what the layer makes of the inputs without changes."""
    return outputs_of(model_of(cls, TABLE[cls].example), TABLE[cls])


def name_of(value):
    return getattr(value, "__name__", value)


@pytest.mark.parametrize(("cls", "name"), cases(TABLE, "used"), ids=name_of)
def test_an_argument_changes_what_it_changes_in_keras(cls, name):
    given = TABLE[cls]
    before = numbers(cls)
    if isinstance(given.used[name], dict):
        before = outputs_of(model_of(cls, given.without(name)), given)
    model = model_of(cls, given.changed(name))
    assert differ(before, outputs_of(model, given)), "an example without effect"
    check(model, given)


@pytest.mark.parametrize("cls", TABLE, ids=name_of)
def test_other_arguments_change_no_number(cls):
    given = TABLE[cls]
    values = {n: without_effect(n, INERT | given.alike) for n in arguments_of(cls)}
    values = {n: v for n, v in values.items() if v is not None and n not in given.used}
    model = model_of(cls, given.example | values)
    assert not differ(numbers(cls), outputs_of(model, given))
    check(model, given)


@pytest.mark.parametrize(("cls", "name"), cases(TABLE, "refused"), ids=name_of)
def test_an_argument_without_exact_meaning_is_refused(cls, name):
    given = TABLE[cls]
    arguments, message = given.refusal(name)
    with pytest.raises((qhls.LoweringError, ValueError, TypeError), match=message):
        qhls.compile(model_of(cls, arguments | {"name": "x"}), given.types)


def test_every_layer_has_its_arguments_in_the_table():
    layers = {c for c in get_registered().values() if issubclass(c, L.Layer)}
    assert {c for c in layers if c.__module__.startswith("qhls.")} == TABLE.keys()


@pytest.mark.parametrize("cls", TABLE, ids=name_of)
def test_every_argument_is_used_refused_or_without_effect(cls):
    """A new argument belongs in the table."""
    given = TABLE[cls]
    known = {*given.example, *given.used, *given.alike, *given.refused}
    new = {n for n in arguments_of(cls) - known if without_effect(n, INERT) is None}
    assert not new
