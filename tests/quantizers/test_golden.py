"""Every configuration of QKeras' own numbers: bit for bit, but for what is listed here with its reason."""

import json

import keras
import numpy as np
import pytest

import qhls.quantizers as qz
from qhls.errors import QuantizerError
from support.autodiff import BACKEND, gradient
from support.shared import SHARED

GOLDEN = SHARED / "golden"

pytestmark = [
    pytest.mark.backends,
    pytest.mark.skipif(
        not (GOLDEN / "quantizers.json").exists(),
        reason=f"no golden numbers in {GOLDEN}; set QHLS_SHARED to the folder that holds golden/",
    ),
]

DIFFERENT = {
    90: ("y n s", "one bit with alpha='auto' is NaN in QKeras (0 levels); here sign(x) * mean|x|"),
    112: (
        "y n s",
        "one bit with alpha='auto_po2' is 0 in QKeras; here sign(x) * 2**round(log2(mean|x|))",
    ),
    157: (
        "range",
        "range() of a fitted scale lists codes of all channels flattened; here it is refused",
    ),
    158: ("range", "as 157"),
    159: ("range", "as 157"),
    174: ("range", "as 157"),
    175: ("range", "as 157"),
    187: ("range", "as 157"),
    242: (
        "nan",
        "enable_fast_inference makes 0 of NaN through an integer cast; here NaN stays NaN",
    ),
    243: ("nan", "as 242"),
    310: ("str", "str() cuts max_value 0.5 to the integer 0; here quantized_po2(5,0.5)"),
    413: ("config", "get_config() holds arguments that the constructor rejects; here it does not"),
    415: ("config", "as 413"),
    416: ("config", "as 413"),
    418: ("config", "as 413"),
    419: ("config", "as 413"),
}
"""Defects of QKeras fixed on purpose: configuration -> what is not compared, and why."""

WORKS_NOW = {
    77: "quantized_bits with an array of scales",
    244: "quantized_relu with a negative integer",
    386: "binary with stochastic rounding, rank 2, in inference",
    406: "binary with stochastic rounding, rank 2, in inference",
}
"""Configurations that QKeras refuses."""

TANH = "1 - tanh(x)**2 follows TensorFlow's tanh, whose versions (2.19, 2.21) differ by up to 6 ulp (3.6e-7)"
LIBM_GRADIENT = {
    **dict.fromkeys([259, 263, 265, 348, 349, 357, 359, 361, 370], (0.0, 7.3e-7, TANH)),
    # 5 factors and 4 products, each rounded by half a unit of 2**-23: the processor decides how.
    **dict.fromkeys(
        [245, 246, 247, 248, 250],
        (9 * 2.0**-24, 0.0, "the gradient of ln(1 + u|r|) is a product of 5 factors"),
    ),
}
"""Gradients that are not bit for bit: configuration -> relative and absolute tolerance, and why."""


if BACKEND != "tensorflow":
    SIGMOID = "p (1 - p) follows a library's sigmoid, of 2 ulp or so"
    LIBM_GRADIENT |= dict.fromkeys([269, 280, 282, 284, 288], (0.0, 3e-7, SIGMOID))

LOG = "ln(1 + u|r|) / ln(1 + u) follows a library's logarithm"
SUM = "the mean of a float32 tensor follows the order in which it is summed"
RECIPROCAL = "XLA divides by a scale, or by 6, by multiplying with its reciprocal"
LAST_BITS = {
    "tensorflow": {},
    "torch": {
        **dict.fromkeys([246, 247, 248, 250], (1.2e-7, LOG)),
        **dict.fromkeys([374, 375, 376, 384, 387, 388, 389], (3.6e-7, SUM)),
    },
    "jax": {
        **dict.fromkeys([81, 82, 85, 87, 89, 91, 95, 97, 98], (2.4e-7, RECIPROCAL)),
        **dict.fromkeys([157, 158, 160, 163, 164, 165, 167, 169, 170, 172], (2.4e-7, RECIPROCAL)),
        **dict.fromkeys([246, 247, 248, 250], (1.2e-7, LOG)),
        **dict.fromkeys([372, 373, 375, 384, 387, 388, 389, 390, 391], (3.6e-7, SUM)),
        416: (2.4e-7, RECIPROCAL),
    },
}
"""Numbers that other backends round otherwise: configuration -> share of ``|x| + |y|`` allowed, and why."""


