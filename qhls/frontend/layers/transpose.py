"""``QConv2DTranspose``, ``QDepthwiseConv2DTranspose``, ``QSeparableConv2DTranspose`` and their lowering rules."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import keras

from qhls.frontend.layers.linear import Arrange, finish, lower_linear
from qhls.frontend.layers.protocols import QConvolution
from qhls.frontend.layers.qlayer import QLayer, Quantized, collect_arguments
from qhls.frontend.layers.registry import register
from qhls.frontend.layers.separable import lower_pointwise
from qhls.frontend.layers.windows import as_pair, require_channels_last
from qhls.frontend.lowering.lower import activate, lower
from qhls.frontend.lowering.reals import Tensor, require_exact
from qhls.ir import Conv, Op, Pad, Reshape, View
from qhls.quantizers.keras_types import Identifier, KerasShape, KerasTensor, ops


@register
class QConv2DTranspose(QLayer, keras.layers.Conv2DTranspose):
    """Transposed 2D convolution with quantised weights: ``activation(conv_transpose(x, Q(kernel)) + Q(bias))``.

    Arguments are those of ``keras.layers.Conv2DTranspose`` and ``kernel_quantizer``,
    ``bias_quantizer``: quantizers, their strings or configurations, or ``None`` for float weights.
    The kernel is ``(height, width, filters, in)``: an automatic scale is one for each input channel
    unless the quantizer has a ``scale_axis``.

    Raises:
        QuantizerError: a quantizer or activation that does not exist.
    """

    quantized_variables = (
        Quantized("kernel", ranged=False),
        Quantized("bias", kernel=False, ranged=False),
    )

    def __init__(  # noqa: PLR0917 - QKeras' order
        self,
        filters,
        kernel_size,
        strides=(1, 1),
        padding="valid",
        output_padding=None,
        data_format=None,
        dilation_rate=(1, 1),
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        kernel_quantizer=None,
        bias_quantizer=None,
        **kwargs,
    ):
        super().__init__(**collect_arguments(locals()))

    def compute_product(self, inputs: KerasTensor) -> KerasTensor:
        """Apply the transposed convolution to ``inputs`` ``(batch, h, w, in)``; return ``(batch, h', w', filters)``."""
        return _convolve_transposed(self, inputs, self.quantize_variable("kernel"))


class _ByChannels(QLayer, keras.layers.Conv2DTranspose):
    """Base class of the depthwise and the separable transposed convolution.

    As in QKeras, initializers and constraints are taken as they are given, and ``activation`` has
    no place: ``last_activation`` names the argument for the one behind the bias.
    """

    last_activation: ClassVar[str]

    def __init__(
        self, depth_multiplier: int, activation: Identifier = None, **arguments: Any
    ) -> None:
        name = type(self).__name__
        if depth_multiplier != 1:
            raise ValueError(
                f"{name}: expected depth_multiplier=1, got {depth_multiplier!r}. Leave it out."
            )
        if activation not in (None, "linear", keras.activations.linear):
            raise ValueError(
                f"{name}: expected activation=None, got {activation!r}. Give it as "
                f"{self.last_activation}, which follows the convolution."
            )
        super().__init__(activation=arguments.pop(self.last_activation), **arguments)
        self.depth_multiplier = depth_multiplier

    def get_quantizers(self) -> list[Any]:
        """Return the quantizers of the variables, then those of the activations, as QKeras lists them."""
        names = (*self.inner_activations, self.last_activation)
        return [*super().get_quantizers(), *(getattr(self, name) for name in names)]

    def get_quantization_config(self) -> dict[str, str]:
        """Return texts of the quantizers, activations and filters, by the layer's argument names, for reports."""
        texts = super().get_quantization_config()
        return texts | {self.last_activation: texts["activation"], "activation": "linear"}

    def get_config(self) -> dict[str, Any]:
        """Return the configuration with QKeras' keys, from which ``from_config`` makes an equal layer."""
        config = super().get_config()
        own = {self.last_activation: config["activation"], "activation": "linear"}
        return config | own | {"depth_multiplier": self.depth_multiplier}

    @property
    def _last(self) -> Any:
        return None if self.activation is keras.activations.linear else self.activation

    def _add_kernel(self, name: str, shape: tuple[int, ...]) -> keras.Variable:
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )

    def _add_bias(self) -> keras.Variable:
        return self.add_weight(
            name="bias",
            shape=(self.filters,),
            initializer=self.bias_initializer,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
        )

    @property
    def _channels(self) -> int:
        """Return the index of the channel axis."""
        return -1 if self.data_format == "channels_last" else 1


