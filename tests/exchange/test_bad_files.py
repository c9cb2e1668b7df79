"""Files that are no QONNX models, or hostile ones: each has one message."""

import numpy as np
import pytest

import qhls
from qhls.cli import main
from qhls.errors import LoadError, LoweringError
from support.models.qonnx import Builder, load, onnx

AGAIN = r"Export it again\.$"


def build():
    model = Builder((4,))
    return model.build(
        model.node("MatMul", model.quant("x", 0.5, 4), model.weights(4, 2), name="fc")
    )


def write(tmp_path, content, name="m.onnx"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


def test_files_that_are_none(tmp_path):
    whole = build().SerializeToString()
    for content in (whole[: len(whole) // 2], b"\x08\xff" * 40, b"{}"):
        with pytest.raises(
            LoadError,
            match=rf"^m\.onnx: expected an ONNX model, got one that cannot be read \(.*\)\. {AGAIN}",
        ):
            qhls.load_onnx(write(tmp_path, content))
    for content in (b"", b"\x08\x07"):
        with pytest.raises(
            LoadError,
            match=rf"^m\.onnx: expected an ONNX model, got a file without a graph of nodes\. {AGAIN}",
        ):
            qhls.load_onnx(write(tmp_path, content))
    with pytest.raises(
        LoadError,
        match=r"^.*none\.onnx: expected an ONNX model, got no such file\. Check the path\.$",
    ):
        qhls.compile(tmp_path / "none.onnx")


def test_the_content_decides_the_kind(tmp_path):
    path = write(tmp_path, build().SerializeToString(), "model.bin")
    assert qhls.compile(path).graph.name == "network"
    assert qhls.compile(str(path), "s4.1").check(targets=[])


def test_files_beyond_the_limit(tmp_path, monkeypatch):
    path = write(tmp_path, build().SerializeToString())
    monkeypatch.setenv("QHLS_LIMIT", "100")
    with pytest.raises(
        LoadError, match=r"^.*m\.onnx: expected an ONNX model of at most 100 bytes, got .*$"
    ):
        qhls.load_onnx(path)
    monkeypatch.delenv("QHLS_LIMIT")
    proto = build()
    proto.graph.initializer[0].dims[:] = [2**40]
    with pytest.raises(
        LoadError,
        match=r"^network\.onnx: 'constant_\d+': expected a tensor of at most .* elements, got .*$",
    ):
        load(proto)


def set_external(proto):
    tensor = proto.graph.initializer[0]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../etc/passwd"


def set_nan(proto):
    tensor = next(each for each in proto.graph.initializer if len(each.dims) == 2)
    array = onnx.numpy_helper.to_array(tensor).copy()
    array[0, 0] = np.nan
    tensor.CopyFrom(onnx.numpy_helper.from_array(array, tensor.name))


def set_text(proto):
    proto.graph.initializer[0].CopyFrom(
        onnx.numpy_helper.from_array(np.array(["a"], object), "constant_0")
    )


def set_dynamic(proto):
    proto.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "n"


def set_shapeless(proto):
    proto.graph.input[0].type.tensor_type.ClearField("shape")


def reverse(proto):
    nodes = list(proto.graph.node)[::-1]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)


def repeat(proto):
    proto.graph.node.append(proto.graph.node[0])


def rename_output(proto):
    proto.graph.output[0].name = "other\x1b[31m"


def drop_input(proto):
    del proto.graph.input[:]
    del proto.graph.node[0]


def cut(proto):
    proto.graph.initializer[0].raw_data = b"\x00"


def add_batch(proto):
    added = proto.graph.input.add()
    added.CopyFrom(proto.graph.input[0])
    added.name = "y"
    added.type.tensor_type.shape.dim[0].dim_value = 3


FILES = [
    (
        set_external,
        r"expected an ONNX model, got weights 'constant_0' in another file\. Save it as one file: .*$",
    ),
    (
        set_nan,
        r"expected an ONNX model, got a tensor 'constant_\d+' that is not finite\. Train or export it again\.$",
    ),
    (
        set_text,
        r"expected an ONNX model, got a tensor 'constant_0' of object\. Export numbers only\.$",
    ),
    (
        set_dynamic,
        r"input 'x': expected a fixed shape behind the batch, got \(1, \?\)\. Export it with fixed dimensions\.$",
    ),
    (
        set_shapeless,
        r"input 'x': expected a fixed shape behind the batch, got \(none\)\. Export it with fixed dimensions\.$",
    ),
    (
        reverse,
        r"expected an ONNX model, got node 'fc' \(MatMul\), which reads '.*' before any node makes it\. Sort the "
        r"nodes, or export it again\.$",
    ),
    (repeat, rf"expected an ONNX model, got a tensor 'quant_0_out' that is made twice\. {AGAIN}"),
    (
        rename_output,
        rf"expected an ONNX model, got an output 'other\\x1b\[31m' that no node makes\. {AGAIN}",
    ),
    (
        drop_input,
        r"expected an ONNX model, got a graph without inputs\. Export it with one batch size for all inputs\.$",
    ),
    (cut, rf"expected an ONNX model, got a damaged tensor 'constant_0' \(.*\)\. {AGAIN}"),
    (
        add_batch,
        r"expected an ONNX model, got batches of \[1, 3\]\. Export it with one batch size for all inputs\.$",
    ),
]


@pytest.mark.parametrize(("change", "message"), FILES, ids=[change.__name__ for change, _ in FILES])
def test_damaged_models(change, message):
    proto = build()
    change(proto)
    with pytest.raises(LoadError, match=rf"^network\.onnx: {message}"):
        load(proto)


def node(kind, *operands, shape=(4,), quantized=True, **attributes):
    """Return a model of one node on a quantised input."""
    model = Builder(shape)
    x = model.quant("x", 0.5, 4) if quantized else "x"
    return model.build(model.node(kind, x, *operands, name="n", **attributes))


QUANT = (np.float32(0.5), np.float32(0), np.float32(4))
NODES = [
    (
        node("NonZero"),
        r"node 'n' \(NonZero\): expected one of Add, .*, got NonZero\. Replace it in the model\.$",
    ),
    (
        node("Quant", *QUANT, rounding_mode="ODD"),
        r"node 'n' \(Quant\): expected a rounding_mode of ROUND, .*, got ODD\. Use one of these\.$",
    ),
    (
        node("Quant", np.float32(0.5), np.float32(0), np.float32(2.5)),
        r"node 'n' \(Quant\): expected one whole bit width from 1 to 53, got 2\.5\. Use such a one\.$",
    ),
    (
        node("Quant", np.float32(-1), np.float32(0), np.float32(2)),
        r"node 'n' \(Quant\): expected positive scales, got others\. Train or export the model again\.$",
    ),
    (
        node("MatMul", np.zeros((5, 2))),
        r"Matmul 'n\.matmul' of layer 'n': expected weights \(4, n\), got \(5, 2\)\.$",
    ),
    (
        node("Reshape", np.array([3, -1])),
        r"node 'n' \(Reshape\): expected a shape of 4 elements behind the batch, got \[3, -1\]\. Keep samples apart\.$",
    ),
    (
        node("Flatten", axis=0),
        r"node 'n' \(Flatten\): expected axis 1, so that samples stay apart, got axis 0\. Use axis=1\.$",
    ),
    (
        node("Transpose", perm=[1, 0]),
        r"node 'n' \(Transpose\): expected an order of axes with .* first, got \[1, 0\]\. Keep axis 0 first\.$",
    ),
    (
        node("Concat", "x", axis=0),
        r"node 'n' \(Concat\): expected an axis from 1 to 1, within a sample, got axis 0\. Use another\.$",
    ),
    (
        node("Add", np.zeros((2, 3)) + 1),
        r"node 'n' \(Add\): expected a constant that is the same for all .*, got the shape \(2, 3\)\. Reshape it\.$",
    ),
    (
        node("Add", np.ones(3)),
        r"node 'n' \(Add\): expected a constant that broadcasts to \(4,\), got the shape \(3,\)\. Reshape it\.$",
    ),
    (
        node("Div", np.float32(0)),
        r"node 'n' \(Div\): expected a divisor other than 0, got 0\. Mend the node\.$",
    ),
    (
        node("Conv", np.ones((1, 1, 3, 3)), shape=(4,)),
        r"node 'n' \(Conv\): expected an operand of 3 or 4 axes, got 2\. Reshape it\.$",
    ),
    (
        node("MaxPool", shape=(1, 4, 4), kernel_shape=[2, 2], dilations=[2, 2]),
        r"node 'n' \(MaxPool\): expected windows without dilation, got \(2, 2\)\. Use dilations=\[1, 1\]\.$",
    ),
]


@pytest.mark.parametrize(("proto", "message"), NODES, ids=[message[:40] for _, message in NODES])
def test_nodes_without_meaning(proto, message):
    with pytest.raises(qhls.QhlsError, match=f"^{message}"):
        qhls.compile(load(proto), "s4.1")


def test_loops_are_refused():
    model = Builder((4,))
    x = model.node("If", model.quant("x", 0.5, 4), name="branch")
    proto = model.build(x)
    proto.graph.node[-1].attribute.add(name="then_branch", type=onnx.AttributeProto.GRAPH)
    with pytest.raises(
        LoweringError,
        match=r"^node 'branch' \(If\): expected one of Add, .*, got If\. Replace it in the model\.$",
    ):
        qhls.compile(load(proto))


def test_constants_that_would_grow_are_refused():
    model = Builder((4,))
    huge = model.node("ConstantOfShape", np.array([2**40]), name="huge")
    proto = model.build(model.node("Add", model.quant("x", 0.5, 4), huge))
    with pytest.raises(
        LoadError, match=r"^node 'huge' \(ConstantOfShape\): expected a constant of at most .*$"
    ):
        qhls.compile(load(proto))


def test_hostile_names_stay_on_one_line(tmp_path, capsys):
    model = Builder((4,))
    proto = model.build(
        model.node(
            "MatMul", model.quant("x", 0.5, 4), model.weights(4, 2), name="a\n\x1b[31m/../b"
        ),
        name="n\n",
    )
    path = write(tmp_path, proto.SerializeToString())
    assert main(["show", str(path)]) == 0
    assert "\x1b" not in capsys.readouterr().out
    design = qhls.compile(path)
    project = design.emit("vitis", tmp_path / "project")
    assert all(file.is_relative_to(tmp_path) for file in project.sources)
    assert main(["compile", str(write(tmp_path, b"\x08")), "-o", str(tmp_path / "p")]) == 2
