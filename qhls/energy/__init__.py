"""Energy of a design: the events its ops cause, times a technology's prices. Needs numpy, rich, no Keras."""

from qhls.energy.model import CAUSES, EnergyReport, OpEnergy, compare, estimate
from qhls.energy.technology import Technology, load_technology, technologies

__all__ = [
    "CAUSES",
    "EnergyReport",
    "OpEnergy",
    "Technology",
    "compare",
    "estimate",
    "load_technology",
    "technologies",
]
