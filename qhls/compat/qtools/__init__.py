"""A reimplementation of QKeras' QTools: data type map, energy and roofline numbers, equal to the last digit."""

import qhls.system.needs_keras  # noqa: F401 - first, so that its message appears before any other import error
from qhls.compat.qtools.prices import Prices, load_prices
from qhls.compat.qtools.tools import QTools

__all__ = ["Prices", "QTools", "load_prices"]
