"""QTools' objects: they compute what ``QTools`` computes, under the names of QKeras' modules."""

import itertools

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qhls.compat.qtools.types.operators import accumulate, add, multiply
from qhls.energy import QTools
from qhls.errors import EnergyError
from qhls.layers import QActivation, QBatchNormalization, QConv2D, QDense, QDepthwiseConv2D
from qhls.qkeras.objects import graph, numbers, operators, settings, typemap, unroll, utilities
from qhls.quantizers import get_quantizer, quantized_bits

TYPES = [
    *("quantized_bits(4,1,1)", "quantized_bits(6,0,keep_negative=False)", "quantized_relu(4,2)"),
    *("quantized_po2(4,2)", "quantized_relu_po2(3)", "ternary()", "binary()", "binary(use_01=1)"),
    *("stochastic_ternary()", "stochastic_binary()", "bernoulli()", "quantized_tanh(5)", "fp16"),
]
some_type = st.sampled_from([numbers.QuantizerFactory().make_quantizer(text) for text in TYPES])

BITS = "quantized_bits(4,0,1,alpha=1)"


def small_model():
    x = inputs = keras.Input((8, 8, 3))
    x = QConv2D(4, 3, kernel_quantizer=BITS, bias_quantizer=BITS, name="conv")(x)
    x = QBatchNormalization(name="norm")(x)
    x = QActivation("quantized_relu(4)", name="relu")(x)
    y = QDepthwiseConv2D(3, padding="same", depthwise_quantizer=BITS, name="dw")(x)
    x = keras.layers.Add(name="add")([x, y])
    x = keras.layers.Dropout(0.1)(x)
    x = keras.layers.Flatten(name="flat")(x)
    x = QDense(5, kernel_quantizer="ternary()", bias_quantizer=BITS, name="dense")(x)
    return keras.Model(inputs, x)


@given(some_type, some_type)
def test_operators_follow_the_rules_of_qtools(weight, x):
    product = operators.MultiplierFactory().make_multiplier(weight, x)
    rule = multiply(weight.number, x.number)
    assert product.output.number == rule.output
    assert (product.gate_factor, product.gate_bits) == (rule.gate_factor, rule.priced_bits)
    assert product.implemented_as() == type(product).implemented_as() == rule.op
    total = operators.AccumulatorFactory().make_accumulator((3, 5, 2), product, use_bias=False)
    assert total.output.number == accumulate(15, rule.output).output
    if not total.output.is_floating_point:
        assert total.log_add_ops == 4
    added = operators.IAdder().make_quantizer(weight, x)
    assert added.output.number == add(weight.number, x.number).output
    assert isinstance(added, operators.IAdderImpl)


@pytest.mark.parametrize("text", [text for text in TYPES if text != "fp16"])
def test_types_of_quantizers_and_back(text):
    quantizer = get_quantizer(text)
    made = numbers.QuantizerFactory().make_quantizer(quantizer)
    assert made.name == type(quantizer).__name__
    same = type(made)()
    same.convert_qkeras_quantizer(quantizer)
    assert same.number == made.number
    given_here = {k: v for k, v in quantizer.get_config().items() if k not in made.arguments}
    given_here.pop("max_value", None)
    assert made.convert_to_qkeras_quantizer(**given_here) == quantizer


def test_classes_of_operators_have_qtools_names():
    factory = numbers.QuantizerFactory()
    bits, po2 = map(factory.make_quantizer, ("quantized_bits(4,0)", "quantized_po2(4)"))
    real = factory.make_quantizer("fp32")
    make = operators.MultiplierFactory().make_multiplier
    names = [type(make(a, b)).__name__ for a in (bits, po2, real) for b in (bits, po2, real)]
    floating = "FloatingPointMultiplier"
    assert names == [
        *("FixedPointMultiplier", "Shifter", floating),
        *("Shifter", "Adder", floating),
        *(floating, floating, floating),
    ]
    adders = [
        type(operators.IAdder().make_quantizer(a, b)).__name__
        for a in (bits, po2)
        for b in (bits, po2)
    ]
    assert adders == ["FixedPointAdder", "Po2FixedPointAdder", "Po2FixedPointAdder", "Po2Adder"]
    less = operators.ISubtractor().make_quantizer(
        *[factory.make_quantizer("quantized_relu(4)")] * 2
    )
    assert (less.output.is_signed, less.output.bits, less.output.int_bits) == (1, 6, 1)


def test_a_denominator_of_few_values_is_refused():
    make = numbers.QuantizerFactory().make_quantizer
    with pytest.raises(
        operators.UnacceptedQuantizerError,
        match=r"^QTools: expected a denominator of more than three values, got ternary numbers\. Use another",
    ):
        operators.IDivider().make_quantizer(make("quantized_bits(4,0)"), make("ternary()"))


def type_map(model, sources=None, **options):
    made, source_types = graph.CreateGraph(model, sources)
    graph.GraphPropagateActivationsToEdges(made)
    return made, typemap.generate_layer_data_type_map(made, source_types, False, **options)


