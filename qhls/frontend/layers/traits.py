"""Properties of layer classes; those of a Q-layer also apply to the class of Keras that it quantises."""

from __future__ import annotations

from typing import Any

import keras

from qhls.frontend.layers.qlayer import Quantized
from qhls.frontend.layers.registry import get_registered

FOLDED_SUFFIX = "Batchnorm"
"""End of the name of a Q-layer with a folded normalisation."""


def find_twin(cls: type, suffix: str = "") -> Any:
    """Return the Q-layer class of a Keras class, such as ``QDense`` for ``Dense``, or ``None``; ``suffix`` is added to
    the name.
    """
    return get_registered().get(f"Q{cls.__name__}{suffix}")


def find_q_class(cls: type) -> Any:
    """Return ``cls`` if it is a registered class, else the Q-layer class that quantises it, or ``None``."""
    return cls if get_registered().get(cls.__name__) is cls else find_twin(cls)


def has_plain_product(cls: type) -> bool:
    """Return whether the Q-layer class of ``cls`` computes a plain product, as ``QLayer.plain_product`` defines it."""
    return getattr(find_q_class(cls), "plain_product", False)


def list_quantized(cls: type) -> tuple[Quantized, ...]:
    """Return the quantised variables of a Q-layer class or of its cell's class; empty for other classes."""
    return getattr(getattr(cls, "cell_class", cls), "quantized_variables", ())


def list_kernel_variables(cls: type) -> tuple[str, ...]:
    """Return the names of the variables of a Q-layer class, or of its cell's class, that multiply inputs or states."""
    return tuple(each.variable for each in list_quantized(cls) if each.kernel)


def list_twins() -> dict[str, Any]:
    """Return the Q-layer class of each layer class of Keras that has one, by the name of Keras' class."""
    names = (name.removeprefix("Q") for name in get_registered() if name.startswith("Q"))
    return {name: get_registered()[f"Q{name}"] for name in names if hasattr(keras.layers, name)}


def list_plain_products() -> tuple[str, ...]:
    """Return the names of the layer classes of Keras whose Q-layer computes one plain product."""
    return tuple(name for name, cls in list_twins().items() if getattr(cls, "plain_product", False))
