"""Lowering rules of Keras' layers that merge several tensors."""

from __future__ import annotations

from functools import reduce

import keras
import numpy as np

from qhls.frontend.layers.movement import concatenate, permute
from qhls.frontend.layers.windows import lower_mean
from qhls.frontend.lowering.lower import lower
from qhls.frontend.lowering.reals import Tensor
from qhls.frontend.lowering.refusal import explain_refusal
from qhls.ir import Add, Const, Matmul, Max, Min, Mul, Op, Reshape, Sub
from qhls.quantizers.keras_types import KerasLayer

_FOLDS = {
    keras.layers.Add: Add,
    keras.layers.Subtract: Sub,
    keras.layers.Multiply: Mul,
    keras.layers.Maximum: Max,
    keras.layers.Minimum: Min,
}
"""Keras' merging layers that combine their tensors from left to right, each with the op that combines two."""


def _fold(layer: KerasLayer, *xs: Op) -> Op:
    return reduce(_FOLDS[type(layer)], match_ranks(layer, xs))


for _cls in _FOLDS:
    lower.register(_cls)(_fold)


@lower.register(keras.layers.Average)
def _lower_average(layer: keras.layers.Average, *xs: Op) -> Tensor:
    return lower_mean(layer, reduce(Add, match_ranks(layer, xs)), len(xs), divided=True)


def match_ranks(layer: object, xs: tuple[Op, ...]) -> tuple[Op, ...]:
    """Return ``xs`` if all have one rank, so that Keras broadcasts them as the ops do; raise an error otherwise."""
    if len({len(x.shape) for x in xs if x.batched}) > 1:
        shapes = ", ".join(str(x.shape) for x in xs)
        raise explain_refusal(
            layer, "tensors of one rank", f"the shapes {shapes}", "Reshape them before."
        )
    return xs


@lower.register(keras.layers.Concatenate, reads_reals=True)
def _lower_concatenate(layer: keras.layers.Concatenate, *xs: Tensor) -> Tensor:
    if layer.axis == 0 or layer.axis == -len(xs[0].shape) - 1:
        raise explain_refusal(
            layer, "an axis other than the batch's", "axis 0", "Concatenate on another axis."
        )
    return concatenate(xs, layer.axis - 1 if layer.axis > 0 else layer.axis)


@lower.register(keras.layers.Dot)
def _lower_dot(layer: keras.layers.Dot, a: Op, b: Op) -> Op:
    """Lower the dot products of all pairs of vectors along the contracted axis of ``a`` and of ``b``."""
    if layer.normalize:
        raise explain_refusal(
            layer,
            "normalize=False",
            "True, which divides by real lengths",
            "Normalise in training only.",
        )
    axes = layer.axes if isinstance(layer.axes, list | tuple) else (layer.axes, layer.axes)
    left, right = (_with_last(x, int(axis)) for x, axis in zip((a, b), axes, strict=True))
    return contract(left, right)


def contract(left: Op, right: Op) -> Op:
    """Return the dot products of each row of ``left`` with each row of ``right``; rows lie along the last axis."""
    length = left.shape[-1]
    rows, columns = left.shape[:-1], right.shape[:-1]
    products = Mul(
        Reshape(left, (left.size // length, 1, length)),
        Reshape(right, (1, right.size // length, length)),
    )
    sums = Matmul(products, Const.of(np.ones((length, 1)), "ones"))
    return Reshape(sums, (*rows, *columns) or (1,))


def _with_last(x: Op, axis: int) -> Op:
    """Return ``x`` with the axis ``axis`` moved to the end; Keras counts the batch as axis 0."""
    rank = len(x.shape)
    place = (axis if axis > 0 else axis + rank + 1) - 1
    others = [a for a in range(rank) if a != place]
    return x if place == rank - 1 else permute(x, (*others, place))
