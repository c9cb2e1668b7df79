"""What a quantizer does beyond its numbers: gradients, tracing, noise, randomness, scales, variables."""

import keras
import numpy as np
import pytest
from keras import ops

import qhls.quantizers as qz
from qhls.ir.types import Fixed, Overflow, Quantization

tensorflow_only = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="uses tf.function and tf.GradientTape"
)
W = (np.random.default_rng(3).normal(size=(3, 3, 4, 8)) * np.exp2(np.arange(8) - 4)).astype(
    np.float32
)

EVERY = [
    qz.quantized_bits(4, 1),
    qz.quantized_bits(1),
    qz.quantized_bits(4, alpha="auto"),
    qz.quantized_bits(4, alpha="auto_po2", min_po2_exponent=-5),
    qz.quantized_bits(4, alpha="auto_po2", scale_axis=3, elements_per_scale=4),
    qz.quantized_bits(1, alpha="auto_po2"),
    qz.quantized_linear(4, 1),
    qz.quantized_linear(4, alpha="auto"),
    qz.quantized_linear(4, alpha="auto_po2"),
    qz.quantized_relu(4, 1),
    qz.quantized_relu(6, 2, negative_slope=0.25),
    qz.quantized_relu(6, 2, use_sigmoid=1),
    qz.quantized_hswish(6, 2),
    qz.quantized_tanh(4),
    qz.quantized_sigmoid(4, use_real_sigmoid=1),
    qz.quantized_ulaw(4),
    qz.quantized_po2(4),
    qz.quantized_relu_po2(4, 2),
    qz.binary(alpha="auto_po2"),
    qz.ternary(),
    qz.ternary(alpha="auto_po2"),
    qz.stochastic_binary(alpha="auto_po2"),
    qz.stochastic_ternary(alpha="auto_po2"),
]
every = pytest.mark.parametrize("q", EVERY, ids=repr)


class Calling(keras.layers.Layer):
    """A layer around a quantizer, as a Q-layer would be."""

    def __init__(self, q):
        super().__init__()
        self.q = q

    def call(self, x):
        return self.q(x)


def call(q, x):
    return ops.convert_to_numpy(q(x))


