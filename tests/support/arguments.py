"""Each argument of a layer's constructor, and what it does to numbers."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

import qhls
from qhls.frontend.models.state import settle

BASE = {"activity_regularizer": "l2", "trainable": False, "autocast": False, "name": "y"}
"""Arguments of every layer, and a value for each, but ``dtype``, which ``test_dtypes.py`` has."""
INTERNAL = {"rank", "pool_dimensions", "pool_mode"}
"""Arguments of Keras' base classes that their public subclasses set themselves."""
ENDS = {
    "_initializer": "ones",
    "_regularizer": "l2",
    "_constraint": "unit_norm",
    "_range": 0.5,
}
"""Ends of arguments without effect at inference, and a value for each."""

SAMPLES = 16


@dataclass(frozen=True)
class Arguments:
    """The arguments of one layer by their effect on the numbers that it makes at inference.

    Values are those that an example without them is compared with; a function makes a new value for each layer.
    """

    example: dict[str, Any] = field(default_factory=dict)
    shape: tuple[int, ...] | list[tuple[int, ...]] = (3,)
    used: dict[str, Any] = field(default_factory=dict)
    """Other numbers; a dictionary sets several arguments."""
    alike: dict[str, Any] = field(default_factory=dict)
    """The same numbers, computed or learned otherwise."""
    refused: dict[str, tuple[Any, str]] = field(default_factory=dict)
    """A value, and the beginning of the message of ``compile``, of the constructor or of the first call."""
    types: str = "s8.5"

    def shapes(self) -> list[tuple[int, ...]]:
        """Return the shape of each input."""
        return self.shape if isinstance(self.shape, list) else [self.shape]

    def changed(self, name: str) -> dict[str, Any]:
        """Return the arguments of the example with another value of ``name``."""
        return self._with(name, self.used[name])

    def refusal(self, name: str) -> tuple[dict[str, Any], str]:
        """Return the arguments of the example with the refused value of ``name``, and the message."""
        value, message = self.refused[name]
        return self._with(name, value), message

    def _with(self, name: str, value: Any) -> dict[str, Any]:
        return self.example | (value if isinstance(value, dict) else {name: value})

    def without(self, name: str) -> dict[str, Any]:
        """Return the arguments of ``changed(name)`` with the example's value of ``name``."""
        changed = {n: v for n, v in self.changed(name).items() if n != name}
        return changed | ({name: self.example[name]} if name in self.example else {})


def arguments_of(cls: type) -> set[str]:
    """Return the names of all arguments that the constructor of ``cls`` takes or passes on, but ``dtype``."""
    names: set[str] = set()
    for each in cls.__mro__:
        if each is keras.layers.Layer:
            names |= BASE.keys()
            break
        if "__init__" in vars(each):
            parameters = inspect.signature(each.__init__).parameters.values()
            kinds = {p.kind for p in parameters}
            names |= {p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
            if inspect.Parameter.VAR_KEYWORD not in kinds:
                break
    return names - {"self", "dtype"} - INTERNAL


def without_effect(name: str, values: dict[str, Any]) -> Any:
    """Return a value of the argument ``name`` that changes no number; None without one."""
    ends = (value for end, value in ENDS.items() if name.endswith(end))
    return (BASE | values).get(name, next(ends, None))


def made(
    cls: Callable[..., Any],
    arguments: dict[str, Any],
    shapes: list[tuple[int, ...]],
    *behind: Callable[[], Any],
) -> keras.Model:
    """Return a model of the layer, with the same weights for the same shapes of them."""
    values = {n: v() if inspect.isfunction(v) else v for n, v in arguments.items()}
    batch = SAMPLES if arguments.get("stateful") else None  # Keras asks for it
    inputs = [keras.Input(shape, batch) for shape in shapes]
    given = inputs if len(inputs) > 1 else inputs[0]
    x = cls(**values)(given)
    for layer in behind:
        x = [layer()(each) for each in x] if isinstance(x, list | tuple) else layer()(x)
    model = keras.Model(given, x)
    random = np.random.default_rng(2)
    for weight in model.weights:
        if weight.dtype == "float32" and weight.shape is not None:
            signs = 1 if "variance" in weight.path else random.choice([-1, 1], weight.shape)
            weight.assign(random.uniform(0.3, 1.7, weight.shape) * signs)
    settle(model)
    return model


def inputs_for(given: Arguments) -> list[np.ndarray]:
    """Return samples on the grid of the example's inputs."""
    dtype = qhls.ir.Fixed.parse(given.types)
    ends = max(dtype.lo, -64), min(dtype.hi, 64)
    random = np.random.default_rng(1)
    return [
        (random.integers(*ends, (SAMPLES, *shape), endpoint=True) * 2.0**-dtype.frac).astype(
            "float32"
        )
        for shape in given.shapes()
    ]


def outputs_of(model: keras.Model, given: Arguments) -> list[np.ndarray]:
    """Return what Keras computes for ``inputs_for(given)``."""
    samples = inputs_for(given)
    results = model(samples if len(samples) > 1 else samples[0])
    return [keras.ops.convert_to_numpy(each) for each in keras.tree.flatten(results)]


def differ(before: list[np.ndarray], after: list[np.ndarray]) -> bool:
    """Return whether two lists of arrays differ in number, shape or values."""
    if [a.shape for a in before] != [b.shape for b in after]:
        return True
    return any((a != b).any() for a, b in zip(before, after, strict=True))


def check(model: keras.Model, given: Arguments, **options: Any) -> None:
    """Assert that the design of ``model`` makes Keras' numbers."""
    samples = inputs_for(given)
    design = qhls.compile(model, given.types, **options)
    report = design.check(samples if len(samples) > 1 else samples[0], targets=())
    assert report, report


def cases(table: dict[Any, Arguments], kind: str) -> list[tuple[Any, str]]:
    """Return each layer of ``table`` with the name of each argument of this kind."""
    return [(cls, name) for cls, given in table.items() for name in getattr(given, kind)]
