"""Each argument of each layer of Keras that has a rule: used as in Keras, refused, or of no effect at inference."""

import inspect

import keras
import numpy as np
import pytest

import qhls
from qhls.frontend import QActivation
from qhls.frontend.lowering.lower import lower
from qhls.layers import QDense, QSimpleRNN, QSimpleRNNCell
from support.arguments import (
    BASE,
    Arguments,
    arguments_of,
    cases,
    check,
    differ,
    made,
    outputs_of,
    without_effect,
)

L = keras.layers
ACT = "quantized_bits(8,2,alpha=1)"
BITS = "quantized_bits(4,1,alpha=1)"
KERNEL = {"kernel_quantizer": BITS, "bias_quantizer": BITS}
CELL = KERNEL | {"recurrent_quantizer": BITS, "state_quantizer": BITS, "activation": BITS}
FIRST = {"data_format": "channels_first"}
INERT = {
    "seed": 7,
    "l1": 0.1,
    "l2": 0.1,
    "momentum": 0.5,
    "synchronized": True,
    "renorm": True,
    "renorm_clipping": {"rmax": 3.0},
    "renorm_momentum": 0.5,
    "mask_zero": True,
    "quantization_config": keras.quantizers.Int8QuantizationConfig(),
    "zero_output_for_mask": True,
    "unroll": True,
    "lora_alpha": 3,
}
"""Argument without effect on numbers, without training, adapting or a mask -> another value."""
POOL = {"pool_size": 2, "strides": 1}
POOLED = {"pool_size": 3, "strides": 2, "padding": "same"}
IMAGE = (4, 6, 2)
CUBE = (4, 5, 6, 2)
RANK = r"^layer 'x' \(\w+\): expected data_format='chan"


def real(cls):
    """The message about an argument without an exact meaning."""
    return rf"^layer 'x' \({cls.__name__}\): expected"


def layers_of(*names, shape=(3,), **arguments):
    return {getattr(L, name): Arguments(arguments, shape) for name in names}


