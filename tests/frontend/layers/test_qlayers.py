"""Q-layers against what they mean, and through every way of saving them."""

import json

import keras
import numpy as np
import pytest
from keras import ops

from qhls.errors import QuantizerError
from qhls.frontend import (
    Clip,
    QActivation,
    QConv2D,
    QDense,
    QInitializer,
    QLayer,
    Quantized,
    get_registered,
    load_model,
    register,
)
from qhls.quantizers import quantized_bits, quantized_relu
from support.arrays import assert_equal
from support.models.layer_examples import BITS, examples, model_of, on_a_grid


def test_there_is_an_example_of_every_q_layer():
    layers = {c for c in get_registered().values() if issubclass(c, keras.layers.Layer)}
    ours = {c for c in layers if c.__module__.startswith("qhls.")}
    shown = [each for layer, _ in examples().values() for each in layer._flatten_layers()]
    assert ours == {type(each) for each in shown} & layers


def as_json(config):
    """``config`` as a file holds it: without the difference between tuples and lists."""
    return json.loads(json.dumps(config))


@pytest.mark.parametrize("name", examples())
def test_saving_is_lossless(name, tmp_path, rng):
    layer, shape = examples()[name]
    model = model_of(layer, shape, rng)
    x = rng.normal(size=(3, *shape)).astype("float32")
    expected = model(x)
    model.save(tmp_path / "m.keras")
    model.save(tmp_path / "m.h5")
    model.save_weights(tmp_path / "m.weights.h5")
    (tmp_path / "m.json").write_text(model.to_json())
    loaded = {
        "keras itself": keras.saving.load_model(tmp_path / "m.keras"),
        ".keras": load_model(tmp_path / "m.keras"),
        ".h5": load_model(tmp_path / "m.h5"),
        "json": load_model(tmp_path / "m.json", weights=tmp_path / "m.weights.h5"),
    }
    for way, again in loaded.items():
        assert_equal(again(x), expected, err_msg=way)
        assert as_json(again.layers[-1].get_config()) == as_json(layer.get_config()), way


@pytest.mark.parametrize("name", examples())
def test_the_symbolic_shape_is_the_real_one(name, rng):
    layer, shape = examples()[name]
    model = model_of(layer, shape, rng)
    assert model(np.zeros((2, *shape))).shape == (2, *model.output_shape[1:])


def test_the_call_path_is_kernel_op_bias_activation(rng):
    kernel_quantizer, bias_quantizer = quantized_bits(4, 0, 1, alpha=1), quantized_bits(6, 2)
    layer = QDense(
        3, quantized_relu(4, 1), kernel_quantizer=kernel_quantizer, bias_quantizer=bias_quantizer
    )
    model_of(layer, (5,), rng)
    x = on_a_grid(rng, 7, 5)
    kernel = ops.convert_to_numpy(kernel_quantizer(layer.kernel))
    bias = ops.convert_to_numpy(bias_quantizer(layer.bias))
    assert_equal(layer(x), quantized_relu(4, 1)(x @ kernel + bias))
    weights = layer.get_quantized_weights()
    assert list(weights) == ["kernel", "bias"]
    assert weights["kernel"][0] is kernel_quantizer
    assert_equal(weights["bias"][1], layer.bias)


def test_masked_taps_take_no_part(rng):
    layer = QConv2D(3, 2, kernel_quantizer=BITS, mask=np.array([[1, 0], [0, 0]]))
    model_of(layer, (5, 4, 2), rng)
    pointwise = QConv2D(3, 1, kernel_quantizer=BITS)
    model_of(pointwise, (4, 3, 2), rng)
    pointwise.set_weights([layer.get_weights()[0][:1, :1], layer.get_weights()[1]])
    x = on_a_grid(rng, 2, 5, 4, 2)
    assert_equal(layer(x), pointwise(x[:, :-1, :-1]))


def test_a_mask_of_another_rank_is_refused():
    message = (
        r"^QConv2D: expected a mask of shape \(height, width\) .* got one of shape \(3,\)\. .*$"
    )
    with pytest.raises(ValueError, match=message):
        QConv2D(3, 3, mask=[1, 0, 1])


def test_kernels_without_alpha_scale_themselves_and_biases_do_not():
    layer = QDense(3, kernel_quantizer="quantized_bits(4)", bias_quantizer="quantized_bits(4)")
    assert (layer.kernel_quantizer.alpha, layer.bias_quantizer.alpha) == ("auto_po2", None)
    assert layer.get_quantizers() == [layer.kernel_quantizer, layer.bias_quantizer]
    assert layer.kernel_quantizer_internal is layer.kernel_quantizer


def test_quantisation_configs_are_texts():
    layer = QDense(3, "relu", kernel_quantizer=BITS)
    assert layer.get_quantization_config() == {
        "kernel_quantizer": "quantized_bits(4,0,1,alpha=1)",
        "bias_quantizer": "None",
        "activation": "relu",
        "units": "3",
    }
    assert QConv2D(2, 3).get_quantization_config()["filters"] == "2"
    assert QActivation("quantized_relu(6,2)").get_quantization_config() == "quantized_relu(6,2)"


