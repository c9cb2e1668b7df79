"""QTools in its compatible mode against QKeras' own numbers, to the last digit."""

import json

import pytest

from qhls.compat.qtools.rules.counts import MERGES
from qhls.energy import QTools
from qhls.quantizers import quantized_bits
from qhls.utils import model_quantize, model_save_quantized_weights, quantized_model_from_json
from support.models.qtools_models import FOLDER, NAMES, call_of, jet_tagger, model_of, read_golden
from support.shared import SHARED

needs_golden = pytest.mark.skipif(not NAMES, reason=f"no golden numbers in {FOLDER}")


def run_of(name, run):
    model = model_of(name)
    arguments, saved_before = call_of(run, model)
    if saved_before:
        model_save_quantized_weights(model)  # from then on the scales of "auto_po2" are known
    return QTools(model, **arguments)


def text(found):
    """As JSON. QTools hashes tensors by their address, so its order of merged inputs is by chance."""
    found = json.loads(json.dumps(found))
    for entry in found.values():
        if isinstance(entry, dict) and entry.get("layer_type") in MERGES:
            entry["input_quantizer_list"].sort(key=json.dumps)
    return json.dumps(found, indent=1)


@needs_golden
@pytest.mark.parametrize("name", NAMES or ["absent"])
def test_every_run_is_that_of_qtools(name):
    golden = read_golden(name)
    for run in golden["runs"]:
        tools = run_of(name, run)
        if "error" in run:
            continue  # ours answers: test_layers.py
        assert text(tools.data_type_map) == text(run["data_type_map"])
        assert tools.include_energy == golden["include_energy"]
        for expected in run["energy"]:
            found = tools.pe(**expected["pe_call"])
            if "error" in expected:
                continue
            assert list(found.items()) == list(expected["energy_dict"].items())
            total = tools.extract_energy_sum(tools.include_energy, found)
            assert total == expected["extract_energy_sum"]
            profile = tools.extract_energy_profile(tools.include_energy, found)
            assert list(profile.items()) == list(expected["extract_energy_profile"].items())
        if "roofline" in run:
            assert list(tools.get_roofline_numbers().items()) == list(run["roofline"].items())


@needs_golden
def test_what_fails_in_qtools_is_answered_here():
    failures = []
    for name in NAMES:
        for run in read_golden(name)["runs"]:
            failed = [run.get("error"), run.get("roofline_error")]
            failed += [energy.get("error") for energy in run.get("energy", [])]
            if any(failed):
                tools = run_of(name, run)
                found = tools.pe()
                assert found["total_cost"] > 0
                assert tools.extract_energy_sum(tools.include_energy, found) > 0
                assert tools.get_roofline_numbers()["activation_in_bytes"] >= 0
                failures.append(name)
    assert {"merge_subtract", "keras_avgpool", "qdense_linear", "qconv2dbatchnorm_ema"} <= {
        *failures
    }


def searched():
    """The golden runs of AutoQKeras whose goal is energy: a Keras model, and what it becomes."""
    path = SHARED / "golden" / "utils.json"
    cases = json.loads(path.read_text())["forgiving_factor"] if path.is_file() else []
    return [case for case in cases if case["goal"]["type"] == "energy"]


@needs_golden
@pytest.mark.parametrize("case", searched() or [None], ids=lambda case: case and case["model"])
def test_energies_that_autoqkeras_compares(case):
    """All types of the Keras model are imposed; its inputs, too. Memories are given for each of the two."""
    given = case["goal"]["params"]
    model = quantized_model_from_json(json.dumps(case["model_json"]))
    trial = model_quantize(model, case["quantizer_config"], case["activation_bits"])
    default = {
        "keras_quantizer": given["reference_internal"],
        "keras_accumulator": given["reference_accumulator"],
    }
    source = given["reference_internal"]
    both = [
        (QTools(model, given["process"], source, for_reference=True, **default), "reference"),
        (QTools(trial, given["process"], **default), "trial"),
    ]
    totals = {"reference": case["reference_size_attr"], "trial": case["get_trial"]}
    for which, (tools, name) in enumerate(both):
        energy = tools.pe(
            given["parameters_on_memory"][which],
            given["activations_on_memory"][which],
            given["min_sram_size"][which],
            given["rd_wr_on_io"][which],
        )
        assert tools.extract_energy_profile(tools.include_energy, energy) == case[f"{name}_stats"]
        assert tools.extract_energy_sum(tools.include_energy, energy) == totals[name]


@pytest.mark.parametrize(
    ("bits", "integer", "total", "layers"),
    [
        (15, 5, 3439, {"fc1": 818.0, "fc2": 1648.8, "fc3": 821.2, "out": 128.31}),
        (6, 0, 949, {"fc1": 369.32, "fc2": 355.2, "fc3": 174.4, "out": 27.25}),
    ],
)
def test_published_energies_of_the_jet_tagger(bits, integer, total, layers):
    """Coelho et al., Nature Machine Intelligence 2021, from the authors' notebook."""
    tools = QTools(
        jet_tagger(bits, integer),
        "horowitz_45nm_qtools",
        source_quantizers=[quantized_bits(15, 5, 1)],
        keras_quantizer="fp16",
        keras_accumulator="fp16",
        compatible="0.9.0",
    )
    found = tools.pe("fixed", "fixed", min_sram_size=8 * 16 * 2**20, rd_wr_on_io=False)
    assert {name: found[name]["energy"]["op_cost"] for name in layers} == layers
    assert tools.extract_energy_sum(tools.include_energy, found) == total


def test_qkeras_after_0_9_0_counts_one_sign_in_a_product():
    """16 * 64 products of a bit fewer: 1024 * 0.003125 = 3.2 pJ less, only where both are signed."""

    def layers(compatible):
        tools = QTools(
            jet_tagger(15, 5),
            source_quantizers=[quantized_bits(15, 5, 1)],
            compatible=compatible,
        )
        return {k: v["energy"]["op_cost"] for k, v in tools.pe().items() if k != "total_cost"}

    old, new = layers("0.9.0"), layers(True)
    assert old["fc1"] - new["fc1"] == pytest.approx(3.2)
    assert {k: v for k, v in old.items() if k != "fc1"} == {
        k: v for k, v in new.items() if k != "fc1"
    }
