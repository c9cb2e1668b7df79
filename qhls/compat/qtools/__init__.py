"""QKeras' QTools on qhls: data type map, energy and roofline numbers of a Keras model, to the last digit."""

import qhls.system.needs_keras  # noqa: F401 - before what imports Keras, so that its message is read
from qhls.compat.qtools.prices import Prices, load_prices
from qhls.compat.qtools.tools import QTools

__all__ = ["Prices", "QTools", "load_prices"]
