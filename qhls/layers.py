"""Every Q-layer, by QKeras' name: ``from qhls.layers import QDense``."""

from typing import Any

from qhls.frontend import registered


def __getattr__(name: str) -> Any:
    if name not in registered():
        raise AttributeError(
            f"module 'qhls.layers' has no layer {name!r}; there are {', '.join(registered())}"
        )
    return registered()[name]


def __dir__() -> list[str]:
    return sorted(registered())
