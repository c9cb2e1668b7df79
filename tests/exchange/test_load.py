"""QONNX models as designs: every node, against the reference implementation and QONNX's executor."""

import numpy as np
import pytest

import qhls
from qhls.errors import LoweringError
from qhls.onnx.load.tracer import Tracer
from support.models.qonnx import Builder, draw_numbers, execute, load


def relu4(model, x, scale=0.25):
    return model.quant(model.node("Relu", x), scale, 4, signed=0)


def mlp(scale=1.0, channels=False):
    """Dense, bias, ReLU and dense; ``scale`` multiplies all scales, ``channels``: one per output."""
    model = Builder((16,))
    x = model.quant("x", 0.125, 8)
    scales = np.full((1, 12), 0.25 * scale) * ((1 + np.arange(12) / 7) if channels else 1)
    x = model.node(
        "MatMul", x, model.weights(16, 12, scale=scales if channels else 0.25 * scale), name="fc1"
    )
    bias = model.quant(np.linspace(-1, 1, 12), 0.125, 8)
    x = relu4(model, model.node("Add", x, bias, name="bias"), 0.25 * scale)
    weights = model.weights(5, 12, scale=0.25 * scale, bits=3, seed=1)
    x = model.node("Gemm", x, weights, model.quant(np.ones(5), 0.5, 4), transB=1, name="fc2")
    return model.build(model.quant(x, 0.125 * scale, 8))


def cnn(opset=13):
    """Strided, padded and grouped convolutions, pooling, a residual sum and a join."""
    model = Builder((3, 9, 9), opset=opset)
    x = model.quant("x", 1 / 16, 6)
    x = model.node("Conv", x, model.weights(4, 3, 3, 3), strides=[2, 2], pads=[1, 1, 1, 1])
    x = relu4(model, x)
    y = model.node(
        "Conv", x, model.weights(4, 2, 3, 2), group=2, pads=[1, 1, 1, 0], dilations=[1, 1]
    )
    y = model.quant(y, 0.25, 5)
    x = model.node("Concat", model.node("Add", x, y), x, axis=1)
    x = model.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2], pads=[1, 1, 0, 0])
    x = model.node("Flatten", model.node("AveragePool", x, kernel_shape=[2, 2]))
    return model.build(model.node("MatMul", model.quant(x, 0.125, 6), model.weights(32, 5)))


