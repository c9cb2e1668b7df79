"""Energy of a design: the events its ops cause, times a technology's prices. Needs numpy, rich, no Keras."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from qhls.energy.model import CAUSES, EnergyReport, OpEnergy, compare, estimate
from qhls.energy.technology import Technology, load_technology, technologies

if TYPE_CHECKING:
    from qhls.qtools import QTools

__all__ = [
    "CAUSES",
    "EnergyReport",
    "OpEnergy",
    "QTools",
    "Technology",
    "compare",
    "estimate",
    "load_technology",
    "technologies",
]


def __getattr__(name: str) -> Any:
    """``QTools`` reads Keras models: fetched when first asked for."""
    if name != "QTools":
        raise AttributeError(f"module 'qhls.energy' has no attribute {name!r}")
    return import_module("qhls.qtools").QTools
