"""Translation of a model configuration with layers of HGQ2 to one in which layers of qhls and Keras replace them."""

from __future__ import annotations

from typing import Any

import keras

from qhls.errors import LoadError, QhlsError
from qhls.frontend.files.classes import Config, format_value, name_class
from qhls.frontend.hgq.parts import EXPANSIONS, Layer, Ref, name_part
from qhls.frontend.hgq.variables import Variables
from qhls.frontend.models.calls import MODELS, read_field, rename_layers
from qhls.ir.integers import Array
from qhls.system.text import find_free_name

Weights = dict[tuple[str, ...], list[Array] | Variables]
"""Weights of each layer, or their location in the file; a key consists of the names of the enclosing models and the
layer.
"""


def is_hgq(config: object) -> bool:
    """Return whether the configuration of a model names a class of HGQ2."""
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            if find_hgq_class(value) is not None:
                return True
            waiting += value.values()
    return False


def find_hgq_class(config: Config) -> str | None:
    """Return the name of the HGQ2 class of an object in a configuration, or ``None`` if its class is not from HGQ2."""
    names = [config.get(key) for key in ("registered_name", "class_name")]
    module = config.get("module")
    package, _, name = next((n for n in names if isinstance(n, str)), "").rpartition(">")
    ours = package in ("hgq", "hgq2")
    within = isinstance(module, str) and (module == "hgq" or module.startswith("hgq."))
    return (name or None) if ours or within else None


def expand_model(config: Any, variables: Variables, where: str) -> tuple[Config, Weights]:
    """Return a model's configuration in which other layers replace those of HGQ2, and the weights of all its layers.

    ``variables`` are those of the model in the file, ``where`` begins messages.

    Raises:
        LoadError: a layer or quantizer without an exact meaning; variables that are missing.
    """
    try:
        return _expand(config, variables, where, ())
    except QhlsError:
        raise
    except Exception as error:  # configuration and variables are data: either may be anything
        raise LoadError(
            f"{where}: expected a model of HGQ2, got a configuration or weights of another structure "
            f"({type(error).__name__}: {error}). Save the model again."
        ) from error


def _expand(
    config: Config, variables: Variables, where: str, path: tuple[str, ...]
) -> tuple[Config, Weights]:
    inner = read_field(config, "config", where)
    if config.get("class_name") == "Sequential":
        inner = _make_functional(config, where)
    configs = read_field(inner, "layers", where)
    if not isinstance(configs, list):
        raise LoadError(
            f"{where}: expected a list of layers, got {format_value(configs)}. Save the model again."
        )
    named = [(_read_name(c, where), str(c.get("class_name")).rpartition(">")[2]) for c in configs]
    places = variables.list_layers(named)
    taken = {name for name, _ in named}
    expanded = {
        name: _expand_layer(each, name, places[name], f"{where}: layer {name!r}")
        for each, (name, _) in zip(configs, named, strict=True)
        if find_hgq_class(each) is not None
    }
    names = {name: _name_parts(layer, taken) for name, layer in expanded.items()}
    ends = {name: names[name][list(layer.parts)[-1]] for name, layer in expanded.items()}
    layers: list[Config] = []
    weights: Weights = {}
    for each, (name, cls) in zip(configs, named, strict=True):
        at = f"{where}: layer {name!r}"
        renamed = each | {"inbound_nodes": rename_layers(each.get("inbound_nodes") or [], ends)}
        if name in expanded:
            layers += _connect(expanded[name], renamed, names[name], at)
            weights |= {(*path, names[name][k]): p.weights for k, p in expanded[name].parts.items()}
        elif cls in MODELS:
            nested, held = _expand(renamed, places[name], at, (*path, name))
            layers.append(renamed | nested)
            weights |= held
        else:
            layers.append(renamed)
            weights[*path, name] = places[name]
    outer = {key: rename_layers(inner.get(key), ends) for key in ("input_layers", "output_layers")}
    functional = {"name": inner.get("name"), "trainable": inner.get("trainable", True)}
    whole = {"module": "keras", "class_name": "Functional", "registered_name": None}
    return whole | {"config": functional | outer | {"layers": layers}}, weights


def _read_name(config: object, where: str) -> str:
    inner = config.get("config") if isinstance(config, dict) else None
    name = (inner or {}).get("name") if isinstance(inner, dict) else None
    name = name or (config.get("name") if isinstance(config, dict) else None)
    if not isinstance(name, str):
        raise LoadError(
            f"{where}: expected layers with names, got {format_value(config)}. Save the model again."
        )
    return name


