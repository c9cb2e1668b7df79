"""What a quantizer does beyond its numbers: gradients, tracing, noise, randomness, scales, variables."""

import keras
import numpy as np
import pytest
from keras import ops

import qhls
import qhls.quantizers as qz
from qhls.ir.types import Assignment, Fixed, Overflow
from qhls.layers import QActivation, QDense
from qhls.quantizers.exponents import compute_exp2, round_log2
from qhls.quantizers.numerics import use_precision
from support.autodiff import BACKEND, compiled, gradient

pytestmark = pytest.mark.backends
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


def tolerance(q):
    """XLA multiplies by the reciprocal and fuses: a scale of "auto" differs in its last bit."""
    return 0.0 if getattr(q, "alpha", None) != "auto" else 3e-7


@pytest.mark.skipif(BACKEND == "torch", reason="on torch Keras compiles nothing unasked")
@every
def test_compiled_calls_are_the_eager_call(q):
    eager, scale = call(q, W), q.scale
    np.testing.assert_allclose(compiled(q)(W), eager, rtol=tolerance(q))
    assert q.scale is scale or isinstance(scale, float)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="only tf.function traces unknown sizes")
@every
def test_traced_calls_are_the_eager_call(q):
    import tensorflow as tf

    eager, scale = call(q, W), q.scale
    shape = W.shape if getattr(q, "elements_per_scale", None) else [None, 3, 4, 8]
    traced = tf.function(q, input_signature=[tf.TensorSpec(shape, tf.float32)])(W)
    assert q.scale is scale or isinstance(scale, float)
    np.testing.assert_allclose(traced, eager, rtol=tolerance(q))


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
    np.testing.assert_array_equal(
        ops.convert_to_numpy(model(np.float32([[0.3, -9, 9]]))), [[0.25, -2.0, 1.75]]
    )


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
        (qz.quantized_bits(6, 2), Assignment(Fixed(True, 6, 3))),
        (qz.quantized_bits(6, 2, alpha=1.0), Assignment(Fixed(True, 6, 3))),
        (
            qz.quantized_bits(6, 2, 1),
            Assignment(Fixed(True, 6, 3), overflow=Overflow.SATURATE_SYMMETRIC),
        ),
        (qz.quantized_bits(6, 2, 1, keep_negative=False), Assignment(Fixed(False, 6, 4))),
        (qz.quantized_bits(4, 10), Assignment(Fixed(True, 4, -7))),
        (qz.quantized_bits(4, -2), Assignment(Fixed(True, 4, 5))),
        (qz.quantized_bits(1), None),
        (qz.quantized_bits(4, alpha=2), None),
        (qz.quantized_bits(4, alpha="auto"), None),
        (qz.quantized_bits(4, qnoise_factor=0.5), None),
        (qz.quantized_linear(6, 2, alpha=4, symmetric=0), Assignment(Fixed(True, 6, 1))),
        (qz.quantized_linear(6, 2, alpha=0.3), None),
        (qz.quantized_relu(6), Assignment(Fixed(False, 6, 6))),
        (qz.quantized_relu(6, -1), Assignment(Fixed(False, 6, 7))),
        (qz.quantized_relu(4, 2, relu_upper_bound=6), Assignment(Fixed(False, 4, 2))),
        (
            qz.quantized_relu(4, 2, relu_upper_bound=6, is_quantized_clip=False),
            Assignment(Fixed(False, 4, 2)),
        ),
        (qz.quantized_relu(4, 2, relu_upper_bound=3, is_quantized_clip=False), None),
        (qz.quantized_relu(4, 2, negative_slope=0.5), None),
        (qz.quantized_relu(4, 2, use_sigmoid=1), None),
        (qz.quantized_tanh(4), Assignment(Fixed(True, 4, 3))),
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
    codes, scale = q.compute_integer_codes([-100.0, -0.1, 0.0, 0.5, 100.0])
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
    codes, scale = qz.quantized_bits(1, alpha="auto").compute_integer_codes(W)
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
            codes, _ = q.compute_integer_codes(w)
            assert not codes[:, 0].any() and np.all(call(q, w)[:, 0] == 0)


def test_arrays_of_scales():
    alpha = np.float32([[0.5, 1.0, 2.0, 0.3]])
    for q in (
        qz.quantized_bits(4, alpha=alpha),
        qz.quantized_linear(4, alpha=alpha),
        qz.binary(alpha=alpha),
    ):
        codes, scale = q.compute_integer_codes(np.ones((2, 4), np.float32))
        assert scale.shape == (1, 4) and codes.shape == (2, 4)
        with use_precision("float64"):
            called = call(q, np.ones((2, 4)))
        np.testing.assert_allclose(codes * scale, called, rtol=1e-7)
        assert qz.get_quantizer(str(q)) == q == qz.get_quantizer(repr(q))


