"""The space of candidates: what there is to choose, what a candidate becomes, what is refused."""

import keras
import numpy as np
import pytest

from qhls.frontend.models.walk import walk_replaceable
from qhls.search import SpaceError, TrialError
from qhls.search.space.choices import Space
from qhls.search.space.quantization import DEFAULT_QUANTIZATION, HARDWARE_QUANTIZATION
from support.searches import FEW, LIMIT, dense


def choices(space):
    return {choice.name: choice.options for choice in space.choices}


def cnn():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(4, 3, activation="relu", name="conv_0"),
            keras.layers.DepthwiseConv2D(3, name="conv_1"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.Activation("relu", name="act_1"),
            keras.layers.Activation("linear", name="act_2"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(5, use_bias=False, name="scores"),
        ]
    )


def test_choices_are_those_of_the_limits():
    space = Space(dense(), limit={"Dense": [2, 4, 3], "Activation": [4]})
    kernels = tuple(q for q, bits in DEFAULT_QUANTIZATION["kernel"].items() if bits <= 2)
    found = choices(space)
    assert list(found) == [
        *("d0_kernel_quantizer", "d0_bias_quantizer", "a0_activation_quantizer"),
        *("d1_kernel_quantizer", "d1_bias_quantizer", "d1_activation_quantizer"),
        *("d2_kernel_quantizer", "d2_bias_quantizer"),
    ]
    assert found["d0_kernel_quantizer"] == kernels
    assert found["d0_bias_quantizer"] == ("quantized_bits(4,0,1)", "quantized_po2(4,8)")
    assert found["d1_activation_quantizer"][-1] == "quantized_relu(3,1)"
    assert found["a0_activation_quantizer"][-1] == "quantized_relu_po2(4,4)"
    assert space.size == np.prod([len(options) for options in found.values()])


def test_candidates_by_number_are_all_of_them():
    space = Space(dense(), limit=LIMIT, quantization_config=FEW)
    keys = {space.format_key(space.get_candidate(i)) for i in range(space.size)}
    assert len(keys) == space.size == 2**3 * 2**2


def test_each_tensor_gets_what_was_chosen():
    limit = {"Conv2D": [8, 8, 8], "DepthwiseConv2D": [4, 4, 4], "Dense": [8, 8, 8]}
    limit |= {"Activation": [8], "BatchNormalization": []}
    space = Space(cnn(), limit=limit, quantization_config=FEW)
    candidate = space.smallest | {"conv_1_depthwise_quantizer": "quantized_bits(4,0,1,alpha=1)"}
    model = space.build(candidate)
    names = [type(layer).__name__ for layer in model.layers]
    assert names == [
        *("QConv2D", "QDepthwiseConv2D", "QBatchNormalization", "QActivation", "QActivation"),
        *("Flatten", "QDense"),
    ]
    assert str(model.get_layer("conv_0").activation) == "quantized_relu(3,2)"
    assert model.get_layer("conv_0").get_quantizers()[0].bits == 2
    assert model.get_layer("conv_1").get_quantizers()[0].bits == 4
    assert str(model.get_layer("act_2").quantizer).startswith("quantized_bits(6,2,1")


def test_a_class_without_limit_is_not_quantised():
    model = Space(cnn(), limit={"Dense": [4]}, quantization_config=FEW).build(
        {"scores_kernel_quantizer": "quantized_bits(2,0,1,alpha=1)"}
    )
    quantised = [layer.name for layer in model.layers if type(layer).__name__.startswith("Q")]
    assert quantised == ["scores"]


def test_without_limit_everything_is_quantised_to_8_bits_at_most():
    found = choices(
        Space(cnn(), quantization_config={**FEW, "kernel": {"quantized_bits(9)": 9, "binary": 1}})
    )
    assert found["scores_kernel_quantizer"] == ("binary",)
    assert "conv_1_depthwise_quantizer" in found


