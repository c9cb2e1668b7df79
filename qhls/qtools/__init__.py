"""QKeras' QTools on qhls: data type map, energy and roofline numbers of a Keras model, to the last digit."""

import qhls.needs_keras  # noqa: F401 - before what imports Keras, so that its message is read
from qhls.qtools.prices import Prices, load_prices
from qhls.qtools.tools import QTools

__all__ = ["Prices", "QTools", "load_prices"]