TABLE = {
    L.ReLU: Arguments(used={"max_value": 1.0, "negative_slope": 0.3, "threshold": 0.5}),
    L.LeakyReLU: Arguments(used={"negative_slope": 0.7}),
    L.ELU: Arguments(used={"alpha": 0.3}),
    L.PReLU: Arguments(shape=(2, 3), used={"shared_axes": [1]}),
    L.Activation: Arguments({"activation": "tanh"}, used={"activation": "relu6"}),
    L.Rescaling: Arguments({"scale": 0.3}, used={"scale": [0.1, 0.5, 0.7], "offset": 0.7}),
    L.Normalization: Arguments(
        {"mean": [0.5, 1.0], "variance": [2.0, 3.0]},
        (2, 2),
        {"axis": 1, "mean": [1.0, 0.0], "variance": [1.0, 5.0], "invert": True},
    ),
    L.Discretization: Arguments(
        {"bin_boundaries": [0.0, 1.0]},
        used={"bin_boundaries": [-1.0, 0.3]},
        alike={"epsilon": 0.3},
        refused={
            "output_mode": ("one_hot", real(L.Discretization)),
            "num_bins": (2, r"^Both `num_bins` and `bin_boundaries`"),
            "sparse": (True, r"^`sparse=True` may only be used if `output_mode`"),
        },
    ),
    L.BatchNormalization: Arguments(
        shape=(2, 3), used={"axis": 1, "center": False, "scale": False, "epsilon": 0.5}
    ),
    L.Reshape: Arguments({"target_shape": (6,)}, (2, 3), {"target_shape": (3, 2)}),
    L.Permute: Arguments({"dims": (1, 2)}, (2, 3), {"dims": (2, 1)}),
    L.RepeatVector: Arguments({"n": 2}, used={"n": 3}),
    L.UpSampling1D: Arguments(shape=(2, 3), used={"size": 3}),
    L.UpSampling2D: Arguments(
        shape=IMAGE,
        used={"size": 3},
        refused={"interpolation": ("bilinear", real(L.UpSampling2D))},
    ),
    L.ZeroPadding1D: Arguments(shape=(4, 2), used={"padding": (0, 2)}),
    L.ZeroPadding2D: Arguments(shape=IMAGE, used={"padding": ((0, 1), (2, 0))}),
    L.Cropping1D: Arguments(shape=(4, 2), used={"cropping": (0, 1)}),
    L.Cropping2D: Arguments({"cropping": 1}, IMAGE, {"cropping": ((0, 1), (2, 0))}),
    L.Flatten: Arguments(shape=(2, 3)),
    L.Softmax: Arguments(shape=(3, 2), used={"axis": 1}),
    L.Concatenate: Arguments(
        shape=[(2, 3), (2, 3)],
        used={"axis": 1},
        refused={
            "axis": (0, r"^layer 'x' \(Concatenate\): expected an axis other than the batch's")
        },
    ),
    L.Dot: Arguments(
        {"axes": 1},
        [(2, 2), (2, 2)],
        {"axes": (1, 2)},
        refused={"normalize": (True, r"^layer 'x' \(Dot\): expected normalize=False, got True")},
    ),
    L.Embedding: Arguments(
        {"input_dim": 4, "output_dim": 3},
        used={"output_dim": 2, "input_dim": 5, "lora_rank": 2},
        alike={"weights": [np.ones((4, 3))]},
        types="u2.0",
    ),
    L.TimeDistributed: Arguments(
        {"layer": lambda: QDense(2, **KERNEL)},
        (2, 3),
        {"layer": lambda: QDense(3, **KERNEL)},
    ),
    L.RNN: Arguments(
        {"cell": lambda: QSimpleRNNCell(2, **CELL)},
        (4, 2),
        {
            "cell": lambda: QSimpleRNNCell(3, **CELL),
            "return_sequences": True,
            "return_state": True,
            "go_backwards": True,
        },
        refused={"stateful": (True, r"^layer 'x' \(RNN\): expected stateful=False, got True")},
    ),
    L.Bidirectional: Arguments(
        {"layer": lambda: QSimpleRNN(2, **CELL)},
        (4, 2),
        {
            "layer": lambda: QSimpleRNN(3, **CELL),
            "merge_mode": "ave",
            "backward_layer": lambda: QSimpleRNN(
                2, go_backwards=True, **CELL | {"use_bias": False}
            ),
        },
        alike={"weights": [np.ones(shape) for shape in ((2, 2), (2, 2), (2,)) * 2]},
    ),
    L.ActivityRegularization: Arguments(
        refused={
            "activity_regularizer": ("l2", r"^.*multiple values for .* 'activity_regularizer'")
        }
    ),
} | layers_of("Identity")
TABLE |= {
    cls: Arguments({"rate": 0.1}, shape, alike={"rate": 0.5, **alike})
    for cls, shape, alike in (
        (L.Dropout, (3,), {"noise_shape": (1, 3)}),
        (L.AlphaDropout, (3,), {"noise_shape": (1, 3)}),
        (L.GaussianDropout, (3,), {}),
        (L.SpatialDropout1D, (2, 3), {}),
        (L.SpatialDropout2D, IMAGE, FIRST),
        (L.SpatialDropout3D, (2, *IMAGE), FIRST),
    )
}
TABLE |= {L.GaussianNoise: Arguments({"stddev": 0.1}, alike={"stddev": 0.5})}
TABLE |= layers_of("Add", "Subtract", "Multiply", "Maximum", "Minimum", "Average", shape=[(3,)] * 2)
TABLE |= {
    getattr(L, f"{kind}Pooling{rank}D"): Arguments(POOL, CUBE[3 - rank :], POOLED)
    for kind in ("Max", "Average")
    for rank in (1, 2, 3)
}
TABLE |= {
    L.UpSampling3D: Arguments(shape=CUBE, used={"size": (1, 2, 3)}),
    L.ZeroPadding3D: Arguments(shape=CUBE, used={"padding": ((0, 1), (2, 0), (1, 3))}),
    L.Cropping3D: Arguments({"cropping": 1}, CUBE, {"cropping": ((0, 1), (2, 0), (1, 1))}),
    L.CenterCrop: Arguments(
        {"height": 3, "width": 2},
        IMAGE,
        {"height": 2, "width": 5},
        alike={"bounding_box_format": "xyxy"},
        refused={
            "height": (5, real(L.CenterCrop)),
            "factor": (0.5, r"^Layer CenterCrop does not take a `factor` argument"),
        },
    ),
    L.Masking: Arguments(
        shape=(4, 1),
        used={"mask_value": -0.09375},
        refused={"mask_value": (0.1, real(L.Masking))},
    ),
}
TABLE |= {
    cls: Arguments(
        {"output_size": 2},
        (6,) * rank + (3,),
        {"output_size": 3},
        refused={"output_size": (4, real(cls))},
    )
    for kind in ("Max", "Average")
    for rank in (1, 2, 3)
    if (cls := getattr(L, f"Adaptive{kind}Pooling{rank}D", None)) is not None
}
TABLE |= {
    getattr(L, f"Global{kind}Pooling{rank}D"): Arguments(
        shape=(2,) * rank + (3,), used={"keepdims": True}
    )
    for kind in ("Max", "Average")
    for rank in (1, 2, 3)
}


