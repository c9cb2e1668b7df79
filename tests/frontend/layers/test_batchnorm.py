"""``QBatchNormalization`` and the layers with a folded normalisation, against QKeras and Keras."""

from itertools import pairwise

import keras
import numpy as np
import pytest
from keras import ops

from qhls.errors import LoweringError
from qhls.frontend import load_model
from qhls.frontend.lowering.trace import trace
from qhls.layers import (
    QBatchNormalization,
    QConv2DBatchnorm,
    QDenseBatchnorm,
    QDepthwiseConv2DBatchnorm,
)
from qhls.quantizers import get_quantizer, quantized_bits, quantized_relu
from support.models.golden_checks import check_golden
from support.models.stateful_examples import BITS, UNQUANTISED

L = keras.layers
numpy = ops.convert_to_numpy

GOLDEN = {
    "qbn_bits": (1, 4),
    "qbn_default": (1, 4),
    "qbn_none": (1, 4),
    "qbn_noscale_nocenter": (2, 6),
    "qconv2dbatchnorm_ema": (2, 2),
    "qconv2dbatchnorm_nobiasq": (1, 2),
    "qdepthwisebatchnorm_bat": (2, 2),
    "qdepthwisebatchnorm_ema": (2, 2),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(name, shared, tmp_path):
    layers, weights = GOLDEN[name]
    assert check_golden(shared / "golden" / "layers" / name, tmp_path) == (layers + 1, weights)


def randomise(layer, shape, rng):
    """Build ``layer`` and give it weights, moving variances and gammas far from 0."""
    if not layer.built:
        layer.build((None, *shape))
    for variable in layer.weights:
        if variable.name != "iteration":
            around = 1 if variable.name in ("gamma", "moving_variance") else 0
            variable.assign(rng.uniform(-0.7, 0.7, size=variable.shape) + around)
    return layer


def batch(shape, rng, n=6):
    return rng.normal(0.3, 1.5, size=(n, *shape)).astype("float32")


# -- QBatchNormalization --------------------------------------------------------------------------


@pytest.mark.parametrize("shape, axis", [((5,), -1), ((4, 5), 1), ((3, 4, 5), [3])])
@pytest.mark.parametrize("scale, center", [(True, True), (False, True), (True, False)])
def test_unquantised_it_is_keras_own(shape, axis, scale, center, rng):
    options = {"momentum": 0.8, "epsilon": 0.01, "scale": scale, "center": center}
    ours = randomise(QBatchNormalization(axis, **options, **UNQUANTISED), shape, rng)
    theirs = L.BatchNormalization(axis if isinstance(axis, int) else axis[0], **options)
    theirs.build((None, *shape))
    theirs.set_weights(ours.get_weights())
    x = batch(shape, rng)
    for training in (False, True, True, False):
        expected = numpy(theirs(x, training=training))
        np.testing.assert_allclose(numpy(ours(x, training=training)), expected, 1e-5, 1e-5)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, 1e-6)


def test_masked_steps_are_left_out_of_the_statistics(rng):
    layer = randomise(QBatchNormalization(**UNQUANTISED, momentum=0.0), (4, 5), rng)
    x, mask = batch((4, 5), rng), np.zeros((6, 4), bool)
    mask[:, :2] = True
    layer(x, training=True, mask=mask)
    np.testing.assert_allclose(numpy(layer.moving_mean), x[:, :2].mean((0, 1)), 1e-4)


@pytest.mark.parametrize("training", [False, True])
def test_each_factor_is_quantised(training, rng):
    layer = randomise(QBatchNormalization(epsilon=0.01, momentum=0.5), (5,), rng)
    x, before = batch((5,), rng), layer.get_weights()
    gamma, beta, mean, variance = before
    if training:
        mean, variance = x.mean(0), x.var(0)
    gamma = numpy(get_quantizer("quantized_relu_po2(6,2048)")(gamma))
    beta, mean = (numpy(get_quantizer("quantized_po2(5)")(v)) for v in (beta, mean))
    quadratic = get_quantizer("quantized_relu_po2(6,quadratic_approximation=True)")
    inverse = gamma / np.sqrt(numpy(quadratic(variance)) + 0.01)
    expected = x * inverse + (beta - mean * inverse)
    np.testing.assert_allclose(numpy(layer(x, training=training)), expected, 1e-5, 1e-5)
    after = [0.5 * before[2] + 0.5 * x.mean(0), 0.5 * before[3] + 0.5 * x.var(0)]
    for now, then in zip(layer.get_weights()[2:], after if training else before[2:], strict=True):
        np.testing.assert_allclose(now, then, 1e-5)  # of the real batch, not of the quantised one


