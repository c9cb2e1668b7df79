"""Estimates of the costs of a design: energy, area, latency and bit operations of its graph and schedule.

Energy is the sum over the events of all ops, each at its price in a technology. Area is the sum over the primitives
of all ops, each at its figure in an area table. The package needs numpy and rich, but no Keras.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from qhls.energy.hardware.area import AreaReport, estimate_area
from qhls.energy.hardware.latency import LatencyReport, estimate_latency
from qhls.energy.model import CAUSES, EnergyReport, OpEnergy, compare, estimate
from qhls.energy.operations import BitOperations, count_bit_operations
from qhls.energy.report.comparison import CostComparison
from qhls.energy.scaling import ProcessNode
from qhls.energy.sensitivity import Saving, find_savings
from qhls.energy.technology import Technology, list_technologies, load_technology
from qhls.energy.tool_reports.report import ToolReport, read_report
from qhls.plan.hardware.prices import AreaTable, list_area_tables, list_tool_tables, load_area_table

if TYPE_CHECKING:
    from qhls.compat.qtools import QTools

Comparison = CostComparison
"""The earlier name of ``CostComparison``."""

__all__ = [
    "CAUSES",
    "AreaReport",
    "AreaTable",
    "BitOperations",
    "Comparison",
    "CostComparison",
    "EnergyReport",
    "LatencyReport",
    "OpEnergy",
    "ProcessNode",
    "QTools",
    "Saving",
    "Technology",
    "ToolReport",
    "compare",
    "count_bit_operations",
    "estimate",
    "estimate_area",
    "estimate_latency",
    "find_savings",
    "list_area_tables",
    "list_technologies",
    "list_tool_tables",
    "load_area_table",
    "load_technology",
    "read_report",
]


def __getattr__(name: str) -> Any:
    """Import ``QTools`` on first use, because it needs Keras."""
    if name != "QTools":
        raise AttributeError(f"module 'qhls.energy' has no attribute {name!r}")
    return import_module("qhls.qtools").QTools
