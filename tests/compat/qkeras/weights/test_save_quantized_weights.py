"""``model_save_quantized_weights``: codes and scales, files, pooling, and that the model stays as it is."""

import h5py
import keras
import numpy as np
import pytest

from qhls.frontend import load_model
from qhls.layers import (
    QGRU,
    QActivation,
    QAveragePooling2D,
    QBatchNormalization,
    QBidirectional,
    QConv2D,
    QConv2DBatchnorm,
    QDense,
    QGlobalAveragePooling2D,
)
from qhls.utils import (
    UtilityError,
    add_bn_fusing_weights,
    find_bn_fusing_layer_pair,
    model_save_quantized_weights,
)
from support.arrays import assert_close, assert_equal, numpy
from support.models.common import BITS, randomized

QUANTIZERS = [
    "quantized_bits(4,0,1,alpha=1)",
    "quantized_bits(4,1)",
    "quantized_bits(4,0,1,alpha='auto')",
    "quantized_bits(4,0,1,alpha='auto_po2',scale_axis=0)",
    "quantized_bits(4,0,1,alpha='auto_po2',elements_per_scale=2,scale_axis=1)",
    "quantized_bits(6,2,0,alpha=[0.5,1.0,0.3,2.0])",
    "quantized_bits(5,0,keep_negative=False,alpha=1)",
    "quantized_linear(4,0,alpha='auto')",
    "quantized_linear(1,0,alpha=1)",
    "quantized_linear(4,0,alpha=[0.5,1.0,0.3,2.0])",
    "quantized_po2(4)",
    "quantized_relu_po2(4,2)",
    "binary(alpha=1)",
    "binary(use_01=1,alpha=0.5)",
    "binary(alpha='auto')",
    "ternary(alpha=1)",
    "ternary(alpha='auto_po2')",
    "stochastic_ternary(alpha=1)",
    "quantized_tanh(5)",
    "quantized_sigmoid(5)",
    "quantized_hswish(6,1,alpha=1)",
    "quantized_relu(4,1)",
]


def dense(kernel, bias=None, units=4, name="d"):
    layer = QDense(units, kernel_quantizer=kernel, bias_quantizer=bias, name=name)
    return randomized(keras.Sequential([keras.Input((6,)), layer]))


@pytest.mark.parametrize("text", QUANTIZERS)
def test_codes_times_scale_are_what_the_layer_computes_with(text):
    model = dense(text, "quantized_bits(8,1,alpha=1)")
    entry = model_save_quantized_weights(model)["d"]
    for i, variable in enumerate(("kernel", "bias")):
        codes, scale = entry["integer_codes"][i], entry["integer_scales"][i]
        assert codes.dtype == np.int64
        assert scale.dtype == np.float64
        used = numpy(model.layers[0].quantize_variable(variable))
        assert_close(codes * scale, used, rtol=3e-7, atol=1e-7)
        if np.all(np.frexp(scale)[0] == 0.5):
            assert_equal(codes * scale, used)


def test_values_on_no_grid_and_real_weights_have_no_codes():
    entry = model_save_quantized_weights(dense("quantized_ulaw(6,1)"))["d"]
    assert entry["integer_codes"] == entry["integer_scales"] == [[], []]
    model = dense("quantized_ulaw(6,1)")
    assert_equal(entry["weights"][0], model.layers[0].quantize_variable("kernel"))
    assert_equal(entry["weights"][1], model.layers[0].bias)
    entry = model_save_quantized_weights(dense(keras.activations.tanh))["d"]
    assert_close(entry["weights"][0], np.tanh(model.layers[0].kernel), rtol=1e-5)


def test_the_model_stays_as_it_is(tmp_path):
    """QKeras leaves the quantised weights in it (facts, 2.10), so training cannot go on."""
    model = dense("quantized_bits(3,0,alpha='auto')")
    before, output = model.get_weights(), numpy(model(np.ones((1, 6))))
    first = model_save_quantized_weights(model, tmp_path / "w.h5")
    for a, b in zip(model.get_weights(), before, strict=True):
        assert_equal(a, b)
    again = model_save_quantized_weights(model)
    assert_equal(first["d"]["weights"][0], again["d"]["weights"][0])
    assert_equal(model(np.ones((1, 6))), output)


