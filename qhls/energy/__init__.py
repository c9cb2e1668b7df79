"""What a design costs: energy, area, latency and bit operations of its graph and schedule.

Energy is the events that ops cause, times a technology's prices; area the hardware that they are built of,
times a table's. Needs numpy and rich, no Keras.
"""

from qhls.energy.area import (
    AreaReport,
    AreaTable,
    area_tables,
    estimate_area,
    load_area_table,
)
from qhls.energy.comparison import Comparison
from qhls.energy.latency import LatencyReport, estimate_latency
from qhls.energy.model import CAUSES, EnergyReport, OpEnergy, compare, estimate
from qhls.energy.operations import BitOperations, bit_operations
from qhls.energy.scaling import Process
from qhls.energy.sensitivity import Saving, sensitivity
from qhls.energy.technology import Technology, load_technology, technologies

__all__ = [
    "CAUSES",
    "AreaReport",
    "AreaTable",
    "BitOperations",
    "Comparison",
    "EnergyReport",
    "LatencyReport",
    "OpEnergy",
    "Process",
    "Saving",
    "Technology",
    "area_tables",
    "bit_operations",
    "compare",
    "estimate",
    "estimate_area",
    "estimate_latency",
    "load_area_table",
    "load_technology",
    "sensitivity",
    "technologies",
]
