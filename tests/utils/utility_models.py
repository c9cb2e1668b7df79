"""Where the golden models are, and models that several tests use."""

import os
from functools import cache
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from qhls.frontend import load_model

SHARED = Path(os.environ.get("QHLS_SHARED", Path(__file__).parents[2].parent / "shared"))
GOLDEN = SHARED / "golden" / "layers"
NAMES = sorted(p.name for p in GOLDEN.iterdir() if p.is_dir()) if GOLDEN.is_dir() else []

BITS = "quantized_bits(4,0,1,alpha=1)"
WIDE = "quantized_bits(16,3,1,alpha=1)"


@cache
def golden_model(name):
    return load_model(GOLDEN / name / "model.h5")


def randomized(model, seed=0):
    """``model`` with random weights; what is a variance is positive."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        layer.set_weights([_random(rng, v) for v in layer.weights])
    return model


def _random(rng, variable):
    if "int" in variable.dtype:
        return np.asarray(variable)
    values = rng.normal(size=variable.shape) * 0.5
    return np.abs(values) + 0.3 if "variance" in variable.path else values


def numpy(tensor):
    return np.asarray(tensor) if isinstance(tensor, list) else keras.ops.convert_to_numpy(tensor)


def equal(a, b, **options):
    np.testing.assert_array_equal(numpy(a), numpy(b), **options)


def close(a, b, **options):
    np.testing.assert_allclose(numpy(a), numpy(b), **options)
