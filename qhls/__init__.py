"""qhls: a compiler from quantised Keras models to hardware that computes the same bits.

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
    MissingError,
    PlanError,
    QhlsError,
    QuantizerError,
    RtlError,
    VerifyError,
)
from qhls.ir import Fixed, Graph
from qhls.plan import Schedule
from qhls.system.registration import register_with_keras

if TYPE_CHECKING:
    # isort: off
    from qhls import (
        backends as backends,
        energy as energy,
        frontend as frontend,
        ir as ir,
        layers as layers,
        qtools as qtools,
        quantizers as quantizers,
        utils as utils,
    )
    from qhls.design import Design
    from qhls.energy.tool_reports.report import read_report
    from qhls.frontend import load_model
    from qhls.frontend.lowering.lower import lower
    from qhls.onnx.load.file import load_onnx
    from qhls.saved import load
    from qhls.search.pareto import pareto as _pareto

    class _Search:  # for type checkers: a module that can be called
        from qhls.search import (
            AutoQKeras as AutoQKeras,
            AutoQKerasScheduler as AutoQKerasScheduler,
            BudgetError as BudgetError,
            ForgivingFactor as ForgivingFactor,
            ForgivingFactorBits as ForgivingFactorBits,
            ForgivingFactorEnergy as ForgivingFactorEnergy,
            Front as Front,
            Goal as Goal,
            GoalError as GoalError,
            Hardware as Hardware,
            JournalError as JournalError,
            Point as Point,
            SearchError as SearchError,
            Space as Space,
            SpaceError as SpaceError,
            TrialError as TrialError,
            gradient as gradient,
            judge as judge,
            maximise as maximise,
            minimise as minimise,
            pareto as pareto,
        )

        __call__ = staticmethod(_pareto)

    # isort: on
    search = _Search()

_OBJECTS = {
    "Design": "qhls.design",
    "load": "qhls.saved",
    "load_model": "qhls.frontend",
    "load_onnx": "qhls.onnx.load.file",
    "lower": "qhls.frontend.lowering.lower",
    "read_report": "qhls.energy.tool_reports.report",
}
_MODULES = (
    "backends",
    "energy",
    "frontend",
    "ir",
    "layers",
    "qtools",
    "quantizers",
    "search",
    "utils",
)
"""Modules that are imported on first use: most of them need Keras, whose import takes seconds."""


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"qhls.{name}")
    if name in _OBJECTS:
        return getattr(import_module(_OBJECTS[name]), name)
    raise AttributeError(f"module 'qhls' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_OBJECTS, *_MODULES})


register_with_keras()

__all__ = [
    "CsimError",
    "Design",
    "EmitError",
    "EnergyError",
    "Fixed",
    "Graph",
    "LoadError",
    "LoweringError",
    "MissingError",
    "PlanError",
    "QhlsError",
    "QuantizerError",
    "RtlError",
    "Schedule",
    "VerifyError",
    "candidates",
    "compare",
    "compile",
    "load",
    "load_model",
    "load_onnx",
    "lower",
    "read_report",
]
