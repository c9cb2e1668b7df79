"""``Reals``: real numbers between an exact tensor and the quantizer that makes them codes again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np

from qhls.errors import LoweringError
from qhls.frontend.lowering.arithmetic import find_arithmetic
from qhls.frontend.lowering.refusal import describe_layer
from qhls.ir import Fixed, Graph, Input, Op, Reshape, enter_layer, run
from qhls.ir.integers import Array
from qhls.quantizers.keras_types import KerasTensor, ops

Function = Callable[[Any], Any]
"""Elementwise function of a float tensor (samples, channels), which may differ between channels."""


@dataclass(frozen=True)
class Move:
    """A movement of elements by a layer that reads real numbers; it is applied to the codes of their later quantizer.

    ``make`` moves the elements of an op, which then has ``shape``. ``maximum``: given if it also takes maxima; only
    functions that rise may come before a maximum as well. ``selects``: which elements are moved depends on data; each
    stays in its channel.
    """

    make: Callable[[Op], Op]
    shape: tuple[int, ...]
    maximum: Boundary | None = None
    selects: bool = False


@dataclass(frozen=True)
class Boundary:
    """The inputs of one layer at which quantizers would prevent ``error``.

    ``turn``: for maxima of real numbers, the function that returns them as a function of the maxima of codes.
    """

    error: RealNumbersError
    places: tuple[ReadingPlace, ...]
    turn: Callable[[Reals], Reals | None] = lambda reals: None

    def refuse(self) -> None:
        """Raise the error or, if the current resolver can insert quantizers here, request another trace with them."""
        resolver = _resolver.get()
        if resolver is None or resolver.forced.issuperset(self.places):
            raise self.error
        resolver.force(self.places)


@dataclass(frozen=True)
class Reals:
    """The real numbers ``function(x)``, which hardware never stores: a later quantizer turns them into steps of ``x``.

    The last axis of ``x`` is that of the channels; ``function`` may differ between them, unless it is ``shared``.
    ``monotone``: whether it never turns. ``refusal`` is the error if no quantizer follows. ``layer``: the name of the
    layer that returned these numbers, behind the names of the models around it. ``dims``: the shape, where ``x`` is
    flat because every element has another function. ``move``: what remains to be done after ``function``.
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
        """The shape of the tensor, without the batch."""
        return self._before if self.move is None else self.move.shape

    @property
    def _before(self) -> tuple[int, ...]:
        """The shape before ``move`` is applied."""
        return self.x.shape if self.dims is None else self.dims

    @property
    def channels(self) -> int:
        """Return the number of channels, each with its function; 1 if all numbers share one function."""
        return 1 if self.shared else self.x.shape[-1]

    def apply(self, function: Function, monotone: bool = True, shared: bool = False) -> Reals:
        """Return ``function`` of these numbers; it receives (samples, channels) or, if ``shared``, any shape.

        Raises:
            RealNumbersError: ``function`` may fall, but follows a maximum of these numbers.
        """
        x = self.prepare(function, monotone, shared)
        inner = x.function
        outer = function if shared or x.dims is None else _regroup(function, x.shape[-1])
        return replace(
            x,
            function=lambda v: outer(inner(v)),
            monotone=x.monotone and monotone,
            shared=x.shared and shared,
        )

    def prepare(self, function: Function, monotone: bool, shared: bool) -> Reals:
        """Return the same numbers in a form to which ``apply`` can append ``function``.

        Raises:
            RealNumbersError: ``function`` may fall, but follows a maximum of these numbers.
        """
        move = self.move
        free = shared or move is None or move.selects
        if move is not None and move.maximum and not (free and monotone and is_rising(function)):
            return self._turn().prepare(function, monotone, shared)
        return self if free else self.separate()

    def separate(self) -> Reals:
        """Return the same numbers with a separate function for each element.

        Raises:
            RealNumbersError: a maximum was taken of them, so that they are no function of one element.
        """
        if self.move is not None and self.move.maximum is not None:
            return self._turn().separate()
        if self.move is not None and self.move.selects:
            raise self.refusal
        if self.move is not None:
            return replace(self, move=None).separate()._move(self.move)
        if self.dims is not None and len(self.x.shape) == 1:
            return self
        function = self.function if self.shared else _regroup(self.function, self.x.shape[-1])
        flat = Reshape(self.x, (self.x.size,))
        return replace(self, x=flat, function=function, shared=False, dims=self.shape)

    def _turn(self) -> Reals:
        """Return these maxima of real numbers as a function of maxima of codes; refuse them if that is impossible."""
        boundary = self.move.maximum if self.move is not None else None
        if self.move is None or boundary is None:
            return self
        turned = boundary.turn(self)
        if turned is None:
            boundary.refuse()
            return replace(self, move=replace(self.move, maximum=None))
        return turned

    def move_by(self, make: Callable[[Op], Op], maximum: Boundary | None = None) -> Reals:
        """Return the numbers after ``make`` moved them; ``maximum`` is given if it takes maxima (see ``Move``)."""
        first = self.move
        moves = first is None and maximum is None
        if moves and (self.shared or (self.dims is None and _is_channelwise(make, self.shape))):
            return replace(self, x=make(self.x))
        moved, _ = _run_on_places(make, self.shape)
        if first is None:
            return replace(self, move=Move(make, moved.shape, maximum))
        both = Move(lambda x: make(first.make(x)), moved.shape, first.maximum or maximum)
        if first.selects and not self.shared and not _is_channelwise(make, self.shape):
            raise self.refusal
        return replace(self, move=replace(both, selects=first.selects))

    def select(self, make: Callable[[Op], Op], shape: tuple[int, ...]) -> Reals:
        """Return the numbers, of ``shape``, that ``make`` selects depending on data, each within its channel."""
        return replace(self, move=Move(make, shape, selects=True))

    def place(self, x: Op) -> Op:
        """Return ``x``, an op with one element per number before the move, reshaped and moved like the numbers."""
        shaped = x if x.shape == self._before else Reshape(x, self._before)
        return shaped if self.move is None else self.move.make(shaped)

    def _move(self, move: Move) -> Reals:
        """Move each element together with its function."""
        moved = move.make(Reshape(self.x, self.shape))
        places = find_places(move.make, self.shape).ravel()
        function = select_functions(self.function, places, self.x.size)
        return replace(self, x=Reshape(moved, (moved.size,)), function=function, dims=moved.shape)


