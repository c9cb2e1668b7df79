"""``Reals``: real numbers between an exact tensor and the quantizer that makes them codes again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from keras import ops

from qhls.errors import LoweringError
from qhls.frontend.lowering.refusal import called
from qhls.ir import Fixed, Graph, Input, Op, Reshape, layer_scope, run
from qhls.ir.integers import Array

Function = Callable[[Any], Any]
"""From a float tensor (samples, channels) to one of that shape, each number by itself."""


@dataclass(frozen=True)
class Move:
    """Function of a layer behind real numbers, applied behind their quantizer instead.

    ``make`` moves the elements of an op, which then has ``shape``. ``falling``: where it also takes maxima, the error
    for a function behind it that may fall, since only rising ones may come before a maximum as well.
    """

    make: Callable[[Op], Op]
    shape: tuple[int, ...]
    falling: LoweringError | None = None


@dataclass(frozen=True)
class Reals:
    """``function(x)``: numbers that hardware never holds. A quantizer at the end turns them into steps of ``x``.

    The last axis of ``x`` is that of the channels; ``function`` may be another one for each of them, unless it is
    ``shared``. ``monotone``: whether it never turns. ``refusal`` is what is wrong where no quantizer comes. ``layer``:
    the one that returned these numbers, behind the names of the models around it. ``dims``: the shape, where ``x`` is
    flat because every element has another function. ``move``: what is still to be done behind ``function``.
    """

    x: Op
    function: Function
    monotone: bool
    refusal: LoweringError
    layer: str = ""
    shared: bool = False
    dims: tuple[int, ...] | None = None
    start: tuple[Any, Reals] | None = None
    move: Move | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the tensor, without the batch."""
        return self._before if self.move is None else self.move.shape

    @property
    def _before(self) -> tuple[int, ...]:
        """The shape before ``move``."""
        return self.x.shape if self.dims is None else self.dims

    @property
    def channels(self) -> int:
        """Return the number of functions: the length of the last axis of the input of ``function``."""
        return 1 if self.shared else self.x.shape[-1]

    def then(self, function: Function, monotone: bool = True, shared: bool = False) -> Reals:
        """``function`` of these numbers, of (samples, channels) or, if ``shared``, of any shape.

        Raises:
            LoweringError: it may fall, behind a maximum of these numbers.
        """
        if self.move is not None and not shared:
            return self.apart().then(function, monotone)
        if self.move is not None and self.move.falling and not (monotone and _rises(function)):
            raise self.move.falling
        inner = self.function
        outer = function if shared or self.dims is None else _regrouped(function, self.dims[-1])
        return replace(
            self,
            function=lambda v: outer(inner(v)),
            monotone=self.monotone and monotone,
            shared=self.shared and shared,
        )

    def apart(self) -> Reals:
        """The same numbers with a function for each element.

        Raises:
            LoweringError: a maximum was taken of them, so that they are no function of one element.
        """
        if self.move is not None:
            return replace(self, move=None).apart()._moved(self.move)
        if self.dims is not None and len(self.x.shape) == 1:
            return self
        function = self.function if self.shared else _regrouped(self.function, self.x.shape[-1])
        flat = Reshape(self.x, (self.x.size,))
        return replace(self, x=flat, function=function, shared=False, dims=self.shape)

    def behind(self, make: Callable[[Op], Op], falling: LoweringError | None = None) -> Reals:
        """Return the numbers as ``make`` moves them; ``falling`` is given if it takes maxima (see ``Move``)."""
        first_move = self.move is None and falling is None
        alike = self.shared or (
            first_move and self.dims is None and _keeps_channels(make, self.shape)
        )
        if first_move and alike:
            return replace(self, x=make(self.x))
        made, _ = _on_places(make, self.shape)
        first = self.move
        if first is None:
            return replace(self, move=Move(make, made.shape, falling))
        both = Move(lambda x: make(first.make(x)), made.shape, first.falling or falling)
        return replace(self, move=both)

    def placed(self, x: Op) -> Op:
        """Return ``x``, made of each of these numbers before they move, in its shape and moved."""
        shaped = x if x.shape == self._before else Reshape(x, self._before)
        return shaped if self.move is None else self.move.make(shaped)

    def _moved(self, move: Move) -> Reals:
        """The same for each moved element, which brings its function along."""
        if move.falling is not None:
            raise move.falling
        made = move.make(Reshape(self.x, self.shape))
        places = _places_of(move.make, self.shape).ravel()
        function = _permuted(self.function, places, self.x.size)
        return replace(self, x=Reshape(made, (made.size,)), function=function, dims=made.shape)


