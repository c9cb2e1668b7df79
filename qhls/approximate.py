"""Where real numbers would be read, a quantizer is put: the nearest model that is exact.

What is compiled and checked is then that model, so that everything stays equal bit for bit; how far it is from the one
given is measured and said.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2
from typing import Any

import keras
import numpy as np

from qhls.errors import LoweringError
from qhls.frontend.activation import QActivation
from qhls.frontend.lower import activate
from qhls.frontend.qlayer import QLayer
from qhls.frontend.reals import Place, RealNumbersError, Reals, exact, resolving
from qhls.frontend.refusal import RealWeightsError
from qhls.frontend.rounded import RoundedFunction
from qhls.frontend.state import copy_state
from qhls.frontend.steps import values_of
from qhls.frontend.trace import settled, trace, trace_in_float32
from qhls.ir import Graph, Op, layer_scope
from qhls.ir.integers import Array, whole
from qhls.normalisation import Normalisations
from qhls.quantizers import get_quantizer
from qhls.utils.rebuild import again, rebuild

BITS = 12
"""Of the quantizer that is put where none is given: as many steps as a table may have."""
SOFTMAX_APART = "softmax_apart"
"""The name of a layer with the softmax of the one before it."""
POINTS = 1 << 17
"""Numbers, of all channels together, on which a difference is measured."""


@dataclass(frozen=True)
class Approximation:
    """``quantizer`` was put behind ``layer``; its numbers move by up to ``error``, found on ``points`` codes a channel.

    ``complete``: whether these are all codes that the layer's integers can have. ``instead``: a layer of fixed point,
    which ``quantizer`` describes, has the place of ``layer``.
    """

    layer: str
    quantizer: str
    error: float
    points: int
    complete: bool
    instead: bool = False

    def __str__(self) -> str:
        extent = "all" if self.complete else f"{self.points:,} of the"
        off = f"off by up to {self.error:.3g} on {extent} codes of its input"
        where = "instead of" if self.instead else "behind"
        return f"{self.quantizer} {where} layer {self.layer!r}: {off}"


def trace_exactly(model: keras.Model, input_types: Any) -> Graph:
    """``trace``; where real numbers would be read, the error says which model would be the nearest exact one."""
    try:
        return trace(model, input_types)
    except RealWeightsError as error:
        raise LoweringError(
            f"{error}; or compile with allow_approximate=True, which rounds them, or with real_end='host', which "
            f"leaves this layer and what follows on it to the host"
        ) from None
    except RealNumbersError as error:
        if not error.reals.layer:
            raise LoweringError(f"{error}; or compile with allow_approximate=True") from None
        behind = f"QActivation({nearest(error.reals)!r}) behind layer {error.reals.layer!r}"
        raise LoweringError(
            f"{error}; the nearest exact model has {behind}: add it, or compile with allow_approximate=True"
        ) from None


def trace_nearest(
    model: keras.Model, input_types: Any, quantizer: Any = None, bits: int = BITS
) -> tuple[keras.Model, Graph, tuple[Approximation, ...]]:
    """Return ``model`` with a quantizer wherever real numbers would be read, its graph, and what was put.

    ``quantizer``: an object or a string; by default ``quantized_bits`` of ``bits`` that hold every number of the layer.

    Raises:
        LoweringError: what has no exact meaning for another reason, or real numbers amid the sums of one layer.
    """
    put = _Quantizers(None if quantizer is None else str(get_quantizer(quantizer)), bits)
    model, graph = put.trace_apart(model, input_types)
    model, fixed = put.normalisations.into(model)
    if fixed:
        put = _Quantizers(None, bits)
        model, graph = put.trace_apart(model, input_types)
    model = put.into(model)
    instead = [
        Approximation(each.source, str(each), each.error, each.points, each.complete, instead=True)
        for each in fixed
    ]
    made = (*instead, *put.approximations.values())
    return model, settled(model, input_types, graph), made


@dataclass
class _Behind:
    """The quantizer of a place, and the numbers it has to hold: those of all calls of what is shared."""

    quantizer: str
    lowest: float
    highest: float


class _Quantizers:
    """Puts a quantizer at each place where real numbers would be read, while a model is traced.

    A layer or nested model that is called again may bring larger numbers to a place. Its quantizer has then ``grown``:
    what was traced before is no longer right, and goes once more with all that is known.
    """

    def __init__(self, quantizer: str | None, bits: int) -> None:
        self.given, self.bits = quantizer, bits
        self.behind: dict[Place, _Behind] = {}
        self.begin()

    def trace_apart(self, model: keras.Model, input_types: Any) -> tuple[keras.Model, Graph]:
        """``model`` and its graph with what is put; each softmax of a Q-layer apart from it, where it has to be."""
        try:
            return model, self.trace(model, input_types)
        except RealNumbersError:
            apart = _softmax_apart(model)
            if apart is model:
                raise
            return apart, self.trace(apart, input_types)

    def trace(self, model: keras.Model, input_types: Any) -> Graph:
        """The graph of ``model`` with what is put; again while a quantizer has grown."""
        while True:
            self.begin()
            with resolving(self):
                graph = trace_in_float32(model, input_types)
            if not self.grown:
                return graph

    def begin(self) -> None:
        """Forget all of a trace but the quantizers of its places."""
        self.grown = False
        self.approximations: dict[tuple[str, str], Approximation] = {}
        self.layers: dict[tuple[str, str, str], QActivation] = {}
        self.at: dict[tuple[Any, int | str], Any] = {}
        self._made: dict[tuple[int, str], tuple[Reals, Op]] = {}
        self.normalisations = Normalisations()

    def __call__(self, reals: Reals, place: Place) -> Op:
        """The exact tensor that is read at ``place`` instead of ``reals``."""
        codes, numbers = _numbers(reals)
        if self.given is None and reals.start is not None:
            self.normalisations.note(reals, *_numbers(reals.start[1]))
        chosen = self._chosen(place, numbers)
        inner = isinstance(
            place.which, str
        )  # the layer that returns these numbers is still at work
        source = f"{reals.x.layer}.{place.which}" if inner else reals.layer
        found = _measured(source, reals, chosen, codes, numbers)
        key = source, chosen
        if key not in self.approximations or self.approximations[key].error < found.error:
            self.approximations[key] = found
        if isinstance(place.which, str):
            self.at[place.reader, place.which] = chosen
            return exact(None, activate(place.reader, get_quantizer(chosen), reals))
        layer = self._layer(place.path, source, chosen)
        for index in place.which:
            self.at[place.reader, index] = layer
        return self._op(reals, place.path, layer)

    def _chosen(self, place: Place, numbers: Array) -> str:
        lowest, highest = float(numbers.min()), float(numbers.max())
        known = self.behind.get(place)
        if known is not None:
            lowest, highest = min(lowest, known.lowest), max(highest, known.highest)
        chosen = self.given or holding(np.array([lowest, highest]), self.bits)
        self.grown |= known is not None and chosen != known.quantizer
        self.behind[place] = _Behind(chosen, lowest, highest)
        return chosen

    def _layer(self, path: str, source: str, chosen: str) -> QActivation:
        """The one layer of ``path`` that stands behind the layer ``source`` with this quantizer."""
        key = path, source, chosen
        if key not in self.layers:
            name = f"{source.rpartition('/')[2]}_approximation"
            taken = sum(other.name.startswith(name) for other in self.layers.values())
            unique = f"{name}_{taken + 1}" if taken else name
            self.layers[key] = QActivation(chosen, name=unique)
        return self.layers[key]

    def _op(self, reals: Reals, path: str, layer: QActivation) -> Op:
        """Once for all who read the same numbers."""
        key = id(reals), layer.name
        if key not in self._made:
            with layer_scope(f"{path}{layer.name}"):
                op = exact(None, activate(layer, layer.quantizer, reals))
            self._made[key] = reals, op
        return self._made[key][1]

    def into(self, model: keras.Model) -> keras.Model:
        """A copy of ``model`` with the quantizers of the last trace; itself where there are none."""
        if not self.at:
            return model
        made: list[tuple[Any, Any]] = []

        def convert(layer: Any) -> Any:
            new = again(layer)
            for part, fresh in zip(layer._flatten_layers(), new._flatten_layers(), strict=True):
                for (reader, which), chosen in self.at.items():
                    if reader is part and isinstance(which, str):
                        setattr(fresh, which, RoundedFunction(getattr(fresh, which), chosen))
            made.append((layer, new))
            return new

        copy = rebuild(model, convert, before=lambda reader, index: self.at.get((reader, index)))
        for layer, new in made:
            copy_state(layer, new)
        return copy


def _softmax_apart(model: keras.Model) -> keras.Model:
    """``model`` with the softmax of each Q-layer as a layer behind it, so that a quantizer can come between them."""
    made: list[tuple[Any, Any]] = []

    def convert(layer: Any) -> Any:
        new = again(layer)
        if isinstance(layer, QLayer) and layer.activation is keras.activations.softmax:
            new.activation = keras.activations.linear
            behind = keras.layers.Activation("softmax", name=SOFTMAX_APART)
            new = keras.Sequential([new, behind], name=layer.name)
        made.append((layer, new))
        return new

    copy = rebuild(model, convert)
    if not any(isinstance(new, keras.Sequential) for _, new in made):
        return model
    for layer, new in made:
        copy_state(layer, new)
    return copy


def nearest(reals: Reals) -> str:
    """The ``quantized_bits`` of ``BITS`` bits whose range holds all these numbers, with the finest steps."""
    return holding(_numbers(reals)[1], BITS)


def holding(numbers: Array, bits: int, signed: bool = False) -> str:
    """Return the ``quantized_bits`` of ``bits`` whose range holds ``numbers``, with the finest steps."""
    signed = signed or bool(numbers.min() < 0)
    largest = max(float(abs(numbers).max()), 2.0**-bits)
    integer = ceil(log2(largest))
    if largest > 2.0**integer * (
        1 - 2.0 ** -(bits - signed) / 2
    ):  # beyond half a step from the last number
        integer += 1
    sign = "" if signed else "keep_negative=0,"
    return f"quantized_bits({bits},{integer},{sign}alpha=1)"


def _measured(
    source: str, reals: Reals, quantizer: str, codes: Array, numbers: Array
) -> Approximation:
    rounding: Any = get_quantizer(quantizer)
    rounded = keras.ops.convert_to_numpy(rounding(numbers.astype("float32")))
    lo, hi = reals.x.range.hull
    error = float(abs(numbers - rounded).max())
    return Approximation(source, quantizer, error, codes.size, codes.size > hi - lo)


def _numbers(reals: Reals) -> tuple[Array, Array]:
    """Codes of the exact tensor below, all of them or evenly spread ones, and the numbers (channels, codes) there."""
    lo, hi = reals.x.range.hull
    channels = reals.channels
    count = min(hi - lo + 1, max(POINTS // channels, 2))
    steps = np.arange(count)
    if (hi - lo) * count >= 1 << 62:
        steps = steps.astype(object)  # Python's integers
    codes = whole(lo + steps * (hi - lo) // max(count - 1, 1), max(-lo, hi))
    numbers = values_of(reals.function, reals.x, channels)(np.tile(codes, (channels, 1)))
    if not np.isfinite(numbers).all():
        found = numbers[~np.isfinite(numbers)][0]
        raise LoweringError(
            f"layer {reals.layer!r}: expected finite numbers to approximate; received {found}"
        )
    return codes, numbers
