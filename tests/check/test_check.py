"""``design.check``: all equal on a sound design; a planted fault is found on its side, and named."""

from __future__ import annotations

import re
from dataclasses import replace

import keras
import numpy as np
import pytest

import qhls
from qhls.backends import csim
from qhls.backends.target import TARGETS
from qhls.check.executions import BitComparison, CheckReport
from qhls.errors import CsimError, EmitError, VerifyError
from qhls.layers import QActivation, QConv2D, QDense

BITS = "quantized_bits(5,1,alpha=1)"
NUMBER = r"-?[\d.]+(?:e-?\d+)?"
VALUES = rf"expected {NUMBER} \(code -?[\d.]+\), got {NUMBER} \(code -?[\d.]+\)"
EXECUTIONS = ["interpreter == vitis", "interpreter == catapult", "interpreter == Keras float32"]


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """An empty cache of libraries: these tests compile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QHLS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def compiled():
    """A small CNN with every kind of layer whose fault could be blamed."""
    keras.utils.set_random_seed(3)
    quantizers = {"kernel_quantizer": BITS, "bias_quantizer": BITS}
    model = keras.Sequential(
        [
            keras.Input((5, 5, 1), name="image"),
            QConv2D(2, 2, **quantizers, bias_initializer="random_uniform", name="conv1"),
            QActivation("quantized_relu(5,2)", name="act1"),
            keras.layers.MaxPooling2D(2, name="pool1"),
            keras.layers.Flatten(name="flat"),
            QDense(3, **quantizers, bias_initializer="random_normal", name="fc"),
            keras.layers.Activation("softmax", name="softmax"),
        ],
        name="net",
    )
    for layer in (model.get_layer("conv1"), model.get_layer("fc")):
        kernel, bias = layer.get_weights()
        layer.set_weights([kernel * 2, bias * 8])
    return qhls.compile(model, "s7.5")


@pytest.fixture(scope="module")
def design():
    return compiled()


@pytest.fixture
def plant(monkeypatch):
    """``plant(target, file, change)``: that target's text of that file is another one when it is built.

    Built with -O0, which is faster and means the same.
    """
    honest = csim.render_sources
    for name, target in TARGETS.items():
        monkeypatch.setitem(TARGETS, name, replace(target, optimisation="-O0"))

    def install(target, file, change):
        def planted(view, chosen):
            files = honest(view, chosen)
            if chosen.name != target:
                return files
            changed = change(files[file])
            assert changed != files[file], "the fault did not go in"
            return files | {file: changed}

        monkeypatch.setattr(csim, "render_sources", planted)

    return install


def differing(report):
    return [c.title for c in report.comparisons if c.mismatches]


# -- a sound design ---------------------------------------------------------------------------------


def test_a_sound_design_is_equal_everywhere_and_says_what_was_compared(design):
    report = design.check()
    assert report
    assert report.samples == 256
    assert [c.title for c in report.comparisons] == EXECUTIONS
    width = design.graph.outputs[0].type.width
    for comparison in report.comparisons:
        assert (comparison.codes, comparison.bits) == (256 * 3, 256 * 3 * width)
        assert (comparison.mismatches, comparison.blame) == (0, "")
    assert report.notes == [
        "the softmax of layer 'softmax' is left to the host; the outputs are logits"
    ]


def test_the_report_is_a_table(design):
    lines = str(design.check(np.zeros((2, 5, 5, 1)))).splitlines()
    assert lines[0] == "check of 2 samples: all equal"
    assert lines[1].split() == ["compared", "codes", "bits", "mismatches", "verdict"]
    bits = 6 * design.graph.outputs[0].type.width
    for line, title in zip(lines[2:5], EXECUTIONS, strict=True):
        assert re.fullmatch(rf"{title}\s+6\s+{bits}\s+0\s+equal", line)
    assert lines[5:] == [f"note: {note}" for note in design.graph.notes]


def test_targets_are_those_asked_for(design):
    report = design.check(np.zeros((1, 5, 5, 1)), ["catapult"])
    assert [c.title for c in report.comparisons] == EXECUTIONS[1:]
    assert [c.title for c in design.check(np.zeros((1, 5, 5, 1)), []).comparisons] == EXECUTIONS[2:]


def test_report_of_differences_is_false_and_printed_with_blame():
    comparisons = [
        BitComparison("a == b", 1234567, 9876543, 0),
        BitComparison("a == c", 5, 40, 2, "it was x"),
    ]
    report = CheckReport(5, comparisons, ["mind the gap"])
    assert not report
    assert str(report).splitlines() == [
        "check of 5 samples: DIFFERENT",
        "compared  codes      bits       mismatches  verdict",
        "a == b    1,234,567  9,876,543  0           equal",
        "a == c    5          40         2           DIFFERENT",
        "a == c: it was x",
        "note: mind the gap",
    ]


# -- planted faults ---------------------------------------------------------------------------------


def other_weight(table):
    def change(text):
        head, codes = re.search(rf"({table}_codes\[\d+\] = \{{)(-?\d+)", text).groups()
        return text.replace(head + codes, head + str(int(codes) + 1))

    return change


FAULTS = {
    "a weight": ("src/weights.h", other_weight("conv1_kernel"), "conv1.add", "conv1"),
    "a weight of the last layer": ("src/weights.h", other_weight("fc_kernel"), "fc.add", "fc"),
    "a bias": ("src/weights.h", other_weight("conv1_bias"), "conv1.add", "conv1"),
    "a rounding": (
        "src/types.h",
        lambda text: re.sub(r"A[PC]_RND_CONV", lambda m: m[0].replace("RND_CONV", "TRN"), text),
        "act1.quantize",
        "act1",
    ),
    "an overflow": (
        "src/types.h",
        lambda text: re.sub(r"A[PC]_SAT", lambda m: m[0].replace("SAT", "WRAP"), text),
        "act1.quantize",
        "act1",
    ),
    "a width": (
        "src/types.h",
        lambda text: re.sub(
            r"(fixed<)(\d+), (-?\d+)(.* s12_6;)",
            lambda m: f"{m[1]}{int(m[2]) - 3}, {int(m[3]) - 3}{m[4]}",
            text,
        ),
        "fc.add",
        "fc",
    ),
    "an index": (
        "src/net.cpp",
        lambda text: text.replace("x0[(r * 2 + i)", "x0[(r * 2 + 0 * i)"),
        "pool1.pool",
        "pool1",
    ),
}


@pytest.mark.parametrize(
    ("fault", "target"),
    [
        *(("a weight", target) for target in ("vitis", "catapult")),
        ("a weight of the last layer", "catapult"),
        ("a bias", "catapult"),
        ("a rounding", "vitis"),
        ("an overflow", "catapult"),
        ("a width", "vitis"),
        ("an index", "catapult"),
    ],
)
def test_a_fault_is_blamed_on_its_op_layer_and_target(fault, target, design, plant):
    file, change, op, layer = FAULTS[fault]
    plant(target, file, change)
    report = design.check()
    assert not report
    assert differing(report) == [f"interpreter == {target}"]
    (blame,) = [c.blame for c in report.comparisons if c.blame]
    where = (
        rf"first difference in op '{re.escape(op)}' of layer '{layer}', element \(\d+(, \d+)*,?\)"
    )
    assert re.fullmatch(rf"{where}: {VALUES}", blame), blame
    first, *rest = str(report).splitlines()
    assert first == "check of 256 samples: DIFFERENT"
    assert f"interpreter == {target}: {blame}" in rest


def test_the_values_in_the_blame_are_the_two_results(design, plant):
    plant("catapult", "src/weights.h", other_weight("fc_bias"))
    report = design.check(np.zeros((3, 5, 5, 1)))
    blame = report.comparisons[1].blame
    (expected,) = {tuple(row) for row in design.run(np.zeros((1, 5, 5, 1))).tolist()}
    bias = design.graph["fc.bias"]
    found = re.search(
        rf"'fc\.add' .* element \(0,\): expected ({NUMBER}) .* got ({NUMBER}) ", blame
    )
    assert float(found[1]) == expected[0]
    assert float(found[2]) == expected[0] + bias.type.step


def test_a_fault_in_the_copy_to_the_output_is_not_blamed_on_an_op(design, plant):
    def change(text):
        head, tail = text.split("static void store_result", 1)
        return f"{head}static void store_result{tail.replace('y[i] = x0[i]', 'y[i] = x0[0]', 1)}"

    plant("catapult", "src/net.cpp", change)
    report = design.check()
    assert differing(report) == ["interpreter == catapult"]
    assert (
        report.comparisons[1].blame
        == "no tapped op differs: the difference is in the copy of an output"
    )


@pytest.mark.parametrize("layer", ["conv1", "fc"])
def test_a_keras_model_that_changed_is_blamed_on_its_layer(layer):
    design = compiled()
    kernel, bias = design.model.get_layer(layer).get_weights()
    design.model.get_layer(layer).set_weights([kernel, bias + 0.5])
    report = design.check(targets=["catapult"])
    assert not report
    assert differing(report) == ["interpreter == Keras float32"]
    blame = report.comparisons[1].blame
    assert re.fullmatch(
        rf"first difference in op '{layer}\.add' of layer '{layer}', element \(.*\): {VALUES}",
        blame,
    ), blame


# -- what is refused --------------------------------------------------------------------------------


def test_nothing_to_compare_is_not_equal(design):
    with pytest.raises(VerifyError, match=r"^check: expected at least one sample, got none"):
        design.check(np.zeros((0, 5, 5, 1)))


def test_unknown_target_and_wrong_headers(design, tmp_path):
    with pytest.raises(
        EmitError,
        match=r"^target: expected one of vitis, catapult, verilog, qonnx, got 'hls'\. .*$",
    ):
        design.check(targets=["hls"])
    with pytest.raises(CsimError, match=r"^vitis headers: expected ap_fixed\.h in include="):
        design.check(include=tmp_path)


def test_beyond_53_bits_the_reference_rounds_and_says_so():
    model = keras.Sequential([keras.Input((4,))])
    for _ in range(4):
        options = {"kernel_quantizer": "quantized_bits(16,0,alpha=1)", "use_bias": False}
        model.add(qhls.layers.QDense(3, **options))
    random = np.random.default_rng(0)
    model.set_weights([random.normal(size=w.shape) for w in model.get_weights()])
    report = qhls.compile(model, "s16.10").check(random.normal(size=(20, 4)), targets=())
    (compared,) = report.comparisons
    assert report, report
    assert compared.rounded
    verdict = f"equal, except for {compared.rounded} samples where float64 itself rounds"
    assert compared.cells[-1] == verdict
    assert "note: float64 (53 bits) may round too in q_dense" in str(report)


def test_a_fault_beyond_53_bits_is_one():
    """A code that is off by more than float64 rounds is no rounding, however wide the sum."""
    model = keras.Sequential([keras.Input((4,))])
    for _ in range(4):
        options = {"kernel_quantizer": "quantized_bits(16,0,alpha=1)", "use_bias": False}
        model.add(qhls.layers.QDense(3, **options))
    random = np.random.default_rng(0)
    model.set_weights([random.uniform(-0.9, 0.9, w.shape) for w in model.get_weights()])
    design = qhls.compile(model, "s16.10")
    last = model.layers[-1]
    last.set_weights([last.get_weights()[0] + 2.0**-14])
    report = design.check(random.normal(size=(20, 4)), targets=())
    assert not report
    assert report.comparisons[0].mismatches


def wide_sum(weights):
    """A sum of 60 bits and its quantizer of 50 in one layer, which ends a chain."""
    wide = "quantized_bits(24,0,alpha=1)"
    model = keras.Sequential([keras.Input((4,))])
    model.add(qhls.layers.QDense(3, kernel_quantizer=wide, use_bias=False))
    options = {"kernel_quantizer": wide, "use_bias": False, "name": "last"}
    model.add(qhls.layers.QDense(3, activation="quantized_bits(50,0,alpha=1)", **options))
    model.set_weights(weights)
    return model


def test_a_sum_beyond_53_bits_with_its_quantizer_in_one_layer():
    """The quantizer's 50 bits are 53 or less; where the sum in the same layer rounds, its code may be the next one."""
    random = np.random.default_rng(0)
    model = wide_sum([random.uniform(-0.5, 0.5, (4, 3)), random.uniform(-0.5, 0.5, (3, 3))])
    x = random.uniform(-1, 1, (2000, 4))
    design = qhls.compile(model, "s20.19")
    report = design.check(x, targets=())
    assert report, report
    last = model.get_layer("last")
    (kernel,) = last.get_weights()
    kernel[0, 0] += 2.0**-23
    last.set_weights([kernel])
    assert not design.check(x, targets=())


