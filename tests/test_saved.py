"""Saved designs: the same design from a file, without Keras; other files and damaged ones are refused."""

import json
import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qhls
from qhls import saved
from qhls.errors import LoadError, QhlsError, VerifyError
from qhls.ir import Fixed, Graph, Input, Shift, run
from qhls.layers import QActivation, QDense
from qhls.plan import Schedule
from support.graphs.designs import classifier
from support.graphs.op_examples import EXAMPLES, inputs_of


def trained():
    keras.utils.set_random_seed(0)
    bits = "quantized_bits(6,0,alpha=1)"
    layers = [
        keras.Input((8,)),
        QDense(6, kernel_quantizer=bits, bias_quantizer=bits, name="first"),
        QActivation("quantized_relu(6)", name="relu"),
        QDense(3, kernel_quantizer=bits, bias_quantizer=bits, name="last"),
        keras.layers.Softmax(name="softmax"),
    ]
    return keras.Sequential(layers, name="tagger")


def opened(design, path):
    return qhls.load(design.save(path / "design.qhls"))


OPS = [build for builders in EXAMPLES.values() for build in builders]


@pytest.mark.parametrize("kind", ["s6.3", "u70.3"])
def test_every_op_comes_back(kind, tmp_path):
    for build in OPS:
        op = build(Fixed.parse(kind))
        if not op.batched:  # no design's output: it comes back as an operand of the others
            continue
        graph = Graph(tuple(inputs_of(op)), (op,), "example")
        design = qhls.Design(graph, Schedule(reuse_factor=2, part="xc7z020clg400-1"))
        again = opened(design, tmp_path)
        assert str(again.graph) == str(graph)
        assert again.schedule == design.schedule
        codes = design.random_codes(20)
        for one, two in zip(run(graph, codes), run(again.graph, codes), strict=True):
            assert np.array_equal(one, two)


def test_targets_and_folds_come_back(tmp_path):
    folding = {"conv1": (2, 1), "fc*": "memory"}
    design = qhls.Design(classifier(), Schedule(interval=5000, folding=folding, dsp=40, fit=False))
    again = opened(design, tmp_path)
    assert again.schedule == design.schedule
    assert str(again.plan) == str(design.plan)


@pytest.mark.parametrize("values", [None, range(3), (-2, 5)])
def test_the_values_of_an_input_come_back(values, tmp_path):
    x = Input((2,), Fixed(True, 4, 0), values, name="x")
    design = qhls.Design(Graph((x,), (Shift(x, 1),)), Schedule())
    assert opened(design, tmp_path).graph.inputs[0].values == values