def test_the_inverse_as_a_whole(rng):
    quantizer = quantized_bits(8, 2, 1, alpha=1)
    layer = QBatchNormalization(**UNQUANTISED, inverse_quantizer=quantizer)
    randomise(layer, (5,), rng)
    gamma, beta, mean, variance = layer.get_weights()
    inverse = numpy(quantizer(gamma / np.sqrt(variance + 1e-3)))
    x = batch((5,), rng)
    np.testing.assert_allclose(numpy(layer(x)), x * inverse + (beta - mean * inverse), 1e-5, 1e-5)
    assert layer.get_quantizers() == [None, None, None, None, quantizer]


def test_activation_is_applied(rng):
    """QKeras accepts ``activation`` and ignores it."""
    plain = randomise(QBatchNormalization(), (5,), rng)
    relu = QBatchNormalization(activation="quantized_relu(6,2)")
    relu.build((None, 5))
    relu.set_weights(plain.get_weights())
    x = batch((5,), rng)
    np.testing.assert_array_equal(numpy(relu(x)), numpy(quantized_relu(6, 2)(plain(x))))


def test_quantizers_go_with_their_variables(rng):
    """QKeras pairs quantizers and weights by position, which scale=False shifts by one."""
    for missing, left in (("scale", "beta"), ("center", "gamma")):
        layer = randomise(QBatchNormalization(**{missing: False}), (5,), rng)
        weights = layer.get_quantized_weights()
        assert list(weights) == [left, "moving_mean", "moving_variance"]
        assert [q for q, _ in weights.values()] == [
            getattr(layer, f"{name}_quantizer") for name in (left, "mean", "variance")
        ]
        assert len(layer.get_quantizers()) == 5


def test_weights_of_a_normalisation_are_kept_in_range():
    layer = QBatchNormalization()
    assert layer.gamma_constraint.max_value == 2048
    assert layer.beta_constraint.max_value == 128
    assert layer.get_prunable_weights() == []
    config = layer.get_quantization_config()
    assert config["beta_quantizer"] == "quantized_po2(5)"
    assert config["inverse_quantizer"] == "None"


def test_half_precision_normalises_in_float32(rng):
    layer = randomise(QBatchNormalization(dtype="mixed_float16"), (5,), rng)
    exact = QBatchNormalization()
    exact.build((None, 5))
    exact.set_weights(layer.get_weights())
    x = batch((5,), rng).astype("float16")
    y = layer(x, training=True)
    assert keras.backend.standardize_dtype(y.dtype) == "float16"
    expected = numpy(exact(x.astype("float32"), training=True))
    np.testing.assert_allclose(numpy(y), expected, 2e-3, 2e-3)


# -- folded ---------------------------------------------------------------------------------------

MODES = ("ema_stats_folding", "batch_stats_folding")


def folded(kind, **options):
    """(layer with a folded normalisation, the same op without, input shape, channels)."""
    if kind == "dense":
        return QDenseBatchnorm(3, **options), L.Dense(3), (5,)
    if kind == "dense rank 3":
        return QDenseBatchnorm(3, **options), L.Dense(3), (4, 5)
    if kind == "conv":
        return QConv2DBatchnorm(3, 2, 2, "same", **options), L.Conv2D(3, 2, 2, "same"), (5, 4, 2)
    if kind == "groups":
        return QConv2DBatchnorm(4, 2, groups=2, **options), L.Conv2D(4, 2, groups=2), (5, 4, 2)
    size = {"kernel_size": 2, "depth_multiplier": 2}
    return QDepthwiseConv2DBatchnorm(**size, **options), L.DepthwiseConv2D(**size), (5, 4, 2)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["dense", "dense rank 3", "conv", "groups", "depthwise"])
