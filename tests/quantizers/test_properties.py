"""What holds for every quantizer, whatever its arguments: grids, codes, fixed-point meaning, round trips."""

import copy
import pickle

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import qhls.quantizers as qz
from qhls.ir.types import Overflow, Rounding
from qhls.quantizers.numerics import round_to_single, skip_gradients, use_precision

pytestmark = [
    pytest.mark.backends,
    pytest.mark.filterwarnings("ignore:Do not use the .random. module"),
]

quick = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)

flag = st.booleans()
bits = st.integers(1, 12)
integer = st.integers(-3, 8)
po2_alpha = st.sampled_from([None, 1, 1.0, 0.5, 2, 0.03125, 64.0])
alpha = po2_alpha | st.sampled_from(["auto", "auto_po2", 0.3, 1.7])
qnoise = st.sampled_from([1.0, 0.5, 0.0])
slope = st.sampled_from([0.0, 1.0, 0.5, 0.125, 2.0**-10])
optional_exponent = st.none() | st.integers(-8, 8)

FAMILIES = {
    "quantized_bits": st.fixed_dictionaries(
        {"bits": bits, "integer": integer},
        optional={
            "symmetric": flag,
            "keep_negative": flag,
            "alpha": alpha,
            "use_stochastic_rounding": flag,
            "use_ste": flag,
            "scale_axis": st.none() | st.just(0) | st.just([0, 1]),
        },
    ),
    "quantized_linear": st.fixed_dictionaries(
        {"bits": bits, "integer": integer},
        optional={
            "symmetric": flag,
            "keep_negative": flag,
            "alpha": alpha,
            "scale_axis": st.just(0),
        },
    ),
    "quantized_relu": st.fixed_dictionaries(
        {"bits": bits, "integer": integer},
        optional={
            "negative_slope": slope,
            "use_sigmoid": flag,
            "is_quantized_clip": flag,
            "enable_fast_inference": flag,
            "use_ste": flag,
        },
    ),
    "quantized_hswish": st.fixed_dictionaries(
        {"bits": bits, "integer": integer}, optional={"symmetric": flag, "alpha": alpha}
    ),
    "quantized_tanh": st.fixed_dictionaries(
        {"bits": bits}, optional={"symmetric": flag, "use_real_tanh": flag}
    ),
    "quantized_sigmoid": st.fixed_dictionaries(
        {"bits": bits}, optional={"symmetric": flag, "use_real_sigmoid": flag}
    ),
    "quantized_po2": st.fixed_dictionaries(
        {"bits": st.integers(2, 6)},
        optional={
            "max_value": st.sampled_from([None, 0.5, 1.0, 3, 2048]),
            "quadratic_approximation": flag,
            "log2_rounding": st.sampled_from(["rnd", "floor"]),
        },
    ),
    "quantized_relu_po2": st.fixed_dictionaries(
        {"bits": st.integers(2, 5)},
        optional={
            "max_value": st.sampled_from([None, 1.0, 4]),
            "negative_slope": slope,
            "quadratic_approximation": flag,
            "log2_rounding": st.sampled_from(["rnd", "floor"]),
        },
    ),
    "binary": st.fixed_dictionaries(
        {}, optional={"use_01": flag, "alpha": alpha, "scale_axis": st.just(0)}
    ),
    "ternary": st.fixed_dictionaries(
        {}, optional={"alpha": alpha, "number_of_unrolls": st.integers(1, 6)}
    ),
    "stochastic_binary": st.fixed_dictionaries({}, optional={"alpha": alpha}),
    "stochastic_ternary": st.fixed_dictionaries({}, optional={"alpha": alpha}),
}
UNGRIDDED = {
    "bernoulli": st.fixed_dictionaries({}, optional={"alpha": alpha, "temperature": st.just(3.0)}),
    "quantized_ulaw": st.fixed_dictionaries(
        {"bits": bits, "integer": integer}, optional={"u": st.just(15.0), "symmetric": flag}
    ),
}


def of(*families):
    """Strategy: a quantizer of one of the families."""
    choices = {**FAMILIES, **UNGRIDDED}

    def made(family):
        return choices[family].map(lambda kwargs: getattr(qz, family)(**kwargs))

    return st.one_of([made(family) for family in families])