def classes():
    """Return the layers of Keras that have a rule."""
    return [c for c in lower._rules if issubclass(c, L.Layer) and c.__module__.startswith("keras.")]


def model_of(cls, arguments):
    """Return a model of the layer, behind it a quantizer unless it is at home at the end of a model."""
    behind = () if cls is L.Softmax else (lambda: QActivation(ACT),)
    return made(cls, arguments, TABLE[cls].shapes(), *behind)


def options_of(cls):
    return {"softmax": "argmax"} if cls is L.Softmax else {}


def name_of(value):
    return getattr(value, "__name__", value)


@pytest.mark.parametrize(("cls", "name"), cases(TABLE, "used"), ids=name_of)
def test_an_argument_changes_what_it_changes_in_keras(cls, name):
    given = TABLE[cls]
    before, after = (model_of(cls, a) for a in (given.without(name), given.changed(name)))
    assert differ(outputs_of(before, given), outputs_of(after, given)), "an example without effect"
    check(after, given, **options_of(cls))


@pytest.mark.parametrize("cls", TABLE, ids=name_of)
def test_other_arguments_change_no_number(cls):
    given = TABLE[cls]
    values = {n: without_effect(n, INERT | given.alike) for n in arguments_of(cls)}
    values = {
        n: v for n, v in values.items() if v is not None and n not in {*given.used, *given.refused}
    }
    before = model_of(cls, given.example)
    after = model_of(cls, given.example | values)
    assert not differ(outputs_of(before, given), outputs_of(after, given))
    check(after, given, **options_of(cls))


@pytest.mark.parametrize(("cls", "name"), cases(TABLE, "refused"), ids=name_of)
def test_an_argument_without_exact_meaning_is_refused(cls, name):
    given = TABLE[cls]
    arguments, message = given.refusal(name)
    with pytest.raises((qhls.LoweringError, ValueError, TypeError), match=message):
        qhls.compile(model_of(cls, arguments | {"name": "x"}), given.types)


IDENTITIES = [c for c, rule in lower._rules.items() if rule is lower._rules[L.Identity]]
OPTIONS = {"l1": 0.1, "height": 4, "width": 6, "layers": [], "mask_value": 0.0}
"""Values of arguments that have no default; of others 0.5."""


@pytest.mark.parametrize("cls", IDENTITIES, ids=lambda cls: cls.__name__)
def test_layers_that_only_train(cls):
    needed = [
        name
        for name, each in inspect.signature(cls.__init__).parameters.items()
        if each.default is each.empty and name not in ("self", "args", "kwargs")
    ]
    arguments = {name: OPTIONS.get(name, 0.5) for name in needed}
    if cls is getattr(L, "RandomPosterization", None):
        arguments["factor"] = 4
    shape = {"1D": (4, 3), "3D": CUBE}.get(cls.__name__[-2:], (4, 6, 3))
    model = keras.Sequential([keras.Input(shape), cls(**arguments)])
    x = np.random.default_rng(1).integers(-64, 64, (8, *shape)) / 32
    made = model(x.astype("float32"), training=False)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(made), x)
    design = qhls.compile(model, "s8.5")
    np.testing.assert_array_equal(design.run(x), x)
    assert design.check(x, targets=())


@pytest.mark.parametrize(
    "cls", [c for c in classes() if c not in IDENTITIES or c in TABLE], ids=name_of
)
def test_every_argument_is_used_refused_or_without_effect(cls):
    """A new rule, or a new argument in Keras, belongs in the table."""
    given = TABLE[cls]
    known = {*given.used, *given.alike, *given.refused, *FIRST}
    new = {n for n in arguments_of(cls) - known if without_effect(n, INERT) is None}
    assert not new


def test_layers_have_these_arguments_in_common():
    parameters = inspect.signature(L.Layer.__init__).parameters.values()
    assert {p.name for p in parameters if p.kind is p.KEYWORD_ONLY} == BASE.keys() | {"dtype"}


@pytest.mark.parametrize(
    "cls",
    [c for c in TABLE if "data_format" in arguments_of(c) - TABLE[c].alike.keys()],
    ids=name_of,
)
def test_channels_come_last(cls):
    layer = cls(**TABLE[cls].example, **FIRST, name="x")
    inputs = qhls.ir.Input(TABLE[cls].shape, qhls.ir.Fixed.parse("s8.5"), name="in")
    with pytest.raises(qhls.LoweringError, match=r"^layer 'x' \(\w+\): expected data_format='chan"):
        lower(layer, inputs)