def test_unquantised_it_is_the_op_and_keras_own_normalisation(kind, mode, rng):
    layer, op, shape = folded(kind, folding_mode=mode, momentum=0.8)
    randomise(layer, shape, rng)
    op.build((None, *shape))
    op.set_weights([numpy(layer.kernel), numpy(layer.bias)])
    norm = L.BatchNormalization(momentum=0.8)
    norm.build(op.compute_output_shape((None, *shape)))
    norm.set_weights(layer.batchnorm.get_weights())
    for training in (False, True, True, False):
        x = batch(shape, rng)
        expected = numpy(norm(op(x), training=training))
        np.testing.assert_allclose(numpy(layer(x, training=training)), expected, 1e-4, 1e-4)
    for a, b in zip(layer.batchnorm.get_weights(), norm.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, 1e-5, 1e-6)
    assert int(layer.iteration) == 1
    # What goes to hardware is the op with the folded weights and nothing else.
    op.set_weights([numpy(w) for w in layer.get_folded_weights()])
    np.testing.assert_allclose(numpy(op(x)), numpy(layer(x)), 1e-4, 1e-4)


@pytest.mark.parametrize("options", [{"use_bias": False}, {"scale": False}, {"center": False}])
@pytest.mark.parametrize("mode", MODES)
def test_parts_that_are_missing(options, mode, rng):
    """QKeras fails with ``center=False``."""
    layer = QDenseBatchnorm(3, folding_mode=mode, **options)
    randomise(layer, (5,), rng)
    x, norm = batch((5,), rng), layer.batchnorm
    bias = numpy(layer.bias) if layer.use_bias else 0
    raw = x @ numpy(layer.kernel) + bias
    expected = (raw - raw.mean(0)) / np.sqrt(raw.var(0) + 1e-3)
    expected = expected * (numpy(norm.gamma) if norm.scale else 1)
    expected = expected + (numpy(norm.beta) if norm.center else 0)
    np.testing.assert_allclose(numpy(layer(x, training=True)), expected, 1e-4, 1e-4)


@pytest.mark.parametrize("mode", MODES)
def test_what_is_quantised_is_folded(mode, rng):
    kernel_quantizer, bias_quantizer = quantized_bits(6, 1, 1, alpha=1), quantized_bits(8, 3)
    layer = QDenseBatchnorm(
        3,
        "quantized_relu(6,3)",
        kernel_quantizer=kernel_quantizer,
        bias_quantizer=bias_quantizer,
        folding_mode=mode,
        momentum=0.5,
    )
    randomise(layer, (5,), rng)
    kernel, bias = numpy(layer.kernel), numpy(layer.bias)
    gamma, beta, mean, variance = layer.batchnorm.get_weights()
    x = batch((5,), rng)
    raw = x @ kernel + bias
    batch_mean, batch_variance = raw.mean(0), raw.var(0)
    # The moving statistics are brought up to date first, then used.
    mean, variance = (mean + batch_mean) / 2, (variance + batch_variance) / 2
    used = variance if mode == "ema_stats_folding" else batch_variance
    codes = numpy(kernel_quantizer((kernel * gamma / np.sqrt(used + 1e-3)).astype("float32")))
    folded_bias = gamma / np.sqrt(batch_variance + 1e-3) * (bias - batch_mean) + beta
    outputs = x @ codes * np.sqrt((used + 1e-3) / (batch_variance + 1e-3))
    outputs = outputs + numpy(bias_quantizer(folded_bias.astype("float32")))
    expected = numpy(quantized_relu(6, 3)(outputs.astype("float32")))
    np.testing.assert_allclose(numpy(layer(x, training=True)), expected, atol=1e-6)
    # Inference, and what is told of the weights, takes the moving ones in either mode.
    inverse = gamma / np.sqrt(variance + 1e-3)
    codes = numpy(kernel_quantizer((kernel * inverse).astype("float32")))
    offset = numpy(bias_quantizer((inverse * (bias - mean) + beta).astype("float32")))
    expected = numpy(quantized_relu(6, 3)((x @ codes + offset).astype("float32")))
    np.testing.assert_allclose(numpy(layer(x)), expected, atol=1e-6)
    np.testing.assert_array_equal(numpy(layer.quantize_variable("kernel")), codes)
    weights = layer.get_quantized_weights()
    assert [q for q, _ in weights.values()] == [kernel_quantizer, bias_quantizer]
    np.testing.assert_array_equal(numpy(kernel_quantizer(weights["kernel"][1])), codes)


