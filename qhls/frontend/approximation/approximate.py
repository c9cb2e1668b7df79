"""Insertion of a quantizer wherever an op would read real numbers: the result is the nearest exact model.

That model is compiled and checked, so every comparison stays bit for bit. Its distance from the given model is
measured and reported.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import ceil, log2
from typing import Any

import keras
import numpy as np

from qhls.errors import LoweringError
from qhls.frontend.approximation.normalisation import Normalisations
from qhls.frontend.approximation.rounded import RoundedFunction
from qhls.frontend.layers.activation import QActivation
from qhls.frontend.layers.qlayer import QLayer
from qhls.frontend.lowering.lower import activate
from qhls.frontend.lowering.reals import (
    Joined,
    ReadingPlace,
    RealNumbersError,
    Reals,
    require_exact,
    use_resolver,
)
from qhls.frontend.lowering.refusal import RealWeightsError
from qhls.frontend.lowering.steps import make_float_function
from qhls.frontend.lowering.trace import InputTypes, settle_float32, trace, trace_in_own_type
from qhls.frontend.models.precision import find_float_type
from qhls.frontend.models.rebuild import copy_layer, rebuild
from qhls.frontend.models.state import copy_state
from qhls.ir import Op, enter_layer
from qhls.ir.integers import Array, narrow_integers
from qhls.model.graph import ModelGraph
from qhls.quantizers import get_quantizer
from qhls.quantizers.keras_types import Identifier, KerasLayer, ops

BITS = 12
"""Default width in bits of an inserted quantizer, whose levels are as many as a table may have steps."""
SOFTMAX_APART = "softmax_apart"
"""Name of an added layer that computes the softmax of the Q-layer before it."""
POINTS = 1 << 18
"""Largest number of values, of all channels together, on which an error is measured."""


@dataclass(frozen=True)
class Approximation:
    """A quantizer that was inserted after ``layer``, and its largest error, measured on ``points`` codes per channel.

    ``complete``: these are all codes that the layer's integers can have. ``instead``: a fixed-point layer, which
    ``quantizer`` describes, replaces ``layer``.
    """

    layer: str
    quantizer: str
    error: float
    points: int
    complete: bool
    instead: bool = False

    def __str__(self) -> str:
        extent = "all" if self.complete else f"{self.points:,} of the"
        error = f"error up to {self.error:.3g} on {extent} codes of its input"
        where = "instead of" if self.instead else "behind"
        return f"{self.quantizer} {where} layer {self.layer!r}: {error}"


def trace_exactly(model: keras.Model, input_types: InputTypes) -> ModelGraph:
    """Return the graph of ``model``; if an op would read real numbers, raise an error with the nearest exact model.

    Raises:
        LoweringError: an op would read real numbers or real weights; a layer has no exact meaning.
    """
    try:
        return trace(model, input_types)
    except RealWeightsError as error:
        raise LoweringError(
            f"{error} Or compile with allow_approximate=True, which rounds them, or with real_end='host', "
            f"which leaves this layer and all that follow it to the host."
        ) from None
    except RealNumbersError as error:
        if not error.reals.layer:
            raise LoweringError(f"{error} Or compile with allow_approximate=True.") from None
        behind = f"QActivation({choose_nearest(error.reals)!r}) behind layer {error.reals.layer!r}"
        raise LoweringError(
            f"{error} The nearest exact model has {behind}: add it, or compile with allow_approximate=True."
        ) from None


def trace_nearest(
    model: keras.Model, input_types: InputTypes, quantizer: Identifier = None, bits: int = BITS
) -> tuple[keras.Model, ModelGraph, tuple[Approximation, ...]]:
    """Return ``model`` with a quantizer wherever an op would read real numbers, its graph, and the approximations.

    ``quantizer``: an object or a string; by default ``quantized_bits`` of ``bits`` that hold every number of the layer.

    Raises:
        LoweringError: a layer has no exact meaning for another reason, or real numbers enter the sums of one layer.
    """
    inserted = _Quantizers(None if quantizer is None else str(get_quantizer(quantizer)), bits)
    model, graph = inserted.trace_apart(model, input_types)
    model, fixed = inserted.normalisations.replace_in(model)
    if fixed:
        inserted = _Quantizers(None, bits)
        model, graph = inserted.trace_apart(model, input_types)
    model = inserted.insert_into(model)
    instead = [
        Approximation(each.source, str(each), each.error, each.points, each.complete, instead=True)
        for each in fixed
    ]
    return (
        model,
        settle_float32(model, input_types, graph),
        (*instead, *inserted.approximations.values()),
    )


@dataclass
class _Behind:
    """The quantizer at one place, and the range that it must represent over all calls of a shared layer."""

    quantizer: str
    lowest: float
    highest: float


class _Quantizers:
    """The quantizers that are inserted where an op would read real numbers, while a model is traced.

    A layer or nested model that is called again may bring larger numbers to a place. Its quantizer has then ``grown``:
    the trace so far is wrong and is repeated with the larger range.
    """

    def __init__(self, quantizer: str | None, bits: int) -> None:
        self.quantizer, self.bits = quantizer, bits
        self.behind: dict[ReadingPlace, _Behind] = {}
        self.forced: set[ReadingPlace] = set()
        self.begin()

    def trace_apart(
        self, model: keras.Model, input_types: InputTypes
    ) -> tuple[keras.Model, ModelGraph]:
        """Return ``model``, with a Q-layer's softmax as a separate layer if needed, and its graph with quantizers."""
        try:
            return model, self.trace(model, input_types)
        except RealNumbersError:
            apart = _separate_softmax(model)
            if apart is model:
                raise
            return apart, self.trace(apart, input_types)

    def trace(self, model: keras.Model, input_types: InputTypes) -> ModelGraph:
        """Return the graph of ``model`` with the inserted quantizers.

        The trace is repeated while a quantizer has grown, or while places are found to need one.
        """
        self.dtype = find_float_type(model)
        while True:
            self.begin()
            with use_resolver(self):
                graph = trace_in_own_type(model, input_types)
            if self.asked:
                self.forced |= self.asked
                self.behind = {}  # ranges of a trace that went on without these quantizers
            elif not self.grown:
                return graph

    def force(self, places: Collection[ReadingPlace]) -> None:
        """Request that the trace is repeated with quantizers at ``places``."""
        self.asked.update(places)

    def begin(self) -> None:
        """Reset the records of the last trace, except for its places and their quantizers."""
        self.grown = False
        self.asked: set[ReadingPlace] = set()
        self.approximations: dict[tuple[str, str], Approximation] = {}
        self.layers: dict[tuple[str, str, str], QActivation] = {}
        self.at: dict[tuple[Any, int | str], Any] = {}
        self._ops: dict[tuple[int, str], tuple[Reals, Op]] = {}
        self.normalisations = Normalisations()

    def __call__(self, reals: Reals | Joined, place: ReadingPlace) -> Op:
        """Return the exact tensor that is read at ``place`` instead of ``reals``."""
        if isinstance(reals, Joined):
            reals.boundary.refuse()
            return reals.apply_each(_make_near_numbers, rising=True)  # until the trace is repeated
        codes, numbers = list_numbers(reals)
        if self.quantizer is None and reals.start is not None:
            self.normalisations.note(reals, *list_numbers(reals.start[1]))
        chosen = self._choose(place, numbers)
        # Within a layer, the layer that returns these numbers has not finished.
        inner = isinstance(place.which, str)
        source = f"{reals.x.layer}.{place.which}" if inner else reals.layer
        approximation = measure_error(source, reals, chosen, codes, numbers)
        key = source, chosen
        if key not in self.approximations or self.approximations[key].error < approximation.error:
            self.approximations[key] = approximation
        if isinstance(place.which, str):
            self.at[place.reader, place.which] = chosen
            return require_exact(None, activate(place.reader, get_quantizer(chosen), reals))
        layer = self._make_layer(place.path, source, chosen)
        for index in place.which:
            self.at[place.reader, index] = layer
        return self._make_op(reals, place.path, layer)

    def _choose(self, place: ReadingPlace, numbers: Array) -> str:
        """Return the quantizer at ``place`` for ``numbers`` and for all numbers that were read there before."""
        lowest, highest = float(numbers.min()), float(numbers.max())
        before = self.behind.get(place)
        if before is not None:
            lowest, highest = min(lowest, before.lowest), max(highest, before.highest)
        chosen = self.quantizer or choose_quantizer(np.array([lowest, highest]), self.bits)
        self.grown |= before is not None and chosen != before.quantizer
        self.behind[place] = _Behind(chosen, lowest, highest)
        return chosen

    def _make_layer(self, path: str, source: str, chosen: str) -> QActivation:
        """Return the layer with the quantizer ``chosen`` that follows the layer ``source``, the same one at each call.

        ``path``: the names of the models around it.
        """
        key = path, source, chosen
        if key not in self.layers:
            name = f"{source.rpartition('/')[2]}_approximation"
            taken = sum(other.name.startswith(name) for other in self.layers.values())
            unique = f"{name}_{taken + 1}" if taken else name
            self.layers[key] = QActivation(chosen, name=unique, dtype=self.dtype)
        return self.layers[key]

    def _make_op(self, reals: Reals, path: str, layer: QActivation) -> Op:
        """Return the op of ``layer`` on ``reals``, the same one for all that read these numbers."""
        key = id(reals), layer.name
        if key not in self._ops:
            with enter_layer(f"{path}{layer.name}"):
                op = require_exact(None, activate(layer, layer.quantizer, reals))
            self._ops[key] = reals, op
        return self._ops[key][1]

    def insert_into(self, model: keras.Model) -> keras.Model:
        """Return a copy of ``model`` with the quantizers of the last trace, or ``model`` itself if it had none."""
        if not self.at:
            return model
        pairs: list[tuple[Any, Any]] = []

        def convert(layer: KerasLayer) -> KerasLayer:
            new = copy_layer(layer)
            for part, copied in zip(layer._flatten_layers(), new._flatten_layers(), strict=True):
                for (reader, which), chosen in self.at.items():
                    if reader is part and isinstance(which, str):
                        setattr(copied, which, RoundedFunction(getattr(copied, which), chosen))
            pairs.append((layer, new))
            return new

        copy = rebuild(model, convert, before=lambda reader, index: self.at.get((reader, index)))
        for layer, new in pairs:
            copy_state(layer, new)
        return copy