def test_a_pattern_groups_layers_to_one_choice():
    limit = {"^d[01]$": [2, 8, 3], "Dense": [4, 8, 8], "Activation": [4]}
    space = Space(dense(), limit=limit, quantization_config=FEW)
    by_name = {choice.name: choice for choice in space.choices}
    assert by_name["^d[01]$_kernel_quantizer"].layers == ("d0", "d1")
    assert by_name["^d[01]$_kernel_quantizer"].options == ("quantized_bits(2,0,1,alpha=1)",)
    assert by_name["d2_kernel_quantizer"].options == tuple(FEW["kernel"])
    model = space.build(space.get_candidate(0))
    assert [model.get_layer(n).get_quantizers()[0].bits for n in ("d0", "d1")] == [2, 2]


def test_limits_may_be_lists_of_quantizers_and_default_fills_them():
    kernel = "quantized_bits(4,0,1,alpha=1)"
    found = choices(
        Space(dense(), limit={"default": [8, 4, 3], "Dense": [[kernel]]}, quantization_config=FEW)
    )
    assert found["d0_kernel_quantizer"] == (kernel,)
    assert found["d0_bias_quantizer"] == tuple(FEW["bias"])
    assert found["d1_activation_quantizer"] == ("quantized_relu(3,2)",)


def test_recurrent_kernels_have_a_limit_of_their_own():
    model = keras.Sequential([keras.Input((4, 2)), keras.layers.LSTM(3, name="r")])
    config = FEW | {"recurrent_kernel": {"ternary(alpha=1)": 2, "quantized_bits(8,0,1,alpha=1)": 8}}
    found = choices(Space(model, limit={"LSTM": [2, 4, 2, 3]}, quantization_config=config))
    assert found["r_kernel_quantizer"] == ("quantized_bits(2,0,1,alpha=1)",)
    assert found["r_recurrent_quantizer"] == ("ternary(alpha=1)",)
    assert found["r_activation_quantizer"] == ("quantized_relu(3,2)",)
    assert found["r_recurrent_activation_quantizer"] == ("quantized_relu(3,2)",)
    short = choices(Space(model, limit={"LSTM": [8, 4, 3]}, quantization_config=FEW))
    assert short["r_recurrent_quantizer"] == tuple(FEW["kernel"])


def test_layer_indexes_and_frozen_layers_leave_layers_out():
    model = dense()
    space = Space(model, limit=LIMIT, layer_indexes=[0, 2, 3], frozen_layers=["d1"])
    assert {choice.layers[0] for choice in space.choices} == {"d0", "d2"}
    built = space.build(space.get_candidate(0))
    frozen = built.get_layer("d1")
    assert type(frozen) is keras.layers.Dense
    assert not frozen.trainable
    np.testing.assert_array_equal(frozen.get_weights()[0], model.get_layer("d1").get_weights()[0])
    before = model.get_layer("d0").get_weights()[0]
    assert not np.array_equal(built.get_layer("d0").get_weights()[0], before)


def test_weights_are_transferred_where_asked():
    model = dense()
    space = Space(model, limit=LIMIT, transfer_weights=True, tune_filters="layer")
    built = space.build(
        space.get_candidate(0) | {"network_filters_d0": 0.5, "network_filters_d1": 1.0}
    )
    same = {
        layer.name: all(
            a.shape == b.shape and np.array_equal(a, b)
            for a, b in zip(
                layer.get_weights(), model.get_layer(layer.name).get_weights(), strict=True
            )
        )
        for layer in built.layers
        if layer.weights
    }
    assert same == {"d0": False, "d1": False, "d2": True}  # the first two have other shapes


# -- filters ----------------------------------------------------------------------------------------


