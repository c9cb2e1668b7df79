"""What the convolution family tells and refuses, and where it differs from QKeras on purpose."""

import re

import keras
import numpy as np
import pytest

import qhls
from qhls.errors import LoweringError, QuantizerError
from qhls.frontend import load_model
from qhls.layers import (
    OctaveConv2D,
    QAveragePooling2D,
    QConv1D,
    QConv2DTranspose,
    QDepthwiseConv2D,
    QDepthwiseConv2DTranspose,
    QOctaveConv2D,
    QScaleShift,
    QSeparableConv1D,
    QSeparableConv2D,
    QSeparableConv2DTranspose,
)
from qhls.quantizers import quantized_bits
from support.models.conv_examples import (
    AUTO,
    BITS,
    IMAGE,
    RELU,
    STEPS,
    array,
    built,
    conv_examples,
)

# -- what a layer tells ----------------------------------------------------------------------------


def test_quantizers_are_listed_in_qkeras_order():
    quantizers = {k: quantized_bits(4, i, 1, alpha=1) for i, k in enumerate("abc")}
    a, b, c = quantizers.values()
    separable = QSeparableConv2D(
        2, 3, depthwise_quantizer=a, pointwise_quantizer=b, bias_quantizer=c
    )
    assert separable.get_quantizers() == [a, b, c]
    assert separable.depthwise_quantizer_internal is a
    transpose = QSeparableConv2DTranspose(
        2, 3, depthwise_activation=b, depthwise_kernel_quantizer=a, bias_quantizer=c
    )
    assert transpose.get_quantizers() == [a, None, c, b, None]
    grouped = QDepthwiseConv2DTranspose(
        2, 3, depthwise_activation=b, depthwise_kernel_quantizer=a, bias_quantizer=c
    )
    assert grouped.get_quantizers() == [a, c, b]
    assert QAveragePooling2D(average_quantizer=a).get_quantizers() == [a]
    assert QScaleShift(a, b).get_quantizers() == [a, b]


def test_kernels_without_alpha_scale_themselves():
    layer = QSeparableConv2D(
        2, 3, depthwise_quantizer=AUTO, pointwise_quantizer=AUTO, bias_quantizer=AUTO
    )
    assert [q.alpha for q in layer.get_quantizers()] == ["auto_po2", "auto_po2", None]
    assert [q.alpha for q in QScaleShift(AUTO, AUTO).get_quantizers()] == ["auto_po2"] * 2
    assert QAveragePooling2D(average_quantizer=AUTO).average_quantizer.alpha is None
    layer = QDepthwiseConv2DTranspose(2, 3, depthwise_kernel_quantizer=AUTO, bias_quantizer=AUTO)
    assert [q.alpha for q in layer.get_quantizers()[:2]] == ["auto_po2", None]


def test_scales_run_over_the_last_axis(rng):
    layer, _ = built("transpose_auto", rng)
    layer.quantize_variable("kernel")
    assert layer.kernel_quantizer.scale.shape == (1, 1, 1, 4)  # (h, w, out, in): input channels
    layer, _ = built("depthwise_axis", rng)
    layer.quantize_variable("depthwise_kernel")
    assert layer.depthwise_quantizer.scale.shape == (1, 1, 4, 1)


def test_constraints_follow_the_quantizers_as_in_qkeras():
    for layer in (
        QConv1D(2, 3, kernel_quantizer=BITS),
        QConv2DTranspose(2, 3, kernel_quantizer=BITS),
    ):
        assert layer.kernel_constraint.max_value == 1
    assert QDepthwiseConv2D(3, depthwise_quantizer=BITS).depthwise_constraint.min_value == -1
    layer = QSeparableConv1D(2, 3, pointwise_quantizer=BITS)
    assert layer.depthwise_constraint is None and layer.pointwise_constraint.max_value == 1
    layer = QSeparableConv2DTranspose(2, 3, depthwise_kernel_quantizer=BITS, bias_quantizer=BITS)
    again = type(layer).from_config(layer.get_config())
    for each in (layer, again):
        assert each.kernel_constraint is None and each.bias_constraint is None


def test_quantisation_configs_are_texts():
    text = "quantized_bits(4,0,1,alpha=1)"
    layer = QSeparableConv1D(2, 3, depthwise_quantizer=BITS, depthwise_activation=RELU)
    assert layer.get_quantization_config() == {
        "depthwise_quantizer": text,
        "pointwise_quantizer": "None",
        "bias_quantizer": "None",
        "depthwise_activation": "quantized_relu(4,2)",
        "activation": "linear",
        "filters": "2",
    }
    layer = QSeparableConv2DTranspose(2, 3, pointwise_activation=RELU)
    config = layer.get_quantization_config()
    assert config["pointwise_activation"] == "quantized_relu(4,2)"
    assert config["depthwise_activation"] == "None" and config["activation"] == "linear"
    pooling = QAveragePooling2D(average_quantizer=BITS, activation=RELU)
    expected = {"average_quantizer": text, "activation": "quantized_relu(4,2)"}
    assert pooling.get_quantization_config() == expected


@pytest.mark.parametrize("name", conv_examples())
def test_quantised_weights_name_every_variable(name, rng):
    layer, _ = built(name, rng)
    values = [value for _, value in layer.get_quantized_weights().values()]
    for value, variable in zip(values, layer.weights, strict=True):
        np.testing.assert_array_equal(value, array(variable))


# -- deliberate differences from QKeras ------------------------------------------------------------


