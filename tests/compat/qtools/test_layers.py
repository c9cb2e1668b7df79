"""QTools on single layers: what it has no answer for, what it does not count, and how it is asked."""

import json
import math
import subprocess
import sys

import keras
import numpy as np
import pytest

import qhls.energy
from qhls.energy import QTools
from qhls.errors import EnergyError, LoadError
from qhls.frontend.layers.recurrent import QGRU, QLSTM, QSimpleRNN
from qhls.layers import (
    QActivation,
    QAveragePooling2D,
    QBatchNormalization,
    QConv2D,
    QConv2DBatchnorm,
    QConv2DTranspose,
    QDense,
    QDepthwiseConv2D,
    QDepthwiseConv2DBatchnorm,
    QGlobalAveragePooling2D,
    QScaleShift,
    QSeparableConv2D,
)
from qhls.utils import model_save_quantized_weights
from support.models.qtools_models import merged, powers

ADD = 0.003125
"""pJ of adding a bit."""

FOUR = "quantized_bits(4,0,alpha=1)"
EIGHT = "quantized_bits(8,2)"
KERNEL = {"kernel_quantizer": FOUR, "bias_quantizer": EIGHT}


def mul(a, b):
    """pJ of a product of ``a`` and ``b`` bits."""
    return 0.002994791667 * a * b + 0.001041666667 * math.sqrt(a * b)


def model_of(shape, *layers):
    x = given = keras.Input(shape, name="input")
    for layer in layers:
        x = layer(x)
    return keras.Model(given, x)


def costs(model, **options):
    """pJ of operations and parameters by layer, with parameters in DRAM: 20.3125 pJ a bit."""
    found = QTools(model, **options).pe("dram", "sram", rd_wr_on_io=False)
    return {
        name: (entry["energy"]["op_cost"], entry["energy"]["parameters"])
        for name, entry in found.items()
        if name != "total_cost"
    }


def cents(pj):
    return pytest.approx(pj, abs=0.0051)


# What QTools has no answer for


def test_subtract():
    """(6, 1) signed and (4, 1) unsigned: 6 bits and a carry, 108 times."""
    tools = QTools(merged(keras.layers.Subtract(name="merge")))
    told = tools.data_type_map["merge"]
    assert told["Subtract_quantizer"] == {
        "quantizer_type": "quantized_bits",
        "bits": 7,
        "int_bits": 3,
        "is_signed": 1,
        "op_type": "add",
    }
    assert tools.pe()["merge"]["energy"]["op_cost"] == cents(108 * 7 * ADD)


def test_averages_of_keras():
    """A sum of 4 numbers of 8 bits has 10. QTools would count one window a channel: 12 additions."""
    model = model_of((8, 8, 3), keras.layers.AveragePooling2D((2, 2), name="p"))
    assert costs(model)["p"] == (cents(12 * 10 * ADD), 0)
    assert costs(model, compatible=False)["p"] == (cents(4 * 48 * 10 * ADD), 0)


def test_averages_of_other_dimensions():
    """QTools knows two dimensions. A window of 2 has 9 bits, of 3 x 4 x 2 has 13."""
    flat = model_of((8, 3), keras.layers.AveragePooling1D(2, name="p"))
    deep = model_of((3, 4, 2, 5), keras.layers.GlobalAveragePooling3D(name="p"))
    assert costs(flat)["p"] == costs(deep)["p"] == (0, 0)
    assert costs(flat, compatible=False)["p"] == (cents(4 * 3 * 2 * 9 * ADD), 0)
    assert costs(deep, compatible=False)["p"] == (cents(24 * 5 * 13 * ADD), 0)


def test_global_averages():
    """64 numbers of 8 bits: 14; then a product by the average's 4 bits."""
    own = model_of((8, 8, 3), keras.layers.GlobalAveragePooling2D(name="p"))
    quantised = QGlobalAveragePooling2D(average_quantizer=FOUR, name="p")
    assert costs(own, compatible=False)["p"] == (cents(192 * 14 * ADD), 0)
    product = cents(192 * 14 * ADD + 3 * mul(14, 4))
    model = model_of((8, 8, 3), quantised)
    assert costs(model)["p"] == (0, 0)
    assert costs(model, compatible=False)["p"] == (product, 0)


