"""Protocols of layers, with the attributes that lowering rules read, and types of the arguments of layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from qhls.frontend.lowering.reals import Tensor
from qhls.ir.integers import Array
from qhls.quantizers import Quantizer
from qhls.quantizers.keras_types import KerasLayer, KerasTensor

Activation = Callable[[KerasTensor], KerasTensor]
"""A quantizer, or a function of each number."""

KnownNumbers = Array | float
OperationArgument = Tensor | KnownNumbers | None
"""An argument of an operation: a tensor, constant numbers, or ``None`` for an optional argument that is absent."""


class HasDataFormat(Protocol):
    """A layer with a ``data_format``: its channels are the last axis or the first."""

    @property
    def data_format(self) -> str:
        """Return "channels_last" or "channels_first"."""
        ...


class QuantizedLayer(KerasLayer, Protocol):
    """A layer or cell whose weights have quantizers."""

    def get_quantized_weights(self) -> Mapping[str, tuple[Quantizer | Activation | None, Array]]:
        """Return ``{variable: (quantizer or None, array of floats)}``."""
        ...

    def name_argument(self, variable: str, what: str, /) -> str:
        """Return the name of the constructor's argument for ``variable``, such as ``kernel_quantizer``."""
        ...


class Windowed(KerasLayer, HasDataFormat, Protocol):
    """A layer of sliding windows."""

    @property
    def strides(self) -> Any:
        """Return the stride of the window along each axis."""
        ...

    @property
    def padding(self) -> str:
        """Return "valid", "same" or "causal"."""
        ...


class Convolution(Windowed, Protocol):
    """A convolution, transposed or not."""

    @property
    def kernel_size(self) -> Any:
        """Return the sizes of the window, one per axis."""
        ...

    @property
    def dilation_rate(self) -> Any:
        """Return the dilation along each axis: the distance of neighbouring elements of a window."""
        ...

    def compute_output_shape(self, input_shape: tuple[int, ...], /) -> Any:
        """Return the shape of the result."""
        ...


class QConvolution(Convolution, QuantizedLayer, Protocol):
    """A convolution whose weights have quantizers."""

    def quantize_variable(self, variable: str, /) -> KerasTensor:
        """Return the variable as the layer computes with it: quantised if it has a quantizer."""
        ...


class Pooling(Windowed, Protocol):
    """A pooling over windows."""

    @property
    def pool_size(self) -> Any:
        """Return the sizes of the window, one per axis."""
        ...


class GlobalPooling(KerasLayer, HasDataFormat, Protocol):
    """A pooling over all of a tensor but its channels."""

    @property
    def keepdims(self) -> bool:
        """Return whether the result keeps the reduced axes, each of length 1."""
        ...


class AdaptivePooling(KerasLayer, HasDataFormat, Protocol):
    """A pooling whose window size follows from a given size of the result."""

    @property
    def output_size(self) -> Any:
        """Return the size of the result along each axis but that of the channels."""
        ...