# -- gradients and noise ------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    "q",
    [qz.quantized_bits(4), qz.quantized_relu(4), qz.quantized_linear(4), qz.quantized_po2(4)],
    ids=repr,
)
def test_a_noise_variable_reaches_a_compiled_model(q):
    q = type(q).from_config({**q.get_config(), "use_variables": True, "qnoise_factor": 0.0})
    assert [v.path for v in q.variables] == [f"{type(q).__name__}_qnoise_factor"]
    model = keras.Sequential([keras.Input((1,)), QActivation(q)])
    x = np.float32([[0.3]])
    np.testing.assert_allclose(model.predict(x, verbose=0), x)
    q.update_qnoise_factor(1.0)
    np.testing.assert_array_equal(model.predict(x, verbose=0), call(type(q)(4), x))
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
    first, second, resting, again = (
        ops.convert_to_numpy(layer(x, training=training)) for training in (True, True, False, False)
    )
    assert np.any(first != second)
    np.testing.assert_array_equal(resting, call(q, x))
    np.testing.assert_array_equal(resting, again)
    assert len(q.variables) == 1


@pytest.mark.parametrize("q", RANDOM[:5], ids=repr)
def test_stochastic_rounding_keeps_the_mean(q):
    x = np.full(20000, 0.3, np.float32)
    assert abs(ops.convert_to_numpy(Calling(q)(x, training=True)).mean() - 0.3) < 0.01


def test_probabilities():
    x = np.full(20000, 0.1, np.float32)
    p = 1 / (1 + np.exp(-0.6))
    ones = call(qz.bernoulli(), x)
    assert abs(ones.mean() - p) < 0.02 and abs(ones.astype(bool).mean() - p) < 0.02
    signs = ops.convert_to_numpy(Calling(qz.stochastic_binary())(x, training=True))
    assert abs(signs.mean() - (2 * p - 1)) < 0.03


def test_stochastic_functions():
    x = np.full(20000, -0.3, np.float32)
    rounded = ops.convert_to_numpy(qz.stochastic_round(x))
    assert set(np.unique(rounded)) == {-0.5, 0.0} and abs(rounded.mean() + 0.3) < 0.01
    exponents = ops.convert_to_numpy(qz.stochastic_round_po2(x))
    assert set(np.unique(exponents)) == {-2.0, -1.0}
    assert abs(np.exp2(exponents).mean() - 0.3) < 0.01