def _separate_softmax(model: keras.Model) -> keras.Model:
    """Return ``model`` with each Q-layer's softmax as the next layer, so that a quantizer fits between them."""
    pairs: list[tuple[Any, Any]] = []

    def convert(layer: KerasLayer) -> Any:
        new: Any = copy_layer(layer)
        if isinstance(layer, QLayer) and layer.activation is keras.activations.softmax:
            new.activation = keras.activations.linear
            behind = keras.layers.Activation(
                "softmax", name=SOFTMAX_APART, dtype=layer.dtype_policy
            )
            new = keras.Sequential([new, behind], name=layer.name)
        pairs.append((layer, new))
        return new

    copy = rebuild(model, convert)
    if not any(isinstance(new, keras.Sequential) for _, new in pairs):
        return model
    for layer, new in pairs:
        copy_state(layer, new)
    return copy


def _make_near_numbers(x: Op | Reals) -> Op:
    """Return ``x`` if it is exact, else its numbers rounded by the nearest quantizer."""
    if isinstance(x, Op):
        return x
    quantizer = get_quantizer(choose_nearest(x))
    return require_exact(None, activate(quantizer, quantizer, x))


def choose_nearest(reals: Reals) -> str:
    """Return the ``quantized_bits`` of ``BITS`` bits with the finest steps whose range contains all of ``reals``."""
    return choose_quantizer(list_numbers(reals)[1], BITS)


