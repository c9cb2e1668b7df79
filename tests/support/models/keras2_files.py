"""Models and weights as Keras 2 wrote them to files."""

import pytest

from qhls.errors import LoadError
from qhls.frontend import load_model

BITS = {"class_name": "quantized_bits", "config": {"bits": 4, "integer": 0, "alpha": 1}}
RELU = {"class_name": "quantized_relu", "config": {"bits": 4, "integer": 2}}


def sequential(*layers, **extra):
    """A Keras 2 Sequential, as ``to_json`` wrote it."""
    config = {"name": "sequential", "layers": list(layers), **extra}
    return {"class_name": "Sequential", "config": config, "keras_version": "2.4.0"}


def layer2(class_name, name, inbound=None, **config):
    """A Keras 2 layer; ``inbound`` lists the nodes of a functional model."""
    layer = {"class_name": class_name, "config": {"name": name, "trainable": True, **config}}
    return layer if inbound is None else layer | {"name": name, "inbound_nodes": inbound}


def dense2(name, units, inbound=None, **config):
    config = {"kernel_quantizer": BITS, "bias_quantizer": BITS, "dtype": "float32", **config}
    return layer2("QDense", name, inbound, units=units, activation="linear", **config)


def input2(name, *shape, inbound=None):
    config = {"batch_input_shape": [None, *shape], "sparse": False, "ragged": False}
    return layer2("InputLayer", name, inbound, dtype="float32", **config)


def write_keras2_weights(group, layers):
    """``{layer: {variable: array}}`` in the layout of Keras 2's ``save_weights``."""
    group.attrs["layer_names"] = [name.encode() for name in layers]
    group.attrs["backend"] = b"tensorflow"
    group.attrs["keras_version"] = b"2.4.0"
    for layer, weights in layers.items():
        inner = group.create_group(layer)
        inner.attrs["weight_names"] = [f"{layer}/{name}:0".encode() for name in weights]
        for name, value in weights.items():
            inner.create_dataset(f"{layer}/{name}:0", data=value)


def refuses(message, path, weights=None):
    with pytest.raises(LoadError, match=message):
        load_model(path, weights=weights)