ON_THE_LIMIT = {164, 167, 169, 172}
"""quantized_linear with alpha="auto", whose largest weight is the highest code, or half a step beyond it."""


def _configs():
    path = GOLDEN / "quantizers.json"
    return json.loads(path.read_text())["configs"] if path.exists() else []


CONFIGS = _configs()
FUNCTIONS = {c["class"] for c in CONFIGS if c["class"] in qz.parse.FUNCTIONS}


@pytest.fixture(scope="module")
def arrays():
    with np.load(GOLDEN / "quantizers.npz") as npz:
        return {name: npz[name] for name in npz.files}


@pytest.fixture(autouse=True)
def _hard_sigmoid():
    yield
    qz.set_internal_sigmoid("hard")


def name(config):
    arguments = ",".join(f"{k}={v}" for k, v in config["kwargs"].items())
    return f"{config['id']}-{config['class']}({arguments})".replace(" ", "")


def make(config, **more):
    qz.set_internal_sigmoid(config["internal_sigmoid"])
    made = getattr(qz, config["class"])
    return made if config["class"] in FUNCTIONS else made(**{**config["kwargs"], **more})


def same(got, want, skip=None, slack=0.0):
    """Equal values, or less than ``slack`` apart; NaN equals NaN, the sign of 0 does not count."""
    got, want = np.asarray(got, np.float32), np.asarray(want, np.float32)
    assert got.shape == want.shape
    equal = (got == want) | (np.isnan(got) & np.isnan(want))
    if np.any(slack):
        equal |= np.abs(got - want) <= slack
    if skip is not None:
        equal |= skip
    at = np.flatnonzero(~equal.ravel())
    assert equal.all(), (
        f"{at.size} differ: {got.ravel()[at[:4]]} for {want.ravel()[at[:4]]} at {at[:4]}"
    )


def omitted(config, what):
    return what in DIFFERENT.get(config["id"], ("",))[0].split()


def slack(config, *values):
    """What this backend may be off by."""
    share, _ = LAST_BITS[BACKEND].get(config["id"], (0.0, ""))
    return share * sum(np.abs(v) for v in values) if share else 0.0


def not_here(config, x, gradient=False):
    """Inputs that are not compared but on TensorFlow.

    It alone takes subnormal numbers for 0 throughout. At NaN and infinity gradients are its own, not QKeras'.
    Where the largest weight of a channel lies on a limit or a tie, a reciprocal's last bit decides.
    """
    skip = np.zeros(x.shape, bool)
    if BACKEND == "torch" or (BACKEND == "jax" and gradient):
        skip |= (x != 0) & (np.abs(x) <= 2.0**-120)
    if BACKEND != "tensorflow" and gradient:
        skip |= ~np.isfinite(x)
    if BACKEND == "jax" and config["id"] in ON_THE_LIMIT:
        axes = tuple(range(x.ndim - 1))
        skip |= (x == x.max(axes)) | (x == x.min(axes))
    return skip


def numeric(configs):
    return pytest.mark.parametrize("config", [c for c in configs if "y" in c], ids=name)


@numeric(CONFIGS)
def test_values(config, arrays):
    q, x = make(config), arrays[config["x"]]
    y = keras.ops.convert_to_numpy(q(x))
    assert y.dtype == np.float32
    skip, off = not_here(config, x), slack(config, x, y)
    if not omitted(config, "y"):
        same(y, arrays[config["y"]], skip | (omitted(config, "nan") & np.isnan(x)), off)
    if "y_nonste" in config and not omitted(config, "n"):
        nonste = keras.ops.convert_to_numpy(make(config, use_ste=False)(x))
        same(nonste, arrays[config["y_nonste"]], skip, off)
    if "scale_scalar" in config:
        same(keras.ops.convert_to_numpy(q.scale), config["scale_scalar"])
    if "scale" in config and not omitted(config, "s"):
        scale = keras.ops.convert_to_numpy(q.scale)
        same(scale, arrays[config["scale"]], slack=slack(config, scale))
    if "quantization_scale" in config:
        step = keras.ops.convert_to_numpy(q.quantization_scale)
        same(step, arrays[config["quantization_scale"]], slack=slack(config, step))


@numeric([c for c in CONFIGS if "grad" in c])
def test_gradients(config, arrays):
    x, want = arrays[config["x"]], arrays[config["grad"]]
    got, skip = gradient(make(config), x), not_here(config, x, gradient=True)
    if config["id"] in LIBM_GRADIENT:
        rtol, atol, _ = LIBM_GRADIENT[config["id"]]
        np.testing.assert_allclose(got[~skip], want[~skip], rtol, atol)
    else:
        same(got, want, skip, slack(config, want))