def test_masks():
    """QKeras saves the weights without it."""
    for mask in (np.eye(3), np.arange(9.0).reshape(3, 3)):
        layer = QConv2D(4, 3, kernel_quantizer=BITS, mask=mask, name="c")
        model = randomized(keras.Sequential([keras.Input((5, 5, 2)), layer]))
        entry = model_save_quantized_weights(model)["c"]
        used = numpy(layer.quantize_variable("kernel"))
        assert_equal(entry["weights"][0], used)
        assert_equal(entry["integer_codes"][0] * entry["integer_scales"][0], used)


def test_normalisation_after_a_layer():
    x = inputs = keras.Input((6, 6, 2))
    x = QConv2D(3, 2, kernel_quantizer=BITS, bias_quantizer=BITS, name="c")(x)
    x = QBatchNormalization(name="bn")(x)
    x = QActivation("quantized_relu(4)", name="a")(x)
    x = QConv2D(3, 2, kernel_quantizer=BITS, use_bias=False, name="c2")(x)
    quantizers = dict.fromkeys(("gamma_quantizer", "variance_quantizer"))
    inverse = "quantized_bits(8,2,1,alpha=1)"
    x = QBatchNormalization(name="bn2", scale=False, inverse_quantizer=inverse, **quantizers)(x)
    model = randomized(keras.Model(inputs, x))
    assert find_bn_fusing_layer_pair(model) == ({"c": "bn", "c2": "bn2"}, {"bn", "bn2"})
    saved = model_save_quantized_weights(model)
    assert [saved[name]["enable_bn_fusing"] for name in ("c", "bn", "c2", "bn2")] == [1, 0, 1, 0]
    x = np.random.default_rng(0).normal(size=(2, 6, 6, 2)).astype("float32")
    for name, norm, before in (
        ("c", "bn", model.input),
        ("c2", "bn2", model.get_layer("a").output),
    ):
        entry, layer = saved[name], model.get_layer(name)
        assert entry["fused_bn_layer_name"] == norm
        y = layer.compute_product(keras.Model(inputs, before)(x))
        fused = entry["bn_inv"] * numpy(y) + entry["fused_bias"]
        expected = keras.Model(inputs, model.get_layer(norm).output)(x)
        assert_close(fused, expected, rtol=1e-4, atol=1e-5)


def test_only_a_normalisation_can_be_fused():
    model = dense(BITS)
    message = (
        r"^add_bn_fusing_weights: expected a QBatchNormalization, got the layer 'd' \(QDense\)\. "
        r"Find pairs of layers with find_bn_fusing_layer_pair\(model\)\.$"
    )
    with pytest.raises(UtilityError, match=message):
        add_bn_fusing_weights(model.layers[0], model.layers[0], {"d": {}})


def test_pooling():
    average = "quantized_bits(6,0,1,alpha=1)"
    x = inputs = keras.Input((6, 8, 2))
    x = QAveragePooling2D((2, 3), average_quantizer=average, name="p")(x)
    x = QGlobalAveragePooling2D(average_quantizer=average, name="g")(x)
    saved = model_save_quantized_weights(keras.Model(inputs, x))
    assert saved["p"]["pool_area"] == saved["g"]["pool_area"] == 6
    for entry in saved.values():
        assert entry["weights"] == []
        assert entry["mult_factor"] == 1 / 6
        assert entry["q_mult_factor"] == 5 / 32
        assert entry["q_mult_factor_code"] * entry["q_mult_factor_scale"] == 5 / 32