def gradient(q, x):
    import tensorflow as tf

    x = tf.constant(x, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = q(x)
    return tape.gradient(y, x).numpy()


@tensorflow_only
@every
def test_traced_and_compiled_calls_are_the_eager_call(q):
    import tensorflow as tf

    eager, scale = call(q, W), q.scale
    shape = W.shape if getattr(q, "elements_per_scale", None) else [None, 3, 4, 8]
    traced = tf.function(q, input_signature=[tf.TensorSpec(shape, tf.float32)])(W)
    compiled = tf.function(q, jit_compile=True)(W)
    assert q.scale is scale or isinstance(scale, float)
    tolerance = 0.0 if getattr(q, "alpha", None) != "auto" else 3e-7
    np.testing.assert_allclose(traced, eager, rtol=tolerance)
    np.testing.assert_allclose(compiled, eager, rtol=tolerance)


@every
def test_half_precision_and_lists(q):
    assert call(q, W.astype(np.float16)).dtype == np.float16
    assert keras.backend.standardize_dtype(q(ops.cast(W, "bfloat16")).dtype) == "bfloat16"
    if not getattr(q, "elements_per_scale", None):
        assert call(q, [[1, 0], [2, 3]]).dtype == np.float32
    if not str(getattr(q, "alpha", None)).startswith("auto"):
        assert call(q, np.zeros((0, 4), np.float32)).shape == (0, 4)


def test_symbolic_inputs():
    inputs = keras.Input((3,))
    model = keras.Model(inputs, qz.quantized_bits(4, 1)(inputs))
    np.testing.assert_array_equal(model(np.float32([[0.3, -9, 9]])), [[0.25, -2.0, 1.75]])


def test_scale_is_known_or_remembered():
    assert qz.quantized_bits(4).scale == 1.0
    assert qz.quantized_bits(4, alpha=0.5).scale == 0.5
    q = qz.quantized_bits(4, alpha="auto_po2")
    assert q.scale is None and qz.get_weight_scale(q) == 1.0
    assert qz.get_weight_scale(q, W).shape == (1, 1, 1, 8)
    frozen = qz.quantized_bits(
        4, alpha="auto_po2", post_training_scale=ops.convert_to_numpy(q.scale)
    )
    np.testing.assert_array_equal(call(frozen, W / 2), call(q, W) * 0 + call(frozen, W / 2))
    np.testing.assert_array_equal(call(frozen, W), call(q, W))
    assert type(frozen).from_config(frozen.get_config()) == frozen


@pytest.mark.parametrize(
    ("q", "meaning"),
    [
        (qz.quantized_bits(6, 2), Quantization(Fixed(True, 6, 3))),
        (qz.quantized_bits(6, 2, alpha=1.0), Quantization(Fixed(True, 6, 3))),
        (
            qz.quantized_bits(6, 2, 1),
            Quantization(Fixed(True, 6, 3), overflow=Overflow.SATURATE_SYMMETRIC),
        ),
        (qz.quantized_bits(6, 2, 1, keep_negative=False), Quantization(Fixed(False, 6, 4))),
        (qz.quantized_bits(4, 10), Quantization(Fixed(True, 4, -7))),
        (qz.quantized_bits(4, -2), Quantization(Fixed(True, 4, 5))),
        (qz.quantized_bits(1), None),
        (qz.quantized_bits(4, alpha=2), None),
        (qz.quantized_bits(4, alpha="auto"), None),
        (qz.quantized_bits(4, qnoise_factor=0.5), None),
        (qz.quantized_linear(6, 2, alpha=4, symmetric=0), Quantization(Fixed(True, 6, 1))),
        (qz.quantized_linear(6, 2, alpha=0.3), None),
        (qz.quantized_relu(6), Quantization(Fixed(False, 6, 6))),
        (qz.quantized_relu(6, -1), Quantization(Fixed(False, 6, 7))),
        (qz.quantized_relu(4, 2, relu_upper_bound=6), Quantization(Fixed(False, 4, 2))),
        (
            qz.quantized_relu(4, 2, relu_upper_bound=6, is_quantized_clip=False),
            Quantization(Fixed(False, 4, 2)),
        ),
        (qz.quantized_relu(4, 2, relu_upper_bound=3, is_quantized_clip=False), None),
        (qz.quantized_relu(4, 2, negative_slope=0.5), None),
        (qz.quantized_relu(4, 2, use_sigmoid=1), None),
        (qz.quantized_tanh(4), Quantization(Fixed(True, 4, 3))),
        (qz.quantized_tanh(4, use_real_tanh=1), None),
        (qz.quantized_sigmoid(4), None),
        (qz.quantized_hswish(4), None),
        (qz.quantized_po2(4), None),
        (qz.binary(), None),
        (qz.ternary(alpha=1), None),
    ],
    ids=repr,
)
def test_quantization(q, meaning):
    assert q.quantization == meaning


def test_hard_tanh_is_fixed_point_only_while_it_is_chosen():
    q = qz.quantized_tanh(4)
    qz.set_internal_sigmoid("smooth")
    try:
        assert q.quantization is None
    finally:
        qz.set_internal_sigmoid("hard")
    assert q.quantization is not None


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        (
            "fixed",
            "quantized_bits quantized_linear quantized_relu quantized_tanh quantized_sigmoid quantized_hswish",
        ),
        ("po2", "quantized_po2 quantized_relu_po2"),
        ("binary", "binary stochastic_binary bernoulli"),
        ("ternary", "ternary stochastic_ternary"),
        ("float", "quantized_ulaw"),
    ],
)
def test_number_types(name, kinds):
    assert {k for k, q in qz.QUANTIZERS.items() if q.number_type == name} == set(kinds.split())


def test_slope_so_flat_that_it_needs_finer_codes():
    q = qz.quantized_relu(3, 1, negative_slope=2.0**-4)
    codes, scale = q.integer_codes([-100.0, -0.1, 0.0, 0.5, 100.0])
    assert codes.tolist() == [-1, 0, 0, 4, 12] and scale == 2.0**-3
    np.testing.assert_array_equal(call(q, [-100.0, 0.5, 100.0]), [-0.125, 0.5, 1.5])


