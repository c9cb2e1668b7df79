"""Codebooks: weights, embeddings and activations as indices into a few values (arXiv 1911.02079)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import keras
import numpy as np

from qhls.compat.qkeras.errors import UtilityError
from qhls.compat.qkeras.weights.arrays import to_numpy
from qhls.compat.qkeras.weights.kmeans import KMeans
from qhls.system.text import say

_Table = np.ndarray
_MOST_BITS = 8
_QUIET: Any = 0


def weight_compression(
    weights: Any, bits: int, axis: int = 0, quantizer: Callable[[Any], Any] | None = None
) -> tuple[_Table, _Table]:
    """Replace each weight by an index into ``2**bits`` values, fitted to each slice of ``weights`` along ``axis``.

    Returns ``(index_table, codebook_table)``: indices in the shape of ``weights``, and sorted values of the shape
    ``(weights.shape[axis], 2**bits)``, quantised by ``quantizer`` if given.

    Raises:
        UtilityError: ``bits`` is not from 1 to 8; ``weights`` has no such ``axis``.
    """
    weights = np.asarray(weights)
    _check_bits("weight_compression", bits)
    if not -weights.ndim <= axis < weights.ndim:
        raise UtilityError(
            f"weight_compression: expected an axis of weights of shape {weights.shape}, got "
            f"axis={axis}. Choose another axis."
        )
    indices, codebooks = [], []
    for part in np.moveaxis(weights, axis, 0):
        index, values = _compress(part, bits, quantizer)
        indices.append(index)
        codebooks.append(values)
    return np.moveaxis(np.stack(indices), 0, axis), np.stack(codebooks)


def two_tier_embedding_compression(
    embeddings: Any, bits: int, quantizer: Callable[[Any], Any] | None = None
) -> tuple[_Table, _Table, _Table, _Table]:
    """Group the rows of an embedding table into ``2**bits`` clusters, and fit ``2**bits`` values to each cluster.

    Returns ``(index_table, cluster_index_table, codebook_table, quantized_embeddings)``: the index of each element, the
    cluster of each row, the values of each cluster, and the embeddings with these values,
    ``codebook_table[cluster_index_table[:, None], index_table]``.

    Raises:
        UtilityError: ``bits`` is not from 1 to 8; the embeddings are not of rank 2.
    """
    embeddings = np.asarray(embeddings)
    _check_bits("two_tier_embedding_compression", bits)
    if embeddings.ndim != 2:
        raise UtilityError(
            f"two_tier_embedding_compression: expected embeddings (rows, columns), got the "
            f"shape {embeddings.shape}. Reshape them."
        )
    clusters = KMeans(2**bits).fit(embeddings).predict(embeddings)
    index = np.zeros(embeddings.shape, np.int64)
    codebooks = np.zeros((2**bits, 2**bits))
    for cluster in np.unique(clusters):
        rows = clusters == cluster
        index[rows], codebooks[cluster] = _compress(embeddings[rows], bits, quantizer)
    return index, clusters, codebooks, codebooks[clusters[:, None], index]


def create_in_out_table(km: KMeans, quantizer: Any) -> tuple[_Table, _Table]:
    """Return two tables such that ``out_table[in_table[code]]`` is the compressed value of the quantizer's ``code``.

    The result is ``(in_table, out_table)``. ``in_table`` has the index for each value of ``quantizer.range()``, in the
    order of two's complement codes. ``out_table`` has the centres of ``km``, quantised.
    """
    values = np.asarray(quantizer.range()).reshape(-1, 1)
    return km.predict(values).ravel(), _quantize(km.cluster_centers_, quantizer).ravel()


def activation_compression(  # noqa: PLR0917 - QKeras' order
    model: keras.Model,
    compile_config: Mapping[str, Any],
    activation_indexes: Sequence[int],
    bits: int,
    X_train: Any,  # noqa: N803 - QKeras' name
    y_train: Any,
    X_test: Any,  # noqa: N803 - QKeras' name
    y_test: Any,
    sample_size: float = 1.0,
) -> tuple[list[list[_Table]], list[keras.Model], list[KMeans]]:
    """Fit ``2**bits`` values to the activations of some layers, and split the model at these layers.

    ``activation_indexes`` are indices of ``model.layers``: layers with one ``quantizer`` (``QActivation``) through
    which the whole model passes. ``sample_size`` is the share of the training samples to which the values are fitted;
    ``y_train`` is an argument of QKeras without effect. Each part of the model is compiled with ``compile_config``.
    Prints the loss of the whole model with compressed activations on the test samples.

    Returns ``(tables, models, km_models)``: a pair of tables per index from ``create_in_out_table``, the parts of the
    model, and the clusterings.

    Raises:
        UtilityError: no index, or an index of another layer; ``bits`` is not from 1 to 8.
    """
    _check_bits("activation_compression", bits)
    cuts = [_cut(model, index) for index in activation_indexes]
    if not cuts:
        raise UtilityError(
            "activation_compression: expected indices of layers, got none. Pass at least one."
        )
    ends = [model.inputs[0], *(layer.output for layer in cuts), model.outputs[0]]
    models = [keras.Model(a, b) for a, b in pairwise(ends)]
    for part in models:
        part.compile(**compile_config)
    samples = np.asarray(X_train)
    samples = samples[: max(1, round(len(samples) * sample_size))]
    tables, clusterings = [], []
    x = np.asarray(X_test)
    for part, layer in zip(models, cuts, strict=False):
        samples = part.predict(samples, verbose=_QUIET)
        clusterings.append(KMeans(2**bits).fit(samples.reshape(-1, 1)))
        tables.append(list(create_in_out_table(clusterings[-1], layer.quantizer)))
        x = part.predict(x, verbose=_QUIET)
        x = tables[-1][1][clusterings[-1].predict(x.reshape(-1, 1))].reshape(x.shape)
    results = models[-1].evaluate(x, y_test, verbose=_QUIET, return_dict=True)
    say(", ".join(f"{name}: {value:.4f}" for name, value in results.items()))
    return tables, models, clusterings


def _cut(model: keras.Model, index: int) -> Any:
    layers = model.layers
    layer = layers[index] if -len(layers) <= index < len(layers) else None
    if not hasattr(getattr(layer, "quantizer", None), "range"):
        name = "none" if layer is None else f"{layer.name!r} ({type(layer).__name__})"
        raise UtilityError(
            f"activation_compression: expected the index of a QActivation with a quantizer among the "
            f"{len(layers)} layers of model {model.name!r}, got {index}, layer {name}. Choose another index."
        )
    return layer


def _check_bits(where: str, bits: int) -> None:
    if not 1 <= bits <= _MOST_BITS:
        raise UtilityError(
            f"{where}: expected bits from 1 to {_MOST_BITS}, got {bits!r}. Choose another number."
        )


def _compress(values: np.ndarray, bits: int, quantizer: Any) -> tuple[_Table, _Table]:
    """Return the codebook index of each value, and the sorted codebook of ``2**bits`` values."""
    clustering = KMeans(2**bits).fit(values.reshape(-1, 1))
    if quantizer is not None:
        clustering.cluster_centers_ = np.sort(
            _quantize(clustering.cluster_centers_, quantizer), axis=0
        )
    index = clustering.predict(values.reshape(-1, 1)).reshape(values.shape)
    return index, clustering.cluster_centers_.ravel()


def _quantize(values: np.ndarray, quantizer: Any) -> np.ndarray:
    return to_numpy(quantizer(values.astype(np.float32))).astype(np.float64)
