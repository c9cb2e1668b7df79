"""Types of the parts of Keras that qhls uses; those of Keras itself say that any result may be None."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import keras
import numpy as np

ops: Any = keras.ops

Identifier = str | Mapping[str, Any] | Callable[..., Any] | None
"""A quantizer, activation, initializer, regularizer or constraint: its name, configuration, itself, or none."""

Flag = bool | int
"""True or False; QKeras' configurations write 1 and 0."""

NoiseFactor = float | keras.Variable
"""The share of quantization noise, which may be a variable that training changes."""

Seed = keras.random.SeedGenerator | int | None
"""The source of random numbers; None is that of Keras."""

KerasShape = tuple[Any, ...]
"""Sizes of the axes, that of the batch included; None for one that is not known."""

PerAxis = int | Sequence[int]
"""One size for all axes, or one per axis."""


class KerasTensor(Protocol):
    """A tensor of any backend, symbolic or not, or an array: it has arithmetic, ``shape`` and ``dtype``."""

    @property
    def shape(self) -> tuple[Any, ...]:
        """The sizes of the axes; symbolic ones may be None."""
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
"""Numbers that Keras' functions read: an array, a number, nested lists, or a tensor."""


class KerasLayer(Protocol):
    """A layer, of which only what every layer has is read."""

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
        """The symbolic inputs of the only call."""
        ...

    @property
    def weights(self) -> list[Any]:
        """The variables that are saved, those of inner layers included."""
        ...

    @property
    def trainable_weights(self) -> list[Any]:
        """The ``weights`` that training changes."""
        ...

    @property
    def non_trainable_weights(self) -> list[Any]:
        """The other ``weights``."""
        ...

    def _flatten_layers(self, recursive: bool = True, include_self: bool = True) -> Iterable[Any]:
        """Return the layer and all layers within it."""
        ...

    @classmethod
    def from_config(cls, config: dict[str, Any], /) -> Any:
        """Return a layer by the arguments of its constructor."""
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
        """Assign to ``weights``."""
        ...


class KerasOperation(Protocol):
    """An operation in Keras' graph, such as ``keras.ops.sum``; its parameters are attributes of their names."""

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
        """The symbolic results of the only call."""
        ...


class CallArguments(Protocol):
    """The arguments of a call in Keras' graph, with symbolic tensors in the places of tensors."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def fill_in(self, tensors: dict[int, Any], /) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments with ``tensors``, by the identities of the symbolic ones."""
        ...


class KerasNode(Protocol):
    """A call of a layer or operation in Keras' graph; ``operation`` may be either."""

    operation: Any
    arguments: CallArguments
    outputs: Sequence[Any]

    @property
    def input_tensors(self) -> Sequence[Any]:
        """The symbolic tensors among the arguments."""
        ...


class KerasGraph(Protocol):
    """The graph of a functional or sequential model; ``_nodes_by_depth`` holds its calls, the last ones first."""

    inputs: list[Any]
    outputs: list[Any]
    _nodes_by_depth: dict[int, list[Any]]


class WeightOwner(Protocol):
    """A layer that returns the real numbers of a variable, which its quantizer scales."""

    def get_unquantized(self, variable: str, /) -> KerasTensor | None:
        """Return the input of the variable's quantizer; None for a missing variable."""
        ...
