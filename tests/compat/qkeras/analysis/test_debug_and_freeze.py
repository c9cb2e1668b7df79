"""Debug output, dumps, and frozen scales."""

from unittest import mock

import keras
import numpy as np
import pytest

from qhls.frontend import load_model
from qhls.layers import QActivation, QConv2DBatchnorm, QDense, QDepthwiseConv2D
from qhls.utils import (
    UtilityError,
    clone_model_and_freeze_auto_po2_scale,
    quantized_model_debug,
    quantized_model_dump,
)
from support.arrays import assert_close, assert_equal, numpy
from support.models.common import BITS, randomized


def small():
    inner = keras.Sequential([keras.Input((3,)), QDense(2, name="d")], name="inner")
    stack = [
        QDense(3, kernel_quantizer=BITS, name="q"),
        QActivation("quantized_relu(4,2)", name="a"),
    ]
    return randomized(keras.Sequential([keras.Input((4,), name="x"), *stack, inner], name="m"))


X = np.random.default_rng(0).normal(size=(300, 4)).astype("float32")


def test_debug(capsys):
    model = small()
    quantized_model_debug(model, X)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["q", "a", "inner/d"]
    y = numpy(model.layers[0](X))
    kernel = numpy(model.layers[0].quantize_variable("kernel"))
    bias = numpy(model.layers[0].bias)
    expected = f"{'q':30} {y.min():8.4f} {y.max():8.4f}"
    expected += f" ({kernel.min():8.4f} {kernel.max():8.4f}) ({bias.min():8.4f} {bias.max():8.4f})"
    assert lines[0] == expected
    assert len(lines[1].split()) == 3


def test_plots():
    plt = mock.Mock()
    quantized_model_debug(small(), X, plot=True, plt_instance=plt)
    titles = [call.args[0] for call in plt.title.call_args_list]
    assert titles == [
        "q output", "q weights 0", "q weights 1", "a output",
        "inner/d output", "inner/d weights 0", "inner/d weights 1",
    ]  # fmt: skip
    assert plt.show.call_count == len(titles)
    message = r"^quantized_model_debug: plot=True: expected matplotlib, got no such package\. .*$"
    with (
        mock.patch.dict("sys.modules", {"matplotlib": None, "matplotlib.pyplot": None}),
        pytest.raises(UtilityError, match=message),
    ):
        quantized_model_debug(small(), X, plot=True)


def test_dump(tmp_path, capsys):
    model = small()
    folder = quantized_model_dump(model, X, tmp_path / "new" / "folder")
    assert sorted(p.name for p in folder.iterdir()) == ["a.bin", "inner_d.bin", "q.bin"]
    assert f"writing the layer output tensor to {folder / 'q.bin'}" in capsys.readouterr().out
    values = np.fromfile(folder / "inner_d.bin", np.float32).reshape(300, 2)
    assert_close(values, model(X), rtol=1e-5)
    only = quantized_model_dump(model, X, layers_to_dump=["a"])
    assert [p.name for p in only.iterdir()] == ["a.bin"]
    assert np.fromfile(only / "a.bin", np.float32).size == 900
    message = (
        r"^quantized_model_dump: expected names of layers of model 'm' \(q, a, inner/d\), got "
        r"'b'\. Choose among these\.$"
    )
    with pytest.raises(UtilityError, match=message):
        quantized_model_dump(model, X, layers_to_dump=["a", "b"])


def test_dump_of_an_input(tmp_path):
    inputs = keras.Input((4,), name="x")
    model = keras.Model(inputs, QDense(2, name="q")(inputs))
    folder = quantized_model_dump(model, X, tmp_path, ["x", "q"])
    assert_equal(np.fromfile(folder / "x.bin", np.float32).reshape(300, 4), X)


# -- frozen scales ----------------------------------------------------------------------------------

AUTO = [
    "quantized_bits(4)",
    "quantized_bits(4,1,alpha='auto_po2',scale_axis=0)",
    "quantized_linear(4,0,alpha='auto_po2')",
    "binary",
    "binary(use_01=1,alpha='auto_po2')",
]


def auto(quantizer):
    bn = QConv2DBatchnorm(3, 2, kernel_quantizer="quantized_bits(6)", bias_quantizer=BITS, name="f")
    stack = [
        bn,
        QDepthwiseConv2D(2, depthwise_quantizer="quantized_bits(5)", name="w"),
        keras.layers.Flatten(),
        QDense(4, kernel_quantizer=quantizer, bias_quantizer=BITS, name="d"),
    ]
    return randomized(keras.Sequential([keras.Input((4, 4, 1)), *stack]))


@pytest.mark.parametrize("quantizer", AUTO)
@pytest.mark.parametrize("quantise", [False, True])
def test_frozen_scales_stay(quantizer, quantise, tmp_path):
    model = auto(quantizer)
    x = np.random.default_rng(0).normal(size=(3, 4, 4, 1))
    copy, saved = clone_model_and_freeze_auto_po2_scale(model, quantize_model_weights=quantise)
    assert_close(copy(x), model(x), rtol=1e-5, atol=1e-6)
    assert set(saved) == {"f", "w", "d"}
    scale = saved["d"]["integer_scales"][0]
    dense = copy.get_layer("d")
    assert_equal(dense.quantize_variable("kernel"), saved["d"]["integer_codes"][0] * scale)
    if quantise and "use_01" not in quantizer:  # binary(use_01=1) would make 1 of the zeros
        assert_equal(dense.kernel, saved["d"]["integer_codes"][0] * scale)
    else:
        assert_equal(dense.kernel, model.get_layer("d").kernel)
    dense.kernel.assign(numpy(dense.kernel) * 8)
    copy.save(tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras").get_layer("d")
    for layer in (dense, again):
        ((quantizer, values), *_) = layer.get_quantized_weights().values()
        assert_equal(quantizer.compute_integer_codes(values)[1], scale)
    moving = model.get_layer("d")
    moving.kernel.assign(numpy(moving.kernel) * 8)
    ((quantizer, values), *_) = moving.get_quantized_weights().values()
    assert np.any(quantizer.compute_integer_codes(values)[1] != scale)


def test_weights_from_a_file(tmp_path):
    trained, fresh = auto("quantized_bits(4)"), auto("quantized_bits(4)")
    for weight in fresh.weights:
        weight.assign(numpy(weight) * 0 + 1)
    trained.save(tmp_path / "m.keras")
    copy, _ = clone_model_and_freeze_auto_po2_scale(fresh, tmp_path / "m.keras")
    x = np.ones((1, 4, 4, 1))
    assert_close(copy(x), trained(x), rtol=1e-5)


def test_scales_that_move_codes_cannot_be_frozen():
    message = (
        r"^clone_model_and_freeze_auto_po2_scale: layer 'd', kernel: expected quantized_bits, "
        r"quantized_linear or binary with alpha='auto_po2', got ternary\(alpha='auto_po2'\), "
        r"whose codes depend on the scale\. Give it a number as alpha\.$"
    )
    with pytest.raises(UtilityError, match=message):
        clone_model_and_freeze_auto_po2_scale(auto("ternary"))
