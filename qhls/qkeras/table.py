"""Names in QKeras' modules, each with the module, mostly of qhls or Keras, that qhls takes it from."""

from __future__ import annotations

from typing import NamedTuple

_OWN = "qhls.qkeras.names"
_OBJECTS = "qhls.qkeras.objects"

Sources = dict[str, str]
"""A map from modules to the names defined in them, separated by spaces; ``new=old`` renames ``old`` to ``new``."""


class ModuleNames(NamedTuple):
    """The contents of a QKeras module: names by the module that defines them, and modules imported with ``*``."""

    sources: Sources
    stars: tuple[str, ...] = ()


_KERAS: Sources = {
    "": "keras np=numpy tf=tensorflow os re logging K=keras.backend Kact=keras.activations Kops=keras.ops "
    "ops=keras.ops knp=keras.ops.numpy activations=keras.activations initializers=keras.initializers "
    "utils=keras.utils",
    "collections": "defaultdict",
    "keras": "KerasTensor",
    "keras.saving": "register_keras_serializable",
}
"""Imports of Keras that scripts get with ``from qkeras import *``."""

_LAYERS: Sources = {
    "": "keras knp=keras.ops.numpy constraints=keras.constraints initializers=keras.initializers "
    "layers=keras.layers regularizers=keras.regularizers warnings",
    "keras.saving": "register_keras_serializable serialize_keras_object",
    "qhls.quantizers": "get_quantizer",
}

_QUANTIZERS: Sources = {
    **_KERAS,
    "qhls.quantizers": "quantized_linear quantized_bits bernoulli ternary stochastic_ternary binary "
    "stochastic_binary quantized_relu quantized_ulaw quantized_tanh quantized_sigmoid quantized_po2 "
    "quantized_relu_po2 quantized_hswish get_quantizer get_weight_scale smooth_sigmoid hard_sigmoid "
    "binary_sigmoid set_internal_sigmoid binary_tanh hard_tanh smooth_tanh stochastic_round "
    "stochastic_round_po2",
    _OWN: "safe_eval get_quantized_initializer BaseQuantizer _default_sigmoid_type",
    "qhls.frontend.layers.adaptive": "_get_integer_bits=get_integer_bits",
    "qhls.qkeras.scales": "_get_scale=get_scale _get_scaling_axis=get_scaling_axis "
    "_get_unrolled_shape=get_unrolled_shape _get_rolled_back_shape=get_rolled_back_shape",
}

_UTILITIES = (
    "find_bn_fusing_layer_pair add_bn_fusing_weights quantize_activation "
    "get_config convert_to_folded_model model_quantize _add_supported_quantized_objects clone_model "
    "quantized_model_from_json load_qmodel print_model_sparsity get_model_sparsity quantized_model_debug "
    "quantized_model_dump clone_model_and_freeze_auto_po2_scale"
)

_OPERATORS = f"{_OBJECTS}.operators"
_NUMBERS = f"{_OBJECTS}.numbers"