def test_quantized_linear_and_sigmoid():
    model = model_of(
        (16,),
        QDense(8, kernel_quantizer="quantized_linear(4,0,alpha=1)", bias_quantizer=EIGHT, name="d"),
        QActivation("quantized_sigmoid(5)", name="a"),
    )
    told = QTools(model).data_type_map
    assert told["d"]["weight_quantizer"]["quantizer_type"] == "quantized_linear"
    assert told["d"]["multiplier"]["bits"] == 11
    assert told["a"]["output_quantizer"] == {
        "quantizer_type": "quantized_sigmoid",
        "bits": 5,
        "int_bits": 0,
        "is_signed": 0,
        "shape": [-1, 8],
    }


def test_an_inline_sigmoid_is_ignored_by_qtools():
    model = model_of((16,), QDense(8, activation="quantized_sigmoid(5)", name="d", **KERNEL))
    assert QTools(model).data_type_map["d"]["output_quantizer"]["bits"] > 5
    told = QTools(model, compatible=False).data_type_map
    assert told["d"]["output_quantizer"]["bits"] == 5


def test_dense_on_a_sequence():
    model = model_of((5, 16), QDense(8, name="d", **KERNEL))
    assert QTools(model).data_type_map["d"]["operation_count"] == 5 * 16 * 8


def test_several_inputs_have_roofline_numbers():
    tools = QTools(
        merged(keras.layers.Add(name="merge")),
        source_quantizers=["quantized_bits(8,0,1)", "quantized_bits(4,0,1)"],
    )
    inputs = 108 * (8 + 4) / 8
    activations = 108 * 6 // 8 + 108 * 4 // 8 + 108 * 8 // 8
    assert tools.get_roofline_numbers() == {
        "ACE": 0,
        "weight_in_bytes": 0,
        "activation_in_bytes": inputs + activations,
        "ACE_float": 0,
        "weight_in_bytes_float": 0,
        "activation_in_bytes_float": 108 * 4 * 5.0,
    }
    assert tools.get_roofline_numbers(include_model_input_size=False)["activation_in_bytes"] == (
        activations
    )


def test_dot_is_products_and_a_sum():
    given = [keras.Input((8,)) for _ in range(2)]
    model = keras.Model(given, keras.layers.Dot(1, name="merge")(given))
    told = QTools(model, compatible=False).data_type_map["merge"]["Dot_quantizer"]
    assert told["bits"] == 15 + 3  # 8 products of 8 and 8 bits
    assert costs(model, compatible=False)["merge"] == (cents(8 * (mul(8, 8) + 18 * ADD)), 0)


def fused_model():
    return model_of(
        (8, 8, 3),
        QConv2D(4, 3, name="c", **KERNEL),
        QBatchNormalization(
            gamma_quantizer=None,
            variance_quantizer=None,
            beta_quantizer=EIGHT,
            mean_quantizer=EIGHT,
            inverse_quantizer="quantized_bits(8,0,alpha=1)",
            name="bn",
        ),
    )