def _regrouped(function: Function, channels: int) -> Function:
    """``function`` of (samples, channels) on (samples, elements), which are channels again and again."""

    def regrouped(v: Any) -> Any:
        return ops.reshape(function(ops.reshape(v, (-1, channels))), ops.shape(v))

    return regrouped


def _rises(function: Function) -> bool:
    """Return whether samples show a monotone function, one for all numbers, to rise."""
    running = current_arithmetic()
    points = ops.convert_to_tensor([[-_FAR], [_FAR]], running.dtype if running else "float32")
    low, high = np.asarray(ops.convert_to_numpy(function(points))).ravel().tolist()
    return low < high


_FAR = 2.0**20
"""Number beyond the steps of most functions."""


def _on_places(make: Callable[[Op], Op], shape: tuple[int, ...]) -> tuple[Op, Graph]:
    """Return the result and graph of ``make`` on an input of ``shape`` that holds its elements' numbers."""
    with layer_scope("moved"):
        row = Input(shape, Fixed(False, max(int(np.prod(shape)).bit_length(), 1), 0), name="row")
        made = make(row)
    return made, Graph((row,), (made,), "moved")


def _places_of(make: Callable[[Op], Op], shape: tuple[int, ...]) -> Array:
    """Return the source index in ``shape`` of each element that ``make`` moves."""
    _, graph = _on_places(make, shape)
    (places,) = run(graph, [np.arange(int(np.prod(shape))).reshape(1, *shape)])
    return places[0].astype(np.int64)


def _keeps_channels(make: Callable[[Op], Op], shape: tuple[int, ...]) -> bool:
    """Return whether ``make`` leaves each element in its channel, the last axis."""
    places, channels = _places_of(make, shape), shape[-1]
    return places.shape[-1] == channels and bool((places % channels == np.arange(channels)).all())


def _permuted(function: Function, places: Array, size: int) -> Function:
    """``function`` of (samples, ``size``) on (samples, elements), of which each was at one of ``places``."""
    order = np.argsort(places, kind="stable")
    first = np.searchsorted(places[order], places[order])
    times = np.empty(len(places), int)
    times[order] = np.arange(len(places)) - first  # how often its place was named before it
    rows = int(times.max()) + 1
    slots = times * size + places
    sources = np.zeros(rows * size, int)
    sources[slots] = np.arange(len(places))

    def permuted(v: Any) -> Any:
        spread = ops.reshape(ops.take(v, sources, axis=1), (-1, size))
        return ops.take(ops.reshape(function(spread), (-1, rows * size)), slots, axis=1)

    return permuted


Tensor = Op | Reals


def reals(
    x: Tensor,
    function: Function,
    refusal: LoweringError,
    monotone: bool = True,
    shared: bool = False,
) -> Reals:
    """``function(x)``, whatever ``x`` is; ``refusal`` is for an exact ``x``, else the first one stays.

    ``function`` receives (samples, channels) or, if it is ``shared`` by all numbers, any shape.
    """
    if isinstance(x, Reals):
        return x.then(function, monotone, shared)
    return Reals(x, function, monotone, refusal, shared=shared)


