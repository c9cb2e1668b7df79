"""hls4ml's configuration files: what is taken, what is left out and why, and files that are none."""

import sys

import keras
import pytest

import qhls
from qhls.cli import main
from qhls.compat.hls4ml import read_config
from qhls.errors import LoadError, MissingError
from qhls.layers import QActivation, QDense

CONFIG = """
Backend: Vitis
ClockPeriod: 4
HLSConfig:
  LayerName:
    jet:
      Precision: {result: 'fixed<9,3>'}
      Trace: false
    hidden:
      Precision: {weight: 'ap_fixed<6,1>'}
      ReuseFactor: 8
    scores:
      ReuseFactor: 2
      Strategy: Resource
  Model:
    Precision: ap_fixed<16,6>
    ReuseFactor: 2
    Strategy: Latency
IOType: io_parallel
KerasModel: !keras_model 'model.keras'
Novelty: 1
OutputDir: project
Part: xc7z020clg400-1
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "hls4ml_config.yml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def model(tmp_path):
    keras.utils.set_random_seed(0)
    kernel = {"kernel_quantizer": "quantized_bits(4,0,alpha=1)", "use_bias": False}
    layers = [
        keras.Input((16,), name="jet"),
        QDense(8, name="hidden", **kernel),
        QActivation("quantized_relu(4)"),
        QDense(4, name="scores", **kernel),
    ]
    path = tmp_path / "model.keras"
    keras.Sequential(layers).save(path)
    return str(path)


def test_part_clock_ports_reuse_and_types_are_taken(file):
    config = read_config(file)
    part = "xc7z020clg400-1"
    assert config.schedule == qhls.Schedule(reuse_factor=2, clock_period=4, part=part)
    assert config.find_types(["jet"]) == ["s9.6"]
    assert config.find_types(["other"]) == ["s16.10"]
    assert config.reuse == {"hidden": 8}


def test_what_is_left_out_has_a_reason(file):
    reasons = dict(line.split(" is left out: ") for line in read_config(file).left_out)
    names = ["Backend", "KerasModel", "Novelty", "OutputDir", "Precision", "Strategy", "Trace"]
    assert sorted(reasons) == names
    assert reasons["Novelty"] == "it has no counterpart"
    assert reasons["Backend"] == "choose a target with --target"


@pytest.mark.parametrize(
    ("precision", "expected"),
    [
        ("ap_fixed<16,6>", "s16.10"),
        ("ap_ufixed<8, 0, AP_RND, AP_SAT>", "u8.8"),
        ("ac_fixed<12,4,false>", "u12.8"),
        ("ac_fixed<12,4,true>", "s12.8"),
        ("fixed<8,10>", "s8.-2"),
        ("uint<7>", "u7.0"),
        ("ap_int<5>", "s5.0"),
        ("auto", None),
        ("fixed<0,0>", None),
    ],
)
def test_precisions_of_inputs(tmp_path, precision, expected):
    path = tmp_path / "c.yml"
    path.write_text(f"Part: xc7z020clg400-1\nHLSConfig:\n  Model:\n    Precision: '{precision}'\n")
    assert read_config(path).find_types(["x"]) == (expected and [expected])


def test_the_command_line_folds_layers_and_says_what_it_leaves_out(file, model, capsys):
    assert main(["plan", model, "--hls4ml-config", str(file)]) == 0
    captured = capsys.readouterr()
    row = next(line for line in captured.out.splitlines() if "simd" in line)
    simd, pe = (
        int(word.strip(","))
        for word in row.split("simd ")[1].split(" pe ")[:2]
        for word in word.split()[:1]
    )
    assert simd * pe == 16 * 8 // 8
    assert (
        "note: hls4ml_config.yml: Strategy is left out: the reuse factor and the folds"
        in captured.err
    )
    assert main(["check", model, "--hls4ml-config", str(file), "-t", "catapult"]) == 0
    assert main(["show", model, "--hls4ml-config", str(file), "-i", "s8.4"]) == 0
    assert "s8.4" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- 1\n", r"expected keys and values in the file, got list\. Check the file\."),
        ("a: [\n", r"expected hls4ml's configuration \(\.yml\), got .*\. Check the file\."),
        ("x: 1\n", r"expected hls4ml's configuration \(\.yml\), got no key of it\. Give the file "),
        ("Part: a\nIOType: io_wild\n", r"expected IOType io_parallel or io_stream, got io_wild\. "),
        ("HLSConfig: 3\n", r"expected keys and values in HLSConfig, got int\. "),
        (
            "HLSConfig: {Model: {ReuseFactor: two}}\n",
            r"expected a whole number above 0 as ReuseFactor of Model, got 'two'\. Check the file\.",
        ),
        (
            "!!python/object/apply:os.system ['true']\n",
            r"expected hls4ml's configuration \(\.yml\), got ",
        ),
    ],
)
def test_other_files_are_refused(tmp_path, text, message):
    path = tmp_path / "c.yml"
    path.write_text(text)
    with pytest.raises(LoadError, match=r"^c\.yml: " + message):
        read_config(path)


def test_a_missing_package_is_named(file, monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    match = r"^hls4ml_config\.yml: expected the package 'pyyaml', got none\. Run pip install 'qhls\[hls4ml\]'\."
    with pytest.raises(MissingError, match=match):
        read_config(file)