@register
class QDepthwiseConv2DTranspose(_ByChannels):
    """Transposed convolution by groups of channels: ``depthwise_activation(conv_transpose(x, Q(depthwise_kernel)) +
    Q(bias))``.

    Each ``group_size`` neighbouring channels of x are mapped to as many, by their part of the
    kernel ``(height, width, in, group_size)``. Arguments are those of
    ``keras.layers.Conv2DTranspose`` without ``activation``, and ``depthwise_kernel_quantizer``,
    ``bias_quantizer`` and ``depthwise_activation``: quantizers, their strings or configurations, or
    ``None``. The output has the channels of x, whatever ``filters`` is, the size of the bias. A bias of
    another size cannot be added: it is kept and not used, as QKeras does with every bias of this layer.

    Raises:
        QuantizerError: a quantizer or activation that does not exist.
        ValueError: a ``group_size`` that does not divide the channels of x; a ``depth_multiplier``
            other than 1; an ``activation``.
    """

    quantized_variables = (
        Quantized("depthwise_kernel", ranged=False, fitted=False),
        Quantized("bias", kernel=False, ranged=False, fitted=False),
    )
    last_activation = "depthwise_activation"

    def __init__(  # noqa: PLR0917 - QKeras' order
        self,
        filters,
        kernel_size,
        group_size=1,
        strides=(1, 1),
        padding="valid",
        output_padding=None,
        depth_multiplier=1,
        depthwise_activation=None,
        use_bias=True,
        depthwise_kernel_quantizer=None,
        bias_quantizer=None,
        **kwargs,
    ):
        arguments = collect_arguments(locals())
        group_size = arguments.pop("group_size")
        if not isinstance(group_size, int) or group_size < 1:
            raise ValueError(
                f"QDepthwiseConv2DTranspose: expected group_size to be a positive integer, "
                f"got {group_size!r}. Change it."
            )
        super().__init__(**arguments)
        self.group_size = group_size

    @property
    def depthwise_activation(self) -> Any:
        """Return the activation that follows the bias, or ``None`` if that is linear."""
        return self._last

    @property
    def adds_bias(self) -> bool:
        """Return whether the layer adds its bias: only a bias with one element per input channel is added."""
        return self.use_bias and self._channel_bias

    def build(self, input_shape: KerasShape) -> None:
        """Make ``depthwise_kernel`` (height, width, in, group_size) and the bias."""
        channels = input_shape[self._channels]
        if channels % self.group_size:
            raise ValueError(
                f"QDepthwiseConv2DTranspose: expected a group_size that divides the {channels} "
                f"channels of the input, got group_size={self.group_size}. Change it."
            )
        self._channel_bias = self.filters == channels
        if self.use_bias and not self._channel_bias:
            warnings.warn(
                f"QDepthwiseConv2DTranspose: the input has {channels} channels, so a bias of filters={self.filters} "
                f"elements is not added. Write filters={channels}, or use_bias=False.",
                stacklevel=2,
            )
        shape = (*self.kernel_size, channels, self.group_size)
        self.depthwise_kernel = self._add_kernel("depthwise_kernel", shape)
        self.bias = self._add_bias() if self.use_bias else None

    def compute_product(self, inputs: KerasTensor) -> KerasTensor:
        """Apply the transposed convolution of each group to ``inputs`` ``(batch, h, w, in)``; return ``(batch, h', w',
        in)``.
        """
        groups = inputs.shape[self._channels] // self.group_size
        kernels = ops.split(self.quantize_variable("depthwise_kernel"), groups, axis=2)
        return _convolve_groups(self, inputs, kernels)

    def get_unquantized(self, variable: str) -> KerasTensor | None:
        """Return the value that the quantizer of ``variable`` reads; ``None`` for a missing variable or an unused
        bias.
        """
        unused = variable == "bias" and self.built and not self.adds_bias
        return None if unused else super().get_unquantized(variable)

    def compute_output_shape(self, input_shape: KerasShape) -> Any:
        """Return the shape of the result, which has as many channels as the input."""
        shape = list(super().compute_output_shape(input_shape))
        shape[self._channels] = input_shape[self._channels]
        return tuple(shape)

    def get_config(self) -> dict[str, Any]:
        """Return the configuration with QKeras' keys, from which ``from_config`` makes an equal layer."""
        return super().get_config() | {"group_size": self.group_size}