@numeric([c for c in CONFIGS if c["class"] not in FUNCTIONS])
def test_description(config, arrays):
    q = make(config)
    q(arrays[config["x"]])
    for bound in ("max", "min"):
        got = getattr(q, bound)()
        if bound in config:
            got = keras.ops.convert_to_numpy(got)
            same(got, config[bound], slack=slack(config, got))
    if "range" in config and not omitted(config, "range"):
        same(q.range(), arrays[config["range"]])
    if "str" in config and not omitted(config, "str"):
        assert str(q) == config["str"]
    if not omitted(config, "config"):
        ours = q.get_config()
        assert {key: ours.get(key, "missing") for key in config["get_config"]} == config[
            "get_config"
        ]
    assert type(q).from_config(config["get_config"]).get_config().keys() == q.get_config().keys()


@numeric([c for c in CONFIGS if c["class"] not in FUNCTIONS])
def test_integer_codes_agree_with_the_call(config, arrays):
    q, x = (
        make(config, **({"qnoise_factor": 1.0} if "qnoise_factor" in config["kwargs"] else {})),
        arrays[config["x"]],
    )
    if x.ndim == 1:
        x = x[np.isfinite(x) & (np.abs(x) < 1000)]
    if q.number_type == "float":
        with pytest.raises(QuantizerError, match="no fixed-point grid"):
            q.compute_integer_codes(x)
        return
    try:
        codes, scale = q.compute_integer_codes(x)
    except QuantizerError as error:
        assert config["kwargs"].get("relu_upper_bound") and "on the quantizer's grid" in str(error)
        return
    spans = max(map(abs, codes.ravel().tolist()), default=0) >= 1 << 63  # powers of two may
    assert codes.dtype == (object if spans else np.int64)
    assert scale.dtype == np.float64 and codes.shape == x.shape
    y = keras.ops.convert_to_numpy(q(x))
    if np.all(np.frexp(scale)[0] == 0.5):
        near = np.abs(x) < 2**23 * scale  # beyond, x + (xq - x) itself loses bits, as in QKeras
        same((codes * scale).astype(np.float64), y, ~near)
    else:
        slack = 2.4e-7 * (np.abs(x) + np.abs(y))
        assert np.all(np.abs(codes * scale - y) <= slack)


@pytest.mark.parametrize("config", [c for c in CONFIGS if "error" in c], ids=name)
def test_works_now(config, arrays):
    assert config["id"] in WORKS_NOW
    x = arrays[config["x"]]
    finite = np.isfinite(x) & (np.abs(x) < 1e6)
    assert np.all(np.isfinite(keras.ops.convert_to_numpy(make(config)(x))[finite]))


def strings():
    path = GOLDEN / "utils.json"
    return json.loads(path.read_text())["quantizer_strings"] if path.exists() else []


@pytest.mark.parametrize("case", strings(), ids=lambda case: case["s"])
def test_strings(case):
    if "error" in case:
        with pytest.raises(QuantizerError):
            qz.get_quantizer(case["s"])
        return
    q = qz.get_quantizer(case["s"])
    if "config" not in case:
        assert q.__name__ == case["class"]
        return
    assert type(q).__name__ == case["class"] and str(q) == case["str"]
    ours = q.get_config()
    assert {key: ours.get(key, "missing") for key in case["config"]} == case["config"]


def test_the_lists_name_configurations():
    ids = {c["id"] for c in CONFIGS}
    listed = DIFFERENT.keys() | WORKS_NOW.keys() | LIBM_GRADIENT.keys()
    assert ids >= listed | LAST_BITS["torch"].keys() | LAST_BITS["jax"].keys()


@pytest.mark.parametrize(
    "model", sorted((GOLDEN / "layers").glob("*/model.json")), ids=lambda p: p.parent.name
)
def test_configurations_in_model_files(model):
    """Whole models that QKeras saved: every quantizer in them is made, and lossless from then on."""

    def visit(node):
        if isinstance(node, dict):
            if node.get("class_name") in qz.QUANTIZERS:
                q = qz.get_quantizer(node)
                ours = q.get_config()
                assert {k: ours.get(k) for k in node["config"]} == node["config"]
            node = list(node.values())
        for child in node if isinstance(node, list) else []:
            visit(child)

    visit(json.loads(model.read_text()))
