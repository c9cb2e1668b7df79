"""The modules of the table as Python modules, whose names are resolved when they are first used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import keras

from qhls.qkeras.table import TABLE, ModuleNames


class TableModule(ModuleType):
    """A module of QKeras: ``places`` are the definitions of its names, as (module, name)."""

    def __init__(self, name: str, places: Mapping[str, tuple[str, str]], doc: str) -> None:
        super().__init__(name, doc)
        self._places = dict(places)
        self.__all__ = sorted(n for n in places if not n.startswith("_"))
        # So that Python takes it for a package.
        self.__path__: list[str] = []  # pyright: ignore[reportIncompatibleVariableOverride]
        self.__spec__ = ModuleSpec(name, loader=None, is_package=True)

    def __getattr__(self, name: str) -> Any:
        """Return a name of the table, imported from its place."""
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
"""Names of a value that changes."""


def find_backend() -> str:
    """Return the name of Keras' backend."""
    return keras.config.backend()


def resolve(module: str, name: str) -> Any:
    """Return ``name`` of a module; without a module, the module of this name."""
    if not module:
        return import_module(name)
    return getattr(import_module(module), name)


def list_places(contents: ModuleNames) -> dict[str, tuple[str, str]]:
    """Return the definition of each name of a module, as (module, name); its own come last and win."""
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
    """Yield the name and the module of each line of the table but the package's own."""
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
