"""``BinaryToThermometer``, k-means and codebooks."""

import json

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qhls.layers import QActivation, QDense
from qhls.quantizers import quantized_bits, quantized_relu
from qhls.utils import (
    BinaryToThermometer,
    KMeans,
    UtilityError,
    activation_compression,
    create_in_out_table,
    two_tier_embedding_compression,
    weight_compression,
)
from support.arrays import assert_close, assert_equal, numpy
from support.models.common import randomized
from support.shared import SHARED

# -- thermometer ------------------------------------------------------------------------------------


def test_thermometers_of_qkeras():
    path = SHARED / "golden" / "utils.json"
    if not path.exists():
        pytest.skip(f"no golden numbers in {path}")
    cases = json.loads(path.read_text())["b2t"]
    assert len(cases) == 7
    for case in cases:
        ours = BinaryToThermometer(np.array(case["x"]), **case["kwargs"])
        assert ours.dtype == np.float32
        assert_equal(ours, np.array(case["y"]))


def test_several_channels():
    x = np.array([[[0, 3]], [[1, 2]]])
    one_hot = BinaryToThermometer(x, 2, 4)
    assert one_hot.shape == (2, 1, 2, 2)
    assert_equal(one_hot[0, 0], [[1, 0], [0, 1]])
    merged = BinaryToThermometer(x, 2, 4, merge_with_channels=True)
    assert_equal(merged, one_hot.reshape(2, 1, 4))
    assert BinaryToThermometer([0, 1, 2], 3, 3).shape == (3, 3)


@given(st.lists(st.floats(0, 7.75, width=32), min_size=1), st.integers(1, 9))
def test_the_number_can_be_read_off(numbers, classes):
    x, step = np.array(numbers, np.float32), 8 / classes
    residue = BinaryToThermometer(x, classes, 8, with_residue=True)
    which = residue.argmax(-1)
    assert_close((which + residue.max(-1) - 1) * step, x, atol=1e-5)
    two_hot = BinaryToThermometer(x, classes, 8, with_residue=True, use_two_hot_encoding=True)
    assert_close(two_hot @ np.arange(classes + 1) * step, x, atol=1e-5)
    assert_close(two_hot.sum(-1), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        (
            8.0,
            {},
            r"^BinaryToThermometer: expected numbers from 0 to below value_range=8 and at least 1 "
            r"class, got 8\. Change .*\.$",
        ),
        (-1.0, {}, r"^BinaryToThermometer: expected numbers .* got -1\. Change .*\.$"),
        (np.nan, {}, r"^BinaryToThermometer: expected numbers .* got nan\. Change .*\.$"),
        (1.0, {"classes": 0}, r"^BinaryToThermometer: expected numbers .* got classes=0\. Change .*\.$"),
        (
            1.0,
            {"use_two_hot_encoding": True},
            r"^BinaryToThermometer: expected with_residue=True beside use_two_hot_encoding=True, "
            r"got False\. The second class holds the residue\.$",
        ),
    ],
)  # fmt: skip
def test_thermometer_refusals(x, options, message):
    with pytest.raises(UtilityError, match=message):
        BinaryToThermometer(np.array([x, 0.0]), **{"classes": 2, "value_range": 8} | options)


# -- k-means ----------------------------------------------------------------------------------------


