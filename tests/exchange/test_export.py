"""Designs as QONNX files: every op, against the interpreter, in our executor and in QONNX's own where installed."""

import sys

import keras
import numpy as np
import pytest

import qhls
from qhls.backends.emit import draw_stimuli
from qhls.cli import main
from qhls.errors import EmitError, MissingError
from qhls.ir import (
    Codes,
    Const,
    Fixed,
    Graph,
    Input,
    Matmul,
    Mul,
    Quantize,
    decode,
    enter_layer,
    run,
)
from qhls.layers import QActivation, QConv2D, QDense, QSimpleRNN
from qhls.onnx.export.emit import build_model
from qhls.onnx.export.simulation import OnnxSimulation
from support.graphs.op_batches import BATCHES, batch, graph_of, residual
from support.models.qonnx import execute_with_qonnx, load, onnx

W = "quantized_bits(4,0,alpha=1)"


def network():
    x = given = keras.Input((6, 6, 2), name="image")
    x = QConv2D(4, 3, padding="same", kernel_quantizer=W, bias_quantizer=W, name="conv")(x)
    x = QActivation("quantized_relu(4,2)", name="relu")(x)
    x = keras.layers.MaxPooling2D(2, name="pool")(x)
    x = QActivation("quantized_tanh(4, use_real_tanh=True)", name="tanh")(x)
    x = keras.layers.Flatten(name="flat")(x)
    x = QDense(3, kernel_quantizer="binary(alpha=1)", use_bias=False, name="dense")(x)
    return qhls.compile(keras.Model(given, x, name="net"), "s6.3")


def draw_exportable(name):
    """Return the ops of a batch that float32 holds, as one graph, and how many were left out."""
    kept, left = [], 0
    for op in batch(name):
        try:
            build_model(graph_of("one", [op]))
            kept.append(op)
        except EmitError:
            left += 1
    return kept, left


@pytest.mark.parametrize("name", BATCHES)
def test_every_op_is_exact(name):
    kept, left = draw_exportable(name)
    assert left < len(kept) or "wide" in name
    if not kept:
        return
    graph = graph_of(name, kept)
    codes = [array[:16] for array in draw_stimuli(graph)]
    expected = run(graph, codes)
    simulation = OnnxSimulation(graph)
    for op, ours, theirs in zip(graph.outputs, expected, simulation.run(codes), strict=True):
        np.testing.assert_array_equal(ours, theirs, err_msg=op.name)
    tapped = simulation.tap(codes)
    assert {op.shape for op in tapped} and all(t.shape[1:] == op.shape for op, t in tapped.items())


def assert_file_equals(design, path, samples=6):
    proto = onnx.load(str(path))
    onnx.checker.check_model(proto)
    codes = design.random_codes(samples)
    numbers = [decode(c, op.type) for c, op in zip(codes, design.graph.inputs, strict=True)]
    theirs = execute_with_qonnx(proto, numbers)
    expected = [
        decode(c, op.type)
        for c, op in zip(run(design.graph, codes), design.graph.outputs, strict=True)
    ]
    ours = OnnxSimulation(design.graph).run(codes)
    for op, found, wanted in zip(design.graph.outputs, ours, expected, strict=True):
        np.testing.assert_array_equal(np.ldexp(found, -op.type.frac), wanted)
    for found, wanted in zip(theirs or expected, expected, strict=True):
        np.testing.assert_array_equal(found, wanted)
    return proto


def test_a_keras_model_is_a_file_of_its_names(tmp_path):
    design = network()
    path = design.emit("qonnx", tmp_path / "net.onnx").path
    proto = assert_file_equals(design, path)
    kinds = [node.op_type for node in proto.graph.node]
    assert {"Quant", "BipolarQuant", "MultiThreshold", "Conv", "MaxPool", "MatMul"} <= set(kinds)
    assert proto.graph.input[0].name == "image"
    assert any(node.name.startswith("conv.") for node in proto.graph.node)
    assert (
        kinds.count("Transpose") == 2
    )  # channels first for the convolution, last for the dense layer
    assert design.check(targets=["qonnx"])
    assert (
        design.simulate(np.ones((1, 6, 6, 2)), "qonnx") == design.run(np.ones((1, 6, 6, 2)))
    ).all()


def test_files_become_the_same_designs(tmp_path):
    design = network()
    back = qhls.compile(design.emit("qonnx", tmp_path).path)
    assert back.graph.inputs[0].type == design.graph.inputs[0].type
    codes = design.random_codes(32)
    x = decode(codes[0], design.graph.inputs[0].type)
    np.testing.assert_array_equal(back.run(x), design.run(x))
    assert back.check(targets=[])


