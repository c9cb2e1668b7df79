"""QKeras' own numbers: print_qstats, saved weights, operations, sparsity and accumulators of golden models."""

import json
import re
import warnings

import numpy as np
import pytest

from qhls.compat.qkeras.weights.save import _flatten
from qhls.utils import (
    analyze_accumulator_from_sample,
    extract_model_operations,
    get_model_sparsity,
    list_hardware_weights,
    model_save_quantized_weights,
    print_qstats,
)
from support.arrays import assert_close, assert_equal
from support.models.common import golden_model
from support.shared import LAYERS, NAMES, SHARED

pytestmark = pytest.mark.skipif(not NAMES, reason=f"no golden numbers in {LAYERS}")

FOLDED_NOTE = (
    "{}  conv and batchnorm weights cannot be seperately quantized because they will be folded "
    "before quantization."
)

WRONG_COUNTS = {
    # A kernel of 3 x 3 x (6 / 2) x 4: QKeras counts it as if groups were 1.
    "qconv2d_groups": {
        "c0 : 7776 (smult_4_8)": 3888, "smult_4_8 : 7776": 3888,
        "c0_weights : 216 (4-bit unit)": 108, "Total Bits : 888": 456,
    },
    # A depthwise kernel has 3 x 3 x 3 elements; QKeras multiplies by the channels once more.
    "qdepthwise_same_stride2": {
        "w0_weights : 81 (4-bit unit)": 27, "w1_weights : 81 (4-bit unit)": 27,
        "Total Bits : 672": 240,
    },
    "qdepthwise_valid": {"w0_weights : 81 (4-bit unit)": 27, "Total Bits : 336": 120},
    "qdepthwisebatchnorm_bat": {"db_weights : 81 (6-bit unit)": 27, "Total Bits : 510": 186},
    "qdepthwisebatchnorm_ema": {"db_weights : 81 (6-bit unit)": 27, "Total Bits : 510": 186},
    "qmobilenet_separable": {"m0_dw_weights : 81 (4-bit unit)": 27, "Total Bits : 404": 188},
    "qmobilenet_separable_pw_first": {
        "m0_dw_weights : 225 (4-bit unit)": 45, "Total Bits : 980": 260,
    },
    # QKeras counts one product for each filter in the pointwise part, not one for each of its
    # weights, and ignores depth_multiplier=2 of s1.
    "qseparable1d": {"s0 : 288 (smult_4_8)": 576, "smult_4_8 : 288": 576},
    "qseparable2d": {
        "s0 : 1152 (smult_4_8)": 1512, "s1 : 1764 (smult_4_6)": 4680,
        "smult_4_8 : 1152": 1512, "smult_4_6 : 1764": 4680,
        "s1_weights_0 : 45 (4-bit unit)": 90, "s1_weights_1 : 20 (4-bit unit)": 40,
        "Total Bits : 464": 724,
    },
}  # fmt: skip
"""Lines of QKeras, their spaces squeezed, that count wrongly -> the right number."""

WRONG_SPARSITY = {
    "qconv2d_mask": "c0",  # the mask's zeros are zeros
    "qconv2dbatchnorm_ema": "cb",  # QKeras looks at the weights before folding and quantising
    "qconv2dbatchnorm_nobiasq": "cb",
    "qdepthwisebatchnorm_bat": "db",
    "qdepthwisebatchnorm_ema": "db",
}
"""Models of one layer whose share of zeros QKeras tells wrongly -> the layer."""


def zeros_by_hand(name, layer):
    """From QKeras' quantised (and folded) arrays, masked."""
    golden = np.load(LAYERS / name / "weights.npz")
    arrays = [golden[key] for key in golden if key.startswith(f"quant/{layer}/")]
    mask = getattr(golden_model(name).get_layer(layer), "mask", None)
    if mask is not None:
        arrays[0] = arrays[0] * mask
    return sum((a == 0).sum() for a in arrays) / sum(a.size for a in arrays)


def with_number(line, right):
    """The line with another number in the same columns."""
    if "Total Bits" in line:
        return f"    {'Total Bits':30} : {right:5}"
    return re.sub(r": \d+( +\(|$)", lambda m: f": {right!s:5} (" if m[1] else f": {right}", line)


