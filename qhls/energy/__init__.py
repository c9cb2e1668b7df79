"""Energy of a design: the events its ops cause, times a technology's prices. Needs numpy, rich, no Keras."""

from qhls.energy.comparison import Comparison
from qhls.energy.model import CAUSES, EnergyReport, OpEnergy, compare, estimate
from qhls.energy.scaling import Process
from qhls.energy.sensitivity import Saving, sensitivity
from qhls.energy.technology import Technology, load_technology, technologies

__all__ = [
    "CAUSES",
    "Comparison",
    "EnergyReport",
    "OpEnergy",
    "Process",
    "Saving",
    "Technology",
    "compare",
    "estimate",
    "load_technology",
    "sensitivity",
    "technologies",
]