def test_a_compiled_model_runs_emits_and_has_prices_without_keras(tmp_path):
    x = np.random.default_rng(0).normal(size=(50, 8))
    design = qhls.compile(trained(), "s8.4", softmax="hardware")
    design.save(tmp_path / "tagger.qhls")
    np.savez(tmp_path / "data.npz", x=x, y=design.run(x))
    energy, code = design.energy().total, design.emit("vitis", tmp_path / "one").path
    script = f"""
import sys
import numpy as np
import qhls
design = qhls.load("tagger.qhls")
data = np.load("data.npz")
assert np.array_equal(design.run(data["x"]), data["y"])
report = design.check(data["x"], "catapult")
assert report and "holds no Keras model" in str(report), report
assert design.energy().total == {energy}
design.exactness()
design.emit("vitis", "two")
assert "keras" not in sys.modules and "tensorflow" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)
    for path in sorted(code.rglob("*")):
        other = tmp_path / "two" / path.relative_to(code)
        assert path.is_dir() or path.read_bytes() == other.read_bytes()


def test_equal_designs_are_equal_files_and_name_their_model(tmp_path):
    model = trained()
    one = qhls.compile(model, "s8.4").save(tmp_path / "one.qhls")
    two = qhls.compile(model, "s8.4").save(tmp_path / "two.qhls")
    assert one.read_bytes() == two.read_bytes()
    again = qhls.load(one)
    assert again.reference.name == "tagger"
    assert again.save(tmp_path / "three.qhls").read_bytes() == one.read_bytes()
    model.set_weights([w + 1 / 32 for w in model.get_weights()])
    other = qhls.load(qhls.compile(model, "s8.4").save(tmp_path / "four.qhls"))
    assert other.reference.weights != again.reference.weights


def test_layers_of_the_host_and_approximations_are_named_but_not_computed(tmp_path):
    layers = [
        keras.Input((8,)),
        QActivation("quantized_bits(8,2,alpha=1)"),
        QDense(4, kernel_quantizer="quantized_bits(4,0,alpha=1)", use_bias=False, name="inner"),
        keras.layers.Dense(3, name="real"),
    ]
    design = qhls.compile(keras.Sequential(layers), "s8.4")
    again = opened(design, tmp_path)
    assert again.notes == design.notes
    x = np.ones((2, 8))
    with pytest.raises(
        VerifyError, match=r"^finish: expected a design with .* real, got .* from a file"
    ):
        again.finish(again.run(x))
    with pytest.raises(
        VerifyError, match=r"^measured: expected a design with its Keras model, got "
    ):
        again.measured(x)


def edited(path, change):
    """Change the document of a saved design, and seal it anew where ``change`` does not return True."""
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        document = json.loads(archive.read("design.json"))
        arrays = {n: archive.read(n) for n in archive.namelist() if n != "design.json"}
    loose = change(document)
    if not loose:
        document["hash"] = saved._hash(document, saved.read_arrays(path))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("design.json", json.dumps(document))
        for name, content in arrays.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def file(tmp_path):
    return qhls.Design(classifier(), Schedule()).save(tmp_path / "design.qhls")


def change(**values):
    return lambda document: document.update(values)


def of_another_width(document):
    document["ops"][0]["dtype"] = {"fixed": "s7.4"}
    return True


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (of_another_width, "got contents that differ from their hash"),
        (change(version=2), "of version 1, got version 2. Open it with"),
        (change(format="other"), "got a design.json of another format"),
        (change(schedule={"clock_period": -1}), "got one that is damaged: Schedule.clock_period"),
        (change(schedule={"speed": 1}), "got a field of the wrong kind"),
        (change(ops=[]), "got a field of the wrong kind"),
        (change(ops=None), "got a field of the wrong kind"),
        (change(ops=[{"kind": "System"}]), "got a field of the wrong kind .*System"),
        (
            change(ops=[{"kind": "Input", "dims": [1 << 60], "dtype": {"fixed": "s8.4"}}]),
            "damaged: Input",
        ),
        (change(ops=[{"kind": "Const", "codes": {"codes": "codes/99"}, "frac": 0}]), "got a field"),
        (change(softmax={"mode": "soft"}), "got one that is damaged: softmax"),
    ],
)
def test_damaged_files_are_refused(file, edit, message):
    with pytest.raises(LoadError, match=r"^design.qhls: expected a saved design,? .*" + message):
        qhls.load(edited(file, edit))


@settings(max_examples=60)
@given(st.data())
def test_a_changed_byte_is_refused_or_changes_nothing(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("bytes")
    design = qhls.Design(classifier(), Schedule())
    file = design.save(folder / "design.qhls")
    content = bytearray(file.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    file.write_bytes(content[: data.draw(st.sampled_from([len(content), place]))])
    try:
        again = qhls.load(file)
    except LoadError:
        return
    assert str(again.graph) == str(design.graph)


def test_an_archive_of_a_later_version_is_refused(file):
    content = bytearray(file.read_bytes())
    content[content.index(b"PK\x01\x02") + 6] = 84  # the version that is needed to read it
    file.write_bytes(content)
    assert not saved.is_saved(file)
    with pytest.raises(
        LoadError, match=r"^design.qhls: expected a saved design, got another file. "
    ):
        qhls.load(file)


def test_other_files_are_refused(tmp_path):
    model = tmp_path / "model.keras"
    trained().save(model)
    with pytest.raises(
        LoadError, match=r"^model.keras: expected a saved design, got another file. "
    ):
        qhls.load(model)
    with pytest.raises(
        LoadError, match=r"^.*none.qhls: expected a saved design, got no such file. "
    ):
        qhls.load(tmp_path / "none.qhls")


def test_a_path_that_cannot_be_written_keeps_what_is_there(tmp_path):
    design = qhls.Design(classifier(), Schedule())
    with pytest.raises(QhlsError, match=r"^save: expected to write .*x.qhls, got: .*\. Choose "):
        design.save(tmp_path / "missing" / "x.qhls")
    (tmp_path / "folder.qhls").mkdir()
    with pytest.raises(QhlsError, match=r"^save: expected to write .*folder.qhls, got: "):
        design.save(tmp_path / "folder.qhls")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.qhls"]


def test_an_op_that_others_extend_is_still_known(tmp_path):
    class Doubled(Shift):
        """An operation of another package."""

    x = Input((2,), Fixed(True, 4, 0), name="x")
    design = qhls.Design(Graph((x,), (Shift(x, 1),)), Schedule())
    assert str(opened(design, tmp_path).graph) == str(design.graph)
    assert Doubled.__subclasses__() == []