def choose_quantizer(numbers: Array, bits: int, signed: bool = False) -> str:
    """Return the ``quantized_bits`` of ``bits`` with the finest steps whose range contains ``numbers``."""
    signed = signed or bool(numbers.min() < 0)
    largest = max(float(abs(numbers).max()), 2.0**-bits)
    integer = ceil(log2(largest))
    if largest > 2.0**integer * (1 - 2.0 ** -(bits - signed) / 2):  # over half a step too large
        integer += 1
    sign = "" if signed else "keep_negative=0,"
    return f"quantized_bits({bits},{integer},{sign}alpha=1)"


def measure_error(
    source: str, reals: Reals, quantizer: str, codes: Array, numbers: Array
) -> Approximation:
    """Return the ``Approximation`` by ``quantizer`` of ``numbers``, the values of ``reals`` at ``codes``."""
    rounding: Any = get_quantizer(quantizer)
    rounded = ops.convert_to_numpy(rounding(numbers.astype("float32")))
    lo, hi = reals.x.range.hull
    error = float(abs(numbers - rounded).max())
    return Approximation(source, quantizer, error, codes.size, codes.size > hi - lo)


def list_numbers(reals: Reals) -> tuple[Array, Array]:
    """Return codes of the exact tensor ``reals.x``, all or evenly spread, and the values (channels, codes) there."""
    lo, hi = reals.x.range.hull
    channels = reals.channels
    count = min(hi - lo + 1, max(POINTS // channels, 2))
    steps = np.arange(count)
    if (hi - lo) * count >= 1 << 62:
        steps = steps.astype(object)  # Python's integers
    codes = narrow_integers(lo + steps * (hi - lo) // max(count - 1, 1), max(-lo, hi))
    numbers = make_float_function(reals.function, reals.x, channels)(np.tile(codes, (channels, 1)))
    if not np.isfinite(numbers).all():
        wrong = numbers[~np.isfinite(numbers)][0]
        raise LoweringError(
            f"layer {reals.layer!r}: expected finite numbers to approximate, got {wrong}. "
            f"Mend the layer's weights or limit its input."
        )
    return codes, numbers
