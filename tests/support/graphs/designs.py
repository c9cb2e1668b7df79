"""Graphs as models give them: every op named after its Keras layer."""

import numpy as np

from qhls.ir import (
    Add,
    Concat,
    Const,
    Conv,
    Fixed,
    Graph,
    Input,
    Matmul,
    Max,
    Pad,
    Pool,
    Quantize,
    Reshape,
    Shift,
    enter_layer,
)


def weights(rng, *shape, step=0.125, name="kernel"):
    return Const.of(rng.integers(-7, 8, shape) * step, name=name)


def classifier(name="classifier", seed=0):
    """A small CNN with a skip connection, of every op; names are ``layer.op``."""
    rng = np.random.default_rng(seed)
    image = Input((6, 6, 2), Fixed(True, 6, 4), name="image", layer="image")
    with enter_layer("conv1"):
        padded = Pad(image, ((1, 1), (1, 1), (0, 0)))
        summed = Conv(padded, weights(rng, 3, 3, 2, 3))
        biased = Add(summed, weights(rng, 3, name="bias"))
    with enter_layer("act1"):
        active = Quantize(Max(biased, Const.of(0.0, name="zero")), Fixed(False, 5, 3))
    with enter_layer("pool1"):
        pooled = Pool(active, (2, 2), (2, 2))
    with enter_layer("skip"):
        skip = Add(pooled, Quantize(pooled, Fixed(False, 3, 1)))
    with enter_layer("mean"):
        mean = Shift(Pool(skip, (3, 3), (3, 3), "sum"), -3)
    with enter_layer("both"):
        both = Concat((Reshape(skip, (27,)), Reshape(mean, (3,))))
    with enter_layer("fc"):
        logits = Add(Matmul(both, weights(rng, 30, 4)), weights(rng, 4, name="bias"))
    return Graph((image,), (logits,), name)


def dense(name="dense", seed=0, layer="fc1"):
    """The smallest: one matrix product and one quantizer."""
    rng = np.random.default_rng(seed)
    x = Input((4,), Fixed(True, 6, 3), name="features", layer="features")
    with enter_layer(layer):
        y = Matmul(x, weights(rng, 4, 3))
    with enter_layer("act1"):
        z = Quantize(y, Fixed(True, 5, 2))
    return Graph((x,), (z,), name)


def random_codes(graph, samples=20, seed=0):
    rng = np.random.default_rng(seed)
    return [
        rng.integers(x.type.lo, x.type.hi, (samples, *x.shape), np.int64, endpoint=True)
        for x in graph.inputs
    ]
