"""What public AutoQKeras scripts import: summaries, and Q-layers as custom objects."""

import keras
import numpy as np

import qhls.quantizers
from qhls.layers import QActivation, QDense
from qhls.utils import (
    _add_supported_quantized_objects,
    get_quantization_dictionary,
    print_qmodel_summary,
)


def model():
    kernel = "quantized_bits(4,0,1,alpha=1)"
    inner = [keras.Input((3,)), QDense(2, kernel_quantizer=kernel, name="d")]
    nested = keras.Sequential(inner, name="inner")
    return keras.Sequential(
        [keras.Input((3,)), nested, QActivation("quantized_relu(4,2)", name="a")]
    )


def test_what_is_quantised_with_what(capsys):
    told = get_quantization_dictionary(model())
    assert told["a"] == "quantized_relu(4,2)"
    assert told["inner/d"]["kernel_quantizer"] == "quantized_bits(4,0,1,alpha=1)"
    print_qmodel_summary(model())
    d, a = capsys.readouterr().out.splitlines()
    assert d.split() == [
        "inner/d",
        "QDense",
        "kernel_quantizer=quantized_bits(4,0,1,alpha=1)",
        "units=2",
    ]
    assert a.split() == ["a", "QActivation", "quantized_relu(4,2)"]


def test_every_name_of_a_q_model_is_added(tmp_path):
    objects = {"mine": len}
    _add_supported_quantized_objects(objects)
    assert objects["QDense"] is QDense
    assert objects["quantized_bits"] is qhls.quantizers.quantized_bits
    assert objects["mine"] is len
    assert "Clip" in objects
    made = model()
    made.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras", custom_objects=objects)
    np.testing.assert_array_equal(again(np.ones((1, 3))), made(np.ones((1, 3))))