_QTOOLS: dict[str, ModuleNames] = {
    "qtools": ModuleNames(
        {"qhls.compat.qtools": "QTools", f"{_OBJECTS}.settings": "qtools_cfg=cfg"}
    ),
    "qtools.run_qtools": ModuleNames(
        {"qhls.compat.qtools": "QTools", f"{_OBJECTS}.settings": "cfg config_settings"}
    ),
    "qtools.settings": ModuleNames({f"{_OBJECTS}.settings": "ConfigClass cfg"}),
    "qtools.config_public": ModuleNames({f"{_OBJECTS}.settings": "config_settings"}),
    "qtools.qgraph": ModuleNames(
        {
            f"{_OBJECTS}.graph": "SOURCE SINK WrongInputQuantizerError CreateGraph "
            "GenerateInputQuantizerList GraphGetInputs GraphGetOutputs GraphPropagateActivationsToEdges "
            "GraphUpdateEdge PrintGraph",
            f"{_OBJECTS}.settings": "cfg",
        }
    ),
    "qtools.generate_layer_data_type_map": ModuleNames(
        {
            f"{_OBJECTS}.typemap": "LayerDataType TagMissingError generate_layer_data_type_map "
            "KERAS_LAYERS=PLAIN_LAYERS QKERAS_LAYERS=Q_LAYERS qkeras_LAYERS=Q_LAYERS",
            f"{_OBJECTS}.settings": "cfg",
        }
    ),
    "qtools.interface": ModuleNames({f"{_OBJECTS}.typemap": "map_to_json populate_quantizer"}),
    "qtools.qenergy": ModuleNames({f"{_OBJECTS}.typemap": "energy_estimate"}),
    "qtools.qenergy.qenergy": ModuleNames(
        {
            f"{_OBJECTS}.typemap": "energy_estimate memory_read_energy memory_write_energy OP",
            f"{_OBJECTS}.settings": "cfg",
        }
    ),
    "qtools.qtools_util": ModuleNames(
        {
            f"{_OBJECTS}.utilities": "get_val is_shape_alternation_layers is_merge_layers "
            "get_operation_count get_weights get_scale_from_quantized_bits_with_auto_po2 "
            "adjust_multiplier_for_auto_po2 adjust_accumulator_for_auto_po2 find_divisors "
            "get_layer_info is_upsampled get_input_quantizers get_input_quantizers_advanced",
        }
    ),
    "qtools.quantized_operators": ModuleNames(
        {
            _NUMBERS: "IQuantizer QuantizedBits QuantizedRelu Binary Ternary FloatingPoint PowerOfTwo "
            "ReluPowerOfTwo QuantizerFactory",
            _OPERATORS: "AccumulatorFactory FixedPointAccumulator FloatingPointAccumulator IAccumulator "
            "IDivider FusedBNFactory MergeFactory MultiplierFactory Adder AndGate FixedPointMultiplier "
            "FloatingPointMultiplier IMultiplier Mux Shifter XorGate QBNFactory ISubtractor",
        }
    ),
    "qtools.quantized_operators.quantizer_impl": ModuleNames(
        {
            _NUMBERS: "IQuantizer QuantizedBits QuantizedTanh QuantizedUlaw Binary StochasticBinary "
            "Bernoulli QuantizedRelu Ternary StochasticTernary FloatingPoint PowerOfTwo ReluPowerOfTwo "
            "get_exp get_np_value FLOATINGPOINT_BITS",
        }
    ),
    "qtools.quantized_operators.quantizer_factory": ModuleNames({_NUMBERS: "QuantizerFactory"}),
    "qtools.quantized_operators.multiplier_impl": ModuleNames(
        {
            _OPERATORS: "IMultiplier Mux XorGate Shifter AndGate Adder FloatingPointMultiplier "
            "FixedPointMultiplier"
        }
    ),
    "qtools.quantized_operators.multiplier_factory": ModuleNames({_OPERATORS: "MultiplierFactory"}),
    "qtools.quantized_operators.accumulator_impl": ModuleNames(
        {
            _OPERATORS: "IAccumulator FloatingPointAccumulator FixedPointAccumulator Po2Accumulator "
            "po2_to_qbits"
        }
    ),
    "qtools.quantized_operators.accumulator_factory": ModuleNames(
        {_OPERATORS: "AccumulatorFactory"}
    ),
    "qtools.quantized_operators.adder_impl": ModuleNames(
        {
            _OPERATORS: "IAdderImpl FixedPointAdder FloatingPointAdder Po2FixedPointAdder Po2Adder "
            "po2_qbits_converter"
        }
    ),
    "qtools.quantized_operators.adder_factory": ModuleNames({_OPERATORS: "IAdder"}),
    "qtools.quantized_operators.divider_impl": ModuleNames(
        {
            _OPERATORS: "IDividerImpl FloatingPointDivider Shifter=DividingShifter "
            "Subtractor=ExponentSubtractor"
        }
    ),
    "qtools.quantized_operators.divider_factory": ModuleNames(
        {_OPERATORS: "IDivider UnacceptedQuantizerError"}
    ),
    "qtools.quantized_operators.subtractor_factory": ModuleNames({_OPERATORS: "ISubtractor"}),
    "qtools.quantized_operators.merge_factory": ModuleNames(
        {_OPERATORS: "MergeFactory IMerger Add Multiply Maximum Minimum Average Concatenate Dot"}
    ),
    "qtools.quantized_operators.qbn_factory": ModuleNames({_OPERATORS: "QBNFactory"}),
    "qtools.quantized_operators.fused_bn_factory": ModuleNames({_OPERATORS: "FusedBNFactory"}),
    "qtools.DnC": ModuleNames({}),
    "qtools.DnC.divide_and_conquer": ModuleNames(
        {
            f"{_OBJECTS}.unroll": "CostMode DivideConquerGraph Choice=UnrollChoice estimate_model_cost"
        }
    ),
    "qtools.DnC.dnc_layer_cost_ace": ModuleNames(
        {f"{_OBJECTS}.unroll": "MemoryGatesPerBit get_ace_mac_gates"}
    ),
}

