"""Random Keras models over all layers, quantizers and shapes that have hardware; one for each seed."""

import keras
import numpy as np

from qhls import frontend as q
from qhls.frontend.layers.batchnorm import QBatchNormalization
from qhls.frontend.layers.conv1d import QConv1D
from qhls.frontend.layers.depthwise import QDepthwiseConv2D
from qhls.frontend.layers.folded import QConv2DBatchnorm, QDenseBatchnorm, QDepthwiseConv2DBatchnorm
from qhls.frontend.layers.pooling import QAveragePooling2D, QGlobalAveragePooling2D
from qhls.frontend.layers.recurrent import QGRU, QLSTM, QBidirectional, QSimpleRNN
from qhls.frontend.layers.scale_shift import QScaleShift
from qhls.frontend.layers.separable import QSeparableConv1D, QSeparableConv2D
from qhls.frontend.layers.transpose import (
    QConv2DTranspose,
    QDepthwiseConv2DTranspose,
    QSeparableConv2DTranspose,
)

L = keras.layers
SHAPES = [(6,), (4, 3), (5, 5, 2), (4, 6, 1), (3, 4, 4)]
EXACT = [
    "quantized_bits(4,0,1,alpha=1)",
    "quantized_bits(3,1,0,alpha=1)",
    "quantized_bits(5,2,1,alpha='auto_po2')",
    "quantized_linear(4,1,alpha=1)",
    "quantized_po2(4)",
    "quantized_po2(3,1.0)",
    "ternary(alpha=1)",
    "binary(alpha=1)",
    "binary(alpha=0.5)",
    "stochastic_ternary(alpha=1)",
]
"""Kernel quantizers whose scales are powers of two."""
REAL = [
    "quantized_bits(4,0,1,alpha='auto')",
    "ternary(alpha='auto')",
    "quantized_linear(3,alpha='auto')",
]
"""Kernel quantizers with a real scale a channel: an activation must follow."""
ACTIVATIONS = [
    "quantized_bits(5,2,alpha=1)",
    "quantized_bits(4,1,0,alpha=1)",
    "quantized_bits(6,1,symmetric=1,alpha=1)",
    "quantized_linear(5,1,alpha=1)",
    "quantized_relu(4,1)",
    "quantized_relu(5,2,negative_slope=0.25)",
    "quantized_relu(3,0,use_sigmoid=1)",
    "quantized_relu(6,3,is_quantized_clip=False,relu_upper_bound=3)",
    "quantized_tanh(4)",
    "quantized_tanh(5,use_real_tanh=True)",
    "quantized_sigmoid(4)",
    "quantized_po2(4)",
    "quantized_relu_po2(4)",
    "ternary(alpha=1)",
    "binary(alpha=1)",
]
BETWEEN = ["hard_tanh", "smooth_sigmoid", "relu", "hard_sigmoid", "tanh", "linear"]
"""Functions that a quantizer follows."""


BY_RANK = {
    1: ("dense", "merged", "scaled", "bent"),
    2: ("conv1d", "separable1d", "moving1d", "recurrent", "dense", "merged", "flat"),
    3: (
        *("conv", "conv", "depthwise", "separable", "transposed", "pooling"),
        *("spatial", "global_pooling", "merged", "flat", "dense"),
    ),
}
"""The methods of ``Maker`` by the rank of what they read."""


