"""``QEinsumDense`` and its lowering rule."""

from __future__ import annotations

import math
import string
from dataclasses import dataclass
from typing import Any

import keras

from qhls.frontend.layers.linear import finish, lower_linear
from qhls.frontend.layers.movement import permute
from qhls.frontend.layers.qlayer import QLayer, collect_arguments
from qhls.frontend.layers.registry import register
from qhls.frontend.lowering.lower import lower
from qhls.frontend.lowering.reals import Tensor
from qhls.frontend.lowering.refusal import explain_refusal
from qhls.ir import Const, Conv, Matmul, Op, Reshape
from qhls.ir.integers import Array
from qhls.quantizers.keras_types import KerasShape, KerasTensor, ops


@register
class QEinsumDense(QLayer, keras.layers.EinsumDense):
    """Dense layer along the axes of an einsum equation: ``activation(einsum(equation, x, Q(kernel)) + Q(bias))``.

    Arguments are those of ``keras.layers.EinsumDense`` and ``kernel_quantizer``, ``bias_quantizer``: quantizers, their
    strings or configurations, or ``None`` for float weights. ``kernel_range`` and ``bias_range`` have no effect.

    Raises:
        QuantizerError: a quantizer or activation that does not exist.
        ValueError: an equation that Keras refuses.
    """

    def __init__(  # noqa: PLR0917 - Keras' order
        self,
        equation,
        output_shape,
        activation=None,
        bias_axes=None,
        kernel_initializer="he_normal",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        kernel_quantizer=None,
        bias_quantizer=None,
        kernel_range=None,
        bias_range=None,
        **kwargs,
    ):
        super().__init__(**collect_arguments(locals()))

    @property
    def adds_bias(self) -> bool:
        """Return whether the layer adds its bias."""
        return self.bias_axes is not None

    def compute_output_shape(self, input_shape: KerasShape) -> KerasShape:
        """Return the shape of the equation's result; the axes that ``...`` denotes come in the input's order."""
        x, w, out = spell_axes(self.equation, len(input_shape))
        kernel: Any = self.kernel
        sizes = dict(zip(w, kernel.shape, strict=True)) | dict(zip(x, input_shape, strict=True))
        return tuple(sizes[axis] for axis in out)

    def compute_product(self, inputs: KerasTensor) -> KerasTensor:
        """Return the einsum of ``inputs`` and the quantised kernel."""
        return ops.einsum(self.equation, inputs, self.quantize_variable("kernel"))


@dataclass(frozen=True)
class _Axes:
    """The axes of an einsum equation without the batch axis, as letters of the input, the kernel and the result."""

    x: str
    w: str
    out: str

    @property
    def shared(self) -> str:
        """Return the axes that input, kernel and result share: the kernel differs along these."""
        return "".join(a for a in self.x if a in self.w and a in self.out)

    @property
    def summed(self) -> str:
        """Return the axes of input and kernel that the result lacks: products are summed along these."""
        return "".join(a for a in self.x if a in self.w and a not in self.out)

    @property
    def free(self) -> str:
        """Return the axes of input and result that the kernel lacks."""
        return "".join(a for a in self.x if a not in self.w)

    @property
    def new(self) -> str:
        """Return the axes of kernel and result that the input lacks."""
        return "".join(a for a in self.w if a not in self.x)


@lower.register(QEinsumDense)
def _lower_einsum_dense(layer: QEinsumDense, x: Op) -> Tensor:
    axes = _find_axes(layer, len(x.shape))
    kernel: Any = layer.kernel
    sizes = dict(zip(axes.x, x.shape, strict=True))
    sizes |= dict(zip(axes.w, (int(size) for size in kernel.shape), strict=True))
    groups, taken, rows, filters = (
        math.prod(sizes[a] for a in part)
        for part in (axes.shared, axes.summed, axes.free, axes.new)
    )
    wanted = axes.free + axes.shared + axes.summed
    moved = _order(x, axes.x, wanted)

    def arrange(kernel: Array) -> Array:
        order = axes.summed + axes.shared + axes.new
        return kernel.transpose([axes.w.index(a) for a in order]).reshape(taken, groups * filters)

    def make(w: Const) -> Op:
        product: Op
        if groups == 1:
            product = Matmul(Reshape(moved, (rows, taken)), w)
        else:
            kernel = Const(w.codes.map(lambda a: a[None, None]), w.frac, name=w.name)
            product = Conv(Reshape(moved, (1, rows, groups * taken)), kernel, groups=groups)
        order = axes.free + axes.shared + axes.new
        shaped = Reshape(product, tuple(sizes[a] for a in order))
        return _order(shaped, order, axes.out)

    return finish(layer, lower_linear(layer, "kernel", make, arrange))


def _order(x: Op, axes: str, wanted: str) -> Op:
    """Return ``x`` with its axes, whose letters are ``axes``, in the order ``wanted``."""
    return x if axes == wanted else permute(x, tuple(axes.index(a) for a in wanted))


def _find_axes(layer: QEinsumDense, rank: int) -> _Axes:
    """Return the axes of the layer's equation, with an unused letter for each axis that ``...`` denotes.

    Raises:
        LoweringError: the batch's axis is not the first of input and result; an axis of one operand is summed.
    """
    x, w, out = spell_axes(layer.equation, rank + 1)
    sound = x[0] == out[0] and x[0] not in w and set(out) == {a for a in x + w if a in out}
    alone = [a for a in x if a not in w + out] + [a for a in w if a not in x + out]
    if not sound or alone or len({*x}) < len(x) or len({*w}) < len(w):
        raise explain_refusal(
            layer,
            "an equation that keeps the batch in front and sums axes of input and kernel",
            repr(layer.equation),
            "Reshape the input, and use others.",
        )
    return _Axes(x[1:], w, out[1:])


def spell_axes(equation: str, *ranks: int) -> tuple[str, ...]:
    """Return the letters of each operand's axes, then those of the result, with unused letters in the place of ``...``.

    ``ranks``: the number of axes of the first operands; others, such as kernels, have no ``...``. The result's axes
    behind ``...`` are those of the first operand.
    """
    operands, out = equation.replace(" ", "").split("->")
    spare = "".join(a for a in string.ascii_letters if a not in equation)
    parts = operands.split(",")
    named = [len(part.replace("...", "")) for part in parts]
    wanted = (*ranks, *named[len(ranks) :])
    elided = [spare[: rank - count] for rank, count in zip(wanted, named, strict=True)]
    spelled = [part.replace("...", own) for part, own in zip(parts, elided, strict=True)]
    return *spelled, out.replace("...", elided[0])