gridded = of(*FAMILIES)
anything = of(*FAMILIES, *UNGRIDDED)
fixed_point = st.one_of(
    st.builds(
        qz.quantized_bits,
        bits,
        integer,
        flag,
        flag,
        st.sampled_from([None, 1, 1.0]),
        use_stochastic_rounding=flag,
    ),
    st.builds(qz.quantized_linear, bits, integer, flag, flag, po2_alpha),
    st.builds(qz.quantized_relu, bits, integer),
    st.builds(qz.quantized_tanh, bits, symmetric=flag),
)


def weights(seed, shape=(6, 5), spread=4):
    """Numbers of all sizes, a zero and a half among them."""
    rng = np.random.default_rng(seed)
    w = rng.normal(size=shape) * np.exp2(rng.integers(-spread, spread, shape))
    w.flat[:2] = 0.0, 0.5
    return w.astype(np.float32)


def call(q, x):
    with use_precision(x.dtype):
        return keras.ops.convert_to_numpy(q(x))


def test_every_family_is_here():
    assert set(FAMILIES) | set(UNGRIDDED) == set(qz.QUANTIZERS)


@quick
@given(gridded, st.integers(0, 99))
def test_codes_times_scale_is_the_call(q, seed):
    w = weights(seed)
    codes, scale = q.compute_integer_codes(w)
    y = call(q, w)
    assert codes.dtype == np.int64 and np.broadcast_shapes(scale.shape, w.shape) == w.shape
    if np.all(np.frexp(scale[scale != 0])[0] == 0.5):
        np.testing.assert_array_equal(codes * scale, np.where(y == 0, 0, y))
    else:
        np.testing.assert_allclose(codes * scale, y, rtol=3e-7, atol=3e-7 * np.abs(w).max())


@quick
@given(fixed_point, st.integers(0, 99))
def test_idempotent_on_its_grid(q, seed):
    once = call(q, weights(seed))
    np.testing.assert_array_equal(call(q, once), once)


def assign(x, quantization):
    """``x`` assigned to a fixed-point variable, in float64."""
    assert quantization.rounding is Rounding.HALF_EVEN
    codes = np.clip(np.rint(np.ldexp(x, quantization.to.frac)), quantization.lo, quantization.hi)
    return np.ldexp(codes, -quantization.to.frac)


@quick
@given(fixed_point, st.integers(-4, 14), st.integers(0, 99))
def test_quantization_is_the_call_on_any_grid(q, frac, seed):
    """Inputs are multiples of ``2**-frac`` with 18 bits, halves of the quantizer's step among them."""
    meaning = q.quantization
    if meaning is None:
        assert q.bits == 1 and getattr(q, "keep_negative", True)
        return
    x = np.random.default_rng(seed).integers(-(2**17), 2**17, 300)
    x = np.concatenate(
        [np.ldexp(x.astype(np.float64), -frac), np.ldexp(np.arange(-40, 40) / 2, -meaning.to.frac)]
    )
    np.testing.assert_array_equal(call(q, x), assign(x, meaning))
    codes, scale = q.compute_integer_codes(x)
    assert scale == meaning.to.step
    assert meaning.lo <= codes.min() and codes.max() <= meaning.hi
    if meaning.overflow is Overflow.SATURATE:
        assert (meaning.lo, meaning.hi) == (meaning.to.lo, meaning.to.hi)


@quick
@given(bits, integer, st.sampled_from([0.5, 2, 0.3, 64.0]), st.integers(0, 99))
def test_alpha_of_quantized_bits_multiplies_what_is_rounded(bits, integer, alpha, seed):
    scaled, plain = qz.quantized_bits(bits, integer, alpha=alpha), qz.quantized_bits(bits, integer)
    assert scaled.quantization is None
    w = weights(seed)
    codes, scale = scaled.compute_integer_codes(w)
    plain_codes, step = plain.compute_integer_codes(w)
    np.testing.assert_array_equal(codes, plain_codes)
    np.testing.assert_allclose(scale, alpha * step, rtol=1e-7)


MAY_TURN = ("quantized_hswish", "bernoulli", "stochastic_binary", "stochastic_ternary")
"""Families of which nothing is said: they turn, or a kernel's only draw."""


