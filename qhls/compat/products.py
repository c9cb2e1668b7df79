"""The multiplications of Keras layers with kernels, counted for one sample; every count of operations uses them.

The IR counts the same products for hardware (``count_multiplications``); a test compares the two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qhls.frontend.layers.einsum import spell_axes
from qhls.quantizers.keras_types import KerasLayer

_KERNELS = ("depthwise_kernel", "kernel", "pointwise_kernel", "recurrent_kernel")


@dataclass(frozen=True)
class KernelProducts:
    """The multiplications of a layer by one kernel; one sample uses each element of the kernel ``uses`` times.

    In a bidirectional layer, ``kernel`` belongs to one direction, and ``uses`` counts both.
    """

    variable: str
    kernel: Any
    uses: int
    is_transposed: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape of the kernel."""
        return tuple(int(size) for size in self.kernel.shape)

    @property
    def count(self) -> int:
        """Return the number of multiplications for one sample."""
        return math.prod(self.shape) * self.uses

    @property
    def terms(self) -> int:
        """Return the number of products that one sum adds."""
        if self.variable == "depthwise_kernel":
            return math.prod(self.shape[:-2])
        if self.is_transposed:
            return math.prod(self.shape[:-2]) * self.shape[-1]  # (height, width, out, in)
        return math.prod(self.shape[:-1])


def list_products(
    layer: KerasLayer, input_shape: Sequence[int], output_shape: Sequence[int]
) -> list[KernelProducts]:
    """Return the multiplications by each kernel of ``layer``; both shapes exclude the batch.

    In a transposed convolution every position of the input is multiplied by the whole kernel.
    """
    directions, equation = list_directions(layer), getattr(layer, "equation", None)
    products: list[KernelProducts] = []
    for variable in _KERNELS:
        kernel = find_variable(directions[0], variable)
        if kernel is None or any(kernel is other.kernel for other in products):
            continue  # a depthwise kernel has two names
        is_transposed = "Transpose" in type(layer).__name__ and variable != "pointwise_kernel"
        if hasattr(directions[0], "cell"):
            uses = input_shape[0]  # one per step
        elif equation is not None:
            uses = _count_free(equation, len(input_shape), output_shape)
        else:
            uses = count_positions(directions[0], input_shape if is_transposed else output_shape)
        products.append(KernelProducts(variable, kernel, len(directions) * uses, is_transposed))
    return products


def list_directions(layer: Any) -> list[Any]:
    """Return the forward and the backward layer of a bidirectional layer; for any other, the layer itself."""
    if hasattr(layer, "forward_layer"):
        return [layer.forward_layer, layer.backward_layer]
    return [layer]


def find_variable(layer: KerasLayer, name: str) -> Any:
    """Return the named variable of a layer or of its cell; None if neither has one."""
    variable = getattr(layer, name, None)
    return variable if variable is not None else getattr(getattr(layer, "cell", None), name, None)


def count_positions(layer: KerasLayer, shape: Sequence[int]) -> int:
    """Return the number of positions of a kernel in one sample: the elements of ``shape`` in one channel."""
    is_first = getattr(layer, "data_format", None) == "channels_first"
    return math.prod(shape[1:] if is_first else shape[:-1])


def _count_free(equation: str, rank: int, output_shape: Sequence[int]) -> int:
    """Return the number of elements of an einsum result along the axes that the kernel lacks."""
    _, kernel, result = spell_axes(equation, rank + 1)
    sizes = zip(result[1:], output_shape, strict=True)
    return math.prod(size for axis, size in sizes if axis not in kernel)