def test_output_padding_is_honoured():
    """QKeras drops it: there all three would give 11 rows, and None in the configuration."""
    for cls in (QConv2DTranspose, QDepthwiseConv2DTranspose, QSeparableConv2DTranspose):
        layer = cls(4, 3, strides=2, output_padding=1)
        assert layer(np.zeros((1, 5, 5, 4))).shape == (1, 12, 12, 4)
        assert layer.get_config()["output_padding"] == (1, 1)


def test_activations_of_transposes_are_saved(shared):
    """QKeras' own reloaded model differs from the saved one by 0.92."""
    folder = shared / "golden" / "layers" / "qseparableconv2dtranspose"
    io, theirs = np.load(folder / "io.npz"), load_model(folder / "model.h5")
    assert np.abs(array(theirs(io["x0"])) - io["y0"]).max() > 0.9
    assert theirs.layers[-1].get_config()["pointwise_activation"] == "linear"
    layer, _ = conv_examples()["separable_transpose"]
    config = layer.get_config()
    again = QSeparableConv2DTranspose.from_config(config)
    assert again.get_config() == config
    assert str(again.depthwise_activation) == "quantized_relu(4,2)"
    assert str(again.pointwise_activation) == "quantized_bits(4,0,1,alpha=1)"


def test_a_depthwise_transpose_adds_its_bias(rng):
    """QKeras makes the variable and never adds it."""
    layer = QDepthwiseConv2DTranspose(4, 3)
    x = rng.normal(size=(1, *IMAGE)).astype("float32")
    without = array(layer(x))
    layer.bias.assign([1, 2, 3, 4])
    np.testing.assert_allclose(
        array(layer(x)) - without, np.broadcast_to([1, 2, 3, 4], without.shape), atol=1e-6
    )


def test_scale_axes_of_a_1d_separable_kernel_are_its_own(rng):
    """QKeras quantises (1, size, in, multiplier) in the call and (size, in, multiplier) elsewhere."""
    by_channel = quantized_bits(4, 0, 1, alpha="auto_po2", scale_axis=1)
    layer = QSeparableConv1D(2, 3, depthwise_quantizer=by_channel)
    layer.build((None, *STEPS))
    layer.quantize_variable("depthwise_kernel")
    assert by_channel.scale.shape == (1, 4, 1)


def test_only_kernels_are_pruned(rng):
    """QKeras lists the biases of these two as well."""
    layer, _ = built("separable_transpose", rng)
    assert layer.get_prunable_weights() == [layer.depthwise_kernel, layer.pointwise_kernel]
    layer, _ = built("depthwise_transpose", rng)
    assert layer.get_prunable_weights() == [layer.depthwise_kernel]


def test_a_float_octave_rounds_with_acc_quantizer_alone():
    """QKeras ignores acc_quantizer there unless there is an activation too."""
    inputs = keras.Input((4, 4, 3))
    high, _ = OctaveConv2D(2, 3, 0, acc_quantizer=BITS, name="o")([inputs, None])
    names = [layer.name for layer in keras.Model(inputs, high).layers[1:]]
    assert names == ["o_c_h_to_h", "o_c_h_to_h_act"]


# -- errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: QDepthwiseConv2DTranspose(4, 3, group_size=0),
            r"^QDepthwiseConv2DTranspose: expected group_size to be a positive integer, got 0\. .*$",
        ),
        (
            lambda: QDepthwiseConv2DTranspose(4, 3, group_size=3)(np.zeros((1, *IMAGE))),
            r"QDepthwiseConv2DTranspose: expected a group_size that divides the 4 channels of the "
            r"input, got group_size=3",
        ),
        (
            lambda: QSeparableConv2DTranspose(5, 3, depth_multiplier=2),
            r"^QSeparableConv2DTranspose: expected depth_multiplier=1, got 2\. .*$",
        ),
        (
            lambda: QSeparableConv2DTranspose(5, 3, activation="relu"),
            r"^QSeparableConv2DTranspose: expected activation=None, got 'relu'\. Give it as "
            r"pointwise_activation, which follows the convolution\.$",
        ),
        (
            lambda: QOctaveConv2D(4, 3, 1.5, name="o"),
            r"^octave convolution 'o': expected an alpha from 0 to 1, or -1 for a plain "
            r"convolution, got 1.5\. .*$",
        ),
        (
            lambda: QOctaveConv2D(4, 3, 0.5, name="o")([None, None]),
            r"^octave convolution 'o': expected \[high, low\], one of which may be None \(not high "
            r"with alpha=-1\), got \[None, None\]\. .*$",
        ),
        (
            lambda: QConv1D(4, 3, kernel_quantizer="quantized_bots(4)"),
            r"^get_quantizer: expected the name of a quantizer, got 'quantized_bots'",
        ),
    ],
)
def test_wrong_arguments_are_refused(make, message):
    with pytest.raises((ValueError, QuantizerError), match=message):
        make()


def test_a_misspelt_quantizer_of_an_octave_is_refused():
    """QKeras takes any keyword and ignores those that it does not know."""
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'kernel_quantiser'$"):
        QOctaveConv2D(4, 3, 0.5, kernel_quantiser=BITS)


@pytest.mark.parametrize("name", conv_examples())
def test_each_is_hardware_or_says_why_not(name):
    """Of these some have real weights or end in real numbers."""
    layer, shape = conv_examples()[name]
    model = keras.Sequential([keras.Input(shape), layer])
    try:
        design = qhls.compile(model, "s8.4")
    except LoweringError as error:
        reasons = "a quantizer for|integers times powers of two|a quantizer behind an average over 30 numbers|group"
        assert re.search(rf"^layer '{layer.name}' .*expected .*({reasons})", str(error)), error
        return
    report = design.check(targets=())
    assert report, report
