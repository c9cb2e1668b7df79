"""Loading of a model file of HGQ2 (``load_hgq``) as a Keras model of layers that qhls can lower."""

from __future__ import annotations

from pathlib import Path

import keras

from qhls.errors import LoadError
from qhls.frontend.files.config import build, translate
from qhls.frontend.files.weights import check_finite, limit_weights, open_h5, refuse_references
from qhls.frontend.hgq.graph import expand_model
from qhls.frontend.hgq.variables import Variables
from qhls.frontend.models.state import settle
from qhls.ir.integers import Array
from qhls.quantizers.keras_types import KerasLayer


def load_hgq(config: object, weights: Path, where: str, source: str) -> keras.Model:
    """Return the Keras model that ``config``, with classes of HGQ2, describes; its weights are in the file ``weights``.

    Kernels and biases are those that HGQ2 computes with, already quantised; quantizers of tensors become
    ``QFixedPoint`` layers. ``where`` and ``source``, the files of the configuration and of the weights, begin messages.

    Raises:
        LoadError: an unknown class, or a layer or quantizer without an exact meaning; a file that is damaged or
            refers to others; weights that are missing, of other shapes or not finite.
    """
    with open_h5(weights, source) as file:
        refuse_references(file, source)
        if "layers" not in file:
            raise LoadError(
                f"{source}: expected the weights of a .keras file, got a file without layers. Save the model with "
                f"model.save('model.keras')."
            )
        expanded, held = expand_model(config, Variables(file), where)
        with limit_weights(where):
            model = build(translate(expanded, where), where)
        for path, values in held.items():
            _fill(_find_layer(model, path), values, source)
    check_finite(model, source)
    return model


def _find_layer(model: keras.Model | None, path: tuple[str, ...]) -> KerasLayer | None:
    """Return the layer at ``path``, a sequence of nested names; ``None`` if the model lacks it because no output
    depends on it.
    """
    for name in path:
        parts = model._operations if model is not None else ()
        model = next((each for each in parts if each.name == name), None)
    return model


def _fill(layer: KerasLayer | None, values: list[Array] | Variables, where: str) -> None:
    """Set the weights of ``layer``, from arrays or from the variables that Keras stored for it."""
    if not isinstance(layer, keras.layers.Layer) or not layer.weights:
        return
    try:
        if isinstance(values, Variables):
            arrays = values.read()
            own = layer._trainable_variables + layer._non_trainable_variables
            if len(own) != len(layer.weights) or len(arrays) != len(own):
                raise ValueError(f"{len(layer.weights)} weights, not {len(arrays)}")
            layer.load_own_variables({str(i): each for i, each in enumerate(arrays)})
        else:
            layer.set_weights(values)
    except (ValueError, KeyError) as error:
        raise LoadError(
            f"{where}: layer {layer.name!r}: expected weights of the shapes "
            f"{[tuple(w.shape) for w in layer.weights]}, got others ({error}). Give the weights that were saved "
            f"with this model."
        ) from error
    settle(layer)