@settings(quick, max_examples=300)
@given(anything, st.sampled_from(["float32", "float64"]), st.integers(0, 1 << 32))
def test_between_its_turns_a_quantizer_never_turns(q, dtype, seed):
    """On floats of every size, densely about each place where something happens: turns, powers of two, grid points."""
    if q.turns is None:
        assert type(q).__name__ in MAY_TURN
        return
    if isinstance(getattr(q, "alpha", None), str):
        return
    random = np.random.default_rng(seed)
    centres = np.array([0.0, 1.0, *q.turns, *(2.0 ** random.uniform(-30, 10, 40))])
    near = np.concatenate([centres * (1 + k * 2.0**-23) for k in range(-4, 5)])
    spread = 2.0 ** random.uniform(-40, 12, 1000)
    grid = random.integers(-64, 64, 300) / 2.0 ** random.integers(0, 12, 300)
    x = np.concatenate([near, spread, grid])
    x = np.unique(np.concatenate([x, -x]).astype(dtype))
    with use_precision(dtype), skip_gradients():
        y = keras.ops.convert_to_numpy(q(keras.ops.convert_to_tensor(x, dtype)))
    pieces = np.searchsorted(q.turns, x.astype(np.float64), side="right")
    for piece in np.unique(pieces):
        steps = np.sign(np.diff(y[pieces == piece]))
        assert len(set(steps[steps != 0])) <= 1, (q, piece)


@quick
@given(anything)
def test_configuration_round_trips(q):
    config = q.get_config()
    again = type(q).from_config(config)
    assert again == q and again.get_config() == config
    assert keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(q)) == q
    assert qz.get_quantizer(keras.saving.serialize_keras_object(q)) == q
    assert qz.get_quantizer({"class_name": type(q).__name__, "config": config}) == q
    assert copy.deepcopy(q) == q == pickle.loads(pickle.dumps(q))


@quick
@given(anything)
def test_repr_reads_back(q):
    assert qz.get_quantizer(repr(q)) == q


@quick
@given(of("quantized_bits", "quantized_linear"), qnoise)
def test_str_reads_back_where_it_says_everything(q, noise):
    q.update_qnoise_factor(noise)
    read = qz.get_quantizer(str(q))
    for name in (
        "bits",
        "integer",
        "symmetric",
        "keep_negative",
        "alpha",
        "use_stochastic_rounding",
    ):
        assert getattr(read, name) == getattr(q, name)


@quick
@given(anything, st.sampled_from(["float32", "float64"]))
def test_type_and_shape_are_kept(q, dtype):
    x = weights(1).astype(dtype)
    y = call(q, x)
    assert y.dtype == dtype and y.shape == x.shape and np.all(np.isfinite(y))


@quick
@given(gridded, st.integers(0, 99))
def test_every_value_is_within_the_codes_of_its_width(q, seed):
    w = weights(seed, spread=12)
    if q.number_type != "fixed":
        return
    codes, _ = q.compute_integer_codes(w)
    assert codes.min() >= -(2 ** (q.bits - 1)) - (q.bits == 1) and codes.max() <= 2**q.bits - 1


@pytest.mark.parametrize("family", sorted(qz.QUANTIZERS))
def test_documented(family):
    text = qz.QUANTIZERS[family].__doc__
    assert "``" in text and "Args:" in text
    for argument in qz.QUANTIZERS[family]._list_arguments():
        assert f"        {argument}: " in text


@given(
    st.floats(1.0, 2.0, exclude_max=True),
    st.integers(-300, 300),
    st.lists(st.integers(-4095, 4095), max_size=60),
)
@settings(max_examples=200, deadline=None)
def test_a_scale_makes_exact_sums_in_float64(mantissa, exponent, codes):
    scale = mantissa * 2.0**exponent
    like = np.zeros(1)
    step = round_to_single(scale, like)
    assert abs(step - scale) <= 2.0**-24 * scale
    assert float(np.float32(step / 2.0**exponent)) == step / 2.0**exponent
    assert sum(step * code for code in codes) == step * sum(codes)
    assert round_to_single(scale, like.astype(np.float32)) is scale


def test_a_fitted_scale_is_a_float32_number_in_float64():
    w = np.random.default_rng(0).normal(size=(9, 3))
    for name in ("ternary", "quantized_bits", "quantized_linear", "binary"):
        quantizer = qz.get_quantizer(f"{name}(alpha='auto')")
        codes, scale = quantizer.compute_integer_codes(w)
        assert np.array_equal(scale, scale.astype(np.float32))
        with use_precision("float64"):
            values = keras.ops.convert_to_numpy(quantizer(w))
        np.testing.assert_array_equal(values, codes * scale)
