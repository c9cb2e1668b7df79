"""``qhls.compare``: models, designs and files by name, against the first."""

import keras
import pytest

import qhls
from qhls.energy import load_technology
from qhls.errors import EnergyError
from qhls.layers import QActivation, QDense


def model(bits, name="m"):
    keras.utils.set_random_seed(1)
    quantizer = f"quantized_bits({bits},0,alpha=1)"
    dense = {"kernel_quantizer": quantizer, "bias_quantizer": quantizer}
    return keras.Sequential(
        [
            keras.Input((6,)),
            QDense(5, **dense, name="first"),
            QActivation(f"quantized_relu({bits})", name="relu"),
            QDense(2, **dense, name="second"),
        ],
        name=name,
    )


def test_models_files_and_designs(tmp_path):
    path = tmp_path / "saved.keras"
    model(4).save(path)
    design = qhls.compile(model(8, "wide"), "s8.4")
    found = qhls.compare([model(8), path, model(8), design], "s8.4")
    assert list(found.reports) == ["m", str(path), "m (2)", "wide"]
    ratios = list(found.ratios.values())
    assert ratios[0] == ratios[2] == ratios[3] == 1
    assert 0 < ratios[1] < 0.8
    assert found.reports["wide"].total == design.energy().total
    assert found.areas["wide"].totals == design.area("xilinx_lut6").totals
    assert found.latencies["wide"].latency == design.latency().latency
    assert sum(layer.macs for layer in found.operations["m"].values()) == 6 * 5 + 5 * 2
    assert not found.savings


def test_names_technology_schedule_and_sensitivity():
    unit = load_technology("unit")
    found = qhls.compare(
        [model(6), model(4)],
        "s8.4",
        names=["six", "four"],
        technology=unit,
        schedule=qhls.Schedule(reuse_factor=2),
        sensitivity=True,
        area="asic_45nm",
    )
    assert list(found.reports) == ["six", "four"]
    assert found.technology is unit
    assert found.areas["six"].table_name == "asic_45nm"
    assert found.reports["six"].schedule.reuse_factor == 2
    layers = [saving.layer for saving in found.savings["six"]]
    assert layers == ["first", "relu", "second"]
    assert found.savings["six"][0].weights > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"models": []}, r"^compare: expected at least one design, got none\. Add a model\.$"),
        (
            {"names": ["a"]},
            r"^compare: expected 2 different names, got a\. Give one name per model\.$",
        ),
        (
            {"names": ["a", "a"]},
            r"^compare: expected 2 different names, got a, a\. Give one name per model\.$",
        ),
        ({"technology": "none"}, r"^technology: expected one of .*, got 'none'\. Choose one\.$"),
        ({"area": "none"}, r"^area table: expected one of .*, got 'none'\. Choose one\.$"),
    ],
)
def test_what_is_refused(arguments, message):
    given = {"models": [model(4), model(4)], "input_types": "s8.4"} | arguments
    with pytest.raises(EnergyError, match=message):
        qhls.compare(given.pop("models"), **given)