def test_kmeans_of_numbers_is_the_best_partition():
    """Of sorted numbers every cluster is a run: all partitions into three can be tried."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        x = np.sort(rng.normal(size=14))
        best = min(
            x[:i].var() * i + x[i:j].var() * (j - i) + x[j:].var() * (14 - j)
            for i in range(1, 13)
            for j in range(i + 1, 14)
        )
        km = KMeans(3).fit(x[:, None])
        centres = km.cluster_centers_[km.predict(x[:, None]), 0]
        assert np.sum((x - centres) ** 2) == pytest.approx(best, rel=1e-9)


def test_kmeans_compares_with_scikit_learn():
    cluster = pytest.importorskip("sklearn.cluster")
    rng = np.random.default_rng(0)
    laplace = np.round(rng.laplace(size=(2000, 1)), 2)
    cases = ((rng.normal(size=(3000, 1)), 16), (laplace, 32), (rng.normal(size=(500, 3)), 4))
    for points, n in cases:
        theirs = cluster.KMeans(n, n_init=3, random_state=0).fit(points)
        ours = KMeans(n).fit(points)
        squared = ((points - ours.cluster_centers_[ours.predict(points)]) ** 2).sum()
        assert squared <= 1.01 * theirs.inertia_


def test_kmeans_details():
    points = np.array([[0.0], [0.0], [1.0], [4.0], [4.2]])
    found = KMeans(3).fit(points)
    assert_close(found.cluster_centers_, [[0], [1], [4.1]])
    assert_equal(found.predict([[0.5], [0.6], [99.0], [-1.0]]), [0, 1, 2, 0])
    same = KMeans(4).fit(np.ones((3, 1)))
    assert_equal(same.cluster_centers_, np.ones((4, 1)))
    assert_equal(same.predict(np.zeros((2, 1))), [0, 0])
    square = np.array([[0, 0], [0, 1], [5, 5], [5, 6.0]])
    assert_equal(KMeans(2).fit(square).predict(square), [0, 0, 1, 1])


def test_numbers_that_fall_into_few_bins():
    near = np.arange(600) / 1e6
    points = np.concatenate([near, [1e6]])[:, None]
    centres = KMeans(16).fit(points).cluster_centers_
    assert centres.shape == (16, 1)
    assert len(np.unique(centres)) == 16
    assert centres[-1] == 1e6


@given(
    st.lists(st.floats(-9, 9), min_size=1, max_size=30),
    st.lists(st.floats(-9, 9), min_size=1, max_size=9),
)
def test_the_nearest_centre(points, centres):
    km = KMeans(len(centres))
    km.cluster_centers_ = np.array(centres)[:, None]
    labels = km.predict(np.array(points)[:, None])
    away = np.abs(np.array(points) - np.array(centres)[labels])
    nearest = np.abs(np.array(points)[:, None] - np.array(centres)[None]).min(1)
    assert_close(away, nearest, atol=1e-12)


# -- codebooks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_weight_compression(axis):
    weights = np.random.default_rng(0).normal(size=(3, 40, 2))
    index, codebook = weight_compression(weights, 3, axis)
    assert index.shape == weights.shape
    assert codebook.shape == (weights.shape[axis], 8)
    assert np.all(np.diff(codebook) >= 0)
    slices = zip(*(np.moveaxis(a, axis, 0) for a in (weights, index)), codebook, strict=True)
    for part, own, values in slices:
        coarse = (part.max() - part.min()) / 7 / 2
        assert np.sqrt(np.mean((values[own] - part) ** 2)) < coarse
        assert_equal(own.ravel(), np.abs(part.ravel()[:, None] - values[None]).argmin(1))


def test_quantised_codebooks():
    quantizer = quantized_bits(4, 0, 1, alpha=1)
    weights = np.random.default_rng(0).normal(size=(2, 50)) * 0.4
    index, codebook = weight_compression(weights, 2, quantizer=quantizer)
    assert_equal(codebook, numpy(quantizer(codebook)))
    assert index.max() <= 3


def test_few_different_weights():
    index, codebook = weight_compression(np.array([[1.0, 2.0, 1.0]]), 4)
    assert_equal(codebook[0][index[0]], [1, 2, 1])


def test_two_tier_embedding_compression():
    rng = np.random.default_rng(0)
    embeddings = np.concatenate([rng.normal(size=(20, 6)), 50 + rng.normal(size=(20, 6))])
    index, clusters, codebooks, quantised = two_tier_embedding_compression(embeddings, 2)
    assert index.shape == embeddings.shape
    assert codebooks.shape == (4, 4)
    assert_equal(quantised, codebooks[clusters[:, None], index])
    assert np.mean((quantised - embeddings) ** 2) < 0.3
    assert not set(clusters[:20]) & set(clusters[20:])


def test_in_and_out_tables():
    quantizer = quantized_relu(4, 2)
    km = KMeans(4).fit(np.array([[0.0], [0.6], [2.0], [3.6]]))
    into, out = create_in_out_table(km, quantizer)
    assert into.shape == (16,)
    assert out.tolist() == [0.0, 0.5, 2.0, 3.5]
    values = quantizer.range()
    assert_equal(into, np.abs(values[:, None] - [0.0, 0.6, 2.0, 3.6]).argmin(1))


def small():
    stack = [
        QDense(8, name="d0"),
        QActivation("quantized_relu(6,3)", name="a0"),
        QDense(6, name="d1"),
        QActivation("quantized_bits(6,3,1,alpha=1)", name="a1"),
        QDense(1, name="d2"),
    ]
    return randomized(keras.Sequential([keras.Input((4,)), *stack], name="m"))


def test_activation_compression(capsys):
    model = small()
    x = np.random.default_rng(0).normal(size=(200, 4)).astype("float32")
    y = numpy(model(x))
    compiled = {"loss": "mse", "optimizer": "sgd"}
    for bits, most in ((1, np.inf), (4, 0.3), (6, 0.02)):
        tables, models, clusterings = activation_compression(
            model, compiled, [1, -2], bits, x, y, x, y, sample_size=0.5
        )
        assert [len(t) for t in (tables, models, clusterings)] == [2, 3, 2]
        assert [len(into) for into, _ in tables] == [64, 63]  # a1 is symmetric
        assert all(len(out) == 2**bits for _, out in tables)
        assert float(capsys.readouterr().out.removeprefix("loss: ")) < most
    assert_close(models[2](models[1](models[0](x))), y, rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: weight_compression(np.ones(3), 9), r"^weight_compression: .* from 1 to 8, got 9\. Choose .*\.$"),
        (
            lambda: weight_compression(np.ones((3, 2)), 2, 2),
            r"^weight_compression: expected an axis of weights of shape \(3, 2\), got axis=2\. Choose another axis\.$",
        ),
        (
            lambda: two_tier_embedding_compression(np.ones(3), 2),
            r"^two_tier_embedding_compression: expected embeddings \(rows, columns\), got the shape \(3,\)\. .*\.$",
        ),
        (
            lambda: activation_compression(small(), {}, [0], 2, *[None] * 4),
            r"^activation_compression: expected the index of a QActivation with a quantizer among "
            r"the 5 layers of model 'm', got 0, layer 'd0' \(QDense\)\. Choose .*\.$",
        ),
        (
            lambda: activation_compression(small(), {}, [7], 2, *[None] * 4),
            r"^activation_compression: expected the index .* got 7, layer none\. Choose another index\.$",
        ),
        (
            lambda: activation_compression(small(), {}, [], 2, *[None] * 4),
            r"^activation_compression: expected indices of layers, got none\. Pass at least one\.$",
        ),
    ],
)  # fmt: skip
def test_codebook_refusals(call, message):
    with pytest.raises(UtilityError, match=message):
        call()