_FORGIVING = "ForgivingFactor ForgivingFactorBits ForgivingFactorPower=ForgivingFactorEnergy"

_AUTOQKERAS: dict[str, ModuleNames] = {
    "autoqkeras": ModuleNames({"qhls.search": "AutoQKeras AutoQKerasScheduler"}),
    "autoqkeras.autoqkeras_internal": ModuleNames(
        {"qhls.search": "AutoQKeras AutoQKerasScheduler"}
    ),
    "autoqkeras.quantization_config": ModuleNames(
        {"qhls.search.space.quantization": "default_quantization_config=DEFAULT_QUANTIZATION"}
    ),
    "autoqkeras.utils": ModuleNames(
        {
            "qhls.utils": "print_qmodel_summary get_quantization_dictionary",
            _OWN: "save_quantization_dict Q_SEQUENCE_LAYERS",
        }
    ),
    "autoqkeras.forgiving_metrics": ModuleNames(
        {"qhls.search": _FORGIVING, _OWN: "forgiving_factor"}
    ),
    "autoqkeras.forgiving_metrics.forgiving_factor": ModuleNames(
        {"qhls.search": "ForgivingFactor"}
    ),
    "autoqkeras.forgiving_metrics.forgiving_bits": ModuleNames(
        {"qhls.search": "ForgivingFactorBits"}
    ),
    "autoqkeras.forgiving_metrics.forgiving_energy": ModuleNames(
        {"qhls.search": "ForgivingFactorPower=ForgivingFactorEnergy"}
    ),
}

NOT_IMPORTED = ("autoqkeras", "callbacks", "codebook", "quantizer_imports", "utils")
"""The modules that ``import qkeras`` does not import, and that ``from qkeras import *`` therefore omits."""