def test_fused_normalisations():
    """Products of 11 bits, 27 of them 16; times 8 bits: 23, of which 17 fraction and 5 integer bits.

    inverse * mean: 7 + 5 fraction bits, 2 integer; with the bias 13 integer... all in the last sum.
    """
    model = fused_model()
    saved = model_save_quantized_weights(model)
    tools = QTools(model, hw_weight_dict=saved)
    told = tools.data_type_map["c"]
    assert list(told)[-5:] == [
        "bn_beta_quantizer",
        "bn_mean_quantizer",
        "bn_inverse_quantizer",
        "fused_accumulator",
        "operation_count",
    ]
    # sum of products: 10 fraction, 5 integer bits; times (7, 0): 17 and 5; the offset has at most
    # 12 fraction and 2 + 1 + 1 integer bits, so the last sum 17 + 6 and a sign.
    assert (told["fused_accumulator"]["bits"], told["fused_accumulator"]["int_bits"]) == (24, 7)
    work = 3888 * (mul(8, 4) + told["accumulator"]["bits"] * ADD)
    work += 144 * (mul(16, 8) + 24 * ADD)
    op_cost, parameters = costs(model, hw_weight_dict=saved)["c"]
    assert op_cost == cents(work)
    assert parameters > 108 * 4 * 20.3125
    assert costs(model, hw_weight_dict=saved)["bn"] == (0, 0)
    assert list(tools.data_type_map["bn"])[1:] == [
        "input_quantizer_list",
        "output_quantizer",
        "operation_count",
    ]
    imposed = QTools(model, hw_weight_dict=saved, for_reference=True, keras_accumulator="int32")
    assert imposed.data_type_map["c"]["fused_accumulator"]["bits"] == 32


def test_a_dictionary_of_another_model():
    saved = {"c": {"enable_bn_fusing": True, "fused_bn_layer_name": "other"}}
    with pytest.raises(
        EnergyError,
        match=r"^QTools, hw_weight_dict, layer 'c': expected a fused_bn_layer_name that is a layer of "
        r"the model, got 'other'\. ",
    ):
        QTools(fused_model(), hw_weight_dict=saved)


# What QTools does not count


def test_folded_convolutions():
    conv = QConv2DBatchnorm(4, (3, 3), name="c", **KERNEL)
    model = model_of((8, 8, 3), conv)
    assert costs(model)["c"] == (0, 0)
    # 8 and 4 bits: 11; 27 products and a bias: 5 more
    expected = cents(36 * 108 * (mul(8, 4) + 16 * ADD)), cents((108 * 4 + 4 * 8) * 20.3125)
    assert costs(model, compatible=False)["c"] == expected


def test_folded_depthwise_convolutions():
    conv = QDepthwiseConv2DBatchnorm(
        (3, 3), depthwise_quantizer=FOUR, bias_quantizer=EIGHT, name="c"
    )
    model = model_of((8, 8, 6), conv)
    told = QTools(model).data_type_map["c"]
    assert (told["accumulator"]["bits"], told["operation_count"]) == (11 + 6, 0)  # of 3 * 3 * 6 + 1
    told = QTools(model, compatible=False).data_type_map["c"]
    assert (told["accumulator"]["bits"], told["operation_count"]) == (
        11 + 4,
        36 * 54,
    )  # of 3 * 3 + 1
    expected = cents(36 * 54 * (mul(8, 4) + 15 * ADD)), cents((54 * 4 + 6 * 8) * 20.3125)
    assert costs(model, compatible=False)["c"] == expected


def test_folded_kernels_of_few_powers_of_two_in_inference():
    """QTools fails. The folded kernel has few values; a shifter is 0.3 adders of 8 bits for each."""
    conv = QConv2DBatchnorm(
        4, (3, 3), kernel_quantizer="quantized_po2(3,1)", bias_quantizer=EIGHT, name="c"
    )
    model = model_of((8, 8, 3), conv)
    values = {
        float(v) for v in np.unique(keras.ops.convert_to_numpy(conv.quantize_variable("kernel")))
    }
    tools = QTools(model, is_inference=True, compatible=False)
    bits = tools.data_type_map["c"]["accumulator"]["bits"]
    op_cost = 3888 * (len(values) * 0.3 * 8 * ADD + bits * ADD)
    assert tools.pe()["c"]["energy"]["op_cost"] == cents(op_cost)


