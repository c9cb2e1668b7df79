"""``get_quantizer``: a quantizer from a string, a dictionary, a class, an object or None."""

from __future__ import annotations

import ast
import difflib
import inspect
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

from qhls.errors import QuantizerError
from qhls.quantizers import functions
from qhls.quantizers.base import QUANTIZERS, Quantizer

FUNCTIONS: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (
        functions.hard_sigmoid,
        functions.smooth_sigmoid,
        functions.binary_sigmoid,
        functions.hard_tanh,
        functions.smooth_tanh,
        functions.binary_tanh,
    )
}
"""Functions that a string may name; they have priority over Keras activations of the same name."""

_FORM = "a name with arguments, such as 'quantized_bits(4,0,1)' or \"quantized_bits(8,alpha='auto_po2')\""


def get_quantizer(identifier: object) -> Quantizer | Callable[..., Any] | None:
    """Return the quantizer or other callable that ``identifier`` describes; None for None.

    Accepted:

    - None;
    - a quantizer or any other callable, which is returned as it is;
    - a quantizer class, which is called without arguments;
    - a string ``"quantized_bits(4,0,alpha='auto')"``, whose arguments are literals and are never evaluated;
    - the name of a Keras activation, ``"relu"``;
    - a dictionary ``{"class_name": ..., "config": ...}`` as Keras 2 and 3, QKeras and qkeras-v3 write it.
    """
    if identifier is None:
        return None
    if isinstance(identifier, str):
        return _from_string(identifier)
    if isinstance(identifier, dict):
        return _from_dictionary(identifier)
    if isinstance(identifier, type):
        if not issubclass(identifier, Quantizer):
            raise QuantizerError(
                f"get_quantizer: expected a Quantizer class, got the class {identifier.__name__}. "
                f"Pass a quantizer or a string."
            )
        return identifier()
    if callable(identifier):
        return identifier
    raise QuantizerError(
        "get_quantizer: expected None, a quantizer, a string, a dictionary or a callable, "
        f"got {identifier!r} of type {type(identifier).__name__}. Pass one of these."
    )


def _from_string(text: str) -> Any:
    name, args, kwargs = parse_call(text)
    cls = QUANTIZERS.get(name)
    if cls is None:
        if args or kwargs:
            raise _explain_arguments(name, text)
        return _find_function(name, text)
    if any(isinstance(each, _Nested) for each in (*args, *kwargs.values())):
        warnings.warn(
            f"get_quantizer: {text!r} has a quantizer among the arguments of {name}. QKeras drops all "
            f"arguments of such a string, so qhls uses {name}(). Write {name}(8,0) or {name}(), for example.",
            stacklevel=3,
        )
        return cls()
    accepted = list(inspect.signature(cls).parameters)
    if len(args) > len(accepted):
        raise QuantizerError(
            f"get_quantizer: expected at most {len(accepted)} arguments of {name}, got {len(args)} in {text!r}. "
            f"They are {', '.join(accepted)}."
        )
    config = dict(zip(accepted, args, strict=False))
    for key, value in kwargs.items():
        if key in config:
            raise QuantizerError(
                f"get_quantizer: expected each argument once, got {key!r} twice in {text!r}. Write it "
                "once."
            )
        config[key] = value
    return cls.from_config(config)


def _from_dictionary(config: dict[str, Any]) -> Any:
    name = config.get("class_name")
    if not isinstance(name, str):
        raise QuantizerError(
            'get_quantizer: expected a dictionary {"class_name": name, "config": {...}}, '
            f"got the keys {sorted(map(str, config))}. Add the class name."
        )
    arguments = config.get("config")
    if name == "function" and isinstance(arguments, (str, dict)):
        named = arguments if isinstance(arguments, str) else str(arguments.get("name"))
        return _find_function(named, named)
    name = name.rsplit(">", 1)[-1]
    cls = QUANTIZERS.get(name)
    if cls is None:
        return _find_foreign(config, name)
    if arguments is not None and not isinstance(arguments, dict):
        raise QuantizerError(
            f"get_quantizer: expected a dictionary of arguments for {name}, got {arguments!r}. "
            f"Write the arguments by name."
        )
    return cls.from_config({k: _unwrap(v) for k, v in (arguments or {}).items()})


def _find_foreign(config: dict[str, Any], name: str) -> Any:
    """Return the object of ``config``: a quantizer that a third party registered with Keras, or an activation layer."""
    known = keras.saving.get_registered_object(config.get("registered_name") or name) is not None
    if not known and config.get("module") == "keras.layers":
        module = getattr(getattr(keras.layers, name, None), "__module__", "")
        known = module.startswith("keras.src.layers.activations.")
    if not known:
        raise _explain_unknown(name, config, "quantizer")
    return keras.saving.deserialize_keras_object(config, safe_mode=True)


