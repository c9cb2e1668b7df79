"""Layers of HGQ2 as parts: layers and operations of qhls and Keras that compute the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras

from qhls.errors import LoadError
from qhls.frontend.files.classes import Config, find_shipped, format_value, name_class
from qhls.frontend.hgq.numbers import Grid, read_grid
from qhls.frontend.hgq.variables import Variables
from qhls.frontend.layers.fixed_point import QFixedPoint
from qhls.frontend.models.calls import read_field
from qhls.ir.integers import Array


@dataclass(frozen=True)
class Ref:
    """A reference to a tensor that a part reads: the result of the part ``source``, or the layer's input number
    ``source``.
    """

    source: str | int


@dataclass(frozen=True)
class Component:
    """A part: one layer or operation, whose arguments are ``Ref``s and constants, in lists where Keras takes lists."""

    cls: type
    arguments: list[Any]
    settings: Config
    weights: list[Array]


@dataclass
class Layer:
    """A layer of HGQ2 in a file, and the parts that replace it; the last part returns the layer's result.

    ``where`` begins messages. ``shapes``: of the inputs, with the batch, as the file has them.
    """

    name: str
    kind: str
    settings: Config
    variables: Variables
    shapes: list[list[Any]]
    where: str
    parts: dict[str, Component] = field(default_factory=dict[str, Component])

    def read(self, key: str) -> Any:
        """Return the layer's setting ``key``. Raises ``LoadError`` if it is missing."""
        return read_field(self.settings, key, self.where)

    @property
    def float_type(self) -> str:
        """Return the name of the float type in which the layer computes."""
        return str(keras.dtype_policies.get(self.settings.get("dtype")).compute_dtype)

    def add(
        self,
        key: str,
        cls: type,
        arguments: list[Any],
        settings: Config | None = None,
        weights: list[Array] | None = None,
    ) -> Ref:
        """Add a part under ``key``, where ``""`` means the layer's own name, and return a reference to its result."""
        whole = dict(settings or {})
        if issubclass(cls, keras.layers.Layer):
            whole["dtype"] = self.settings.get("dtype", "float32")
        self.parts[key] = Component(cls, arguments, whole, weights or [])
        return Ref(key)

    def add_operation(
        self, key: str, operation: str, *arguments: object, **settings: object
    ) -> Ref:
        """Add an operation of ``keras.ops`` as a part under ``key``, and return a reference to its result."""
        cls = find_shipped(operation, "keras.src.ops.numpy")
        if cls is None:
            raise LoadError(
                f"{self.where}: expected the operation {operation} in Keras, got a version without. "
                f"Install a newer Keras."
            )
        return self.add(key, cls, list(arguments), settings)

    def read_quantizer(self, argument: str, place: str) -> Grid | None:
        """Return the quantizer in the setting ``argument``, with its bits at ``place`` in the file; ``None`` if it
        does nothing.

        Raises:
            LoadError: it has no exact meaning, or its variables are missing.
        """
        place = f"{place}/quantizer" if place else "quantizer"
        where = f"{self.where}: {argument}"
        return read_grid(self.read(argument), self.variables.enter(place), where)

    def quantize(self, key: str, x: Ref, grid: Grid | None) -> Ref:
        """Add a part that quantises the tensor ``x``, and return a reference to its result, or ``x`` if ``grid`` is
        ``None``.
        """
        if grid is None:
            return x
        dims = grid.fraction.shape
        if not dims or dims[0] != 1:
            raise LoadError(
                f"{self.where}: expected bits that are the same for all samples, got those of the shape {dims}. "
                f"Name the batch's axis among homogeneous_axis."
            )
        return self.add(key, QFixedPoint, [x], grid.list_settings(dims[1:]))

    def quantize_input(self, x: Ref | None = None, key: str = "iq") -> Ref:
        """Add the layer's input quantizer, if it has one, and return the quantised input."""
        x = x or Ref(0)
        if not self.settings.get("enable_iq", True):
            return x
        return self.quantize(key, x, self.read_quantizer("iq_conf", "iq"))

    def quantize_inputs(self, count: int) -> list[Ref]:
        """Add the layer's ``count`` input quantizers, if it has these, and return the quantised inputs."""
        xs = [Ref(i) for i in range(count)]
        if not self.settings.get("enable_iq", True):
            return xs
        configs = self.read("iq_confs")
        configs = configs if isinstance(configs, list) else [configs] * count
        if len(configs) != count:
            raise LoadError(
                f"{self.where}: expected {count} input quantizers, got {len(configs)}. Save the model again."
            )
        quantized: list[Ref] = []
        for i, (x, config) in enumerate(zip(xs, configs, strict=True)):
            place = f"iq/quantizers/quantizer{f'_{i}' if i else ''}/quantizer"
            grid = read_grid(config, self.variables.enter(place), f"{self.where}: iq_confs[{i}]")
            quantized.append(self.quantize(f"iq_{i}", x, grid))
        return quantized

    def quantize_output(self, x: Ref) -> Ref:
        """Add the layer's output quantizer, if it has one, and return the quantised output."""
        if not self.settings.get("enable_oq"):
            return x
        return self.quantize("oq", x, self.read_quantizer("oq_conf", "oq"))

    def read_weights(self, count: int) -> list[Array]:
        """Return the layer's ``count`` weight arrays, without its scalar variables, which only training needs.

        Raises:
            LoadError: the layer has another number of weight arrays.
        """
        weights = [each for each in self.variables.read() if each.ndim]
        if len(weights) != count:
            raise LoadError(
                f"{self.where}: expected {count} weights, got {len(weights)}. Give the weights that were saved "
                f"with this model."
            )
        return weights

    def refuse(self, expected: str, actual: object, advice: str) -> LoadError:
        """Return the error for a layer that cannot be translated exactly."""
        got = actual if isinstance(actual, str) else format_value(actual)
        return LoadError(f"{self.where}: expected {expected}, got {got}. {advice}")


Expansion = Callable[[Layer], Any]
EXPANSIONS: dict[str, Expansion] = {}
"""Functions that add the parts of a layer, by its class in HGQ2."""


def register_expansion(*names: str) -> Callable[[Expansion], Expansion]:
    """Return a decorator that registers, for HGQ2's classes ``names``, a function that adds the parts of a layer."""

    def remember(expansion: Expansion) -> Expansion:
        EXPANSIONS.update(dict.fromkeys(names, expansion))
        return expansion

    return remember


def name_part(part: Component, name: str) -> Config:
    """Return the configuration of ``part`` under ``name``."""
    return name_class(part.cls, part.settings | {"name": name})