def test_each_compiled_step_draws_anew():
    q = qz.quantized_bits(2, alpha=1, use_stochastic_rounding=True)
    model = keras.Sequential([keras.Input((8,)), QActivation(q), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    before = ops.convert_to_numpy(q.variables[0])
    model.fit(W.reshape(-1, 8), np.zeros((36, 1)), batch_size=12, epochs=2, verbose=0)
    assert np.any(ops.convert_to_numpy(q.variables[0]) != before)
    assert len(model.weights) == 2 and len(model.variables) == 3


def near_ties(halves):
    """Every float32 near ``2**(k / 2)``, for odd or for even ``k``."""
    bits = np.exp2(np.arange(-44 + halves, 253, 2) / 2).astype(np.float32).view(np.int32)
    x = (bits[:, None] + np.arange(-150, 150, dtype=np.int32)).view(np.float32).ravel()
    return x[(x > 1e-7) & np.isfinite(x)]


@pytest.mark.parametrize("rounding", ["rnd", "floor"])
@pytest.mark.parametrize("root", [False, True])
def test_exponents_are_a_function_of_the_number_alone(rounding, root):
    x = near_ties(rounding == "rnd" and not root)
    whole = ops.convert_to_numpy(round_log2(ops.convert_to_tensor(x), rounding, root))
    real = np.log2(x.astype(np.float64)) / (1 + root)
    assert np.all(np.diff(whole) >= 0)
    distance = np.abs(whole - real) if rounding == "rnd" else np.abs(whole + 0.5 - real)
    assert distance.max() < 0.5 + 1e-5
    alone = [round_log2(ops.convert_to_tensor(v), rounding, root) for v in x[:3000:100, None]]
    np.testing.assert_array_equal(ops.convert_to_numpy(ops.concatenate(alone)), whole[:3000:100])
    by_xla = compiled(lambda t: round_log2(t, rounding, root))(ops.convert_to_tensor(x))
    np.testing.assert_array_equal(ops.convert_to_numpy(by_xla), whole)
    with use_precision("float64"):
        double = round_log2(ops.convert_to_tensor(x.astype(np.float64)), rounding, root)
    np.testing.assert_array_equal(ops.convert_to_numpy(double), whole)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="QKeras' numbers are those of TensorFlow")
@pytest.mark.parametrize("rounding", ["rnd", "floor"])
def test_exponents_are_those_of_qkeras(rounding):
    import tensorflow as tf

    x = near_ties(rounding == "rnd")
    filled = tf.concat([x, tf.ones(64)], 0)  # the end of a tensor has another logarithm
    real = (tf.math.log(filled) / np.float32(np.log(2.0))).numpy()[: len(x)]
    wanted = np.floor(real) if rounding == "floor" else np.rint(real)
    np.testing.assert_array_equal(round_log2(tf.constant(x), rounding), wanted)


def test_exponents_of_doubles_beyond_float32():
    x = np.array([1e300, 1.5 * 2.0**1000, 1.4 * 2.0**1000, 2.0**1023])
    with use_precision("float64"):
        whole = ops.convert_to_numpy(round_log2(ops.convert_to_tensor(x)))
    np.testing.assert_array_equal(whole, [997, 1001, 1000, 1023])


def test_powers_of_two_are_exact():
    for dtype, low, high in (
        ("float32", -126, 127),
        ("float64", -1022, 1023),
        ("float16", -14, 15),
    ):
        e = np.arange(low, high + 1)
        with use_precision(dtype):
            got = ops.convert_to_numpy(compute_exp2(ops.convert_to_tensor(e.astype(dtype))))
        np.testing.assert_array_equal(got, np.ldexp(1.0, e).astype(dtype))
    beyond = ops.convert_to_numpy(
        compute_exp2(ops.convert_to_tensor(np.float32([-500, 500, np.nan, np.inf])))
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


@pytest.mark.parametrize("name", ["ternary", "stochastic_ternary"])
def test_a_kernels_threshold_stays(name, tmp_path):
    """A kernel's quantizer without ``alpha`` scales itself, unless its threshold is given: no scale would keep it."""
    layer = QDense(1, kernel_quantizer=f"{name}(threshold=0.5)", use_bias=False)
    model = keras.Sequential([keras.Input((4,)), layer])
    model.set_weights([np.float32([[-0.7], [-0.4], [0.4], [0.6]])])
    model.save(tmp_path / "model.keras")
    for each in (model, qhls.load_model(tmp_path / "model.keras"), keras.models.clone_model(model)):
        each.set_weights(model.get_weights())
        kernel = keras.ops.convert_to_numpy(each.layers[0].quantize_variable("kernel"))
        assert kernel.ravel().tolist() == [-1, 0, 0, 1]
    assert QDense(1, kernel_quantizer=f"{name}()").kernel_quantizer_internal.alpha == "auto_po2"


def test_codes_of_powers_of_two_may_span_any_octaves():
    codes, scale = qz.quantized_po2(8).compute_integer_codes([2.0**-20, -(2.0**40), 0.0, 1.0])
    assert codes.tolist() == [1 << 44, -(1 << 104), 1, 1 << 64]
    assert float(scale) == 2.0**-64


@pytest.mark.parametrize("bits", [12, 16, 32, 62])
def test_powers_of_two_of_many_bits_are_only_limited_by_the_float_type(bits):
    x = np.float32([0, 1e-30, 0.3, 0.6, 1.1, 2.9, 1e30, -3])
    expected = np.float32([0, 0, 0.25, 0.5, 1, 4, 2.0**100, -4])
    made = ops.convert_to_numpy(qz.get_quantizer(f"quantized_po2({bits})")(x))
    np.testing.assert_array_equal(made, expected)
    relu = qz.get_quantizer(f"quantized_relu_po2({bits},2)")
    np.testing.assert_array_equal(
        ops.convert_to_numpy(relu(x)), np.float32([0, 0, 0.25, 0.5, 1, 2, 2, 0])
    )
    q = qz.get_quantizer(f"quantized_po2({bits})")
    assert np.isfinite([q.max(), q.min()]).all()
    codes, scale = q.compute_integer_codes(x[2:6])
    np.testing.assert_array_equal(codes * scale, expected[2:6])
