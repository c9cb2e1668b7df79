"""qhls: quantised Keras models to hardware, bit for bit.

>>> import qhls
>>> design = qhls.compile("model.keras", "s16.10")
>>> print(design.check(x))
>>> design.emit("vitis", "project")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from qhls.candidates import candidates
from qhls.compare import compare
from qhls.compile import compile
from qhls.errors import (
    CsimError,
    EmitError,
    EnergyError,
    LoadError,
    LoweringError,
    QhlsError,
    QuantizerError,
    VerifyError,
)
from qhls.ir import Fixed, Graph, Schedule

if TYPE_CHECKING:
    from qhls.design import Design
    from qhls.frontend import load_model
    from qhls.frontend.lower import lower

_LAZY = {
    "Design": "qhls.design",
    "load_model": "qhls.frontend",
    "lower": "qhls.frontend.lower",
    "quantizers": "qhls.quantizers",
    "layers": "qhls.frontend",
    "search": "qhls.search",
}
"""What needs Keras, which takes seconds to import: fetched when first asked for."""


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'qhls' has no attribute {name!r}")
    module = import_module(_LAZY[name])
    return getattr(module, name, module)


__all__ = [
    "CsimError",
    "Design",
    "EmitError",
    "EnergyError",
    "Fixed",
    "Graph",
    "LoadError",
    "LoweringError",
    "QhlsError",
    "QuantizerError",
    "Schedule",
    "VerifyError",
    "candidates",
    "compare",
    "compile",
    "load_model",
    "lower",
]