def test_a_quantizer_of_few_bits_behind_a_wide_sum_excuses_no_code():
    random = np.random.default_rng(0)
    model = wide_sum([random.uniform(-0.5, 0.5, (4, 3)), random.uniform(-0.5, 0.5, (3, 3))])
    model.get_layer("last").activation = qhls.quantizers.quantized_bits(8, 0, alpha=1)
    design = qhls.compile(model, "s20.19")
    last = model.get_layer("last")
    (kernel,) = last.get_weights()
    last.set_weights([kernel + 2.0**-10])
    report = design.check(random.uniform(-1, 1, (2000, 4)), targets=())
    assert not report
    assert not report.comparisons[0].rounded


def test_a_pruned_weight_of_powers_of_two_is_their_smallest():
    """``quantized_po2(8)`` of 0 is 2**-64: more bits than a float64 has, and exact on every target."""
    layer = QDense(3, kernel_quantizer="quantized_po2(8)", use_bias=False, name="pruned")
    model = keras.Sequential([keras.Input((4,)), layer, QActivation("quantized_bits(8,3,alpha=1)")])
    weights = np.random.default_rng(0).normal(size=(4, 3))
    weights[0] = 0
    model.set_weights([weights])
    design = qhls.compile(model, "s8.4")
    (matmul,) = (op for op in design.graph.ops if op.kind == "matmul")
    assert matmul.w.type.frac == 64
    report = design.check()
    assert report, report