def test_filters_layer_by_layer_spare_the_outputs():
    space = Space(dense(), limit=LIMIT, quantization_config=FEW, tune_filters="layer")
    found = choices(space)
    assert found["network_filters_d0"] == (0.5, 0.75, 1.0, 1.5, 2.0)
    assert "network_filters_d1" in found
    assert "network_filters_d2" not in found
    candidate = space.smallest | {"network_filters_d0": 0.75, "network_filters_d1": 2.0}
    model = space.build(candidate)
    assert [model.get_layer(name).units for name in ("d0", "d1", "d2")] == [6, 16, 3]


def test_filters_of_a_block_and_exceptions():
    space = Space(
        dense(), limit=LIMIT, quantization_config=FEW, tune_filters="block",
        tune_filters_exceptions="1$",
    )  # fmt: skip
    assert "network_filters" in choices(space)
    model = space.build(space.smallest | {"network_filters": 1.5})
    assert [model.get_layer(name).units for name in ("d0", "d1", "d2")] == [12, 8, 3]


def test_filters_within_nested_models_and_wrappers():
    rows = keras.layers.TimeDistributed(
        keras.Sequential(
            [keras.Input((4,)), keras.layers.Dense(6, name="r0"), keras.layers.Dense(5, name="r1")]
        ),
        name="rows",
    )
    inner = keras.Sequential([keras.Input((15,)), keras.layers.Dense(8, name="n0")], name="inner")
    model = keras.Sequential(
        [keras.Input((3, 4)), rows, keras.layers.Flatten(), inner, keras.layers.Dense(2, name="d")]
    )
    space = Space(model, limit={"Dense": [8, 8, 8]}, tune_filters="layer")
    names = [name for name in choices(space) if name.startswith("network_filters")]
    assert names == ["network_filters_r0", "network_filters_n0"]  # the input of "inner" is fixed
    factors = dict(zip(names, (0.5, 1.5), strict=True))
    units = {
        layer.name: layer.units
        for layer in walk_replaceable(space.build(space.smallest | factors))
        if hasattr(layer, "units")
    }
    assert units == {"r0": 3, "r1": 5, "n0": 12, "d": 2}


def branches():
    x = keras.Input((4,))
    left, right = keras.layers.Dense(6, name="l")(x), keras.layers.Dense(6, name="r")(x)
    y = keras.layers.Dense(2, name="y")(keras.layers.Add()([left, right]))
    return keras.Model(x, y)


def test_branches_that_meet_again_change_together_only():
    limit = {"Dense": [8, 8, 8]}
    assert "network_filters_l" not in choices(Space(branches(), limit=limit, tune_filters="layer"))
    space = Space(branches(), limit=limit, tune_filters="block")
    model = space.build(space.smallest | {"network_filters": 2.0})
    assert [model.get_layer(n).units for n in "lry"] == [12, 12, 2]


def test_a_block_that_cannot_change_together_is_refused():
    with pytest.raises(SpaceError, match=r"^tune_filters='block': expected layers that can all be resized by one "
                       r"factor, got r, whose shapes then no longer fit\. Name some of them in "
                       r"tune_filters_exceptions\.$"):  # fmt: skip
        Space(
            branches(), limit={"Dense": [8, 8, 8]}, tune_filters="block",
            tune_filters_exceptions="l",
        )  # fmt: skip


# -- refusals ---------------------------------------------------------------------------------------