def _regroup(function: Function, channels: int) -> Function:
    """Return ``function`` of (samples, channels) as one of (samples, elements), in which the channels repeat."""

    def apply_regrouped(v: KerasTensor) -> KerasTensor:
        return ops.reshape(function(ops.reshape(v, (-1, channels))), ops.shape(v))

    return apply_regrouped


def is_rising(function: Function) -> bool:
    """Return whether a monotone ``function``, the same for all numbers, rises between two distant points."""
    running = find_arithmetic()
    points = ops.convert_to_tensor([[-_FAR], [_FAR]], running.dtype if running else "float32")
    low, high = np.asarray(ops.convert_to_numpy(function(points))).ravel().tolist()
    return low < high


_FAR = 2.0**20
"""A number whose magnitude exceeds all inputs at which most functions have steps."""


def _run_on_places(make: Callable[[Op], Op], shape: tuple[int, ...]) -> tuple[Op, Graph]:
    """Return the result and the graph of ``make`` on an input of ``shape`` that can contain element indices."""
    with enter_layer("moved"):
        row = Input(shape, Fixed(False, max(int(np.prod(shape)).bit_length(), 1), 0), name="row")
        moved = make(row)
    return moved, Graph((row,), (moved,), "moved")


def find_places(
    make: Callable[[Op], Op], shape: tuple[int, ...], numbers: Array | None = None
) -> Array:
    """Return, for each element that ``make`` moves, the index of its source, or the source's entry of ``numbers``."""
    _, graph = _run_on_places(make, shape)
    size = int(np.prod(shape))
    codes = np.arange(size) if numbers is None else np.resize(numbers, size)
    (places,) = run(graph, [codes.reshape(1, *shape)])
    return places[0].astype(np.int64)


def _is_channelwise(make: Callable[[Op], Op], shape: tuple[int, ...]) -> bool:
    """Return whether ``make`` leaves each element in its channel, the last axis."""
    places, channels = find_places(make, shape), shape[-1]
    return places.shape[-1] == channels and bool((places % channels == np.arange(channels)).all())


def select_functions(function: Function, places: Array, size: int) -> Function:
    """Return a function of (samples, elements) that applies entry ``places[i]`` of ``function`` to element ``i``.

    ``function`` is one of (samples, ``size``).
    """
    order = np.argsort(places, kind="stable")
    first = np.searchsorted(places[order], places[order])
    times = np.empty(len(places), int)
    times[order] = np.arange(len(places)) - first  # how often its place was named before it
    rows = int(times.max()) + 1
    slots = times * size + places
    sources = np.zeros(rows * size, int)
    sources[slots] = np.arange(len(places))

    def apply_permuted(v: KerasTensor) -> KerasTensor:
        spread = ops.reshape(ops.take(v, sources, axis=1), (-1, size))
        return ops.take(ops.reshape(function(spread), (-1, rows * size)), slots, axis=1)

    return apply_permuted