class Maker:
    """Draws layers by ``random``; each method takes and returns a symbolic tensor."""

    def __init__(self, random):
        self.random = random

    def pick(self, choices):
        return choices[self.random.integers(len(choices))]

    def maybe(self):
        return bool(self.random.integers(2))

    def stretch(self, x):
        """Sums without a quantizer between them: a code grows past C's integers and past doubles."""
        for _ in range(self.random.integers(1, 5)):
            quantizer = self.pick(["quantized_bits(16,0,alpha=1)", "quantized_bits(8,3,alpha=1)"])
            x = q.QDense(2, kernel_quantizer=quantizer, use_bias=False)(x)
            if self.maybe():
                x = self.pick([L.ReLU(), q.QActivation("hard_tanh")])(x)
            if self.random.integers(3) == 0:
                x = L.Maximum()([x, q.QActivation("quantized_relu(16,3)")(x)])
        return q.QActivation(self.pick(ACTIVATIONS))(x)

    def quantizers(self, *variables, real=False):
        """Arguments ``<variable>_quantizer``; the first may be one of real scales."""
        texts = {f"{v}_quantizer": self.pick(EXACT) for v in variables}
        if real and self.random.integers(4) == 0:
            texts[f"{variables[0]}_quantizer"] = self.pick(REAL)
        return texts

    def activated(self, x):
        """A quantizer, perhaps behind a normalisation or function."""
        first = self.random.integers(6)
        if first == 0:
            x = L.BatchNormalization()(x)
        elif first == 1:
            x = QBatchNormalization()(x)
        if self.random.integers(4) == 0:
            x = q.QActivation(self.pick(BETWEEN))(x)
        return q.QActivation(self.pick(ACTIVATIONS))(x)

    # -- one layer a method, by the rank of what it reads -----------------------------------------

    def dense(self, x):
        cls = self.pick([q.QDense, q.QDense, QDenseBatchnorm])
        return self.activated(cls(3, **self.quantizers("kernel", "bias", real=True))(x))

    def conv(self, x):
        cls = self.pick([q.QConv2D, q.QConv2D, QConv2DBatchnorm])
        groups = {"groups": 2} if x.shape[-1] % 2 == 0 and self.maybe() else {}
        options = groups | self.windows() | self.quantizers("kernel", "bias", real=True)
        layer = cls(4, (2, min(3, x.shape[2])), use_bias=self.maybe(), **options)
        return self.activated(layer(x))

    def padding(self):
        return self.pick(["same", "valid"])

    def windows(self):
        options = [{}, {"strides": (2, 1)}, {"dilation_rate": (1, 2), "padding": "same"}]
        return {"padding": self.padding()} | self.pick(options)

    def depthwise(self, x):
        cls = self.pick([QDepthwiseConv2D, QDepthwiseConv2DBatchnorm])
        layer = cls(2, strides=self.pick([1, 2]), padding=self.padding(), depth_multiplier=self.pick([1, 2]),
                    **self.quantizers("depthwise", "bias", real=True))  # fmt: skip
        return self.activated(layer(x))

    def separable(self, x):
        layer = QSeparableConv2D(3, 2, padding=self.padding(), depthwise_activation=self.pick([None, *ACTIVATIONS]),
                                 **self.quantizers("depthwise", "pointwise", "bias"))  # fmt: skip
        return self.activated(layer(x))

    def transposed(self, x):
        options = {"strides": self.pick([1, 2]), "padding": self.padding()}
        kind, channels = self.random.integers(3), x.shape[-1]
        if kind == 0:
            layer = QConv2DTranspose(3, 2, **options, **self.quantizers("kernel", "bias"))
        elif kind == 1:
            layer = QDepthwiseConv2DTranspose(channels, 3, group_size=1, **options,
                                              **self.quantizers("depthwise_kernel", "bias"))  # fmt: skip
        else:
            kernels = ("depthwise_kernel", "pointwise_kernel", "bias")
            layer = QSeparableConv2DTranspose(2, 2, **options,
                                              **self.quantizers(*kernels))  # fmt: skip
        return self.activated(layer(x))

    def pooling(self, x):
        window = self.pick([(2, 2), (1, 2), (2, 1)])
        layer = self.pick([L.MaxPooling2D, L.AveragePooling2D, QAveragePooling2D])
        quantised = {"average_quantizer": self.pick(EXACT)} if layer is QAveragePooling2D else {}
        return self.activated(layer(window, padding=self.padding(), **quantised)(x))

    def spatial(self, x):
        layer = self.pick(
            [
                L.UpSampling2D(2),
                L.ZeroPadding2D(1),
                L.Cropping2D(((1, 0), (0, 1))),
                L.Permute((2, 1, 3)),
            ]
        )
        return layer(x)

    def global_pooling(self, x):
        average = QGlobalAveragePooling2D(average_quantizer=self.pick(EXACT))
        return self.activated(self.pick([L.GlobalMaxPooling2D(), average])(x))

    def conv1d(self, x):
        layer = QConv1D(
            3,
            2,
            padding=self.pick(["same", "valid", "causal"]),
            **self.quantizers("kernel", "bias", real=True),
        )
        return self.activated(layer(x))

    def separable1d(self, x):
        layer = QSeparableConv1D(3, 2, padding=self.pick(["same", "causal"]),
                                 **self.quantizers("depthwise", "pointwise", "bias"))  # fmt: skip
        return self.activated(layer(x))

    def moving1d(self, x):
        return self.pick(
            [
                L.UpSampling1D(2),
                L.ZeroPadding1D(1),
                L.Permute((2, 1)),
                L.MaxPooling1D(2, padding="same"),
            ]
        )(x)

    def recurrent(self, x):
        cls = self.pick([QSimpleRNN, QLSTM, QGRU])
        gates = (
            {}
            if cls is QSimpleRNN
            else {"recurrent_activation": self.pick(["hard_sigmoid", "quantized_sigmoid(4)"])}
        )
        gates |= {"reset_after": self.maybe()} if cls is QGRU else {}
        layer = cls(2, activation=self.pick(["quantized_tanh(4)", "quantized_bits(4,0,alpha=1)"]), **gates,
                    state_quantizer=self.pick(["quantized_bits(5,1,alpha=1)", None]), return_sequences=self.maybe(),
                    go_backwards=self.maybe(), **self.quantizers("kernel", "recurrent", "bias"))  # fmt: skip
        if self.random.integers(3) == 0:
            layer = QBidirectional(layer, merge_mode=self.pick(["concat", "sum", "mul", "ave"]))
        return self.activated(layer(x))

    def scaled(self, x):
        return self.activated(
            QScaleShift("quantized_bits(4,1,alpha=1)", "quantized_bits(4,1,alpha=1)")(x)
        )

    def merged(self, x):
        other = q.QActivation(self.pick(ACTIVATIONS))(x)
        merge = self.pick(
            [L.Add, L.Subtract, L.Multiply, L.Average, L.Maximum, L.Minimum, L.Concatenate]
        )
        return self.activated(merge()([x, other]))

    def bent(self, x):
        return self.pick([L.LeakyReLU(negative_slope=0.25), L.ReLU(), L.Dropout(0.5)])(x)

    def flat(self, x):
        return L.Flatten()(x)

    def step(self, x):
        return getattr(self, self.pick(BY_RANK[len(x.shape) - 1]))(x)