def _unwrap(value: Any) -> Any:
    """Return an argument without the wrapping that Keras 3 puts around arrays and tuples."""
    if isinstance(value, dict) and value.get("class_name") in (
        "__numpy__",
        "__tensor__",
        "__tuple__",
    ):
        inner = value["config"] if "config" in value else value.get("items")
        return inner["value"] if isinstance(inner, dict) else inner
    return value


def _find_function(name: str, text: str) -> Callable[..., Any]:
    """Return the function or object called ``name``: from qhls, registered with Keras by the user, or of Keras."""
    function = FUNCTIONS.get(name) or keras.saving.get_registered_object(name)
    if function is not None:
        return function() if isinstance(function, type) else function
    try:
        return keras.activations.get(name)
    except ValueError:
        raise _explain_unknown(name, text, "quantizer or Keras activation") from None


def _explain_arguments(name: str, text: str) -> QuantizerError:
    """Return the error for a string that passes arguments to anything but a quantizer."""
    try:
        _find_function(name, text)
    except QuantizerError:
        return _explain_unknown(name, text, "quantizer")
    return QuantizerError(
        f"get_quantizer: {text!r}: expected no arguments of the function {name!r}, got some. Write {name!r}, or a "
        "quantizer such as 'quantized_relu(6,2)'."
    )


def _explain_unknown(name: str, identifier: object, kind: str) -> QuantizerError:
    known = [*QUANTIZERS, *FUNCTIONS]
    if kind != "quantizer":
        known += ["relu", "softmax", "linear", "tanh", "sigmoid", "elu", "selu", "gelu", "silu"]
    close = difflib.get_close_matches(name, known, n=3) or sorted(QUANTIZERS)
    return QuantizerError(
        f"get_quantizer: expected the name of a {kind}, got {name!r} in {identifier!r}. "
        f"Did you mean {', '.join(close)}?"
    )


def parse_call(text: str) -> tuple[str, list[Any], dict[str, Any]]:
    """Parse ``"name(1,2,key=3)"`` into ``("name", [1, 2], {"key": 3})``; arguments are literals."""
    try:
        tree = ast.parse(_with_commas(text.strip()), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _explain_malformed(text, "Write one call") from None
    if isinstance(tree, ast.Name):
        return tree.id, [], {}
    if isinstance(tree, ast.Constant) and tree.value is None:
        raise _explain_malformed(text, "For no quantizer pass None, not a string")
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name):
        raise _explain_malformed(text, "Write one call")
    args = [_parse_literal(node, text) for node in tree.args]
    kwargs: dict[str, Any] = {}
    for keyword in tree.keywords:
        if keyword.arg is None:
            raise _explain_malformed(text, "Write '**' as single arguments")
        kwargs[keyword.arg] = _parse_literal(keyword.value, text)
    return tree.func.id, args, kwargs


@dataclass(frozen=True)
class _Nested:
    """A call of a quantizer that is an argument of another quantizer's call."""

    text: str


def _parse_literal(node: ast.expr, text: str) -> Any:
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in QUANTIZERS
    ):
        inner = ast.unparse(node)
        parse_call(inner)
        return _Nested(inner)
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        shown = ast.unparse(node)
        raise _explain_malformed(
            text, f"Write {shown!r} as a number, a list, True, False, None or a string in quotes"
        ) from None


def _explain_malformed(text: str, advice: str) -> QuantizerError:
    return QuantizerError(f"get_quantizer: expected {_FORM}, got {text!r}. {advice}.")


def _with_commas(text: str) -> str:
    """Return ``text`` with commas in lists whose entries are separated by spaces: ``[2 3]`` becomes ``[2,3]``."""
    depth = 0
    quote = ""
    out: list[str] = []
    for piece in re.split(r"(\s+|[\[\]'\"])", text):
        if quote:
            quote = "" if piece == quote else quote
        elif piece in ("'", '"'):
            quote = piece
        elif piece in ("[", "]"):
            depth += 1 if piece == "[" else -1
        elif depth and piece.isspace():
            out.append("\0")
            continue
        out.append(piece)
    joined = "".join(out)
    joined = re.sub("\0?,\0?", ",", joined)
    joined = re.sub("(?<=\\[)\0|\0(?=\\])", "", joined)
    return joined.replace("\0", ",")