@dataclass(frozen=True)
class Joined:
    """A tensor ``make(*parts)`` of ``shape`` that joins elements of several tensors, some of them real numbers.

    A quantizer or another elementwise function is applied to each part. ``boundary``: the inputs of the layer that
    joined them. ``maximum``: as in ``Move``.
    """

    parts: tuple[Op | Reals, ...]
    make: Callable[..., Op]
    shape: tuple[int, ...]
    boundary: Boundary
    maximum: Boundary | None = None
    layer: str = ""

    @property
    def refusal(self) -> LoweringError:
        """Return the error for a layer that cannot read real numbers."""
        return self.boundary.error

    def apply_each(self, step: Callable[[Op | Reals], Any], rising: bool) -> Any:
        """Apply ``step`` to each part and return the joined results: an op if all results are ops.

        Raises:
            RealNumbersError: ``step`` may fall, but follows a maximum of the parts.
        """
        if self.maximum is not None and not rising:
            self.maximum.refuse()
        parts = tuple(step(part) for part in self.parts)
        if all(isinstance(part, Op) for part in parts):
            return self.make(*parts)
        return replace(self, parts=parts)

    def move_by(self, make: Callable[[Op], Op], maximum: Boundary | None = None) -> Joined:
        """Return the elements after ``make`` moved them; ``maximum`` is given if it takes maxima."""
        moved, _ = _run_on_places(make, self.shape)
        first = self.make
        return replace(
            self,
            make=lambda *xs: make(first(*xs)),
            shape=moved.shape,
            maximum=self.maximum or maximum,
        )


Tensor = Op | Reals | Joined
LayerResult = Tensor | tuple[Tensor, ...]
"""The result of a lowering rule: a tuple where the layer has several outputs."""


def join_tensors(
    xs: Sequence[Tensor], make: Callable[..., Op], shape: tuple[int, ...], boundary: Boundary
) -> Joined:
    """Join the tensors ``xs``, of which some are not exact, by ``make`` to a tensor of ``shape``."""
    parts: list[Op | Reals] = []
    ends: list[tuple[Callable[..., Op], slice]] = []
    maximum = None
    for x in xs:
        inner = x.parts if isinstance(x, Joined) else (x,)
        own: Callable[..., Op] = x.make if isinstance(x, Joined) else lambda op: op
        ends.append((own, slice(len(parts), len(parts) + len(inner))))
        parts.extend(inner)
        maximum = maximum or (x.maximum if isinstance(x, Joined) else None)

    def make_whole(*results: Op) -> Op:
        return make(*(own(*results[part]) for own, part in ends))

    return Joined(tuple(parts), make_whole, shape, boundary, maximum)


def apply_real(
    x: Tensor,
    function: Function,
    refusal: LoweringError,
    monotone: bool = True,
    shared: bool = False,
) -> Reals | Joined:
    """Return ``function(x)`` as real numbers; ``refusal`` is their error if ``x`` is exact, else that of ``x`` remains.

    ``function`` receives (samples, channels) or, if it is ``shared`` by all numbers, any shape.
    """
    if isinstance(x, Joined) and not shared:
        x = require_exact(None, x)
    if isinstance(x, Joined):
        rising = monotone and is_rising(function)
        return x.apply_each(
            lambda part: apply_real(part, function, refusal, monotone, shared=True), rising
        )
    if isinstance(x, Reals):
        return x.apply(function, monotone, shared)
    return Reals(x, function, monotone, refusal, shared=shared)


def apply_real_along(
    x: Tensor,
    function: Function,
    refusal: LoweringError,
    monotone: bool = True,
    axes: Collection[int] = (),
) -> Reals | Joined:
    """Return ``function(x)`` as real numbers for a function that differs along ``axes`` (batch not counted).

    ``function`` receives (samples, *shape). Along axes without differences it must also accept length 1.
    """
    shape = x.shape
    rank = len(shape)
    own = {axis % rank for axis in axes if shape[axis] > 1}
    x = require_exact(None, x) if own and isinstance(x, Joined) else x
    if own <= {rank - 1}:
        used = (*(1,) * (rank - 1), shape[-1] if own else 1)
    else:
        used = shape
        numbers = apply_real(x, lambda v: v, refusal, shared=True) if isinstance(x, Op) else x
        assert isinstance(numbers, Reals)  # what is joined is exact by now
        x = numbers.separate()

    def apply_shaped(v: KerasTensor) -> KerasTensor:
        return ops.reshape(function(ops.reshape(v, (-1, *used))), ops.shape(v))

    if isinstance(x, Reals) and x.dims is not None and used is shape:
        inner = x.function
        return replace(
            x, function=lambda v: apply_shaped(inner(v)), monotone=x.monotone and monotone
        )
    return apply_real(x, apply_shaped, refusal, monotone, shared=not own)