@pytest.mark.parametrize("seed", range(2))
def test_folded_weights_have_the_codes_of_float32(seed):
    """Sums beyond 24 bits are compared in float64, the weights are made in float32 as in training."""
    random = np.random.default_rng(seed)
    quantizers = dict.fromkeys(
        ("kernel_quantizer", "bias_quantizer"), "quantized_bits(12,0,alpha=1)"
    )
    layer = qhls.layers.QDenseBatchnorm(96, **quantizers)
    model = keras.Sequential([keras.Input((400,)), layer])
    for variable in model.weights:
        if "int" not in str(variable.dtype):
            variable.assign(abs(random.normal(size=variable.shape)) / 3)
    report = qhls.compile(model, "s16.10").check(random.normal(size=(4, 400)), targets=())
    assert report, report


def test_denormal_weights_of_powers_of_two_keep_their_sign():
    model = keras.Sequential([keras.Input((4,))])
    for quantizer in ("quantized_po2(4)", "quantized_bits(16,0,alpha=1)"):
        model.add(qhls.layers.QDense(3, kernel_quantizer=quantizer, use_bias=False))
    model.set_weights([np.full((4, 3), -1e-40), np.random.default_rng(0).normal(size=(3, 3))])
    report = qhls.compile(model, "s16.10").check(targets=())
    assert report, report


