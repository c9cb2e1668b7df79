"""Variables in a weights file of Keras 3, found by the paths that Keras gives to the objects of a model."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import h5py
import numpy as np

from qhls.errors import LoadError
from qhls.ir.integers import Array


class Variables:
    """The variables of one object of a model, and of the objects within it."""

    def __init__(self, group: Any, path: str = "") -> None:
        self._group = group
        self._path = path

    def enter(self, name: str) -> Variables:
        """Return the variables of the inner object ``name``, such as ``kq/quantizer``; empty ones if the file lacks
        it.
        """
        group = self._group
        for part in name.split("/"):
            group = group.get(part) if isinstance(group, h5py.Group) else None
        return Variables(group, f"{self._path}/{name}")

    def read(self) -> list[Array]:
        """Return the object's own variables in the order of their creation, trainable ones first."""
        group = self._group.get("vars") if isinstance(self._group, h5py.Group) else None
        if not isinstance(group, h5py.Group):
            return []
        names = sorted(filter(str.isdigit, map(str, group)), key=int)
        return [np.asarray(group[name]) for name in names]

    def read_all(self, count: int, where: str) -> list[Array]:
        """Return the object's own variables; refuse fewer than ``count``.

        Raises:
            LoadError: fewer exist.
        """
        arrays = self.read()
        if len(arrays) < count:
            raise LoadError(
                f"{where}: expected {count} variables at {self._path}, got {len(arrays)}. Give the weights that "
                f"were saved with this model."
            )
        return arrays

    def list_layers(self, classes: list[tuple[str, str]]) -> dict[str, Variables]:
        """Return the variables of each layer of a model by name; ``classes`` lists name and class of the layers in
        their order.

        Keras writes the name beside the variables, or else names places by classes and numbers.
        """
        layers = self.enter("layers")
        named: dict[str, Variables] = {}
        group = layers._group
        for key in group if isinstance(group, h5py.Group) else ():
            part = layers.enter(str(key))
            own = part.enter("vars")._group
            name = own.attrs.get("name") if isinstance(own, h5py.Group) else None
            if name is not None:
                text = name.decode() if isinstance(name, bytes) else str(name)
                named.setdefault(text, part)
        seen: Counter[str] = Counter()
        placed: dict[str, Variables] = {}
        for name, cls in classes:
            key = _to_snake_case(cls)
            number = f"_{seen[key]}" if seen[key] else ""
            seen[key] += 1
            placed[name] = layers.enter(f"{key}{number}")
        return placed | {name: part for name, part in named.items() if name in placed}


def _to_snake_case(name: str) -> str:
    """Return a class name in snake case, as Keras uses it in paths of weights files: ``q_conv1d`` for ``QConv1D``."""
    return re.sub(r"(?<=.)(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])", "_", re.sub(r"\W", "", name)).lower()
