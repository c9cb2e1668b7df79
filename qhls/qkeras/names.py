"""Functions and constants of QKeras' modules that qhls does not define elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras

from qhls.compat.qkeras.weights.save import assign_quantized, model_save_quantized_weights
from qhls.frontend import Clip, QInitializer, get_registered
from qhls.quantizers import QUANTIZERS, Quantizer, get_internal_sigmoid
from qhls.quantizers.parse import parse_call
from qhls.search import ForgivingFactorBits, ForgivingFactorEnergy

BaseQuantizer = Quantizer

Q_SEQUENCE_LAYERS = ["QSimpleRNN", "QLSTM", "QGRU", "QBidirectional"]

forgiving_factor = {"bits": ForgivingFactorBits, "energy": ForgivingFactorEnergy}
"""The classes of AutoQKeras' goals, by the name of the goal's type."""


def __getattr__(name: str) -> Any:
    if name == "_default_sigmoid_type":  # it changes with set_internal_sigmoid
        return get_internal_sigmoid()
    if name == "REGISTERED_LAYERS":
        return sorted(get_registered())
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# Registry


class Registry:
    """A registry of objects by name."""

    def __init__(self) -> None:
        self._objects: dict[str, Any] = {}

    def register(self, item: Any, name: str | None = None) -> None:
        """Add ``item`` as ``name``, by default its ``__name__``."""
        self._objects[name or item.__name__] = item

    def lookup(self, name: str) -> Any:
        """Return the object registered under this name. Raises ``KeyError`` for an unknown name."""
        return self._objects[name]


def register_quantizer(quantizer: type) -> type:
    """Register and return a quantizer class, so that strings and configurations may name it."""
    QUANTIZERS[quantizer.__name__] = quantizer
    return quantizer


def lookup_quantizer(name: str) -> type:
    """Return the quantizer class of this name. Raises ``KeyError`` for an unknown name."""
    return QUANTIZERS[name]


# Strings


def safe_eval(eval_str: Any, op_dict: Mapping[str, Any], *params: Any, **kwparams: Any) -> Any:
    """Return the object that a string such as ``"quantized_bits(4,0)"`` describes.

    Its name is looked up in ``op_dict``, then among Keras' activations. With arguments in the string or here it is
    called. A class is called in any case. Anything but a string is returned. Nothing in the string is evaluated.
    """
    if not isinstance(eval_str, str):
        return eval_str
    name, arguments, keywords = parse_call(eval_str)
    function = op_dict[name] if name in op_dict else keras.activations.get(name)
    is_call = "(" in eval_str or params or kwparams or isinstance(function, type)
    if not is_call:
        return function
    return function(*arguments, *params, **{**keywords, **kwparams})


def GetParams(text: str) -> tuple[list[Any], dict[str, Any]]:  # noqa: N802 - QKeras' name
    """Return the positional and the keyword arguments in ``text``, such as ``"(3, sep=5)"``."""
    _, arguments, keywords = parse_call(f"f{text.strip()}")
    return arguments, keywords


def GetArg(text: str) -> Any:  # noqa: N802 - QKeras' name
    """Return the value of one argument: a number, True, False, None, a list of numbers or a text in quotes."""
    return GetParams(f"({text})")[0][0]


def IsNum(text: str) -> bool:  # noqa: N802 - QKeras' name
    """Return whether ``text`` is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def Num(text: str) -> Any:  # noqa: N802 - QKeras' name
    """Return the number in ``text``, or the text without its quotes."""
    return GetArg(text)


def Str(text: str) -> str:  # noqa: N802 - QKeras' name
    """Return ``text`` without its quotes."""
    return text[1:-1]


def IsBool(text: str) -> bool:  # noqa: N802 - QKeras' name
    """Return whether ``text`` is True or False."""
    return text in ("True", "False")


def IsNone(text: str) -> bool:  # noqa: N802 - QKeras' name
    """Return whether ``text`` is None."""
    return text == "None"


def Bool(text: str) -> bool:  # noqa: N802 - QKeras' name
    """Return whether ``text`` contains True."""
    return "True" in text


def GetActivationSuffix(activation: Any) -> str:  # noqa: N802 - QKeras' name
    """Return the suffix that an activation adds to names of octave layers: a short form of its kind and numbers."""
    if not activation:
        return "linear"
    kinds = {"po2": "q2", "quantized_relu": "qr", "quantized_tanh": "qt"}
    text = str(activation)
    kind = next((short for part, short in kinds.items() if part in text), "qb")
    return kind + "".join(n + "_" if len(n) > 1 else n for n in re.findall(r"[0-9]+", text))


# Constraints and initializers


def get_constraint(identifier: Any, quantizer: Any) -> Any:
    """Return the constraint that ``identifier`` names; if it is empty, return a ``Clip`` to the quantizer's range.

    The range of ``Clip`` includes at least [-1, 1].
    """
    if identifier:
        return keras.constraints.get(identifier)
    return Clip.from_quantizer(quantizer) if hasattr(quantizer, "max") else Clip(-1.0, 1.0)


def get_initializer(identifier: Any) -> Any:
    """Return the initializer that a name, a configuration or an initializer specifies; None for None."""
    return None if identifier is None else keras.initializers.get(identifier)


def get_auto_range_constraint_initializer(
    quantizer: Any, constraint: Any, initializer: Any
) -> tuple[Any, Any]:
    """Fit a constraint and an initializer to the range of ``quantizer``; return both unchanged if it is None."""
    if quantizer is None:
        return constraint, initializer
    constraint = get_constraint(constraint, quantizer)
    if initializer is None:
        return constraint, None
    return constraint, QInitializer.fit(initializer, quantizer)


def get_quantized_initializer(w_initializer: Any, w_range: float) -> Any:
    """Return the named initializer with its ``scale`` multiplied by ``w_range``.

    "random_uniform" gets the range from ``-w_range`` to ``w_range``. Other names and objects are returned unchanged.
    """
    scaled: dict[str, Callable[[], Any]] = {
        f"{name}_{distribution}": lambda f=factor, m=mode, d=distribution: (
            keras.initializers.VarianceScaling(f * w_range, mode=m, distribution=d)
        )
        for name, factor, mode in (("he", 2, "fan_in"), ("glorot", 1, "fan_avg"))
        for distribution in ("normal", "uniform")
    }
    scaled["random_uniform"] = lambda: keras.initializers.RandomUniform(-w_range, w_range)
    if isinstance(w_initializer, str) and w_initializer in scaled:
        return scaled[w_initializer]()
    return w_initializer


# Files


def save_quantized_weights(
    model: keras.Model, filename: Any = None, custom_objects: Any = None
) -> dict[str, dict[str, Any]]:
    """Call ``qhls.utils.model_save_quantized_weights``, then quantise the variables of ``model``, as QKeras does.

    Variables whose values would change if they were quantised again are not quantised, so the model computes as before.
    """
    saved = model_save_quantized_weights(model, filename, custom_objects)
    assign_quantized(model)
    return saved


def save_quantization_dict(fn: str, q_model: keras.Model) -> None:
    """Write the quantizers of a model, by layer and argument, to a JSON file."""
    from qhls.utils import get_quantization_dictionary

    Path(fn).write_text(json.dumps(get_quantization_dictionary(q_model)) + "\n", encoding="utf-8")