def reals_along(
    x: Tensor,
    function: Function,
    refusal: LoweringError,
    monotone: bool = True,
    axes: Collection[int] = (),
) -> Reals:
    """Return ``reals`` of a ``function`` on (samples, *shape) that differs along ``axes`` (batch not counted).

    Along the others it also takes an axis of length 1.
    """
    shape = x.shape
    rank = len(shape)
    own = {axis % rank for axis in axes if shape[axis] > 1}
    if own <= {rank - 1}:
        used = (*(1,) * (rank - 1), shape[-1] if own else 1)
    else:
        used = shape
        x = (x if isinstance(x, Reals) else reals(x, lambda v: v, refusal, shared=True)).apart()

    def shaped(v: Any) -> Any:
        return ops.reshape(function(ops.reshape(v, (-1, *used))), ops.shape(v))

    if isinstance(x, Reals) and x.dims is not None and used is shape:
        inner = x.function
        return replace(x, function=lambda v: shaped(inner(v)), monotone=x.monotone and monotone)
    return reals(x, shaped, refusal, monotone, shared=not own)


def exact(layer: Any, x: Tensor, place: Place | None = None) -> Op:
    """Return ``x``, an exact tensor that ``layer`` can read; ``None`` is the user of the model.

    Real numbers become what the resolver in force makes of them. ``place``: where they are read, if not as an input.

    Raises:
        RealNumbersError: real numbers and no resolver, or no place that it could change; it says where they come from.
    """
    if isinstance(x, Reals):
        resolve, at = _resolver.get(), place or _places.get().get(id(x))
        if resolve is not None and at is not None:
            return resolve(x, at)
        reader = called(layer) if layer is not None else "the model's user"
        raise RealNumbersError(f"{x.refusal} Otherwise {reader} reads real numbers.", x)
    return x


class RealNumbersError(LoweringError):
    """No quantizer follows ``reals``."""

    def __init__(self, message: str, reals: Reals) -> None:
        super().__init__(message)
        self.reals = reals


@dataclass(frozen=True)
class Place:
    """Place of reading: some inputs of a node of Keras' graph, or the end of an activation within a layer.

    ``reader``: the node, the model whose outputs they are, or the layer or cell whose attribute ``which`` names.
    ``path``: the names of the models around it.
    """

    reader: Any
    which: tuple[int, ...] | str
    path: str = field(default="", compare=False)


Resolver = Callable[[Reals, Place], Op]
"""Function that makes an exact tensor of real numbers that are read at a place."""

_resolver: ContextVar[Resolver | None] = ContextVar("qhls_resolver", default=None)
_places: ContextVar[Mapping[int, Place]] = ContextVar("qhls_places", default=MappingProxyType({}))


@contextmanager
def resolving(resolve: Resolver) -> Iterator[None]:
    """Within it ``exact`` asks ``resolve`` instead of refusing real numbers."""
    token = _resolver.set(resolve)
    try:
        yield
    finally:
        _resolver.reset(token)


@contextmanager
def reading(reader: Any, inputs: Sequence[Tensor], path: str = "") -> Iterator[None]:
    """Within it ``reader`` is who reads ``inputs``."""
    places = {
        id(x): Place(reader, tuple(i for i, each in enumerate(inputs) if each is x), path)
        for x in inputs
        if isinstance(x, Reals)
    }
    token = _places.set(places)
    try:
        yield
    finally:
        _places.reset(token)


@dataclass
class Arithmetic:
    """In which floating-point numbers Keras computes, as the reference of a lowering.

    ``plain``: whether quantizers leave out what is there for their gradient only, as they do behind real numbers.
    ``rounds`` collects the layers whose float32 results depend on the order of a sum of real numbers, ``reals``
    those in which there are real numbers, ``uneven`` those in which the gradient's part rounds.
    """

    dtype: str
    plain: bool = False
    rounds: list[str] = field(default_factory=list[str])
    reals: list[str] = field(default_factory=list[str])
    uneven: list[str] = field(default_factory=list[str])


_arithmetic: ContextVar[Arithmetic | None] = ContextVar("qhls_arithmetic", default=None)


@contextmanager
def arithmetic(dtype: str, plain: bool = False) -> Iterator[Arithmetic]:
    """Within it the reference computes in ``dtype``; ``plain``: see ``Arithmetic``."""
    chosen = Arithmetic(dtype, plain)
    token = _arithmetic.set(chosen)
    try:
        yield chosen
    finally:
        _arithmetic.reset(token)


def current_arithmetic() -> Arithmetic | None:
    """That of the lowering which runs, ``None`` outside of one."""
    return _arithmetic.get()
