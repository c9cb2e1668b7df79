"""Registration of qhls' layers with Keras, so that ``keras.models.load_model`` finds them in files.

Importing qhls does not import Keras, which takes seconds. The later import of the two registers the layers.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType


def register_with_keras() -> None:
    """Register every Q-layer and quantizer with Keras: now, or as soon as Keras has been imported."""
    if "keras" in sys.modules:
        _register()
    else:
        sys.meta_path.insert(0, _WhenKerasComes())


def _register() -> None:
    with suppress(ImportError):  # a missing package is reported when it is used
        import_module("qhls.frontend")


class _WhenKerasComes:
    """Import hook that registers the layers as soon as Keras has been imported."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "keras" or self not in sys.meta_path:
            return None
        sys.meta_path.remove(self)  # so that the other finders find Keras
        try:
            spec = find_spec(fullname)
        finally:
            sys.meta_path.insert(0, self)
        loader = spec.loader if spec else None
        if loader is None:
            return spec
        run = loader.exec_module

        def run_and_register(module: ModuleType) -> None:
            run(module)
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            _register()

        loader.exec_module = run_and_register  # type: ignore[method-assign]
        return spec
