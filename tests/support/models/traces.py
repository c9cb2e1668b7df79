"""Small models whose graphs are compared with Keras, every bit."""

import keras

from qhls import ir
from qhls.frontend import QDense
from qhls.frontend.lowering.trace import trace
from qhls.model.floats import is_float32_exact
from support.arrays import assert_equal

BITS = "quantized_bits(4,0,1,alpha=1)"


def dense(units, **kwargs):
    return QDense(units, kernel_quantizer=BITS, bias_quantizer=BITS, **kwargs)


def randomise(model, rng):
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    return model


def agree(model, types, rng, until=None, samples=16):
    """Random codes through the graph and through Keras (up to ``until``): equal, every one."""
    graph = trace(model, types)
    assert all(map(is_float32_exact, graph.ops)), "the test's model is too wide for float32"
    codes = [
        rng.integers(op.type.lo, op.type.hi + 1, size=(samples, *op.shape)) for op in graph.inputs
    ]
    x = [ir.decode(c, op.type).astype("float32") for c, op in zip(codes, graph.inputs, strict=True)]
    keras_model = model if until is None else keras.Model(model.inputs, until)
    expected = keras.tree.flatten(keras_model(x[0] if len(x) == 1 else x))
    results = ir.run(graph, codes)
    for op, result, wanted in zip(graph.outputs, results, expected, strict=True):
        assert_equal(ir.decode(result, op.type), wanted)
    return graph