def require_exact(layer: object, x: Tensor, place: ReadingPlace | None = None) -> Op:
    """Return ``x`` as an exact tensor that ``layer`` can read; ``None`` as layer means the user of the model.

    Real numbers become what the resolver in force makes of them. ``place``: where they are read, if not as an input.

    Raises:
        RealNumbersError: real numbers and no resolver, or no place that it could change; it says where they come from.
    """
    if isinstance(x, Op):
        return x
    resolve, at = _resolver.get(), place or _places.get().get(id(x))
    if resolve is not None and at is not None:
        return resolve(x, at)
    layer = layer or getattr(at and at.reader, "operation", None)
    reader = describe_layer(layer) if layer is not None else "the model's user"
    first = x.boundary.error.reals if isinstance(x, Joined) else x
    raise RealNumbersError(f"{first.refusal} Otherwise {reader} reads real numbers.", first)


def make_exact(x: Tensor) -> Tensor:
    """Return ``x``, or an exact tensor if the current resolver was asked for a quantizer where ``x`` is read."""
    resolve, at = _resolver.get(), _places.get().get(id(x))
    if isinstance(x, Op) or resolve is None or at is None or at not in resolve.forced:
        return x
    return resolve(x, at)


def find_boundary(
    xs: Sequence[Tensor],
    error: LoweringError | None = None,
    turn: Callable[[Reals], Reals | None] = lambda reals: None,
) -> Boundary:
    """Return the ``Boundary`` of a layer that reads ``xs``, of which at least one is not exact."""
    first = next(x for x in xs if not isinstance(x, Op))
    numbers = first.boundary.error.reals if isinstance(first, Joined) else first
    places = (_places.get().get(id(x)) for x in xs if not isinstance(x, Op))
    message = str(error or first.refusal)
    return Boundary(
        RealNumbersError(message, numbers), tuple(place for place in places if place), turn
    )


class RealNumbersError(LoweringError):
    """The error for real numbers ``reals`` that no quantizer follows."""

    def __init__(self, message: str, reals: Reals) -> None:
        super().__init__(message)
        self.reals = reals


@dataclass(frozen=True)
class ReadingPlace:
    """A place where a tensor is read: inputs of a node of Keras' graph, or the result of an activation in a layer.

    ``reader``: the node, the model whose outputs they are, or the layer or cell whose attribute ``which`` names.
    ``path``: the names of the models around it.
    """

    reader: object
    which: tuple[int, ...] | str
    path: str = field(default="", compare=False)


class Resolver(Protocol):
    """A callback that makes exact tensors from real numbers; at the places ``forced`` it does so for every reader."""

    forced: set[ReadingPlace]

    def __call__(self, reals: Reals | Joined, place: ReadingPlace) -> Op:
        """Return the exact tensor that is read at ``place`` instead of ``reals``."""
        ...

    def force(self, places: Collection[ReadingPlace]) -> None:
        """Request that the trace is repeated with ``places`` added to ``forced``."""
        ...


_resolver: ContextVar[Resolver | None] = ContextVar("qhls_resolver", default=None)
_places: ContextVar[Mapping[int, ReadingPlace]] = ContextVar(
    "qhls_places", default=MappingProxyType({})
)


@contextmanager
def use_resolver(resolve: Resolver) -> Iterator[None]:
    """Enter a context in which ``resolve`` makes real numbers exact where ``require_exact`` would refuse them."""
    token = _resolver.set(resolve)
    try:
        yield
    finally:
        _resolver.reset(token)


@contextmanager
def use_reader(reader: object, inputs: Sequence[Tensor], path: str = "") -> Iterator[None]:
    """Record within this context that ``reader`` reads ``inputs``."""
    places = {
        id(x): ReadingPlace(reader, tuple(i for i, each in enumerate(inputs) if each is x), path)
        for x in inputs
        if not isinstance(x, Op)
    }
    token = _places.set(places)
    try:
        yield
    finally:
        _places.reset(token)
