"""Keras Q-layers, the loading of model files, and the lowering of Keras models to IR graphs."""

from importlib import import_module
from pkgutil import iter_modules

import qhls.system.needs_keras  # noqa: F401 - before what imports Keras, so that its message is read
from qhls.frontend import hgq, layers, lowering
from qhls.frontend.files.load import load_model
from qhls.frontend.layers.activation import QActivation
from qhls.frontend.layers.constraints import Clip, QInitializer
from qhls.frontend.layers.conv import QConv2D
from qhls.frontend.layers.dense import QDense
from qhls.frontend.layers.qlayer import QLayer, Quantized
from qhls.frontend.layers.registry import get_registered, register

for _package in (layers, lowering, hgq):  # layers and lowering rules register themselves on import
    for _module in iter_modules(_package.__path__):
        import_module(f"{_package.__name__}.{_module.name}")

__all__ = [
    "Clip",
    "QActivation",
    "QConv2D",
    "QDense",
    "QInitializer",
    "QLayer",
    "Quantized",
    "get_registered",
    "load_model",
    "register",
]
