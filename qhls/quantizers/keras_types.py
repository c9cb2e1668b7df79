"""Types of the parts of Keras that qhls uses; those of Keras itself say that any result may be None."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import keras

ops: Any = keras.ops


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
