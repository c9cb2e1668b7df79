"""Examples of each layer that normalises, adapts or recurs, with the input's shape."""

import keras

from qhls.layers import (
    QGRU,
    QLSTM,
    QAdaptiveActivation,
    QBatchNormalization,
    QBidirectional,
    QConv2DBatchnorm,
    QDenseBatchnorm,
    QDepthwiseConv2DBatchnorm,
    QGRUCell,
    QLSTMCell,
    QSimpleRNN,
)

BITS = "quantized_bits(4,0,1,alpha=1)"
AUTO = "quantized_bits(4)"
RELU = "quantized_relu(4,2)"
KERNEL = {"kernel_quantizer": BITS, "bias_quantizer": "quantized_bits(8,3)"}
DEPTHWISE = {"depthwise_quantizer": BITS, "bias_quantizer": "quantized_bits(8,3)"}
WEIGHTS = {"kernel_quantizer": BITS, "recurrent_quantizer": BITS, "bias_quantizer": BITS}
STATE = {**WEIGHTS, "state_quantizer": "quantized_bits(6,0,1,alpha=1)"}
UNQUANTISED = {f"{name}_quantizer": None for name in ("gamma", "beta", "mean", "variance")}
IMAGE = (5, 6, 4)
STEPS = (5, 4)


def stateful_examples():
    """Name -> (layer, shape of its input without the batch)."""
    return {**_normalisations(), **_adaptive(), **_recurrent()}


def _normalisations():
    return {
        "bn": (QBatchNormalization(), IMAGE),
        "bn_axis": (QBatchNormalization(1, beta_quantizer=BITS, activation=RELU), IMAGE),
        "bn_no_scale": (QBatchNormalization(scale=False), (5,)),
        "bn_no_center": (QBatchNormalization(center=False), (5,)),
        "bn_float": (QBatchNormalization(**UNQUANTISED), (4, 5)),
        "bn_inverse": (
            QBatchNormalization(**UNQUANTISED, inverse_quantizer="quantized_bits(8,2,1,alpha=1)"),
            (5,),
        ),
        "conv_bn": (QConv2DBatchnorm(3, 2, activation=RELU, **KERNEL), IMAGE),
        "conv_bn_batch": (
            QConv2DBatchnorm(
                3, 3, 2, "same", kernel_quantizer=AUTO, folding_mode="batch_stats_folding"
            ),
            IMAGE,
        ),
        "conv_bn_mask": (
            QConv2DBatchnorm(
                3, 2, use_bias=False, mask=[[1, 0], [0, 1]], ema_freeze_delay=3, **KERNEL
            ),
            IMAGE,
        ),
        "depthwise_bn": (QDepthwiseConv2DBatchnorm(3, 2, "same", **DEPTHWISE), IMAGE),
        "depthwise_bn_wide": (
            QDepthwiseConv2DBatchnorm(2, depth_multiplier=2, axis=3, scale=False, **DEPTHWISE),
            IMAGE,
        ),
        "dense_bn": (QDenseBatchnorm(3, RELU, momentum=0.9, **KERNEL), (5,)),
        "dense_bn_rank3": (QDenseBatchnorm(3, center=False, axis=[2], **KERNEL), (4, 5)),
    }


def _adaptive():
    return {
        "adaptive": (QAdaptiveActivation("quantized_bits", 6), IMAGE),
        "adaptive_channels": (
            QAdaptiveActivation(
                "quantized_relu", 6, 7, True, 2, 9, 0.8, True, True, 0.25, relu_upper_bound=None
            ),
            IMAGE,
        ),
        "adaptive_bound": (
            QAdaptiveActivation("quantized_relu", 6, symmetric=False, relu_upper_bound=1.7),
            (5,),
        ),
    }


def _recurrent():
    several = keras.layers.RNN([QLSTMCell(3, **WEIGHTS), QGRUCell(2, **STATE)])
    return {
        "rnn": (QSimpleRNN(3, **STATE), STEPS),
        "rnn_seq": (QSimpleRNN(3, RELU, return_sequences=True, kernel_quantizer=AUTO), STEPS),
        "rnn_float": (QSimpleRNN(3, "tanh", use_bias=False, go_backwards=True), STEPS),
        "lstm": (QLSTM(3, "quantized_tanh(6)", "quantized_sigmoid(6)", **STATE), STEPS),
        "lstm_2": (QLSTM(3, implementation=2, return_sequences=True, **WEIGHTS), STEPS),
        "lstm_dropout": (QLSTM(3, dropout=0.5, recurrent_dropout=0.25, seed=1), STEPS),
        "gru": (QGRU(3, return_sequences=True, recurrent_activation="smooth_sigmoid"), STEPS),
        "gru_after": (QGRU(3, reset_after=True, unroll=True, **STATE), STEPS),
        "gru_2": (QGRU(3, implementation=2, reset_after=True, dropout=0.25, **STATE), STEPS),
        "cells": (several, STEPS),
        "bidirectional": (QBidirectional(QLSTM(3, return_sequences=True, **STATE)), STEPS),
        "bidirectional_two": (
            QBidirectional(
                QGRU(3, **WEIGHTS),
                "sum",
                backward_layer=QGRU(3, go_backwards=True, reset_after=True, **STATE),
            ),
            STEPS,
        ),
    }