def assert_equal(proto, input_types=None, samples=8):
    design = qhls.compile(load(proto), input_types)
    numbers = draw_numbers(design, samples)
    found = design.run(numbers if len(numbers) > 1 else numbers[0])
    expected = execute(proto, *numbers)
    for ours, theirs in zip(found if len(expected) > 1 else [found], expected, strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_array_equal(ours, theirs)
    return design


@pytest.mark.parametrize("proto", [mlp(), cnn(), cnn(opset=11)], ids=["mlp", "cnn", "cnn11"])
def test_networks_equal_the_executors(proto):
    design = assert_equal(proto)
    report = design.check(targets=["qonnx"])
    assert report, str(report)
    assert "interpreter == ONNX float32" in str(report)


def test_a_network_goes_all_the_way(tmp_path):
    design = qhls.compile(load(mlp()))
    assert design.check(targets=["vitis"])
    assert design.energy().total > 0
    design.save(tmp_path / "design.qhls")
    assert qhls.load(tmp_path / "design.qhls").check(targets=[])
    assert "bias" in {op.layer for op in design.graph.ops}


@pytest.mark.parametrize("channels", [False, True])
def test_real_scales_between_quantizers_become_steps(channels):
    proto = mlp(0.77, channels)
    design = qhls.compile(load(proto), real_end="host")
    (x,) = draw_numbers(design, 64)
    (expected,) = execute(proto, x)
    np.testing.assert_allclose(design.finish(design.run(x)), expected, rtol=1e-6)
    report = design.check(targets=[])
    assert report
    assert "interpreter == ONNX float64" in str(report)
    assert design.host is not None


def test_real_ends_are_left_to_the_host_or_approximated():
    model = Builder((4,))
    x = model.node("MatMul", model.quant("x", 0.5, 4), model.weights(4, 3, scale=0.3), name="last")
    proto = model.build(x)
    design = qhls.compile(load(proto))
    assert design.graph.host_layers == ("last",)
    (x,) = draw_numbers(design)
    (expected,) = execute(proto, x)
    np.testing.assert_allclose(design.finish(design.run(x)), expected, rtol=1e-6)
    message = (
        r"^node 'last': expected a Quant whose scale is a power of two behind it, got real numbers, which the model's "
        r"user reads\. Quantise them, or compile with allow_approximate=True\.$"
    )
    with pytest.raises(LoweringError, match=message):
        qhls.compile(load(proto), real_end="hardware")
    near = qhls.compile(load(proto), allow_approximate=True)
    assert near.check(targets=[])
    assert abs(near.run(x) - expected).max() <= near.approximations[0].error + 1e-6
    assert str(near.approximations[0]).startswith("quantized_bits(12,")
    assert "same argmax in" in str(near.distance)


def test_real_weights_are_refused_or_rounded():
    model = Builder((4,))
    real = model.constant(np.random.default_rng(0).normal(size=(4, 3)), "w")
    proto = model.build(
        model.quant(model.node("MatMul", model.quant("x", 0.5, 4), real, name="fc"), 0.25, 8)
    )
    with pytest.raises(
        LoweringError,
        match=r"^node 'fc' \(MatMul\): expected weights behind a Quant, got real ones\. .*$",
    ):
        qhls.compile(load(proto))
    design = qhls.compile(load(proto), allow_approximate=True, approximate_bits=8)
    assert design.check(targets=[])
    assert "on the w of layer 'fc'" in str(design.approximations[0])


def test_a_quant_more_repeats_no_trace(monkeypatch):
    """Of twice the layers with real scales, about twice the nodes are lowered."""
    lower, lowered = Tracer._lower, []
    monkeypatch.setattr(
        Tracer, "_lower", lambda self, node: lowered.append(node) or lower(self, node)
    )

    def count(layers):
        model = Builder((4,))
        x = model.quant("x", 0.5, 4)
        for seed in range(layers):
            weights = model.weights(4, 4, scale=np.array([[0.1, 0.11, 0.13, 0.12]]), seed=seed)
            x = model.node("MatMul", x, weights)
        lowered.clear()
        design = qhls.compile(load(model.build(x)), allow_approximate=True)
        assert len(design.approximations) >= layers
        return len(lowered)

    assert count(12) < 2.5 * count(6)


def normalisation(model, x, channels):
    rng = np.random.default_rng(channels)
    parts = (
        rng.uniform(-1, 2, channels),
        rng.normal(size=channels),
        rng.normal(size=channels),
        rng.uniform(0.5, 2, channels),
    )
    return model.node("BatchNormalization", x, *parts)


def build_one(shape, make, scale=0.25, quantize=True):
    """Return a model of one node on an input of 6 bits, and perhaps a Quant behind it."""
    model = Builder(shape)
    x = make(model, model.quant("x", 0.25, 6))
    return model.build(model.quant(x, scale, 6) if quantize else x)


NODES = {
    "normalisation": ((3,), lambda m, x: normalisation(m, x, 3)),
    "normalised image": ((3, 4, 4), lambda m, x: normalisation(m, x, 3)),
    "sigmoid": ((5,), lambda m, x: m.node("Sigmoid", x)),
    "tanh": ((5,), lambda m, x: m.node("Tanh", x)),
    "hard sigmoid": ((5,), lambda m, x: m.node("HardSigmoid", x)),
    "leaky": ((5,), lambda m, x: m.node("LeakyRelu", x, alpha=0.25)),
    "really leaky": ((5,), lambda m, x: m.node("LeakyRelu", x, alpha=0.1)),
    "clip": ((5,), lambda m, x: m.node("Clip", x, np.float32(-1), np.float32(2))),
    "real clip": ((5,), lambda m, x: m.node("Clip", x, np.float32(-1.1), np.float32(2.3))),
    "mul": ((3, 2, 2), lambda m, x: m.node("Mul", x, np.array([0.5, 3, -1.0]).reshape(3, 1, 1))),
    "real mul": (
        (3, 2, 2),
        lambda m, x: m.node("Mul", x, np.array([0.3, 3, 1.7]).reshape(1, 3, 1, 1)),
    ),
    "div": ((4,), lambda m, x: m.node("Div", x, np.float32(3))),
    "sub": ((4,), lambda m, x: m.node("Sub", np.float32(0.375), x)),
    "neg": ((4,), lambda m, x: m.node("Neg", x)),
    "max": ((4,), lambda m, x: m.node("Max", x, np.float32(-0.5))),
    "mean": ((2, 4, 4), lambda m, x: m.node("GlobalAveragePool", x)),
    "mean of 9": ((2, 3, 3), lambda m, x: m.node("GlobalAveragePool", x)),
    "reduced mean": ((2, 4, 4), lambda m, x: m.node("ReduceMean", x, axes=[2, 3], keepdims=0)),
    "maximum": ((2, 3, 3), lambda m, x: m.node("GlobalMaxPool", x)),
    "padded mean": (
        (2, 4, 4),
        lambda m, x: m.node("AveragePool", x, kernel_shape=[2, 2], pads=[1, 1, 1, 1]),
    ),
    "counted padding": (
        (2, 4, 4),
        lambda m, x: m.node(
            "AveragePool", x, kernel_shape=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1
        ),
    ),
    "row pool": (
        (2, 7),
        lambda m, x: m.node("MaxPool", x, kernel_shape=[3], strides=[2], pads=[1, 0]),
    ),
    "ceiling": (
        (2, 5, 5),
        lambda m, x: m.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
    ),
    "row convolution": (
        (2, 7),
        lambda m, x: m.node(
            "Conv", x, m.weights(3, 2, 3), np.array([0.5, 0, -1]), strides=[2], pads=[1, 1]
        ),
    ),
    "same": (
        (2, 5, 5),
        lambda m, x: m.node(
            "Conv", x, m.weights(3, 2, 2, 3), auto_pad="SAME_UPPER", strides=[2, 1]
        ),
    ),
    "depthwise": (
        (2, 5, 5),
        lambda m, x: m.node("Conv", x, m.weights(4, 1, 3, 3), group=2, dilations=[2, 1]),
    ),
    "scaled outputs": (
        (2, 4, 4),
        lambda m, x: m.node(
            "Conv", x, m.weights(2, 2, 1, 1, scale=np.array([0.3371, 0.7123]).reshape(2, 1, 1, 1))
        ),
    ),
    "maxima of real numbers": (
        (2, 4, 4),
        lambda m, x: m.node(
            "MaxPool",
            m.node(
                "Conv",
                x,
                m.weights(2, 2, 1, 1, scale=np.array([0.3371, 0.7123]).reshape(2, 1, 1, 1)),
            ),
            kernel_shape=[2, 2],
        ),
    ),
    "transposed": (
        (2, 3, 4),
        lambda m, x: m.node(
            "Reshape", m.node("Transpose", x, perm=[0, 2, 3, 1]), np.array([1, -1])
        ),
    ),
    "sliced": (
        (4, 5),
        lambda m, x: m.node(
            "Slice", x, np.array([1, -1]), np.array([3, -9]), np.array([1, 2]), np.array([1, -2])
        ),
    ),
    "gathered": ((4, 5), lambda m, x: m.node("Gather", x, np.array([0, 2]), axis=1)),
    "padded": (
        (2, 3),
        lambda m, x: m.node("Pad", x, np.array([0, 1, 0, 0, 0, 2]), np.float32(0.25)),
    ),
    "squeezed": (
        (1, 3),
        lambda m, x: m.node("Unsqueeze", m.node("Squeeze", x, np.array([1])), np.array([2])),
    ),
    "bipolar": ((5,), lambda m, x: m.node("BipolarQuant", x, np.float32(0.5))),
    "shape": (
        (2, 3),
        lambda m, x: m.node(
            "Reshape",
            x,
            m.node(
                "Concat",
                m.node("Gather", m.node("Shape", x), np.array([0])),
                np.array([-1]),
                axis=0,
            ),
        ),
    ),
    "thresholds": (
        (3, 2, 2),
        lambda m, x: m.node(
            "MultiThreshold",
            x,
            np.array([[-1, 0.3, 0.3], [0, 1, 2], [-7, 5, 99.0]]),
            out_dtype="INT4",
            out_scale=0.5,
            out_bias=-1.0,
            data_layout="NCHW",
        ),
    ),
    "product": ((4,), lambda m, x: m.node("Mul", x, x)),
    "trunc": (
        (4,),
        lambda m, x: m.node(
            "Trunc",
            x,
            np.float32(0.25),
            np.float32(0),
            np.float32(6),
            np.float32(3),
            rounding_mode="FLOOR",
        ),
    ),
    "three bits of nine": (
        (2, 3, 3),
        lambda m, x: m.node(
            "Trunc",
            m.node("Mul", m.node("AveragePool", x, kernel_shape=[3, 3]), np.float32(9)),
            np.float32(0.25),
            np.float32(0),
            np.float32(10),
            np.float32(6),
            rounding_mode="ROUND",
        ),
    ),
}


@pytest.mark.parametrize("name", NODES)
def test_nodes_equal_the_executors(name):
    assert_equal(build_one(*NODES[name]), samples=24)


EXACT = [
    n
    for n in NODES
    if n
    in {
        "leaky",
        "clip",
        "mul",
        "neg",
        "max",
        "row pool",
        "row convolution",
        "same",
        "depthwise",
        "transposed",
        "sliced",
        "padded",
        "trunc",
        "product",
    }
]


@pytest.mark.parametrize("name", EXACT)
def test_exact_nodes_need_no_quantizer(name):
    design = assert_equal(build_one(*NODES[name], quantize=False))
    assert design.host is None
    assert design.check(targets=["qonnx"])


def test_scales_that_share_a_factor_stay_exact():
    """The same real scale everywhere: sums, joins and quantizers are exact on integers."""
    model, step = Builder((6,)), 0.3
    a, b = model.quant("x", step, 4), model.quant("x", 2 * step, 3)
    x = model.node("Concat", model.node("Add", a, b), a, axis=1)
    proto = model.build(model.quant(x, 4 * step, 4))
    design = qhls.compile(load(proto), "s8.4")
    assert not any(op.kind == "mul" for op in design.graph.ops)
    (x,) = draw_numbers(design, 32)
    (expected,) = execute(proto, x)
    assert np.mean(np.isclose(design.finish(design.run(x)), expected, rtol=1e-6)) > 0.99


def test_types_of_inputs_come_from_quantizers_annotations_or_the_user():
    import onnx

    model = Builder((3,))
    proto = model.build(model.node("MatMul", "x", model.weights(3, 2)))
    with pytest.raises(
        LoweringError, match=r"^model 'network': expected the type of 'x', got none: .*$"
    ):
        qhls.compile(load(proto))
    for annotation, type_ in (
        ("UINT8", "u8.0"),
        ("INT4", "s4.0"),
        ("FIXED<8,3>", "s8.5"),
        ("BIPOLAR", "s2.0"),
    ):
        annotated = onnx.ModelProto()
        annotated.CopyFrom(proto)
        added = annotated.graph.quantization_annotation.add()
        added.tensor_name = "x"
        entry = added.quant_parameter_tensor_names.add()
        entry.key, entry.value = "finn_datatype", annotation
        assert str(qhls.compile(load(annotated)).graph.inputs[0].type) == type_
    assert str(qhls.compile(load(mlp())).graph.inputs[0].type) == "s8.3"


def test_a_softmax_at_the_end_is_the_hosts():
    model = Builder((4,))
    logits = model.node("MatMul", model.quant("x", 0.5, 4), model.weights(4, 3), name="fc")
    proto = model.build(model.node("Softmax", logits, name="probabilities", axis=1))
    design = qhls.compile(load(proto))
    assert design.graph.host_softmax == ("probabilities",)
    assert design.check(targets=[])
    assert qhls.compile(load(proto), softmax="argmax").check(targets=[])
    assert qhls.compile(load(proto), softmax="hardware").check(targets=[])


def test_batches_of_a_file_are_kept_apart():
    model = Builder((2, 3))
    x = model.node("Reshape", model.quant("x", 0.5, 4), np.array([4, -1]))
    proto = model.build(model.node("MatMul", x, model.weights(6, 2)), batch=4)
    design = qhls.compile(load(proto))
    assert design.check(targets=[])
    assert design.graph.outputs[0].shape == (2,)


def test_two_inputs_and_outputs():
    model = Builder((4,), (4,))
    a, b = model.quant("x", 0.5, 4), model.quant("x1", 0.25, 4, signed=0)
    proto = model.build(model.node("Add", a, b), model.node("Sub", a, b))
    assert_equal(proto)


@pytest.mark.parametrize(
    ("to", "frac", "message"),
    [
        (
            "BOOL",
            0,
            r"^node 'cast' \(Cast\): expected numbers that bool holds, got s4\.0 from -8 to 7\. Cast to .*$",
        ),
        (
            "UINT8",
            0,
            r"^node 'cast' \(Cast\): expected numbers that uint8 holds, got s4\.0 from -8 to 7\. .*$",
        ),
        ("INT8", 0, None),
        (
            "INT8",
            -5,
            r"^node 'cast' \(Cast\): expected numbers that int8 holds, got s4\.-5 from -256 to 224\. .*$",
        ),
        ("INT16", -5, None),
        (
            "INT16",
            1,
            r"^node 'cast' \(Cast\): expected whole numbers to cast, got s4\.1\. Round them .*$",
        ),
        ("DOUBLE", 1, None),
        (
            "FLOAT16",
            0,
            r"^node 'cast' \(Cast\): expected a cast to float, double or integers, got type 10\. .*$",
        ),
    ],
)
def test_casts_change_no_number(to, frac, message):
    import onnx

    model = Builder((3,))
    x = model.quant("x", 2.0**-frac, 4)
    x = model.node("Cast", x, to=getattr(onnx.TensorProto, to), name="cast")
    proto = model.build(model.node("Cast", x, to=onnx.TensorProto.FLOAT))
    if message is None:
        assert_equal(proto)
        return
    with pytest.raises(LoweringError, match=message):
        qhls.compile(load(proto))