def test_separable_convolutions():
    conv = QSeparableConv2D(
        5,
        3,
        depthwise_quantizer=FOUR,
        pointwise_quantizer="quantized_bits(6,0,alpha=1)",
        bias_quantizer=EIGHT,
        name="c",
    )
    model = model_of((8, 8, 3), conv)
    told = QTools(model).data_type_map["c"]
    assert told["bias_quantizer"]["bits"] == 6  # QTools takes the second kernel for the bias
    assert costs(model)["c"] == (0, cents((27 * 4 + 1 * 6) * 20.3125))
    told = QTools(model, compatible=False).data_type_map["c"]
    assert told["operation_count"] == 36 * (27 + 15)
    # 11 bits; 9 of them 15; times 6 bits 20; 3 of them 22
    assert told["depthwise_kernel_accumulator"]["bits"] == 15
    assert told["pointwise_kernel_accumulator"]["bits"] == 22
    depthwise, pointwise = mul(8, 4) + 15 * ADD, mul(15, 6) + 22 * ADD
    assert costs(model, compatible=False)["c"] == (
        cents(36 * (27 * depthwise + 15 * pointwise)),
        cents((27 * 4 + 15 * 6 + 5 * 8) * 20.3125),
    )
    roofline = QTools(model, compatible=False).get_roofline_numbers()
    assert roofline["ACE"] == 36 * (27 * 8 * 4 + 15 * 15 * 6)
    assert roofline["ACE_float"] == 36 * (27 + 15) * 32 * 32
    assert roofline["weight_in_bytes"] == 27 * 4 // 8 + 15 * 6 // 8 + 5
    assert QTools(model).get_roofline_numbers()["ACE"] == 0


def test_transposed_convolutions():
    conv = QConv2DTranspose(4, 3, strides=2, name="c", **KERNEL)
    model = model_of((5, 5, 3), conv)
    assert QTools(model).data_type_map["c"]["operation_count"] == 11 * 11 * 4 * 9 * 3
    assert costs(model)["c"] == (0, 0)
    # every element of the input meets every kernel: 25 * 9 * 3 * 4 products, 27 in a sum
    assert costs(model, compatible=False)["c"] == (
        cents(25 * 108 * (mul(8, 4) + 16 * ADD)),
        cents((108 * 4 + 4 * 8) * 20.3125),
    )


def recurrent(layer, **options):
    return layer(
        5,
        activation="quantized_tanh(6)",
        recurrent_quantizer=FOUR,
        state_quantizer="quantized_bits(7,0,alpha=1)",
        name="r",
        **KERNEL,
        **options,
    )


INPUTS = 3 * (mul(8, 4) + (11 + 2) * ADD)
STATES = 5 * (mul(7, 4) + (10 + 3) * ADD)
"""pJ of one sum of products by the kernel (3, n) and by the recurrent kernel (5, n)."""

SIGMOID = {"recurrent_activation": "quantized_sigmoid(5)"}
"""Gates of 5 bits, all fraction, unsigned."""

# gate by state (7 bits, 6 fraction, signed): 5 + 6 fraction bits and a sign, 12; gate by candidate
# (6 bits, 5 fraction): 11; their sum: 11 fraction bits, a carry and a sign
LSTM = mul(5, 7) + 2 * mul(5, 6) + 13 * ADD
# 1 - gate: 7 bits, 5 fraction, an integer one and a sign; by the candidate: 10 fraction, 1 and a sign; the sum: 11 and
# 2 and a sign. The state is multiplied by the update and by the reset gate
GRU = 2 * mul(5, 7) + 7 * ADD + mul(7, 6) + 14 * ADD
# or the reset gate multiplies the recurrent sum (13 bits, as it is in STATES)
GRU_AFTER = mul(5, 7) + mul(5, 13) + 7 * ADD + mul(7, 6) + 14 * ADD


@pytest.mark.parametrize(
    ("layer", "options", "gates", "among"),
    [
        (QSimpleRNN, {}, 1, 0),
        (QLSTM, SIGMOID, 4, LSTM),
        (QGRU, SIGMOID, 3, GRU),
        (QGRU, {**SIGMOID, "reset_after": True}, 3, GRU_AFTER),
    ],
    ids=["simple", "lstm", "gru", "gru_reset_after"],
)
def test_recurrent_layers(layer, options, gates, among):
    model = model_of((7, 3), recurrent(layer, **options))
    assert costs(model)["r"] == (0, 0)
    told = QTools(model).data_type_map["r"]
    assert (told["output_quantizer"]["bits"], told["operation_count"]) == (6, 0)
    found = QTools(model, compatible=False).data_type_map["r"]
    assert found["operation_count"] == 7 * gates * 5 * (3 + 5)
    biases = 2 if options.get("reset_after") else 1
    assert costs(model, compatible=False)["r"] == (
        cents(7 * 5 * (gates * (INPUTS + STATES) + among)),
        cents(gates * 5 * (8 * 4 + biases * 8) * 20.3125),
    )


