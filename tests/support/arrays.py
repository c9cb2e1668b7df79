"""Tensors of any backend as arrays of numpy, which takes none that torch can differentiate."""

import keras
import numpy as np


def numpy(tensor):
    return np.asarray(tensor) if isinstance(tensor, list) else keras.ops.convert_to_numpy(tensor)


def assert_equal(a, b, **options):
    np.testing.assert_array_equal(numpy(a), numpy(b), **options)


def assert_close(a, b, **options):
    np.testing.assert_allclose(numpy(a), numpy(b), **options)