def test_weights_stay_where_the_quantizer_has_codes():
    layer = QDense(3, kernel_quantizer="quantized_bits(8,2,alpha=1)", bias_quantizer=BITS)
    clip = layer.kernel_constraint
    assert (clip.min_value, clip.max_value) == (-4, 4)
    assert_equal(clip(np.array([-9.0, 1.5, 9.0])), [-4, 1.5, 4])
    assert (layer.bias_constraint.min_value, layer.bias_constraint.max_value) == (-1, 1)
    assert QDense(3, kernel_quantizer=BITS, kernel_constraint="non_neg").kernel_constraint != clip
    assert QDense(3).kernel_constraint is None
    both = Clip(-1, 1, constraint="non_neg")
    assert_equal(both(np.array([-3.0, 0.5, 3.0])), [0, 0.5, 1])
    assert Clip.from_config(both.get_config()).get_config() == both.get_config()


@pytest.mark.parametrize(
    "text",
    [
        "quantized_po2(10)",
        "quantized_po2(62)",
        "quantized_po2(12,quadratic_approximation=True)",
        "quantized_relu_po2(9)",
        "quantized_relu_po2(62)",
        "quantized_bits(62,126,alpha=1)",
        "quantized_bits(62,-64,alpha=1)",
        "quantized_bits(8,126,alpha='auto')",
        "quantized_linear(62,126,alpha=1)",
        "quantized_relu(62,126)",
        "quantized_ulaw(62,126)",
        "quantized_hswish(62,126,alpha=1)",
        "quantized_tanh(62)",
        "binary(alpha=3e38)",
    ],
)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_layers_of_any_quantizer_at_its_limits_can_be_built(text):
    """Also where its largest number exceeds the type of the weights."""
    keras.utils.set_random_seed(0)  # six weights of one sign would be one number
    layer = QDense(2, kernel_quantizer=text, bias_quantizer=text)
    layer.build((None, 3))
    kernel = ops.convert_to_numpy(layer.kernel)
    assert np.isfinite(kernel).all()
    assert np.ptp(kernel) > 0
    assert_equal(layer.kernel_constraint(layer.kernel), kernel)
    assert np.isfinite(ops.convert_to_numpy(layer.kernel_quantizer(layer.kernel))).all()


def test_initial_weights_are_not_all_the_code_zero():
    coarse = quantized_bits(2, 0, 1, alpha=1)
    small = keras.initializers.RandomNormal(stddev=1e-3, seed=1)
    values = QInitializer(small, use_scale=True, quantizer=coarse)((64, 8))
    assert ops.count_nonzero(coarse(values)) > 64
    assert ops.max(ops.abs(values)) <= 1
    unscaled = QInitializer(small, use_scale=False, quantizer=coarse)((64, 8))
    assert_equal(unscaled, small((64, 8)))


def test_initializers_are_wrapped_only_where_there_is_something_to_fit():
    fitted = QDense(3, kernel_quantizer=BITS, bias_quantizer=BITS)
    assert isinstance(fitted.kernel_initializer, QInitializer)
    assert isinstance(fitted.bias_initializer, keras.initializers.Zeros)
    auto = QDense(3, kernel_quantizer="quantized_bits(4)")
    assert isinstance(auto.kernel_initializer, keras.initializers.HeNormal)


def test_a_model_trains_and_stays_in_range(rng):
    layers = [QDense(4, kernel_quantizer=BITS), QActivation("quantized_relu(4,2)")]
    model = keras.Sequential([keras.Input((5,)), *layers, QDense(1, kernel_quantizer=BITS)])
    model.compile("sgd", "mse")
    before = [w.copy() for w in model.get_weights()]
    model.fit(rng.normal(size=(64, 5)), 9 * np.ones((64, 1)), epochs=3, verbose=0)
    assert not np.array_equal(before[0], model.get_weights()[0])
    assert max(np.abs(w).max() for w in model.get_weights()[::2]) <= 1


def test_unknown_quantizers_are_refused():
    with pytest.raises(
        QuantizerError,
        match=r"^get_quantizer: expected the name of a quantizer, got 'quantized_bots'",
    ):
        QDense(3, kernel_quantizer="quantized_bots(4)")


def test_a_new_q_layer_is_its_op_and_the_names_of_its_variables(rng, tmp_path):
    @register
    class QPlain(QLayer, keras.layers.Dense):
        quantized_variables = (Quantized("kernel", prefix="weight", ranged=False),)

        def __init__(self, units, weight_quantizer=None, **kwargs):
            kwargs.setdefault("use_bias", False)
            super().__init__(units=units, weight_quantizer=weight_quantizer, **kwargs)

        def compute_product(self, inputs):
            return ops.matmul(inputs, self.quantize_variable("kernel"))

    assert get_registered()["QPlain"] is QPlain
    layer = QPlain(3, weight_quantizer=BITS)
    model = model_of(layer, (5,), rng)
    x = on_a_grid(rng, 2, 5)
    assert_equal(model(x), x @ ops.convert_to_numpy(layer.quantize_variable("kernel")))
    model.save(tmp_path / "m.keras")
    assert_equal(load_model(tmp_path / "m.keras")(x), model(x))


def test_a_name_registers_once():
    message = r"^register: expected a class name that is still free, got 'QDense', which is "
    with pytest.raises(ValueError, match=message):

        @register
        class QDense(keras.layers.Layer):
            pass
