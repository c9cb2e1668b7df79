"""Types of the parts of Keras that qhls uses, because Keras' annotations allow None for every result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import keras
import numpy as np

ops: Any = keras.ops

Identifier = str | Mapping[str, Any] | Callable[..., Any] | None
"""A quantizer, activation, initializer, regularizer or constraint, as name, configuration or callable; or None."""

Flag = bool | int
"""True or False; QKeras' configurations write 1 and 0."""

NoiseFactor = float | keras.Variable
"""The share of quantization noise, which may be a variable that training changes."""

Seed = keras.random.SeedGenerator | int | None
"""The source of random numbers: a generator or a seed; None selects Keras' global generator."""

KerasShape = tuple[Any, ...]
"""Sizes of all axes, the batch axis included; an unknown size is None."""

PerAxis = int | Sequence[int]
"""One size for all axes, or one per axis."""


class KerasTensor(Protocol):
    """An array, or a symbolic or concrete tensor of any backend, with arithmetic, ``shape`` and ``dtype``."""

    @property
    def shape(self) -> tuple[Any, ...]:
        """The sizes of the axes; an unknown size of a symbolic tensor is None."""
        ...

    @property
    def dtype(self) -> Any:
        """The type of the elements."""
        ...

    def __add__(self, other: Any, /) -> KerasTensor: ...

    def __radd__(self, other: Any, /) -> KerasTensor: ...

    def __sub__(self, other: Any, /) -> KerasTensor: ...

    def __rsub__(self, other: Any, /) -> KerasTensor: ...

    def __mul__(self, other: Any, /) -> KerasTensor: ...

    def __rmul__(self, other: Any, /) -> KerasTensor: ...

    def __truediv__(self, other: Any, /) -> KerasTensor: ...

    def __rtruediv__(self, other: Any, /) -> KerasTensor: ...

    def __lt__(self, other: Any, /) -> KerasTensor: ...

    def __le__(self, other: Any, /) -> KerasTensor: ...

    def __gt__(self, other: Any, /) -> KerasTensor: ...

    def __ge__(self, other: Any, /) -> KerasTensor: ...

    def __pow__(self, other: Any, /) -> KerasTensor: ...

    def __neg__(self) -> KerasTensor: ...

    def __int__(self) -> int: ...

    def __getitem__(self, index: Any, /) -> KerasTensor: ...


TensorLike = np.ndarray | np.generic | float | Sequence[Any] | KerasTensor
"""Numbers in any form that Keras' functions accept: an array, a number, nested lists, or a tensor."""


class KerasLayer(Protocol):
    """A Keras layer, reduced to the attributes that every layer has."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Apply the layer."""
        ...

    @property
    def name(self) -> str:
        """The name, unique within a model."""
        ...

    @property
    def compute_dtype(self) -> str:
        """The float type in which the layer computes."""
        ...

    @property
    def dtype_policy(self) -> Any:
        """The float types of variables and of computations."""
        ...

    @property
    def input(self) -> Any:
        """The symbolic inputs of a layer that was called once."""
        ...

    @property
    def weights(self) -> list[Any]:
        """The variables that a saved model contains, including those of inner layers."""
        ...

    @property
    def trainable_weights(self) -> list[Any]:
        """The ``weights`` that the optimizer changes."""
        ...

    @property
    def non_trainable_weights(self) -> list[Any]:
        """The ``weights`` that the optimizer does not change."""
        ...

    def _flatten_layers(self, recursive: bool = True, include_self: bool = True) -> Iterable[Any]:
        """Return the layer and all layers within it."""
        ...

    @classmethod
    def from_config(cls, config: dict[str, Any], /) -> Any:
        """Return a new layer, made from the arguments of its constructor."""
        ...

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the shapes with which the layer was built."""
        ...

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        ...

    def get_weights(self) -> list[Any]:
        """Return the values of ``weights``."""
        ...

    def set_weights(self, weights: list[Any], /) -> None:
        """Assign new values to ``weights``, in the same order."""
        ...


class KerasOperation(Protocol):
    """An operation in Keras' graph, such as ``keras.ops.sum``; each parameter is an attribute of the same name."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Apply the operation."""
        ...

    def __getattr__(self, name: str, /) -> Any: ...

    @property
    def name(self) -> str:
        """The name, unique within a model."""
        ...

    @property
    def output(self) -> Any:
        """The symbolic results of an operation that was called once."""
        ...


class CallArguments(Protocol):
    """The arguments of a call in Keras' graph, whose tensors are symbolic."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def fill_in(self, tensors: dict[int, Any], /) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments with each symbolic tensor replaced by the entry of ``tensors`` at its ``id``."""
        ...


class KerasNode(Protocol):
    """A call in Keras' graph; ``operation`` is the layer or operation that is called."""

    operation: Any
    arguments: CallArguments
    outputs: Sequence[Any]

    @property
    def input_tensors(self) -> Sequence[Any]:
        """The symbolic tensors among the arguments."""
        ...


class KerasGraph(Protocol):
    """The graph of a functional or sequential model; ``_nodes_by_depth`` lists its calls, the last calls first."""

    inputs: list[Any]
    outputs: list[Any]
    _nodes_by_depth: dict[int, list[Any]]


class WeightOwner(Protocol):
    """A layer that returns the real values of a variable before quantization."""

    def get_unquantized(self, variable: str, /) -> KerasTensor | None:
        """Return the input of the quantizer of ``variable``; None if the layer has no such variable."""
        ...