BAD = [
    ({"limit": {"Dnse": [4, 4, 4]}}, r"^limit: expected classes of layers or patterns that match layers "
     r"of the model, got 'Dnse'\. Did you mean Dense.*\?$"),
    ({"limit": {"d(": [4]}}, r"^limit: expected a class of layers or a regular expression, got 'd\(': .*$"),
    ({"limit": {"Dense": [0, 4, 4]}}, r"^limit\['Dense'\]: expected numbers of bits from 1 on or lists of "
     r"quantizers, as \[kernel, bias, activation\], got \[0, 4, 4\]\. .*$"),
    ({"limit": {"Dense": [4, 2, 4]}}, r"^limit\['Dense'\]: expected at least 4 bits for 'bias' of the layer 'd0', "
     r"the fewest of quantization_config\['bias'\], got 2\. Raise the limit or add a quantizer\.$"),
    ({"limit": {"Dense": [["ternary"], 8, 8]}, "quantization_config": FEW}, r"^limit\['Dense'\]: expected "
     r"quantizers of quantization_config\['kernel'\] \(quantized_bits\(2,0,1,alpha=1\), .*\), got 'ternary'\. .*$"),
    ({"limit": [4]}, r"^limit: expected a dictionary such as \{'Dense': \[8, 8, 4\]\}, got \[4\]\. .*$"),
    ({"limit": {}}, r"^search: expected layers to quantise, got none: limit has no class and the model "
     r"'dense' Activation, Dense\. Add classes to limit\.$"),
    ({"limit": {"Conv2D": [4, 4, 4]}}, r"^search: expected layers to quantise, got none: limit has 'Conv2D' "
     r"and the model 'dense' Activation, Dense\. Add classes to limit\.$"),
    ({"quantization_config": {"kernels": {"ternary": 2}}}, r"^quantization_config: expected keys "
     r"among kernel, bias, activation, .*, got 'kernels'\. Did you mean 'kernel'\?$"),
    ({"quantization_config": {"kernel": {"quantized_bit(4)": 4}}}, r"^quantization_config\['kernel'\]: "
     r"get_quantizer: expected the name of a quantizer, got 'quantized_bit' .*$"),
    ({"quantization_config": {"kernel": {"ternary": "2"}}}, r"^quantization_config\['kernel'\]\['ternary'\]: "
     r"expected its bits, got '2'\. .*$"),
    ({"quantization_config": {"kernel": ["ternary"]}}, r"^quantization_config\['kernel'\]: expected a dictionary of "
     r"quantizers and their bits, got \['ternary'\]\. .*$"),
    ({"quantization_config": {"kernel": {"ternary": 2}}}, r"^quantization_config: expected quantizers under "
     r"'bias' for the layer 'd0', got the keys kernel\. Add them\.$"),
    ({"quantization_config": 4}, r"^quantization_config: expected a dictionary with kernel, .*, got 4\. .*$"),
    ({"tune_filters": "all"}, r"^tune_filters: expected one of none, layer, block, got 'all'\. .*$"),
    ({"tune_filters": "layer", "tune_filters_exceptions": "("}, r"^tune_filters_exceptions: expected a regular "
     r"expression, got '\(': .*$"),
    ({"layer_indexes": [9]}, r"^layer_indexes: expected numbers from 0 to 4, got \[9\]\. .*$"),
    ({"frozen_layers": ["d9"]}, r"^frozen_layers: expected names of layers \(d0, a0, d1, d2, softmax\), "
     r"got 'd9'\. .*$"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[str(a)[:50] for a, _ in BAD])
def test_bad_arguments(arguments, message):
    with pytest.raises(SpaceError, match=message):
        Space(dense(), **arguments)


def test_a_candidate_that_is_none():
    space = Space(dense(), limit=LIMIT, quantization_config=FEW)
    with pytest.raises(SpaceError, match=r"^candidate: expected one of quantized_relu\(3,2\), quantized_relu\(6,2\) "
                       r"for 'a0_activation_quantizer', got 'relu'\. .*$"):  # fmt: skip
        space.check(space.get_candidate(0) | {"a0_activation_quantizer": "relu"})


def test_a_candidate_that_cannot_be_built():
    space = Space(dense(), limit=LIMIT, quantization_config=FEW)
    with pytest.raises(
        TrialError, match=r"^candidate \{.*\}: expected one that can be built, got: .*$"
    ):
        space.build(space.get_candidate(0) | {"d0_kernel_quantizer": "quantised"})


@pytest.mark.parametrize("config", [DEFAULT_QUANTIZATION, HARDWARE_QUANTIZATION])
def test_the_quantizers_that_come_with_it_are_acceptable(config):
    assert Space(dense(), quantization_config=config).size > 1
