"""Each argument of each layer of Keras that has a rule: used as in Keras, refused, or of no effect at inference."""

import inspect

import keras
import numpy as np
import pytest

import qhls
from qhls.frontend import QActivation
from qhls.frontend.lowering.lower import lower
from qhls.frontend.models.state import settle

L = keras.layers
ACT = "quantized_bits(8,2,alpha=1)"
FIRST = {"data_format": "channels_first"}
INERT = {
    *(
        "rate",
        "noise_shape",
        "seed",
        "stddev",
        "l1",
        "l2",
        "momentum",
        "epsilon",
        "synchronized",
        "renorm",
    ),
    *(
        "renorm_clipping",
        "renorm_momentum",
        "name",
        "dtype",
        "num_bins",
        "sparse",
        "weights",
        "unroll",
    ),
    *("lora_rank", "lora_alpha", "quantization_config", "zero_output_for_mask", "mask_zero"),
}
"""Of no effect on numbers without training, adapting or a mask; what has one is in the variables then."""
POOL = {"pool_size": 2, "strides": 1}
IMAGE = (4, 6, 2)
CUBE = (4, 5, 6, 2)
USED = (
    {
        L.ReLU: ({}, (3,), {"max_value": 1.0, "negative_slope": 0.3, "threshold": 0.5}),
        L.LeakyReLU: ({}, (3,), {"negative_slope": 0.7}),
        L.ELU: ({}, (3,), {"alpha": 0.3}),
        L.PReLU: ({}, (2, 3), {"shared_axes": [1]}),
        L.Activation: ({"activation": "tanh"}, (3,), {"activation": "relu6"}),
        L.Rescaling: ({"scale": 0.3}, (3,), {"scale": [0.1, 0.5, 0.7], "offset": 0.7}),
        L.Normalization: (
            {"mean": [0.5, 1.0], "variance": [2.0, 3.0]},
            (2, 2),
            {"axis": 1, "mean": [1.0, 0.0], "variance": [1.0, 5.0], "invert": True},
        ),
        L.Discretization: ({"bin_boundaries": [0.0, 1.0]}, (3,), {"bin_boundaries": [-1.0, 0.3]}),
        L.BatchNormalization: ({}, (2, 3), {"axis": 1, "center": False, "scale": False}),
        L.MaxPooling1D: (POOL, (6, 2), {"pool_size": 3, "strides": 2, "padding": "same"}),
        L.MaxPooling2D: (POOL, IMAGE, {"pool_size": 3, "strides": 2, "padding": "same"}),
        L.AveragePooling1D: (POOL, (6, 2), {"pool_size": 3, "strides": 2, "padding": "same"}),
        L.AveragePooling2D: (POOL, IMAGE, {"pool_size": 3, "strides": 2, "padding": "same"}),
        L.MaxPooling3D: (POOL, CUBE, {"pool_size": (3, 1, 2), "strides": 2, "padding": "same"}),
        L.AveragePooling3D: (POOL, CUBE, {"pool_size": (3, 1, 2), "strides": 2, "padding": "same"}),
        L.Reshape: ({"target_shape": (6,)}, (2, 3), {"target_shape": (3, 2)}),
        L.Permute: ({"dims": (1, 2)}, (2, 3), {"dims": (2, 1)}),
        L.RepeatVector: ({"n": 2}, (3,), {"n": 3}),
        L.UpSampling1D: ({}, (2, 3), {"size": 3}),
        L.UpSampling2D: ({}, IMAGE, {"size": 3}),
        L.ZeroPadding1D: ({}, (4, 2), {"padding": (0, 2)}),
        L.ZeroPadding2D: ({}, IMAGE, {"padding": ((0, 1), (2, 0))}),
        L.Cropping1D: ({}, (4, 2), {"cropping": (0, 1)}),
        L.UpSampling3D: ({}, CUBE, {"size": (1, 2, 3)}),
        L.ZeroPadding3D: ({}, CUBE, {"padding": ((0, 1), (2, 0), (1, 3))}),
        L.Cropping3D: ({"cropping": 1}, CUBE, {"cropping": ((0, 1), (2, 0), (1, 1))}),
        L.CenterCrop: ({"height": 3, "width": 2}, IMAGE, {"height": 2, "width": 5}),
        L.Masking: ({}, (4, 1), {"mask_value": -2.0}),
        L.Cropping2D: ({"cropping": 1}, IMAGE, {"cropping": ((0, 1), (2, 0))}),
    }
    | {
        getattr(L, f"Global{kind}Pooling{rank}D"): ({}, (2,) * rank + (3,), {"keepdims": True})
        for kind in ("Max", "Average")
        for rank in (1, 2, 3)
    }
    | {
        cls: ({"output_size": 2}, (6,) * rank + (3,), {"output_size": 3})
        for kind in ("Max", "Average")
        for rank in (1, 2, 3)
        if (cls := getattr(L, f"Adaptive{kind}Pooling{rank}D", None)) is not None
    }
)
"""Class -> its arguments, the shape of an input, and what Keras computes otherwise with another argument."""
REFUSED = {
    L.Discretization: {"output_mode": "one_hot"},
    L.UpSampling2D: {"interpolation": "bilinear"},
    L.Masking: {"mask_value": 0.1},
    L.CenterCrop: {"height": 5},
    **{
        cls: {"output_size": 4}
        for cls in (
            getattr(L, "AdaptiveMaxPooling2D", None),
            getattr(L, "AdaptiveAveragePooling1D", None),
        )
        if cls is not None
    },
}
ELSEWHERE = {
    L.Softmax: "test_softmax.py",
    L.Embedding: "test_wrappers.py",
    L.TimeDistributed: "test_wrappers.py",
    L.RNN: "test_hardware_layers.py",
    L.Bidirectional: "test_hardware_layers.py",
    L.Concatenate: "test_rules.py",
    L.Dot: "test_hardware_layers.py",
}


