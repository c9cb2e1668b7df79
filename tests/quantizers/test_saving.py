"""Every argument of every quantizer survives saving: one at a time, with a value that is not its default."""

import inspect

import keras
import pytest

import qhls.quantizers as qz

VALUES = {
    "bits": 5,
    "integer": 1,
    "u": 100.0,
    "alpha": 0.5,
    "temperature": 3.0,
    "threshold": 0.25,
    "number_of_unrolls": 3,
    "scale_axis": 0,
    "qnoise_factor": 0.5,
    "var_name": "noise",
    "use_variables": True,
    "elements_per_scale": 2,
    "min_po2_exponent": -3,
    "max_po2_exponent": 2,
    "post_training_scale": 0.25,
    "max_value": 2.0,
    "log2_rounding": "floor",
    "negative_slope": 0.25,
    "relu_upper_bound": 1.5,
    "relu_shift": 2.0,
}
"""What is not the default; what is not here is a flag, which is turned."""
WITH = {
    "elements_per_scale": {"scale_axis": 0, "alpha": "auto"},
    "min_po2_exponent": {"alpha": "auto_po2"},
    "max_po2_exponent": {"alpha": "auto_po2"},
    "post_training_scale": {"alpha": "auto_po2"},
}
"""Arguments that need others."""
ARGUMENTS = [
    (name, parameter.name)
    for name, cls in sorted(qz.QUANTIZERS.items())
    for parameter in inspect.signature(cls).parameters.values()
]


@pytest.mark.parametrize(("name", "argument"), ARGUMENTS)
def test_every_argument_is_saved(name, argument):
    cls = qz.QUANTIZERS[name]
    default = inspect.signature(cls).parameters[argument].default
    value = VALUES.get(argument, not default)
    assert value != default
    q = cls(**{argument: value}, **WITH.get(argument, {}))
    assert q != cls(**WITH.get(argument, {}))
    saved = keras.saving.serialize_keras_object(q)
    again = keras.saving.deserialize_keras_object(saved)
    assert again == q
    assert keras.saving.serialize_keras_object(again) == saved
    assert q.get_config()[argument] == value
