"""Keras Q-layers, model files, and the way from a Keras model to an IR graph."""

from importlib import import_module
from pkgutil import iter_modules

import qhls.needs_keras  # noqa: F401 - before what imports Keras, so that its message is read
from qhls.frontend.activation import QActivation
from qhls.frontend.constraints import Clip, QInitializer
from qhls.frontend.conv import QConv2D
from qhls.frontend.dense import QDense
from qhls.frontend.load import load_model
from qhls.frontend.qlayer import QLayer, Quantized
from qhls.frontend.registry import register, registered

for _module in iter_modules(__path__):  # layers and lowering rules register themselves on import
    import_module(f"{__name__}.{_module.name}")

__all__ = [
    "Clip",
    "QActivation",
    "QConv2D",
    "QDense",
    "QInitializer",
    "QLayer",
    "Quantized",
    "load_model",
    "register",
    "registered",
]