def test_products_among_gates_by_name():
    told = QTools(model_of((7, 3), recurrent(QLSTM, **SIGMOID)), compatible=False).data_type_map
    bits = {
        k: v["bits"] for k, v in told["r"].items() if k.endswith(("multiplier", "cell_accumulator"))
    }
    assert bits == {
        **{"kernel_multiplier": 11, "recurrent_kernel_multiplier": 10},
        **{"forget_multiplier": 12, "input_multiplier": 11, "output_multiplier": 11},
        "cell_accumulator": 13,
    }


def test_keras_own_and_bidirectional_recurrent_layers():
    """Types of 8 bits, 7 fraction: products 15, of 3 17, of 5 18; gates by the same; both directions."""
    own = model_of((7, 3), keras.layers.LSTM(5, name="r"))
    both = model_of((7, 3), keras.layers.Bidirectional(keras.layers.LSTM(5), name="r"))
    types = {"keras_quantizer": "int8", "keras_accumulator": "int8"}
    one = costs(own, compatible=False, **types)["r"]
    assert costs(own, **types)["r"] == (0, 0)
    kernels = 4 * (3 + 5) * (mul(8, 8) + 8 * ADD)
    assert one[0] == cents(7 * 5 * (kernels + 3 * mul(8, 8) + 8 * ADD))
    expected = cents(2 * 7 * 5 * (kernels + 3 * mul(8, 8) + 8 * ADD)), 2 * one[1]
    assert costs(both, compatible=False, **types)["r"] == expected


def test_scale_and_shift():
    made = QScaleShift(weight_quantizer=FOUR, bias_quantizer=EIGHT, name="s")
    model = model_of((6,), made)
    assert costs(model)["s"] == (0, 0)
    # 8 by 4 bits: 11, of which 10 fraction; with (5, 2): 10 fraction, 3 integer and a sign
    expected = cents(6 * (mul(8, 4) + 14 * ADD)), cents(12 * 20.3125)
    assert costs(model, compatible=False)["s"] == expected
    roofline = QTools(model, compatible=False).get_roofline_numbers()
    assert (roofline["ACE"], roofline["weight_in_bytes"]) == (
        6 * 8 * 4,
        0 + 1,
    )  # whole bytes of each


def test_quantised_averages_and_maxima():
    model = model_of(
        (8, 8, 3),
        QAveragePooling2D((2, 2), average_quantizer=FOUR, name="a"),
        keras.layers.MaxPooling2D((2, 2), name="m"),
    )
    assert costs(model) == {"a": (0, 0), "m": (0, 0)}
    # 48 sums of 4 numbers of 8 bits, times 4 bits: 13
    average = cents(48 * (4 * 10 * ADD + mul(10, 4)))
    assert costs(model, compatible=False) == {"a": (average, 0), "m": (cents(12 * 3 * 13 * ADD), 0)}


def test_grouped_and_depthwise_convolutions():
    grouped = QConv2D(4, 3, groups=2, name="c", **KERNEL)
    model = model_of((8, 8, 6), grouped)
    assert QTools(model).data_type_map["c"]["operation_count"] == 36 * 4 * 9 * 6
    told = QTools(model, compatible=False).data_type_map["c"]
    assert told["operation_count"] == 36 * 4 * 9 * 3
    double = QDepthwiseConv2D(
        3, depth_multiplier=2, depthwise_quantizer=FOUR, bias_quantizer=EIGHT, name="w"
    )
    model = model_of((8, 8, 3), double)
    assert costs(model)["w"][1] == cents((54 * 4 + 2 * 8) * 20.3125)
    assert costs(model, compatible=False)["w"][1] == cents((54 * 4 + 6 * 8) * 20.3125)
    assert QTools(model).data_type_map["w"]["operation_count"] == 36 * 27
    assert QTools(model, compatible=False).data_type_map["w"]["operation_count"] == 36 * 54


