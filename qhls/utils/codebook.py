"""Codebooks: weights, embeddings and activations as indices of a few values (arXiv 1911.02079)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import keras
import numpy as np

from qhls.text import say
from qhls.utils.arrays import to_numpy
from qhls.utils.errors import UtilityError
from qhls.utils.kmeans import KMeans

Table = np.ndarray
MOST_BITS = 8
_QUIET: Any = 0


def weight_compression(
    weights: Any, bits: int, axis: int = 0, quantizer: Callable[[Any], Any] | None = None
) -> tuple[Table, Table]:
    """``2**bits`` values for each slice of ``weights`` along ``axis``, and each weight as an index.

    Returns ``(index_table, codebook_table)``: indices in the shape of ``weights``, and sorted
    values of the shape ``(weights.shape[axis], 2**bits)``, through ``quantizer`` if given.

    Raises:
        UtilityError: ``bits`` not from 1 to 8; an ``axis`` that ``weights`` does not have.
    """
    weights = np.asarray(weights)
    _check_bits("weight_compression", bits)
    if not -weights.ndim <= axis < weights.ndim:
        raise UtilityError(
            f"weight_compression: expected an axis of weights of shape {weights.shape}, received "
            f"axis={axis}"
        )
    indices, codebooks = [], []
    for part in np.moveaxis(weights, axis, 0):
        index, values = _compress(part, bits, quantizer)
        indices.append(index)
        codebooks.append(values)
    return np.moveaxis(np.stack(indices), 0, axis), np.stack(codebooks)


def two_tier_embedding_compression(
    embeddings: Any, bits: int, quantizer: Callable[[Any], Any] | None = None
) -> tuple[Table, Table, Table, Table]:
    """Rows in ``2**bits`` clusters, and ``2**bits`` values for the rows of each.

    Returns ``(index_table, cluster_index_table, codebook_table, quantized_embeddings)``: each
    element's index, each row's cluster, the values of each cluster, and the embeddings of these
    values: ``codebook_table[cluster_index_table[:, None], index_table]``.

    Raises:
        UtilityError: ``bits`` not from 1 to 8; embeddings that are not of rank 2.
    """
    embeddings = np.asarray(embeddings)
    _check_bits("two_tier_embedding_compression", bits)
    if embeddings.ndim != 2:
        raise UtilityError(
            f"two_tier_embedding_compression: expected embeddings (rows, columns), received the "
            f"shape {embeddings.shape}"
        )
    clusters = KMeans(2**bits).fit(embeddings).predict(embeddings)
    index = np.zeros(embeddings.shape, np.int64)
    codebooks = np.zeros((2**bits, 2**bits))
    for cluster in np.unique(clusters):
        rows = clusters == cluster
        index[rows], codebooks[cluster] = _compress(embeddings[rows], bits, quantizer)
    return index, clusters, codebooks, codebooks[clusters[:, None], index]


def create_in_out_table(km: KMeans, quantizer: Any) -> tuple[Table, Table]:
    """``(in_table, out_table)``: ``out_table[in_table[code]]`` stands for the quantizer's ``code``.

    ``in_table`` has the index for each value of ``quantizer.range()``, which is in the order of
    two's complement codes; ``out_table`` the centres of ``km``, quantised.
    """
    values = np.asarray(quantizer.range()).reshape(-1, 1)
    return km.predict(values).ravel(), _quantized(km.cluster_centers_, quantizer).ravel()


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
) -> tuple[list[list[Table]], list[keras.Model], list[KMeans]]:
    """``2**bits`` values for the activations behind some layers, and the model split there.

    ``activation_indexes`` are indices of ``model.layers``, of layers with one ``quantizer``
    (``QActivation``) through which all of the model passes. ``sample_size`` is the part of the
    training samples that the values are fitted to; ``y_train`` is QKeras' argument and not used.
    Each part of the model is compiled with ``compile_config``; the loss of the whole on the test
    samples, with compressed activations, is printed.

    Returns ``(tables, models, km_models)``: a pair of tables for each index, as
    ``create_in_out_table`` makes it, the parts of the model, and the clusterings.

    Raises:
        UtilityError: no index; one that is not of such a layer; ``bits`` not from 1 to 8.
    """
    _check_bits("activation_compression", bits)
    cuts = [_cut(model, index) for index in activation_indexes]
    if not cuts:
        raise UtilityError("activation_compression: expected indices of layers, received none")
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
        found = "none" if layer is None else f"{layer.name!r} ({type(layer).__name__})"
        raise UtilityError(
            f"activation_compression: expected the index of a QActivation with a quantizer among the "
            f"{len(layers)} layers of model {model.name!r}, received {index}, layer {found}"
        )
    return layer


def _check_bits(where: str, bits: int) -> None:
    if not 1 <= bits <= MOST_BITS:
        raise UtilityError(f"{where}: expected bits from 1 to {MOST_BITS}, received {bits!r}")


def _compress(values: np.ndarray, bits: int, quantizer: Any) -> tuple[Table, Table]:
    """The index of each value, and the sorted codebook."""
    clustering = KMeans(2**bits).fit(values.reshape(-1, 1))
    if quantizer is not None:
        clustering.cluster_centers_ = np.sort(
            _quantized(clustering.cluster_centers_, quantizer), axis=0
        )
    index = clustering.predict(values.reshape(-1, 1)).reshape(values.shape)
    return index, clustering.cluster_centers_.ravel()


def _quantized(values: np.ndarray, quantizer: Any) -> np.ndarray:
    return to_numpy(quantizer(values.astype(np.float32))).astype(np.float64)