def test_kernels_choose_their_scale():
    for cls in (qz.quantized_bits, qz.quantized_linear, qz.binary, qz.ternary, qz.bernoulli):
        q = cls()
        q._set_trainable_parameter()
        assert q.alpha == "auto_po2" and getattr(q, "symmetric", True)
        q = cls(alpha=1.0)
        q._set_trainable_parameter()
        assert q.alpha == 1.0
    for q in (qz.quantized_relu(4), qz.quantized_po2(4), qz.quantized_tanh(4)):
        before = q.get_config()
        q._set_trainable_parameter()
        assert q.get_config() == before


def test_one_bit_scales_itself():
    codes, scale = qz.quantized_bits(1, alpha="auto").integer_codes(W)
    assert set(np.unique(codes)) == {-1, 1}
    np.testing.assert_allclose(scale, np.abs(W).mean((0, 1, 2), keepdims=True), rtol=1e-5)


def test_an_all_zero_channel_stays_zero():
    w = np.zeros((4, 2), np.float32)
    w[:, 1] = 1.0
    for alpha in ("auto", "auto_po2"):
        for q in (
            qz.quantized_bits(4, alpha=alpha),
            qz.quantized_linear(4, alpha=alpha),
            qz.ternary(alpha=alpha),
        ):
            codes, _ = q.integer_codes(w)
            assert not codes[:, 0].any() and np.all(call(q, w)[:, 0] == 0)


def test_arrays_of_scales():
    alpha = np.float32([[0.5, 1.0, 2.0, 0.3]])
    for q in (
        qz.quantized_bits(4, alpha=alpha),
        qz.quantized_linear(4, alpha=alpha),
        qz.binary(alpha=alpha),
    ):
        codes, scale = q.integer_codes(np.ones((2, 4), np.float32))
        assert scale.shape == (1, 4) and codes.shape == (2, 4)
        np.testing.assert_allclose(codes * scale, call(q, np.ones((2, 4))), rtol=1e-7)
        assert qz.get_quantizer(str(q)) == q == qz.get_quantizer(repr(q))


# -- gradients and noise ------------------------------------------------------------------------------------


@tensorflow_only
def test_gradients():
    x = [-9.0, -0.4, 0.3, 9.0]
    assert gradient(qz.quantized_bits(4), x).tolist() == [1, 1, 1, 1]
    assert gradient(qz.quantized_linear(4), x).tolist() == [0, 1, 1, 0]
    assert gradient(qz.quantized_relu(4), x).tolist() == [0, 0, 1, 0]
    assert gradient(qz.quantized_relu(4, negative_slope=0.5), x).tolist() == [0.5, 0.5, 1, 0]
    assert gradient(qz.quantized_relu(4, is_quantized_clip=False), x).tolist() == [0, 0, 1, 1]
    assert gradient(qz.quantized_tanh(4), x).tolist() == [0, 1, 1, 0]
    assert gradient(qz.quantized_po2(4), x).tolist() == [1, 1, 1, 1]
    assert gradient(qz.binary(alpha=1), x).tolist() == [1, 1, 1, 1]
    assert (
        gradient(qz.quantized_bits(4, use_ste=False, qnoise_factor=0.25), x).tolist() == [0.75] * 4
    )


@tensorflow_only
@pytest.mark.parametrize(
    "q",
    [qz.quantized_bits(4), qz.quantized_relu(4), qz.quantized_linear(4), qz.quantized_po2(4)],
    ids=repr,
)
def test_a_noise_variable_reaches_a_traced_graph(q):
    import tensorflow as tf

    q = type(q).from_config({**q.get_config(), "use_variables": True, "qnoise_factor": 0.0})
    assert [v.path for v in q.variables] == [f"{type(q).__name__}_qnoise_factor"]
    traced = tf.function(q)
    x = np.float32([0.3])
    np.testing.assert_allclose(traced(x), x)
    q.update_qnoise_factor(1.0)
    np.testing.assert_array_equal(traced(x), call(type(q)(4), x))
    assert q.get_config()["qnoise_factor"] == 1.0


def test_noise_factor_mixes():
    for q in (qz.quantized_bits(4), qz.quantized_linear(4)):
        q.update_qnoise_factor(0.5)
        np.testing.assert_allclose(call(q, [0.3]), [(0.3 + 0.25) / 2], rtol=1e-6)
        assert q.quantization is None
    q = qz.quantized_po2(4)
    q.build(var_name="mine", use_variables=True)
    assert q.variables[0].path == "mine_qnoise_factor"


