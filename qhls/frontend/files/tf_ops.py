"""Translation of Keras 2's ``TFOpLambda`` and ``SlicingOpLambda``, which name a TensorFlow function, to Keras 3's
operations.

The file holds a name such as ``math.multiply``, no code. The names known here are those of pure functions on
tensors; each has one operation behind ``keras.ops`` that computes the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qhls.errors import LoadError
from qhls.frontend.files.classes import Config, find_shipped, format_value

OP_LAYERS = ("TFOpLambda", "SlicingOpLambda")


@dataclass(frozen=True)
class _Operation:
    """Keras 3 operation that computes the same as a TensorFlow function, given by its ``module`` and ``name``.

    ``reads`` lists the keyword arguments that are its operands behind the first, in order. ``settings`` has
    those of its constructor: TensorFlow's name -> Keras' name. ``defaults`` are TensorFlow's where Keras has
    others, ``fixed`` arguments that must have this value, ``convert`` changes the settings at last.
    """

    module: str
    name: str
    reads: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    fixed: Mapping[str, Any] = field(default_factory=dict[str, Any])
    convert: Callable[[Config], Config] = dict


def _lower_mode(settings: Config) -> Config:
    return settings | {"mode": settings["mode"].lower()}


def _split_places(settings: Config) -> Config:
    """Convert the sizes of the parts in TensorFlow's ``split`` to the indices at which Keras splits."""
    parts = settings["indices_or_sections"]
    if isinstance(parts, list):
        parts = np.cumsum(parts)[:-1].tolist()
    return settings | {"indices_or_sections": parts}


def _drop_empty_axis(settings: Config) -> Config:
    """Replace ``axis=[]``, TensorFlow's notation for all axes of length 1, by ``None``."""
    return settings | {"axis": settings.get("axis") or None}


_REDUCE = {"axis": "axis", "keepdims": "keepdims"}
_PAD = _Operation(
    "numpy", "Pad", ("constant_values",), {"paddings": "pad_width", "mode": "mode"},
    defaults={"mode": "CONSTANT", "constant_values": 0}, convert=_lower_mode,
)  # fmt: skip
_ADD, _MULTIPLY = _Operation("numpy", "Add", ("y",)), _Operation("numpy", "Multiply", ("y",))
_RELU, _SILU = _Operation("nn", "Relu"), _Operation("nn", "Silu")
_SIGMOID, _TANH = _Operation("nn", "Sigmoid"), _Operation("numpy", "Tanh")
_SOFTMAX = _Operation("nn", "Softmax", settings={"axis": "axis"}, defaults={"axis": -1})