def test_a_recurrence_is_written_step_by_step(tmp_path):
    x = keras.Input((3, 2), name="x")
    rnn = QSimpleRNN(
        2,
        activation="quantized_tanh(4)",
        kernel_quantizer=W,
        recurrent_quantizer=W,
        bias_quantizer=W,
        state_quantizer="quantized_bits(4,0,alpha=1)",
        name="rnn",
    )
    design = qhls.compile(keras.Model(x, rnn(x)), "s4.3")
    assert_file_equals(design, design.emit("qonnx", tmp_path).path)


def test_residual_graphs_share_layouts(tmp_path):
    graph = graph_of("residual", list(residual()))
    codes = [array[:8] for array in draw_stimuli(graph)]
    for ours, theirs in zip(run(graph, codes), OnnxSimulation(graph).run(codes), strict=True):
        np.testing.assert_array_equal(ours, theirs)


# -- what is refused ----------------------------------------------------------------------------------


def graph_with(make, type_="s8.0", shape=(4,)):
    x = Input(shape, Fixed.parse(type_), name="x")
    with enter_layer("layer"):
        return Graph((x,), (make(x),), "g")


WIDE = r"expected numbers and partial sums of at most 24 bits, which float32 holds"
END = r"Quantise what it reads to fewer bits, or choose another target\.$"


def test_numbers_beyond_float32_are_refused_with_their_layer():
    weights = Const(Codes(np.full((4, 2), 2**15)), 0)
    with pytest.raises(
        EmitError,
        match=rf"^qonnx: matmul 'layer\.matmul' of layer 'layer': {WIDE}, got 26 bits\. {END}",
    ):
        build_model(graph_with(lambda x: Matmul(x, weights), "s9.0"))
    with pytest.raises(EmitError, match=rf"^qonnx: input 'x': {WIDE}, got 30 bits\. {END}"):
        build_model(graph_with(lambda x: Quantize(x, Fixed.parse("s4.0")), "s30.0"))
    fine = Const(Codes(np.array(2**26 + 1)), 26, name="b")
    with pytest.raises(
        EmitError, match=rf"^qonnx: mul 'layer\.mul' of layer 'layer': {WIDE}, got \d+ bits\. {END}"
    ):
        build_model(graph_with(lambda x: Mul(x, fine), "s2.0"))


def test_files_are_not_overwritten(tmp_path):
    design = network()
    path = design.emit("qonnx", tmp_path / "net.onnx").path
    exists = r"expected a new file, got one that exists\. Choose another or pass overwrite=True \(--overwrite\)\.$"
    with pytest.raises(EmitError, match=rf"^output file '.*net\.onnx': {exists}"):
        design.emit("qonnx", path)
    design.emit("qonnx", path, overwrite=True)
    place = r"expected a place to write to, got: .*\. Choose another path\.$"
    with pytest.raises(EmitError, match=rf"^output file '.*model\.onnx': {place}"):
        design.emit("qonnx", path / "below")


def test_hostile_names_are_text(tmp_path):
    with enter_layer("a\n/../b\x1b[31m"):
        x = Input((2,), Fixed.parse("s4.0"), name="in\ud800\x00")
        graph = Graph((x,), (Quantize(x, Fixed.parse("s2.0")),), "x" * 50 + "\n")
    model = build_model(graph).model
    onnx.checker.check_model(onnx.load_model_from_string(model.SerializeToString()))
    assert all(node.name.isprintable() for node in model.graph.node)
    assert load(model).inputs[0].shape == (2,)


MISSING = r"^ONNX: expected the package 'onnx', got none\. Run pip install 'qhls\[onnx\]'\.$"


def test_without_the_package_the_command_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingError, match=MISSING):
        network().emit("qonnx", tmp_path)
    (tmp_path / "m.onnx").write_bytes(b"\x08\x08")
    with pytest.raises(MissingError, match=MISSING):
        qhls.compile(tmp_path / "m.onnx")


def test_the_command_line_writes_and_reads_files(tmp_path, capsys):
    path = network().emit("qonnx", tmp_path / "net.onnx").path
    assert main(["compile", str(path), "-t", "qonnx", "-o", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out/qonnx/model.onnx").is_file()
    assert main(["check", str(path), "-t", "qonnx", "--samples", "16"]) == 0
    assert "interpreter == ONNX float32" in capsys.readouterr().out
    assert main(["energy", str(path)]) == 0
    assert main(["check", str(path), "-w", str(path)]) == 2
    assert "expected no weights beside an ONNX file" in capsys.readouterr().err