def test_integer_may_be_a_variable():
    integer = keras.Variable(0.0, trainable=False)
    q = qz.quantized_bits(4, integer)
    assert call(q, [3.0]).tolist() == [0.875] and q.quantization is None
    integer.assign(2.0)
    assert call(q, [3.1]).tolist() == [3.0]
    assert q.get_config()["integer"] == 2.0


# -- randomness ---------------------------------------------------------------------------------------------

RANDOM = [
    qz.quantized_bits(3, use_stochastic_rounding=True),
    qz.quantized_linear(3, use_stochastic_rounding=True),
    qz.quantized_relu(3, use_stochastic_rounding=True),
    qz.quantized_tanh(3, use_stochastic_rounding=True),
    qz.quantized_po2(4, use_stochastic_rounding=True),
    qz.binary(alpha=1, use_stochastic_rounding=True),
    qz.ternary(alpha="auto", use_stochastic_rounding=True),
    qz.stochastic_binary(alpha=1),
    qz.stochastic_ternary(alpha="auto"),
]


@pytest.mark.parametrize("q", RANDOM, ids=repr)
def test_random_while_training_only(q):
    x = np.linspace(0.02, 0.6, 4000, dtype=np.float32).reshape(-1, 2)
    layer = Calling(q)
    first, second = layer(x, training=True), layer(x, training=True)
    assert np.any(np.asarray(first) != np.asarray(second))
    resting = np.asarray(layer(x, training=False))
    np.testing.assert_array_equal(resting, call(q, x))
    np.testing.assert_array_equal(resting, np.asarray(layer(x, training=False)))
    assert len(q.variables) == 1


@pytest.mark.parametrize("q", RANDOM[:5], ids=repr)
def test_stochastic_rounding_keeps_the_mean(q):
    x = np.full(20000, 0.3, np.float32)
    assert abs(np.asarray(Calling(q)(x, training=True)).mean() - 0.3) < 0.01


def test_probabilities():
    x = np.full(20000, 0.1, np.float32)
    p = 1 / (1 + np.exp(-0.6))
    ones = call(qz.bernoulli(), x)
    assert abs(ones.mean() - p) < 0.02 and abs(ones.astype(bool).mean() - p) < 0.02
    signs = np.asarray(Calling(qz.stochastic_binary())(x, training=True))
    assert abs(signs.mean() - (2 * p - 1)) < 0.03


def test_stochastic_functions():
    x = np.full(20000, -0.3, np.float32)
    rounded = ops.convert_to_numpy(qz.stochastic_round(x))
    assert set(np.unique(rounded)) == {-0.5, 0.0} and abs(rounded.mean() + 0.3) < 0.01
    exponents = ops.convert_to_numpy(qz.stochastic_round_po2(x))
    assert set(np.unique(exponents)) == {-2.0, -1.0}
    assert abs(np.exp2(exponents).mean() - 0.3) < 0.01


def test_powers_of_two_are_exact():
    from qhls.quantizers.numerics import exact_exp2

    for dtype, low, high in (
        ("float32", -126, 127),
        ("float64", -1022, 1023),
        ("float16", -14, 15),
    ):
        e = np.arange(low, high + 1)
        got = ops.convert_to_numpy(exact_exp2(ops.convert_to_tensor(e.astype(dtype))))
        np.testing.assert_array_equal(got, np.ldexp(1.0, e).astype(dtype))
    beyond = ops.convert_to_numpy(
        exact_exp2(ops.convert_to_tensor(np.float32([-500, 500, np.nan, np.inf])))
    )
    np.testing.assert_array_equal(beyond, [0.0, np.inf, np.nan, np.inf])


# -- saving -------------------------------------------------------------------------------------------------


def test_saved_inside_a_keras_model(tmp_path):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Activation(qz.quantized_relu(4, 1))])
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    assert again.layers[-1].activation == qz.quantized_relu(4, 1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"bits": 4, "integer": 0, "symmetric": 0}, qz.quantized_tanh(4)),
        ({"alpha": None}, qz.bernoulli()),
        ({"bits": 4, "integer": 0, "use_sigmoid": 0}, qz.quantized_relu(4)),
    ],
    ids=repr,
)
def test_configurations_of_older_versions(old, new):
    assert type(new).from_config(old) == new