@register
class QSeparableConv2DTranspose(_ByChannels):
    """Transposed convolution of each channel, then a pointwise convolution, both with quantised weights.

    ``pointwise_activation(pointwise(depthwise_activation(depthwise(x))) + Q(bias))``. The kernels
    are ``(height, width, 1, in)`` and ``(1, 1, filters, in)``. Arguments are those of
    ``keras.layers.Conv2DTranspose`` without ``activation``, and ``depthwise_kernel_quantizer``,
    ``pointwise_kernel_quantizer``, ``bias_quantizer``, ``depthwise_activation`` and
    ``pointwise_activation``: quantizers, their strings or configurations, or ``None``.

    Raises:
        QuantizerError: a quantizer or activation that does not exist.
        ValueError: a ``depth_multiplier`` other than 1; an ``activation``.
    """

    quantized_variables = (
        Quantized("depthwise_kernel", ranged=False, fitted=False),
        Quantized("pointwise_kernel", ranged=False, fitted=False),
        Quantized("bias", kernel=False, ranged=False, fitted=False),
    )
    inner_activations = ("depthwise_activation",)
    last_activation = "pointwise_activation"

    def __init__(  # noqa: PLR0917 - QKeras' order
        self,
        filters,
        kernel_size,
        strides=(1, 1),
        padding="valid",
        output_padding=None,
        depth_multiplier=1,
        depthwise_activation=None,
        pointwise_activation=None,
        use_bias=True,
        depthwise_kernel_quantizer=None,
        pointwise_kernel_quantizer=None,
        bias_quantizer=None,
        **kwargs,
    ):
        super().__init__(**collect_arguments(locals()))

    @property
    def pointwise_activation(self) -> Any:
        """Return the activation that follows the bias, or ``None`` if that is linear."""
        return self._last

    def build(self, input_shape: KerasShape) -> None:
        """Make both kernels and the bias."""
        channels = input_shape[self._channels]
        self.depthwise_kernel = self._add_kernel(
            "depthwise_kernel", (*self.kernel_size, 1, channels)
        )
        self.pointwise_kernel = self._add_kernel("pointwise_kernel", (1, 1, self.filters, channels))
        self.bias = self._add_bias() if self.use_bias else None

    def compute_product(self, inputs: KerasTensor) -> KerasTensor:
        """Apply both convolutions to ``inputs`` ``(batch, h, w, in)``; return ``(batch, h', w', filters)``."""
        kernels = ops.split(
            self.quantize_variable("depthwise_kernel"), inputs.shape[self._channels], axis=3
        )
        outputs = _convolve_groups(self, inputs, kernels)
        if self.depthwise_activation is not None:
            outputs = self.depthwise_activation(outputs)
        pointwise = ops.swapaxes(self.quantize_variable("pointwise_kernel"), 2, 3)
        return ops.conv(outputs, pointwise, padding="valid", data_format=self.data_format)


def _convolve_transposed(
    layer: keras.layers.Conv2DTranspose, inputs: KerasTensor, kernel: KerasTensor
) -> KerasTensor:
    """Return the transposed convolution of ``inputs`` with ``kernel`` ``(height, width, out, in)`` and the settings of
    ``layer``.
    """
    return ops.conv_transpose(
        inputs,
        kernel,
        strides=layer.strides,
        padding=layer.padding,
        output_padding=layer.output_padding,
        dilation_rate=layer.dilation_rate,
        data_format=layer.data_format,
    )