def test_a_sum_of_two_inputs_is_one_edge_to_qtools():
    given = [keras.Input((8,)) for _ in range(2)]
    model = keras.Model(given, keras.layers.Add(name="merge")(given))
    assert len(QTools(model).data_type_map["merge"]["input_quantizer_list"]) == 1
    assert costs(model)["merge"] == (0, 0)
    assert costs(model, compatible=False)["merge"] == (cents(8 * 9 * ADD), 0)


def test_qtools_forgets_tanh():
    model = model_of(
        (4, 2), QActivation("quantized_tanh(6)", name="a"), keras.layers.Flatten(name="f")
    )
    told = QTools(model).data_type_map
    assert told["a"]["output_quantizer"]["int_bits"] == 0
    assert told["f"]["output_quantizer"]["quantizer_type"] == "stochastic_ternary"
    told = QTools(model, compatible=False).data_type_map
    assert told["f"]["output_quantizer"]["quantizer_type"] == "quantized_tanh"


def test_a_normalisation_without_gamma_and_beta():
    bn = QBatchNormalization(
        scale=False, center=False, variance_quantizer="quantized_relu_po2(6)", name="bn"
    )
    model = model_of((8,), bn)
    told = QTools(model).data_type_map["bn"]
    assert "internal_multiplier" not in told
    assert "internal_accumulator" not in told
    assert told["internal_divide_quantizer"]["op_type"] == "shifter"
    assert costs(model)["bn"][1] > costs(model, compatible=False)["bn"][1]  # gamma and beta
    # QTools takes the list around the model's input for its shape.
    assert told["output_quantizer"]["shape"] == [[None, 8]]
    told = QTools(model, compatible=False).data_type_map["bn"]
    assert told["output_quantizer"]["shape"] == [-1, 8]
    outputs = [
        QTools(model, compatible=mode).pe(rd_wr_on_io=True)["bn"]["energy"]["outputs"]
        for mode in (True, False)
    ]
    assert outputs[1] > 7 * outputs[0]


# The model


def test_dropout_is_not_there():
    model = model_of((16,), keras.layers.Dropout(0.5), QDense(4, name="d", **KERNEL))
    plain = model_of((16,), QDense(4, name="d", **KERNEL))
    assert QTools(model).data_type_map == QTools(plain).data_type_map
    assert QTools(model).pe() == QTools(plain).pe()


def test_shared_and_nested_layers():
    dense = QDense(16, name="d", **KERNEL)
    block = model_of((16,), dense, QActivation("quantized_relu(4)", name="a"))
    block.name = "block"
    given = keras.Input((16,))
    tools = QTools(keras.Model(given, block(block(given))))
    assert list(tools.data_type_map) == [
        "source_quantizers",
        "block/d",
        "block/a",
        "block/d#2",
        "block/a#2",
    ]
    assert tools.data_type_map["block/d#2"]["input_quantizer_list"][0]["bits"] == 4
    assert {*tools.pe()} == {*list(tools.data_type_map)[1:], "total_cost"}


def test_a_tensor_of_unknown_size():
    model = model_of((None, 8), QDense(4, name="d", **KERNEL))
    with pytest.raises(
        EnergyError,
        match=r"^QTools, layer 'd': expected tensors of known size, got the shape \(None, None, 8\)\. ",
    ):
        QTools(model)


# The arguments


@pytest.fixture
def dense():
    return model_of((16,), QDense(4, name="d", **KERNEL))


def test_source_quantizers(dense):
    bits = [
        QTools(dense, source_quantizers=given).data_type_map["source_quantizers"][0]["bits"]
        for given in (None, "int16", "quantized_bits(5,0,1)", ["fp32"])
    ]
    assert bits == [8, 16, 5, 32]
    with pytest.raises(
        EnergyError,
        match=r"^QTools, source_quantizers: expected one type, or one per input of the model, which "
        r"has 1, got 2\. Give one per input\.$",
    ):
        QTools(dense, source_quantizers=["int8", "int8"])