def _make_functional(config: Config, where: str) -> Config:
    """Return the configuration of a Sequential as that of a functional model: a chain of its layers."""
    inner = config["config"]
    configs = list(read_field(inner, "layers", where))
    if not configs or configs[0].get("class_name") != "InputLayer":
        shape = inner.get("build_input_shape") or (config.get("build_config") or {}).get(
            "input_shape"
        )
        if shape is None:
            raise LoadError(
                f"{where}: expected a Sequential with a known input shape, got none. Build the model "
                f"(model.build(shape) or keras.Input) before saving it."
            )
        settings = {"batch_shape": shape, "dtype": "float32", "name": f"{inner.get('name')}_input"}
        configs.insert(0, name_class(keras.layers.InputLayer, settings))
    names = [_read_name(each, where) for each in configs]
    nodes: list[Any] = [[], *([{"args": [_make_tensor(name)], "kwargs": {}}] for name in names)]
    layers = [
        each | {"name": name, "inbound_nodes": node}
        for each, name, node in zip(configs, names, nodes, strict=False)
    ]
    ends = {"input_layers": [[names[0], 0, 0]], "output_layers": [[names[-1], 0, 0]]}
    return inner | ends | {"layers": layers}


def _make_tensor(name: str, call: int = 0) -> Config:
    """Return the configuration that refers to the output of a layer's call; Keras infers the shape itself."""
    kept = {"shape": [None], "dtype": "float32", "keras_history": [name, call, 0]}
    return {"class_name": "__keras_tensor__", "config": kept}


def _expand_layer(config: Config, name: str, variables: Variables, where: str) -> Layer:
    """Return a layer of HGQ2 together with its parts, the layers and operations that replace it.

    Raises:
        LoadError: its class is unknown; it, or a quantizer of it, has no exact meaning; variables are missing.
    """
    kind = find_hgq_class(config) or ""
    expansion = EXPANSIONS.get(kind)
    settings = config.get("config")
    if expansion is None or not isinstance(settings, dict):
        raise LoadError(
            f"{where}: expected a layer of HGQ2 with an exact meaning in integers "
            f"({', '.join(sorted(EXPANSIONS))}), got {kind or format_value(config)}. Rebuild this part of the model "
            f"with these."
        )
    shapes = read_field(read_field(config, "build_config", where), "input_shape", where)
    shapes = shapes if shapes and isinstance(shapes[0], list) else [shapes]
    layer = Layer(name, kind, settings, variables, shapes, where)
    expansion(layer)
    return layer


def _name_parts(layer: Layer, taken: set[str]) -> dict[str, str]:
    """Return a name for each part of a layer: the layer's own name for one part, and unused names for the others."""
    names: dict[str, str] = {}
    for key in layer.parts:
        name = find_free_name(f"{layer.name}_{key}", taken.__contains__) if key else layer.name
        taken.add(name)
        names[key] = name
    return names


def _connect(layer: Layer, config: Config, names: dict[str, str], where: str) -> list[Config]:
    """Return the configurations of a layer's parts, connected to each other and called as often as the layer was."""
    calls = [_list_tensors(node, where) for node in config["inbound_nodes"]]

    def resolve(value: object, call: int, tensors: list[Config]) -> Any:
        if isinstance(value, list):
            return [resolve(each, call, tensors) for each in value]
        if not isinstance(value, Ref):
            return value
        if isinstance(value.source, int):
            return tensors[value.source]
        return _make_tensor(names[value.source], call)

    return [
        name_part(part, names[key])
        | {
            "name": names[key],
            "inbound_nodes": [
                {"args": resolve(part.arguments, call, tensors), "kwargs": {}}
                for call, tensors in enumerate(calls)
            ],
        }
        for key, part in layer.parts.items()
    ]


def _list_tensors(node: object, where: str) -> list[Config]:
    """Return the configurations of the tensors that are the arguments of a call.

    Raises:
        LoadError: it has other arguments that matter.
    """
    others = {
        k: v
        for k, v in read_field(node, "kwargs", where).items()
        if k != "training" and v is not None
    }
    tensors = _flatten(read_field(node, "args", where))
    if others or not all(
        isinstance(each, dict) and each.get("class_name") == "__keras_tensor__" for each in tensors
    ):
        raise LoadError(
            f"{where}: expected a call on tensors alone, got {format_value(others or tensors)}. Rebuild the model "
            f"without these arguments."
        )
    return tensors


def _flatten(value: object) -> list[Any]:
    if not isinstance(value, list):
        return [value]
    return [each for inner in value for each in _flatten(inner)]