def corrected(name, text):
    """QKeras' text with the lines that are wrong replaced."""
    wrong, lines = dict(WRONG_COUNTS.get(name, {})), text.split("\n")
    for i, line in enumerate(lines):
        squeezed = " ".join(line.replace(":", " : ").split())
        if squeezed in wrong:
            lines[i] = with_number(line, wrong.pop(squeezed))
    assert not wrong
    text = "\n".join(lines)
    layer = WRONG_SPARSITY.get(name)
    if layer is None:
        return text
    share = zeros_by_hand(name, layer)
    head = text.replace(FOLDED_NOTE.format(layer) + "\n", "").split(f"    {layer:30} : 0.")[0]
    rows = [
        f"    {layer:30} : {share:.4f}",
        "    " + "-" * 40,
        f"    {'Total Sparsity':30} : {share:.4f}",
    ]
    return head + "\n".join(rows) + "\n"


@pytest.mark.parametrize("name", NAMES)
def test_print_qstats(name, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        print_qstats(golden_model(name))
    text = capsys.readouterr().out
    golden = LAYERS / name / "qstats.txt"
    if golden.exists():
        assert text == corrected(name, golden.read_text())
    else:  # QKeras fails
        assert text.startswith("\nNumber of operations in model:\n")
        assert "Total Sparsity" in text


MISALIGNED = {
    "qbidirectional_lstm": ["bi/weights/3"],
    "qbn_noscale_nocenter": ["bn0/weights/0", "bn0/weights/2", "bn0/signs/0", "bn1/weights/2"],
}
"""Arrays that QKeras quantises with another weight's quantizer (facts, 4.1.7)."""

NOT_CODES = {
    "cnn_mixed": ["c0/weights/0"],
    "qconv2d_default_alpha": ["c1/weights/0"],
    "qconv2dbatchnorm_nobiasq": ["cb/weights/0"],
    "qdense_bits_default_alpha": ["d0/weights/0", "d1/weights/0"],
}
"""Arrays of "auto_po2" that still contain the scale, so that times ``scales`` they are no weights (2.10)."""

INEXACT = (
    "qdense_ternary_auto",
    "qdense_bits_auto",
    "qconv2d_auto",
    "qdense_linear",
    "qconv2dbatchnorm_nobiasq",
)
"""With "auto" scales, which are no powers of two, or a real bias: equal within float32's rounding."""

UNMASKED = {"qconv2d_mask": ["c0/weights/0"]}


@pytest.mark.parametrize("name", NAMES)
def test_saved_weights_are_those_of_qkeras(name):
    path = LAYERS / name / "hw_weights.npz"
    ours = _flatten(model_save_quantized_weights(golden_model(name)))
    if not path.exists():  # QKeras fails
        assert name == "qavgpool_noquant"
        assert (
            ours["p0/q_mult_factor"] == ours["p0/mult_factor"] == 1 / ours["p0/pool_area"] == 0.25
        )
        return
    golden = np.load(path)
    different = {*MISALIGNED.get(name, []), *NOT_CODES.get(name, []), *UNMASKED.get(name, [])}
    assert different <= set(golden.files)
    for key in golden.files:
        if key not in different:
            rtol = 2e-7 if name in INEXACT else 0
            assert_close(ours[key], golden[key], rtol=rtol, atol=0, err_msg=key)
            assert ours[key].shape == golden[key].shape if hasattr(ours[key], "shape") else True


@pytest.mark.parametrize("name", [n for n in NAMES if not n.startswith(("merge", "qact", "qadap"))])
def test_codes_times_scales_are_the_weights_of_qkeras(name):
    saved = model_save_quantized_weights(golden_model(name))
    golden = np.load(LAYERS / name / "weights.npz")
    compared = 0
    for layer in golden_model(name).layers:
        mask = getattr(layer, "mask", None)
        arrays = [golden[key] for key in golden if key.startswith(f"quant/{layer.name}/")]
        entry = saved.get(layer.name)
        for i, expected in enumerate(arrays if entry else []):
            if i == 0 and mask is not None:
                expected = expected * mask  # noqa: PLW2901
            codes, scale = entry["integer_codes"][i], entry["integer_scales"][i]
            if isinstance(codes, list):  # no quantizer
                assert_close(entry["weights"][i], expected, rtol=1e-5)
                continue
            assert codes.dtype == np.int64
            exact = np.all(np.frexp(scale)[0] == 0.5)
            product = (codes * scale).astype(np.float32)
            assert_close(product, expected, rtol=0 if exact else 2e-7)
            compared += 1
    assert compared or "avgpool" in name or name == "qbn_none"


def test_qkeras_forms_multiply_to_the_weights():
    """``signs * 2**weights`` and ``weights * scales``; QKeras' own scales do not (2.10)."""
    for name in ("qconv2d_po2", "qbn_default", *NOT_CODES):
        model = golden_model(name)
        for layer_name, entry in model_save_quantized_weights(model).items():
            for i, weight in enumerate(list_hardware_weights(model.get_layer(layer_name))):
                values = entry["weights"][i]
                if len(entry.get("signs", [[]] * 9)[i]):
                    values = entry["signs"][i] * 2.0**values
                if len(entry.get("scales", [[]] * 9)[i]):
                    assert np.array_equal(values, np.round(values))
                    values = values * entry["scales"][i]
                assert_equal(values, weight.values)
    golden = np.load(LAYERS / "qdense_bits_default_alpha" / "hw_weights.npz")
    assert -1.5 in golden["d0/weights/0"]


# -- utils.json -------------------------------------------------------------------------------------

ESTIMATES = json.loads((SHARED / "golden" / "utils.json").read_text())["estimate"] if NAMES else {}
KNOWN = [name for name in ESTIMATES if name in NAMES]

WRONG_OPERATIONS = {
    ("qdepthwise_valid", "w0", "number_of_weights"): 27,
    ("qmobilenet_separable", "m0_dw", "number_of_weights"): 27,
    ("qseparable1d", "s0", "number_of_operations"): 576,
    ("qseparable2d", "s0", "number_of_operations"): 1512,
    ("qseparable2d", "s1", "number_of_operations"): 4680,
    ("qseparable2d", "s1", "number_of_weights"): [90, 40],
}
"""As in WRONG_COUNTS."""


@pytest.mark.parametrize("name", KNOWN)
def test_extract_model_operations(name):
    expected = ESTIMATES[name]["extract_model_operations"]
    for (model, layer, key), right in WRONG_OPERATIONS.items():
        if model == name:
            assert expected[layer][key] != right
            expected[layer][key] = right
    ours = extract_model_operations(golden_model(name))
    assert json.loads(json.dumps(ours)) == expected


@pytest.mark.parametrize("name", [n for n in KNOWN if n not in WRONG_SPARSITY])
def test_model_sparsity(name):
    total, layers = ESTIMATES[name]["model_sparsity"]
    model = golden_model(name)
    assert get_model_sparsity(model) == pytest.approx(total, abs=1e-15)
    assert get_model_sparsity(model, per_layer=True)[1] == [tuple(layer) for layer in layers]


def sample(name):
    model, io = golden_model(name), np.load(LAYERS / name / "io.npz")
    return model, [io[f"x{i}"] for i in range(len(model.inputs))]


@pytest.mark.parametrize("name", [n for n in KNOWN if "accumulator_sampled" in ESTIMATES[n]])
def test_sampled_accumulators(name):
    model, x = sample(name)
    assert (
        analyze_accumulator_from_sample(model, x, "sampled")
        == ESTIMATES[name]["accumulator_sampled"]
    )


UNQUANTISED = {
    # QKeras adds up the float weights; those of binary and ternary layers are larger.
    "qdense_binary": {"d0": 5, "d1": 3},
    "qdense_ternary": {"d0": 4, "d1": 2},
    # Of convolutions it looks at as many filters as the kernel has columns.
    "qconv2d_valid": {"c0": 4, "c1": 4},
    "qconv2d_binary": {"c0": 5, "c1": 5},
    "qconv2d_po2": {"c0": 4, "c1": 6},
    "cnn_mixed": {"c0": 3, "c1": 6, "d": 6},
}


@pytest.mark.parametrize("name", [n for n in KNOWN if "accumulator_conservative" in ESTIMATES[n]])
def test_conservative_accumulators(name):
    model, x = sample(name)
    golden = ESTIMATES[name]["accumulator_conservative"]
    if name in UNQUANTISED:
        assert golden != UNQUANTISED[name]
    assert analyze_accumulator_from_sample(model, x) == UNQUANTISED.get(name, golden)


@pytest.mark.parametrize(
    "name", [n for n in KNOWN if "accumulator_conservative_error" in ESTIMATES[n]]
)
def test_accumulators_where_qkeras_fails(name):
    model, x = sample(name)
    sampled = analyze_accumulator_from_sample(model, x, "sampled")
    conservative = analyze_accumulator_from_sample(model, x)
    assert sampled.keys() == conservative.keys() == extract_model_operations(model).keys()
    assert all(sampled[layer] <= conservative[layer] for layer in sampled)