def many_kinds():
    norm = QConv2DBatchnorm(3, 2, kernel_quantizer=BITS, bias_quantizer=BITS, name="f")
    cell = QGRU(2, kernel_quantizer="quantized_po2(4)", recurrent_quantizer="ternary", name="g")
    nested = keras.Sequential([keras.Input((9, 3)), QDense(3, kernel_quantizer=BITS)], name="inner")
    nested.layers[0].name = "d"
    stack = [norm, keras.layers.Reshape((-1, 3)), nested, QBidirectional(cell, name="b")]
    return randomized(keras.Sequential([keras.Input((4, 4, 1)), *stack]))


def test_npz(tmp_path):
    model = many_kinds()
    saved = model_save_quantized_weights(model, tmp_path / "w.npz")
    assert list(saved) == ["f", "inner/d", "b"]
    arrays = np.load(tmp_path / "w.npz")
    assert_equal(arrays["inner/d/integer_codes/0"], saved["inner/d"]["integer_codes"][0])
    assert_equal(arrays["b/signs/0"], saved["b"]["signs"][0])
    assert "b/signs/1" not in arrays
    assert not arrays["f/enable_bn_fusing"]


@pytest.mark.parametrize("name", ["w.h5", "w.weights.h5", "w.hdf5"])
def test_h5_has_the_dictionary_and_weights_for_keras(name, tmp_path):
    model = many_kinds()
    path = tmp_path / name
    saved = model_save_quantized_weights(model, path)
    with h5py.File(path) as file:
        codes = file["quantized/b/integer_codes/1"][()]
    assert_equal(codes, saved["b"]["integer_codes"][1])
    (tmp_path / "m.json").write_text(model.to_json())
    loaded = load_model(tmp_path / "m.json", weights=path)
    for layer in (loaded.get_layer("inner").layers[0], loaded.get_layer("b").forward_layer.cell):
        for variable, (quantizer, values) in layer.get_quantized_weights().items():
            if quantizer is not None:
                assert_equal(numpy(quantizer(values)), values, err_msg=variable)
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 1))
    assert_close(loaded(x), model(x), rtol=1e-6)
    again = many_kinds()
    again.load_weights(path)
    assert_close(again(x), model(x), rtol=1e-6)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("quantized_bits(4,0,1,alpha=1)", True),
        ("quantized_po2(4)", True),
        ("binary(use_01=1,alpha=1)", False),  # 0 becomes 1
        ("ternary(alpha=0.25)", False),  # 0.25 is below the threshold of 0.33
        ("quantized_tanh(5,use_real_tanh=True)", False),
    ],
)
def test_weights_for_keras_are_quantised_where_that_changes_nothing(text, stored, tmp_path):
    model = dense(text)
    x = np.random.default_rng(0).normal(size=(3, 6))
    before = numpy(model(x))
    model_save_quantized_weights(model, tmp_path / "w.weights.h5")
    kernel = numpy(model.layers[0].kernel)
    model.load_weights(tmp_path / "w.weights.h5")
    assert_close(model(x), before, rtol=1e-6, atol=1e-6)
    assert np.any(numpy(model.layers[0].kernel) != kernel) == stored


def test_names_of_files():
    message = (
        r"^model_save_quantized_weights: expected a file name that ends in \.npz, \.h5 or \.hdf5, "
        r"got 'w\.txt'\. The suffix chooses the format\.$"
    )
    with pytest.raises(UtilityError, match=message):
        model_save_quantized_weights(dense(BITS), "w.txt")


def test_weights_without_codes_are_refused_with_their_layer():
    message = r"^layer 'd', kernel: bernoulli: expected a quantizer with integer codes, .*$"
    with pytest.raises(UtilityError, match=message):
        model_save_quantized_weights(dense("bernoulli(alpha=1)"))
    model = dense(BITS)
    model.layers[0].set_weights([np.full((6, 4), np.nan), np.zeros(4)])
    with pytest.raises(
        UtilityError, match=r"^layer 'd', kernel: quantized_bits: compute_integer_codes: expected"
    ):
        model_save_quantized_weights(model)
