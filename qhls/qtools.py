"""QKeras' QTools: data type map, energy and roofline numbers of a Keras model, identical to the last digit."""

from qhls.compat.qtools import *  # noqa: F403