_FUNCTIONS: dict[str, _Operation] = {
    "__operators__.add": _ADD,
    "math.add": _ADD,
    "math.multiply": _MULTIPLY,
    "math.subtract": _Operation("numpy", "Subtract", ("y",)),
    "math.divide": _Operation("numpy", "TrueDivide", ("y",)),
    "math.truediv": _Operation("numpy", "TrueDivide", ("y",)),
    "math.floordiv": _Operation("numpy", "FloorDivide", ("y",)),
    "math.floormod": _Operation("numpy", "Mod", ("y",)),
    "math.maximum": _Operation("numpy", "Maximum", ("y",)),
    "math.minimum": _Operation("numpy", "Minimum", ("y",)),
    "math.pow": _Operation("numpy", "Power", ("y",)),
    "math.greater": _Operation("numpy", "Greater", ("y",)),
    "math.greater_equal": _Operation("numpy", "GreaterEqual", ("y",)),
    "math.less": _Operation("numpy", "Less", ("y",)),
    "math.less_equal": _Operation("numpy", "LessEqual", ("y",)),
    "math.equal": _Operation("numpy", "Equal", ("y",)),
    "math.not_equal": _Operation("numpy", "NotEqual", ("y",)),
    "where": _Operation("numpy", "Where", ("x", "y")),
    "linalg.matmul": _Operation(
        "numpy", "Matmul", ("b",), fixed=dict.fromkeys(
            ("transpose_a", "transpose_b", "adjoint_a", "adjoint_b", "a_is_sparse", "b_is_sparse"), False)
    ),
    **{
        f"math.{name}": _Operation("numpy", name.capitalize())
        for name in (
            "floor", "ceil", "round", "abs", "negative", "square", "sqrt", "exp", "expm1", "log", "log1p",
            "sign", "sin", "cos", "reciprocal",
        )
    },
    "math.rsqrt": _Operation("math", "Rsqrt"),
    "math.sigmoid": _SIGMOID,
    "math.tanh": _TANH,
    "math.softplus": _Operation("nn", "Softplus"),
    "nn.relu": _RELU,
    "nn.relu6": _Operation("nn", "Relu6"),
    "nn.sigmoid": _SIGMOID,
    "nn.tanh": _TANH,
    "nn.elu": _Operation("nn", "Elu"),
    "nn.selu": _Operation("nn", "Selu"),
    "nn.silu": _SILU,
    "nn.swish": _SILU,
    "nn.softplus": _Operation("nn", "Softplus"),
    "nn.softsign": _Operation("nn", "Softsign"),
    "nn.softmax": _SOFTMAX,
    "nn.leaky_relu": _Operation("nn", "LeakyRelu", settings={"alpha": "negative_slope"}),
    "nn.gelu": _Operation(
        "nn", "Gelu", settings={"approximate": "approximate"}, defaults={"approximate": False}
    ),
    "clip_by_value": _Operation(
        "numpy", "Clip", settings={"clip_value_min": "x_min", "clip_value_max": "x_max"}
    ),
    **{
        f"math.reduce_{name}": _Operation("numpy", name.capitalize(), settings=_REDUCE)
        for name in ("sum", "mean", "max", "min", "prod")
    },
    "math.reduce_std": _Operation("numpy", "Std", settings=_REDUCE),
    "math.reduce_variance": _Operation("numpy", "Var", settings=_REDUCE),
    "math.argmax": _Operation("numpy", "Argmax", settings={"axis": "axis"}, defaults={"axis": 0}),
    "concat": _Operation("numpy", "Concatenate", settings={"axis": "axis"}),
    "stack": _Operation("numpy", "Stack", settings={"axis": "axis"}),
    "unstack": _Operation("core", "Unstack", settings={"num": "num", "axis": "axis"}),
    "split": _Operation(
        "numpy", "Split", settings={"num_or_size_splits": "indices_or_sections", "axis": "axis"},
        fixed={"num": None}, convert=_split_places,
    ),
    "reshape": _Operation("numpy", "Reshape", settings={"shape": "newshape"}),
    "squeeze": _Operation("numpy", "Squeeze", settings={"axis": "axis"}, convert=_drop_empty_axis),
    "expand_dims": _Operation("numpy", "ExpandDims", settings={"axis": "axis"}),
    "transpose": _Operation(
        "numpy", "Transpose", settings={"perm": "axes"}, fixed={"conjugate": False}
    ),
    "reverse": _Operation("numpy", "Flip", settings={"axis": "axis"}),
    "tile": _Operation("numpy", "Tile", settings={"multiples": "repeats"}),
    "repeat": _Operation("numpy", "Repeat", settings={"repeats": "repeats", "axis": "axis"}),
    "gather": _Operation(
        "numpy", "Take", ("indices",), {"axis": "axis"}, defaults={"axis": 0},
        fixed={"batch_dims": 0, "validate_indices": None},
    ),
    "pad": _PAD,
    "compat.v1.pad": _PAD,
    "cast": _Operation("core", "Cast", settings={"dtype": "dtype"}),
    "identity": _Operation("numpy", "Copy"),
    "stop_gradient": _Operation("core", "StopGradient"),
    "zeros_like": _Operation("numpy", "ZerosLike"),
    "ones_like": _Operation("numpy", "OnesLike"),
    "__operators__.getitem": _Operation("numpy", "GetItem", ("slice_spec",)),
}  # fmt: skip


def translate_operation(
    config: Config, nodes: list[Config], where: str
) -> tuple[type, Config, list[Config]]:
    """Return the Keras 3 operation class of a ``TFOpLambda``, its constructor's arguments, and its calls with Keras
    3's arguments.

    ``nodes`` are the calls with TensorFlow's arguments.

    Raises:
        LoadError: a function not known here, or an argument without a counterpart.
    """
    function = config.get("config", {}).get("function")
    known = _FUNCTIONS.get(function) if isinstance(function, str) else None
    cls = known and find_shipped(known.name, f"keras.src.ops.{known.module}")
    if known is None or cls is None:
        raise LoadError(
            f"{where}: expected a pure function on tensors such as 'math.multiply' or 'concat', got "
            f"{format_value(function)}, which is never run. Replace it by a Keras layer, or by your own one "
            f"decorated with @qhls.frontend.register."
        )
    calls = [_split_arguments(known, str(function), node, where) for node in nodes]
    settings = [known.convert(settings) for settings, _ in calls]
    if any(each != settings[0] for each in settings):
        raise LoadError(
            f"{where}: expected calls of {function!r} with the same arguments, got {format_value(settings)}. "
            f"Save the model with a layer for each call."
        )
    return cls, settings[0] if settings else {}, [call for _, call in calls]


def _split_arguments(
    known: _Operation, function: str, node: Config, where: str
) -> tuple[Config, Config]:
    """Split the arguments of a call: return those of the operation's constructor, and the call with its operands
    alone.
    """
    arguments = {k: v for k, v in (known.defaults | node["kwargs"]).items() if k != "name"}
    unknown = [
        k
        for k, v in arguments.items()
        if k not in known.reads and k not in known.settings and known.fixed.get(k, node) != v
    ]
    missing = [k for k in known.reads if k not in arguments]
    if unknown or missing:
        raise LoadError(
            f"{where}: expected the function {function!r} with {', '.join(known.reads) or 'a tensor'} and "
            f"arguments that Keras 3 has, got {format_value(node['kwargs'])}. Rebuild this part of the model with "
            f"plain layers."
        )
    settings = {known.settings[k]: v for k, v in arguments.items() if k in known.settings}
    operands = [*node["args"], *(arguments[k] for k in known.reads)]
    return settings, {"args": operands, "kwargs": {}}
