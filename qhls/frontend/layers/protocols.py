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
"""An argument of an operation: a tensor, constant numbers, or nothing where it may be left out."""


class HasDataFormat(Protocol):
    """A layer whose channels are the last axis or the first."""

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
        """Return the constructor's argument, such as ``kernel_quantizer``."""
        ...


class Windowed(KerasLayer, HasDataFormat, Protocol):
    """A layer of sliding windows."""

    @property
    def strides(self) -> Any:
        """Return the steps of the window, one per axis."""
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
        """Return the distances of neighbours in a window, one per axis."""
        ...

    def compute_output_shape(self, input_shape: tuple[int, ...], /) -> Any:
        """Return the shape of the result."""
        ...


class QConvolution(Convolution, QuantizedLayer, Protocol):
    """A convolution whose weights have quantizers."""

    def quantize_variable(self, variable: str, /) -> KerasTensor:
        """Return the variable as computations use it."""
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
        """Return whether the result keeps the axes, each of length 1."""
        ...


class AdaptivePooling(KerasLayer, HasDataFormat, Protocol):
    """A pooling whose windows follow from the size of its result."""

    @property
    def output_size(self) -> Any:
        """Return the sizes of the result, one per axis but that of the channels."""
        ...