def _convolve_groups(layer: _ByChannels, inputs: KerasTensor, kernels: list[Any]) -> KerasTensor:
    """Return the transposed convolution of each group of channels with its kernel, concatenated; backends have no such
    grouped op.
    """
    groups = ops.split(inputs, len(kernels), axis=layer._channels)
    outputs = [_convolve_transposed(layer, x, w) for x, w in zip(groups, kernels, strict=True)]
    return ops.concatenate(outputs, axis=layer._channels)


# -- hardware: zeros between the elements, then a plain convolution with the kernel turned around ----


@lower.register(QConv2DTranspose)
def _lower_conv2d_transpose(layer: QConv2DTranspose, x: Op) -> Tensor:
    return finish(layer, _convolve(layer, x, "kernel", lambda k: k.swapaxes(2, 3)))


@lower.register(QDepthwiseConv2DTranspose)
def _lower_depthwise_conv2d_transpose(layer: QDepthwiseConv2DTranspose, x: Op) -> Tensor:
    groups = x.shape[-1] // layer.group_size
    return finish(
        layer, _convolve(layer, x, "depthwise_kernel", lambda k: k.swapaxes(2, 3), groups)
    )


@lower.register(QSeparableConv2DTranspose)
def _lower_separable_conv2d_transpose(layer: QSeparableConv2DTranspose, x: Op) -> Tensor:
    spread = _convolve(layer, x, "depthwise_kernel", lambda k: k, x.shape[-1])
    between = require_exact(layer, activate(layer, layer.depthwise_activation, spread))
    return finish(layer, lower_pointwise(layer, between, lambda k: k.swapaxes(2, 3)))


def _convolve(
    layer: QConvolution, x: Op, variable: str, arrange: Arrange, groups: int = 1
) -> Tensor:
    """Lower the transposed convolution of ``x`` with the variable named ``variable``, which ``arrange`` brings to the
    shape (kh, kw, in / groups, out).
    """
    require_channels_last(layer)
    size, strides, dilation = map(as_pair, (layer.kernel_size, layer.strides, layer.dilation_rate))
    sizes = layer.compute_output_shape((1, *x.shape))[1:3]
    spread = _with_zeros(x, strides)
    for axis, line in enumerate(zip(sizes, x.shape, size, strides, dilation, strict=False)):
        spread = _fit_length(spread, axis, *_find_margins(line, layer.padding == "same"))
    return lower_linear(
        layer,
        variable,
        lambda w: Conv(spread, w, (1, 1), dilation, groups),
        lambda kernel: arrange(kernel)[::-1, ::-1],
    )


def _with_zeros(x: Op, strides: tuple[int, int]) -> Op:
    """Return ``x`` (rows, columns, channels) with ``stride - 1`` zeros after each element, along rows and along
    columns.
    """
    rows, columns, channels = x.shape
    (down, across) = strides
    if strides == (1, 1):
        return x
    apart = Reshape(x, (rows, 1, columns, 1, channels))
    filled = Pad(apart, ((0, 0), (0, down - 1), (0, 0), (0, across - 1), (0, 0)))
    return Reshape(filled, (rows * down, columns * across, channels))


def _find_margins(line: tuple[int, ...], same: bool) -> tuple[int, int]:
    """Return how many zeros, negative to remove some, go to the start and end of an axis, so that a convolution
    yields ``output`` elements.

    ``line``: lengths of output and input, size, stride and dilation of the window. ``same``: the input is what
    a convolution with ``padding="same"`` makes of the output.
    """
    output, length, size, stride, dilation = line
    reach = (size - 1) * dilation
    surplus = max((length - 1) * stride + reach + 1 - output, 0) if same else 0
    before = reach - surplus // 2
    return before, output + reach - before - length * stride


def _fit_length(x: Op, axis: int, before: int, behind: int) -> Op:
    """Return ``x`` with zeros added at the start and at the end of a spatial axis; negative numbers remove elements."""
    lost = [max(-before, 0), max(-behind, 0)]
    if any(lost):
        dims = list(x.shape)
        strides = (x.shape[1] * x.shape[2], x.shape[2], 1)
        dims[axis] -= sum(lost)
        x = View(x, tuple(dims), strides, lost[0] * strides[axis])
    widths = [(0, 0)] * 3
    widths[axis] = (max(before, 0), max(behind, 0))
    return Pad(x, tuple(widths)) if any(widths[axis]) else x