TABLE: dict[str, ModuleNames] = {
    "": ModuleNames(
        {"qhls.layers": "QConv2DBatchnorm QDepthwiseConv2DBatchnorm QDenseBatchnorm"},
        (
            *("b2t", "estimate", "qconvolutional", "qlayers", "qmac", "qnormalization", "qoctave"),
            *(
                "qpooling",
                "qrecurrent",
                "qseparable_conv2d_transpose",
                "qdepthwise_conv2d_transpose",
            ),
            *("quantizers", "registry", "safe_eval", "qtools"),
        ),
    ),
    "base_quantizer": ModuleNames({_OWN: "BaseQuantizer"}),
    "b2t": ModuleNames({"qhls.utils": "BinaryToThermometer", "": "np=numpy"}),
    "bn_folding_utils": ModuleNames(
        {
            "qhls.utils": "convert_folded_layer_to_unfolded unfold_model "
            "populate_bias_quantizer_from_accumulator"
        }
    ),
    "callbacks": ModuleNames({"qhls.utils": "QNoiseScheduler"}),
    "codebook": ModuleNames(
        {
            "qhls.utils": "create_in_out_table activation_compression weight_compression "
            "two_tier_embedding_compression KMeans"
        }
    ),
    "estimate": ModuleNames(
        {
            "qhls.utils": "analyze_accumulator analyze_accumulator_from_sample get_quant_mode "
            "get_operation_type create_activation_cache extract_model_operations print_qstats "
            "unfold_model get_model_sparsity",
            "keras.layers": "Activation Input InputLayer",
            "keras.models": "Model",
        },
        ("qlayers", "qconvolutional"),
    ),
    "qconv2d_batchnorm": ModuleNames({"qhls.layers": "QConv2DBatchnorm"}, ("quantizers",)),
    "qconvolutional": ModuleNames(
        {
            "qhls.layers": "QConv1D QConv2D QConv2DTranspose QSeparableConv1D QSeparableConv2D "
            "QDepthwiseConv2D QMobileNetSeparableConv2D QActivation",
            **_LAYERS,
            "keras.layers": "Conv1D Conv2D Conv2DTranspose DepthwiseConv2D Dropout InputSpec "
            "SeparableConv1D SeparableConv2D",
            _OWN: "get_auto_range_constraint_initializer",
        }
    ),
    "qdense_batchnorm": ModuleNames({"qhls.layers": "QDenseBatchnorm"}, ("quantizers",)),
    "qdepthwise_conv2d_transpose": ModuleNames({"qhls.layers": "QDepthwiseConv2DTranspose"}),
    "qdepthwiseconv2d_batchnorm": ModuleNames(
        {"qhls.layers": "QDepthwiseConv2DBatchnorm"}, ("quantizers",)
    ),
    "qlayers": ModuleNames(
        {
            "qhls.layers": "QActivation QAdaptiveActivation QDense Clip QInitializer",
            _OWN: "get_auto_range_constraint_initializer get_constraint get_initializer",
            **_LAYERS,
            "keras.layers": "Activation Dense Layer",
            "keras.constraints": "Constraint",
            "keras.initializers": "Initializer",
        },
        ("quantizers",),
    ),
    "qmac": ModuleNames({"qhls.layers": "QScaleShift", "keras.layers": "Layer"}),
    "qnormalization": ModuleNames(
        {
            "qhls.layers": "QBatchNormalization",
            **_LAYERS,
            "keras.layers": "BatchNormalization",
        }
    ),
    "qoctave": ModuleNames(
        {
            "qhls.layers": "QOctaveConv2D OctaveConv2D",
            "keras.layers": "Activation Add AveragePooling2D Conv2D SeparableConv2D UpSampling2D",
            _OWN: "GetActivationSuffix",
            "": "re",
        }
    ),
    "qpooling": ModuleNames(
        {
            "qhls.layers": "QAveragePooling2D QGlobalAveragePooling2D",
            "keras.layers": "AveragePooling2D GlobalAveragePooling2D",
        }
    ),
    "qrecurrent": ModuleNames(
        {
            "qhls.layers": "QSimpleRNNCell QSimpleRNN QLSTMCell QLSTM QGRUCell QGRU QBidirectional",
            "keras.layers": "SimpleRNN SimpleRNNCell LSTM LSTMCell GRU GRUCell Bidirectional RNN",
        }
    ),
    "qseparable_conv2d_transpose": ModuleNames({"qhls.layers": "QSeparableConv2DTranspose"}),
    "quantizer_imports": ModuleNames({}, ("quantizers",)),
    "quantizer_registry": ModuleNames({_OWN: "register_quantizer lookup_quantizer"}),
    "quantizers": ModuleNames(_QUANTIZERS),
    "registry": ModuleNames({_OWN: "Registry"}),
    "safe_eval": ModuleNames({_OWN: "safe_eval GetParams GetArg Num Str IsNum IsBool IsNone Bool"}),
    "utils": ModuleNames(
        {
            "qhls.utils": _UTILITIES,
            _OWN: "REGISTERED_LAYERS model_save_quantized_weights=save_quantized_weights",
        },
        (
            *("qlayers", "qconvolutional", "qnormalization", "qpooling", "qrecurrent", "qmac"),
            *("qconv2d_batchnorm", "qdepthwiseconv2d_batchnorm", "qdense_batchnorm"),
        ),
    ),
    **_QTOOLS,
    **_AUTOQKERAS,
}
"""The contents of each QKeras module, by the module's name without the prefix ``qkeras.``."""