@pytest.mark.parametrize("behind", [[], [QActivation("quantized_relu(6,3)")]])
@pytest.mark.parametrize("types", ["u3.2", "s16.3"])
def test_weights_far_beyond_a_wide_grid_are_what_keras_computes_with(types, behind):
    """``x + (q - x)`` has no place for the last bit of a ``q`` of 20 bits where ``x`` is 48."""
    kernel = "quantized_bits(20,0,symmetric=1,alpha=1)"
    model = keras.Sequential(
        [keras.Input((2,)), QDense(2, kernel_quantizer=kernel, use_bias=False), *behind]
    )
    model.set_weights([np.array([[48, 6.0], [1.3, -77]])])
    report = qhls.compile(model, types).check(targets=())
    assert report, report


def test_weights_with_a_real_scale_cancel_exactly():
    """Rounded to float32 one by one, 3 * 1.7 and 5 * 1.7 are not in the ratio of 3 and 5."""
    kernel = "quantized_bits(4,3,alpha=1.7)"
    layers = [
        QDense(1, kernel_quantizer=kernel, use_bias=False),
        QActivation("quantized_bits(4,3,alpha=1)"),
    ]
    model = keras.Sequential([keras.Input((2,)), *layers])
    model.set_weights([np.array([[3.0], [5.0]]) * 1.7])
    design = qhls.compile(model, "s44.2")
    x = np.arange(-50, 50)[:, None] * 2.0**30 * np.array([5, -3]) + np.array([1, 1])
    report = design.check(x, ())
    assert report, report