@pytest.mark.parametrize("mode", MODES)
def test_statistics_freeze_after_the_delay(mode, rng):
    layer = QDenseBatchnorm(3, folding_mode=mode, ema_freeze_delay=1, kernel_quantizer=BITS)
    randomise(layer, (5,), rng)
    means = []
    for _ in range(5):  # the steps with iteration -1, 0 and 1 move them
        x = batch((5,), rng)
        outputs = numpy(layer(x, training=True))
        means.append(numpy(layer.batchnorm.moving_mean).copy())
    assert [np.array_equal(a, b) for a, b in pairwise(means)] == [
        False,
        False,
        True,
        True,
    ]
    assert int(layer.iteration) == 4
    np.testing.assert_allclose(outputs, numpy(layer(x)), 1e-6, 1e-6)


def test_a_frozen_layer_does_not_count(rng):
    layer = randomise(QDenseBatchnorm(3), (5,), rng)
    layer.trainable = False
    x, before = batch((5,), rng), layer.get_weights()
    np.testing.assert_array_equal(numpy(layer(x, training=True)), numpy(layer(x)))
    for a, b in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
    never = randomise(QDenseBatchnorm(3, ema_freeze_delay=-1), (5,), rng)
    never(x, training=True)
    never(x, training=True)
    assert int(never.iteration) == 1


def test_masked_taps_take_no_part(rng):
    """QKeras keeps a mask in the configuration and does not apply it."""
    layer = QConv2DBatchnorm(3, 2, mask=[[0.5, 0], [0, 0]], kernel_quantizer=BITS)
    randomise(layer, (5, 4, 2), rng)
    pointwise = QConv2DBatchnorm(3, 1, mask=[[0.5]], kernel_quantizer=BITS)
    randomise(pointwise, (5, 4, 2), rng)
    pointwise.set_weights([layer.get_weights()[0][:1, :1], *layer.get_weights()[1:]])
    x = batch((5, 4, 2), rng)
    for training in (False, True, False):
        expected = numpy(pointwise(x[:, :-1, :-1], training=training))
        np.testing.assert_allclose(numpy(layer(x, training=training)), expected, 1e-5, 1e-5)


@pytest.mark.parametrize("cls", [QConv2DBatchnorm, QDepthwiseConv2DBatchnorm])
def test_channels_first(cls, rng):
    """QKeras ignores ``data_format``."""
    own = {"filters": 3} if cls is QConv2DBatchnorm else {"depth_multiplier": 2}
    last = randomise(cls(kernel_size=2, **own), (5, 4, 2), rng)
    first = cls(kernel_size=2, data_format="channels_first", **own)
    first.build((None, 2, 5, 4))
    first.set_weights(last.get_weights())
    x = batch((5, 4, 2), rng)
    for training in (True, False):
        expected = numpy(last(x, training=training))
        y = numpy(first(x.transpose(0, 3, 1, 2), training=training))
        np.testing.assert_allclose(y.transpose(0, 2, 3, 1), expected, 1e-4, 1e-4)


@pytest.mark.parametrize("mode", MODES)
def test_half_precision_folds_in_float32(mode, rng):
    """QKeras fails with ``mixed_float16``."""
    options = {"folding_mode": mode, "kernel_quantizer": BITS}
    layer = randomise(QConv2DBatchnorm(3, 2, dtype="mixed_float16", **options), (5, 4, 2), rng)
    exact = QConv2DBatchnorm(3, 2, **options)
    exact.build((None, 5, 4, 2))
    exact.set_weights(layer.get_weights())
    x = batch((5, 4, 2), rng).astype("float16")
    y = layer(x, training=True)
    assert keras.backend.standardize_dtype(y.dtype) == "float16"
    np.testing.assert_allclose(
        numpy(y), numpy(exact(x.astype("float32"), training=True)), 2e-2, 2e-2
    )