def test_a_place_that_does_not_exist(dense):
    with pytest.raises(
        EnergyError,
        match=r"^QTools\.pe, weights_on_memory: expected one of dram, sram, fixed, got 'rom'\. Choose one\.$",
    ):
        QTools(dense).pe("rom")


def test_a_release_that_is_not_known(dense):
    with pytest.raises(
        EnergyError,
        match=r"^QTools, compatible: expected True, False or '0\.9\.0', got '0\.8'\. Choose one\.$",
    ):
        QTools(dense, compatible="0.8")


def test_distinct_weights_count_in_inference(tmp_path):
    """16 values; QTools must be told whether they are quantised, here it makes no difference."""
    model = model_of((16,), QDense(8, kernel_quantizer="quantized_po2(4,1)", name="d"))
    weights = model.get_layer("d").get_weights()
    model.get_layer("d").set_weights([powers((16, 8), range(-8, 0)) * 1.1, *weights[1:]])
    bits = QTools(model).data_type_map["d"]["accumulator"]["bits"]
    expected = cents(128 * (16 * 0.3 * 8 + bits) * ADD)
    for quantized in (True, False):
        options = {"is_inference": True, "model_weights_already_quantized": quantized}
        assert costs(model, **options)["d"][0] == expected
    model.save_weights(tmp_path / "other.weights.h5")
    fresh = model_of((16,), QDense(8, kernel_quantizer="quantized_po2(4,1)", name="d"))
    path = tmp_path / "other.weights.h5"
    assert costs(fresh, is_inference=True, weights_path=path)["d"][0] == expected
    with pytest.raises(LoadError, match=r"^nothing\.h5: expected "):
        QTools(fresh, weights_path=tmp_path / "nothing.h5")


def test_scales_of_auto_po2_widen_the_fused_sum():
    """Scales from 1/4 to 1 make products of up to two bits more."""
    dense = QDense(2, kernel_quantizer="quantized_bits(4,0,alpha='auto_po2')", name="d")
    model = model_of((4,), dense)
    kernel = np.asarray([[1, 0.25], [-1, -0.25], [0.5, 0.125], [1, 0.25]], "float32")
    dense.set_weights([kernel, np.zeros(2, "float32")])

    def sums(**options):
        told = QTools(model, **options).data_type_map["d"]
        return [told[key]["bits"] for key in ("accumulator", "fused_accumulator")]

    assert sums() == [14, 14]
    before = sums(is_inference=True, model_weights_already_quantized=False)
    assert before[1] == before[0] + 2
    assert sums() == [14, 14]  # the model's quantizer has not been called
    model_save_quantized_weights(model)
    assert sums() == before


def test_printing_and_files(dense, tmp_path, capsys):
    tools = QTools(dense)
    tools.qtools_stats_print()
    assert json.loads(capsys.readouterr().out) == tools.data_type_map
    tools.qtools_stats_to_json(tmp_path / "map.json")
    assert json.loads((tmp_path / "map.json").read_text()) == tools.data_type_map
    found = tools.pe(verbose=True)
    title, _, text = capsys.readouterr().out.partition("\n")
    assert title == "COST:"
    assert json.loads(text) == found
    assert tools.source_quantizer_list[0].bits == 8


def test_sums_by_ones_own_choice(dense):
    tools = QTools(dense)
    found = tools.pe()
    only = tools.extract_energy_profile({"QDense": ["parameters"]}, found)
    assert only["d"]["total"] == found["d"]["energy"]["parameters"]
    assert tools.extract_energy_sum({"default": []}, found) == 0


def test_energy_imports_without_keras():
    code = "import sys, qhls.energy; print('keras' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "False\n"
    assert qhls.energy.QTools is QTools
    with pytest.raises(AttributeError, match=r"^module 'qhls\.energy' has no attribute 'QTool'$"):
        _ = qhls.energy.QTool
