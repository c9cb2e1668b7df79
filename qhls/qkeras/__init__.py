"""A replacement for the package ``qkeras`` that uses qhls; modules and names are the same, so scripts run unchanged.

>>> import qhls.qkeras
>>> qhls.qkeras.install()
>>> from qkeras import QDense, quantized_bits

``python -m qhls.qkeras script.py`` runs a script in this way. Nothing here is a distribution or a file named
``qkeras``: packages that own this name may be installed too, and are hidden in a process that calls ``install``.
"""

import os
import sys
from typing import Any

import qhls.system.needs_keras  # noqa: F401 - first, so that its message appears before any other import error
from qhls.errors import QhlsError
from qhls.qkeras.modules import build_modules, find_backend, list_places, resolve
from qhls.qkeras.table import NOT_IMPORTED, TABLE

__version__ = "0.9.0"
"""The release of QKeras whose names this package has."""

NAME = "qkeras"

_places = list_places(TABLE[""])
_modules = dict(build_modules(__name__))
for _name, _module in _modules.items():
    sys.modules[f"{__name__}.{_name}"] = _module

__all__ = sorted(  # noqa: PLE0605 - the table has the names
    {*_places, *(name for name in _modules if "." not in name and name not in NOT_IMPORTED)}
)


def __getattr__(name: str) -> Any:
    if name in _places:
        return resolve(*_places[name])
    if name in _modules:
        return _modules[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_places, *_modules})


class InstallError(QhlsError):
    """The error raised if another package named ``qkeras`` is imported already."""


def install() -> None:
    """Let ``import qkeras`` and imports of its submodules return this package in the current process.

    Raises:
        InstallError: another package of this name is imported already.
    """
    present = sys.modules.get(NAME)
    if present is not None and present is not sys.modules[__name__]:
        raise InstallError(
            f"qhls.qkeras.install: expected no other package {NAME!r} in this process, got "
            f"{getattr(present, '__file__', None) or 'one'}. Call install() before anything imports it."
        )
    os.environ.setdefault("KERAS_BACKEND", find_backend())  # QKeras' port sets it, scripts read it
    sys.modules[NAME] = sys.modules[__name__]
    for name, module in _modules.items():
        sys.modules[f"{NAME}.{name}"] = module