@pytest.mark.parametrize("mode", MODES)
def test_a_model_trains(mode, rng):
    """Every trainable variable moves, and what is frozen stands still."""
    options = {"kernel_quantizer": BITS, "folding_mode": mode}
    model = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            QConv2DBatchnorm(3, 3, activation="quantized_relu(6,3)", **options),
            QDepthwiseConv2DBatchnorm(2, depthwise_quantizer=BITS, folding_mode=mode),
            QBatchNormalization(beta_quantizer=None, mean_quantizer=None, gamma_quantizer=None),
            L.Flatten(),
            QDenseBatchnorm(2, ema_freeze_delay=0, momentum=0.5, **options),
        ]
    )
    model.compile("adam", "mse")
    x, y = batch((6, 6, 2), rng, 32), batch((2,), rng, 32)
    dense, means = model.layers[-1], []
    before = {w.path: numpy(w).copy() for w in model.weights}
    for start in range(0, 32, 8):
        model.train_on_batch(x[start : start + 8], y[start : start + 8])
        means.append(numpy(dense.batchnorm.moving_mean).copy())
    for weight in model.weights:
        still = weight.path.endswith(("batchnorm/bias", "/bias"))  # a mean is taken off again
        assert still or not np.array_equal(numpy(weight), before[weight.path]), weight.path
    np.testing.assert_array_equal(means[1], means[3])
    assert not np.array_equal(means[0], means[1])


def test_files_without_the_iteration_load(rng, tmp_path, monkeypatch):
    """Keras' convolutions write kernel and bias only, and so does a layer that leaves it to them."""
    model = keras.Sequential([keras.Input((5, 4, 2)), QConv2DBatchnorm(3, 2)])
    layer = randomise(model.layers[0], (5, 4, 2), rng)
    layer.iteration.assign(3)
    model.save(tmp_path / "ours.keras")
    assert int(load_model(tmp_path / "ours.keras").layers[-1].iteration) == 3
    monkeypatch.setattr(QConv2DBatchnorm, "save_own_variables", L.Conv2D.save_own_variables)
    model.save(tmp_path / "theirs.keras")
    again = load_model(tmp_path / "theirs.keras").layers[-1]
    assert int(again.iteration) == -1
    for name in ("kernel", "bias"):
        np.testing.assert_array_equal(numpy(getattr(again, name)), numpy(getattr(layer, name)))


# -- refusals -------------------------------------------------------------------------------------


def test_refused_arguments():
    message = (
        r"^QBatchNormalization: expected gamma_quantizer=None and variance_quantizer=None beside "
        r"inverse_quantizer='quantized_bits\(8\)', got 'quantized_relu_po2\(6,2048\)' and "
        r"'quantized_relu_po2\(6,quadratic_approximation=True\)'\. Quantise either the factors or "
        r"their product\.$"
    )
    with pytest.raises(ValueError, match=message):
        QBatchNormalization(inverse_quantizer="quantized_bits(8)")
    with pytest.raises(ValueError, match=r"^QBatchNormalization: expected renorm=False, got"):
        QBatchNormalization(renorm=True)
    for cls in (QBatchNormalization, lambda axis: QDenseBatchnorm(3, axis=axis)):
        message = r"^Q(BatchNormalization|DenseBatchnorm): expected one axis, got \[1, 2\]\. "
        with pytest.raises(ValueError, match=message):
            cls(axis=[1, 2])
    message = (
        r"^QConv2DBatchnorm: expected a folding_mode of ema_stats_folding or batch_stats_folding, "
        r"got 'ema'\. .*$"
    )
    with pytest.raises(ValueError, match=message):
        QConv2DBatchnorm(3, 2, folding_mode="ema")
    message = (
        r"^QConv2DBatchnorm: expected the channels' axis \(-1\), got axis=1\. Use that axis: "
        r"no other can be folded into the kernel\.$"
    )
    with pytest.raises(ValueError, match=message):
        QConv2DBatchnorm(3, 2, axis=1).build((None, 5, 4, 2))


@pytest.mark.parametrize(
    "layer, shape, message",
    [
        (
            QBatchNormalization(name="x"),
            (4, 4, 2),
            r"a quantizer behind the normalisation, whose factors are real numbers, got none",
        ),
        (
            QDepthwiseConv2DBatchnorm(2, name="x"),
            (4, 4, 2),
            r"a quantizer for 'depthwise_kernel', got none",
        ),
    ],
)
def test_real_numbers_alone_are_refused(layer, shape, message):
    model = keras.Sequential([keras.Input(shape), layer])
    with pytest.raises(
        LoweringError, match=rf"^layer 'x' \({type(layer).__name__}\): expected {message}"
    ):
        trace(model, "s8.4")
