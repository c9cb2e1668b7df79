"""Every Q-layer, by QKeras' name: ``from qhls.layers import QDense``."""

from typing import Any

from qhls.frontend import registered
from qhls.frontend.mobilenet import QMobileNetSeparableConv2D
from qhls.frontend.octave import OctaveConv2D, QOctaveConv2D

_FUNCTIONS = {f.__name__: f for f in (OctaveConv2D, QMobileNetSeparableConv2D, QOctaveConv2D)}
"""What adds several layers to a model at once."""


def __getattr__(name: str) -> Any:
    known = {**registered(), **_FUNCTIONS}
    if name not in known:
        raise AttributeError(
            f"module 'qhls.layers' has no layer {name!r}; there are {', '.join(known)}"
        )
    return known[name]


def __dir__() -> list[str]:
    return sorted({**registered(), **_FUNCTIONS})


__all__ = [*__dir__()]  # noqa: PLE0604 # pyright: ignore[reportUnsupportedDunderAll] - for ``import *``
