"""QKeras' modules as Python modules, built from the table; each of their names is resolved on first use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import keras

from qhls.qkeras.table import TABLE, ModuleNames


class TableModule(ModuleType):
    """A module of QKeras; ``places`` maps each of its names to the place of the definition, (module, name)."""

    def __init__(self, name: str, places: Mapping[str, tuple[str, str]], doc: str) -> None:
        super().__init__(name, doc)
        self._places = dict(places)
        self.__all__ = sorted(n for n in places if not n.startswith("_"))
        # With a path, Python treats the module as a package.
        self.__path__: list[str] = []  # pyright: ignore[reportIncompatibleVariableOverride]
        self.__spec__ = ModuleSpec(name, loader=None, is_package=True)

    def __getattr__(self, name: str) -> Any:
        """Return the object that a name in the table refers to; import its module on first use."""
        places = self.__dict__.get("_places", {})
        if name not in places:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        value = resolve(*places[name])
        if name not in LIVE:
            setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._places})


LIVE = ("_default_sigmoid_type",)
"""The names whose values change, and are therefore looked up at each use."""


def find_backend() -> str:
    """Return the name of Keras' backend."""
    return keras.config.backend()


def resolve(module: str, name: str) -> Any:
    """Return the object ``name`` of ``module``; if ``module`` is empty, return the module that ``name`` names."""
    if not module:
        return import_module(name)
    return getattr(import_module(module), name)


def list_places(contents: ModuleNames) -> dict[str, tuple[str, str]]:
    """Return the place of the definition of each name in a module, as (module, name).

    A name that the module lists itself overrides an inherited one.
    """
    places: dict[str, tuple[str, str]] = {}
    for star in contents.stars:
        inherited = list_places(TABLE[star])
        places |= {name: at for name, at in inherited.items() if not name.startswith("_")}
    for source, names in contents.sources.items():
        for each in names.split():
            new, _, old = each.partition("=")
            places[new] = (source, old or new)
    if find_backend() != "tensorflow":
        places.pop("tf", None)
    return places


def build_modules(package: str) -> Iterator[tuple[str, TableModule]]:
    """Yield the name and the Python module for each entry of the table, except for the package itself."""
    modules = {
        name: TableModule(
            f"{package}.{name}", list_places(contents), f"QKeras' ``{name}``, on qhls."
        )
        for name, contents in TABLE.items()
        if name
    }
    for name, module in modules.items():
        outer, _, last = name.rpartition(".")
        if outer:
            setattr(modules[outer], last, module)
    yield from modules.items()