def test_the_type_map_and_its_energy_are_those_of_qtools():
    model = small_model()
    sources = [quantized_bits(8, 0, 1)]
    tools = QTools(model, source_quantizers=sources)
    made, found = type_map(model, sources)
    assert typemap.map_to_json(found) == tools.data_type_map
    places = ("sram", "sram", 0, False)
    assert typemap.energy_estimate(model, found, *places) == tools.pe(*places)
    types = found["layer_data_type_map"][model.get_layer("dense")]
    assert types.weight_quantizer.name == types["weight_quantizer"].name == "ternary"
    assert types.multiplier.implemented_as() == "mux"
    assert types.nothing is None
    assert [layer.name for layer in found["input_layers"]] == ["conv"]
    assert [layer.name for layer in found["output_layers"]] == ["dense"]
    names = {
        made.nodes[n]["layer"][0].name for n in made.nodes if n not in (graph.SOURCE, graph.SINK)
    }
    assert names == {"conv", "norm", "relu", "dw", "add", "flat", "dense"}
    assert len(graph.GraphGetInputs(made)) == len(graph.GraphGetOutputs(made)) == 1
    relu = next(n for n in made.nodes if made.nodes[n]["type"] == ["QActivation"])
    assert made.nodes[relu]["out_quantizer"].bits == 4
    reference = QTools(
        model, source_quantizers=sources, for_reference=True, keras_accumulator="int32"
    )
    _, found = type_map(model, sources, for_reference=True, keras_accumulator="int32")
    assert typemap.map_to_json(found) == reference.data_type_map


def test_as_many_types_as_inputs():
    with pytest.raises(
        graph.WrongInputQuantizerError,
        match=r"^QTools, input_quantizers: expected one type, or one per input of the model, which has 1, got 2\.",
    ):
        graph.CreateGraph(small_model(), [quantized_bits(4, 0, 1)] * 2)


def test_scales_of_auto_po2_widen_a_product():
    quantizer = quantized_bits(4, 0, alpha="auto_po2")
    make = numbers.QuantizerFactory().make_quantizer
    product = operators.MultiplierFactory().make_multiplier(
        make(quantizer), make("quantized_bits(4,2,1)")
    )
    before = product.output.number
    utilities.adjust_multiplier_for_auto_po2(product, quantizer)
    assert product.output.number == before  # not called yet
    quantizer(np.array([[4.0, 0.5], [-3.0, 0.25]], np.float32))
    low, high = (int(np.log2(f(quantizer.scale))) for f in (np.min, np.max))
    utilities.adjust_multiplier_for_auto_po2(product, quantizer)
    assert product.output.number == before.rescale(low, high)


def test_the_configuration_has_the_prices_of_horowitz():
    assert settings.cfg.fpm_add(32) == pytest.approx(0.1)
    assert settings.cfg.include_energy == dict(QTools(small_model()).include_energy)
    mine = settings.ConfigClass()
    mine.update("p", {"p": {"fpm_add": [1.0, 0]}, "include_energy": {"QDense": ["inputs"]}})
    assert mine.fpm_add(3) == 3
    assert mine.include_energy["Dense"] == mine.include_energy["QDense"] == ["inputs"]


# Unroll factors


def chain(channels, last):
    x = inputs = keras.Input((6, 6, channels))
    x = QConv2D(2, 2, use_bias=False, kernel_quantizer=BITS, name="first")(x)
    x = QActivation("quantized_relu(3)", name="relu")(x)
    x = QConv2D(last, 1, use_bias=False, kernel_quantizer=BITS, name="second")(x)
    return keras.Model(inputs, x)


def cheapest(model, passed, rate):
    """All hardware of both convolutions that keeps up, one after another."""
    types = unroll.DivideConquerGraph(model).types
    first, second = (model.get_layer(name) for name in ("first", "second"))
    ratio = 36 / 25
    limits = unroll._Limits(4, 4)
    costs = []
    sizes = [unroll._Sizes.of(layer) for layer in (first, second)]
    for choice, read in unroll._list_choices(sizes[1], passed, rate, rate, limits):
        for choice_before, read_before in unroll._list_choices(
            sizes[0], read, rate, rate * ratio, limits
        ):
            costs.append(
                unroll._compute_cost(types[second], choice, read, passed)
                + unroll._compute_cost(types[first], choice_before, read_before, read)
            )
    return min(costs, default=None)


@pytest.mark.parametrize(("channels", "last"), [(1, 3), (4, 6)])
def test_the_cheapest_chain_is_found(channels, last):
    model = chain(channels, last)
    found = []
    for passed, rate in itertools.product((1, 2, last), (0.1, 0.3, 1.0)):
        path, cost = unroll.estimate_model_cost(
            model, target_OutElementPerClk=passed, target_out_throughput=rate
        )
        assert cost == pytest.approx(cheapest(model, passed, rate))
        found.append(cost)
        if cost is None:
            assert path == {}
        else:
            assert [entry["layer_name"] for entry in path.values()] == [
                "None",
                "first",
                "relu",
                "second",
            ]
            assert sum(entry["cur_cost"] for entry in path.values()) == pytest.approx(cost)
    assert None in found
    assert len(set(found)) > 3


def test_what_has_no_estimate_is_named():
    with pytest.raises(
        EnergyError, match=r"^estimate_model_cost: expected the mode CostMode\.ACE, got "
    ):
        unroll.estimate_model_cost(chain(1, 2), mode=unroll.CostMode.PE_AREA)
    with pytest.raises(
        EnergyError, match=r"^estimate_model_cost: expected a chain of layers, got 2 layers after "
    ):
        unroll.estimate_model_cost(small_model())
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="real")])
    with pytest.raises(
        EnergyError, match=r"^estimate_model_cost, layer 'real': expected one of QConv2D, "
    ):
        unroll.estimate_model_cost(model)


def test_operations_are_counted_of_a_layer_that_is_not_built():
    for layer, shape, operations in (
        (QDense(4), (None, 6), 24),
        (QConv2D(6, 3, groups=2), (None, 6, 5, 4), 4 * 3 * 6 * 9 * 4),
    ):
        assert utilities.get_operation_count(layer, shape) == operations
        assert not layer.built
