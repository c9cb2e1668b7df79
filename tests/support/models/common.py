"""Keras models with random weights, and golden ones."""

from functools import cache

import numpy as np

from qhls.frontend import load_model
from support.shared import LAYERS

BITS = "quantized_bits(4,0,1,alpha=1)"
WIDE = "quantized_bits(16,3,1,alpha=1)"


@cache
def golden_model(name):
    return load_model(LAYERS / name / "model.h5")


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