APART = [
    *("quantized_bits(4,12,alpha=1)", "quantized_bits(3,-12,alpha=1)", "quantized_relu(5,9)"),
    *("quantized_relu(16,0)", "quantized_bits(31,12,1,alpha=1)", "quantized_po2(5)"),
]
"""Activation quantizers of very different scales, with and without a sign."""
POLICIES = ["float64", "mixed_float16", "mixed_bfloat16", "float16"]
WIDER = {1: ("nested", "apart"), 2: ("rows", "nested", "apart"), 3: ("nested", "apart", "move")}
"""The methods of ``WildMaker`` beside those of ``Maker``."""


class WildMaker(Maker):
    """Draws layers within layers too, and merges of numbers of very different scales."""

    def nested(self, x):
        """A model within the model, perhaps called twice."""
        inputs = keras.Input(x.shape[1:])
        quantizers = {"kernel_quantizer": self.pick(EXACT), "use_bias": False}
        dense = q.QDense(x.shape[-1], **quantizers)(inputs)
        inner = keras.Model(inputs, q.QActivation(self.pick(ACTIVATIONS))(dense))
        if self.maybe():
            inner = keras.Sequential([keras.Input(x.shape[1:]), inner, L.ReLU()])
        y = inner(x)
        return self.activated(inner(y) if self.maybe() else y)

    def rows(self, x):
        """A layer or a model on each row."""
        inner = q.QDense(2, **self.quantizers("kernel", "bias"))
        if self.maybe():
            inner = keras.Sequential(
                [keras.Input(x.shape[2:]), inner, q.QActivation(self.pick(ACTIVATIONS))]
            )
        return self.activated(L.TimeDistributed(inner)(x))

    def apart(self, x):
        """Two tensors of very different scales, merged and then compared with a third one."""
        one, other = (q.QActivation(self.pick(APART))(x) for _ in range(2))
        merge = self.pick([L.Add, L.Subtract, L.Multiply, L.Maximum, L.Minimum])
        y = merge()([one, other])
        if self.maybe():
            y = self.pick([L.Maximum, L.Minimum])()([y, x])
        return y if self.maybe() else self.activated(y)

    def move(self, x):
        return self.spatial(x)

    def step(self, x):
        rank = len(x.shape) - 1
        return getattr(self, self.pick((*BY_RANK[rank], *WIDER[rank])))(x)


EXTREMES = [1e-40, 1e-8, 1e-7, 1e-3, 1.0, 1.0, 30.0, 1e4]
"""Factors of weights: denormal ones, those below a power of two's smallest, those that saturate."""


def extreme_model(seed):
    """``(model, input type)``: widths around those of C's integers and of floats, weights of any size.

    One model in four computes in another type than float32, or some of its layers do.
    """
    random = np.random.default_rng([seed, 1])
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(POLICIES[random.integers(4)] if seed % 4 == 0 else "float32")
    try:
        model, narrow = random_model(seed, stretches=True, maker=WildMaker)
    finally:
        keras.config.set_dtype_policy(before)
    if model.compute_dtype != "float32" and seed % 8:
        return model, narrow
    for weight in model.weights:
        if "kernel" in weight.path or "bias" in weight.path:
            weight.assign(weight * EXTREMES[random.integers(len(EXTREMES))])
    widths = [1, 2, 8, 12, 16, 18, 30, 31, 32, 33, 48, 53, 54, 62, 63, 64]
    width = widths[random.integers(len(widths))]
    return model, f"{'su'[random.integers(2)]}{width}.{random.integers(-2, width + 8)}"


def random_model(seed, stretches=False, maker=Maker):
    """``(model, input type)``: one to three steps on an input of few bits; perhaps ``stretches`` before them."""
    random = np.random.default_rng(seed)
    maker = maker(random)
    keras.utils.set_random_seed(seed)
    inputs = x = keras.Input(maker.pick(SHAPES))
    if stretches and maker.maybe():
        x = maker.stretch(x)
    for _ in range(random.integers(1, 4)):
        x = maker.step(x)
    model = keras.Model(inputs, x, name=f"fuzz_{seed}")
    for weight in model.weights:
        values = random.normal(size=weight.shape)
        positive = "variance" in weight.path or "gamma" in weight.path
        if "float" in str(weight.dtype):
            weight.assign(np.abs(values) + 0.1 if positive else values)
    return model, f"s{random.integers(3, 8)}.{random.integers(0, 5)}"
