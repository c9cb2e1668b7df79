"""Facts on classes of layers: those of a Q-layer hold for the class of Keras that it quantises, too."""

from __future__ import annotations

from typing import Any

import keras

from qhls.frontend.layers.qlayer import Quantized
from qhls.frontend.layers.registry import get_registered

FOLDED_SUFFIX = "Batchnorm"
"""End of the name of a Q-layer with a folded normalisation."""


def find_twin(cls: type, suffix: str = "") -> Any:
    """Return the Q-layer of a class of Keras, as ``QDense`` of ``Dense``, or None; ``suffix`` ends its name."""
    return get_registered().get(f"Q{cls.__name__}{suffix}")


def find_q_class(cls: type) -> Any:
    """Return ``cls`` if it is a Q-layer, else its twin or None."""
    return cls if get_registered().get(cls.__name__) is cls else find_twin(cls)


def has_plain_product(cls: type) -> bool:
    """Return whether the Q-layer of ``cls`` has a ``plain_product``."""
    return getattr(find_q_class(cls), "plain_product", False)


def list_quantized(cls: type) -> tuple[Quantized, ...]:
    """Return the variables with quantizers of a Q-layer or of its cell, in their order; empty for other classes."""
    return getattr(getattr(cls, "cell_class", cls), "quantized_variables", ())


def list_kernel_variables(cls: type) -> tuple[str, ...]:
    """Return the variables of a Q-layer or of its cell that multiply inputs or states."""
    return tuple(each.variable for each in list_quantized(cls) if each.kernel)


def list_twins() -> dict[str, Any]:
    """Return the Q-layer of each class of Keras' layers that has one, by the name of Keras' class."""
    names = (name.removeprefix("Q") for name in get_registered() if name.startswith("Q"))
    return {name: get_registered()[f"Q{name}"] for name in names if hasattr(keras.layers, name)}


def list_plain_products() -> tuple[str, ...]:
    """Return the names of Keras' layers with one plain product."""
    return tuple(name for name, cls in list_twins().items() if getattr(cls, "plain_product", False))
