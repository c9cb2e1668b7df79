"""One model of each layer family trains, compiled, and comes back from a file: on every backend."""

import numpy as np
import pytest
from keras import ops

from qhls.frontend import load_model
from support.arrays import assert_equal
from support.models.layer_examples import examples, model_of, on_a_grid

pytestmark = [
    pytest.mark.backends,
    pytest.mark.filterwarnings("ignore:The model does not have any trainable weights"),
]


def one_of_each():
    """Name -> example: the first of each class."""
    first = {}
    for name, (layer, _) in examples().items():
        first.setdefault(type(layer), name)
    return first.values()


@pytest.mark.parametrize("name", one_of_each())
def test_a_model_trains_and_comes_back(name, rng, tmp_path):
    layer, shape = examples()[name]
    model = model_of(layer, shape, rng)
    # A little off the grid: compiled and eager code may round a mean that is a tie differently.
    x = on_a_grid(rng, 8, *shape) + 2.0**-12
    y = ops.convert_to_numpy(model(x))
    np.testing.assert_allclose(model.predict(x, verbose=0), y, rtol=1e-5, atol=1e-5)
    model.compile("sgd", "mse")
    before = model.get_weights()
    losses = model.fit(x, np.ones_like(y), epochs=2, batch_size=4, verbose=0).history["loss"]
    assert np.all(np.isfinite(losses))
    after = model.get_weights()
    assert not before or any(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    model.save(tmp_path / "m.keras")
    assert_equal(load_model(tmp_path / "m.keras")(x), model(x))