def made(cls, arguments, shape):
    model = keras.Sequential([keras.Input(shape), cls(**arguments), QActivation(ACT)])
    random = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(random.uniform(0.25, 1, weight.shape))
    settle(model)
    return model


CASES = [(cls, name) for cls, (_, _, changes) in USED.items() for name in changes]


@pytest.mark.parametrize(
    ("cls", "name"), CASES, ids=lambda value: getattr(value, "__name__", value)
)
def test_an_argument_changes_what_it_changes_in_keras(cls, name):
    arguments, shape, changes = USED[cls]
    models = [made(cls, arguments | more, shape) for more in ({}, {name: changes[name]})]
    x = np.random.default_rng(1).integers(-64, 64, (32, *shape)) / 32
    before, after = (
        keras.ops.convert_to_numpy(model(x.astype("float32"), training=False)) for model in models
    )
    assert before.shape != after.shape or (before != after).any(), "an example without effect"
    for model in models:
        report = qhls.compile(model, "s8.5").check(x, targets=())
        assert report, report


@pytest.mark.parametrize("cls", REFUSED, ids=lambda cls: cls.__name__)
def test_an_argument_without_exact_meaning_is_refused(cls):
    arguments, shape, _ = USED[cls]
    with pytest.raises(qhls.LoweringError, match=rf"^layer 'x' \({cls.__name__}\): expected"):
        qhls.compile(made(cls, arguments | REFUSED[cls] | {"name": "x"}, shape), "s8.5")


def test_every_argument_of_every_layer_is_told():
    """A new rule, or a new argument in Keras, belongs into one of these tables."""
    ends = ("_initializer", "_regularizer", "_constraint")
    for cls in [
        c for c in lower._rules if issubclass(c, L.Layer) and c.__module__.startswith("keras.")
    ]:
        told = {*INERT, *REFUSED.get(cls, {}), *(USED[cls][2] if cls in USED else ())}
        given = set(inspect.signature(cls.__init__).parameters) - {"self", "args", "kwargs"}
        if lower._rules[cls] is lower._rules[L.Identity]:
            continue  # nothing at inference, see the next test
        missing = {n for n in given - told if not n.endswith(ends)} - {"data_format"}
        assert not missing or cls in ELSEWHERE, f"{cls.__name__}: {sorted(missing)}"


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
    "cls",
    [c for c in USED if "data_format" in inspect.signature(c.__init__).parameters],
    ids=lambda cls: cls.__name__,
)
def test_channels_come_last(cls):
    arguments, shape, _ = USED[cls]
    layer = cls(**arguments, **FIRST, name="x")
    inputs = qhls.ir.Input(shape, qhls.ir.Fixed.parse("s8.5"), name="in")
    with pytest.raises(qhls.LoweringError, match=r"^layer 'x' \(\w+\): expected data_format='chan"):
        lower(layer, inputs)
