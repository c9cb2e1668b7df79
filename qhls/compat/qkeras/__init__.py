"""QKeras' utilities: quantise a model, estimate its operations, save its weights for hardware.

Names and arguments are those of ``qkeras.utils``, ``qkeras.estimate``, ``qkeras.bn_folding_utils``,
``qkeras.callbacks``, ``qkeras.codebook`` and ``qkeras.b2t``.
"""

import qhls.system.needs_keras  # noqa: F401 - first, so that its message appears before any other import error
from qhls.compat.qkeras.analysis.accumulator import (
    analyze_accumulator,
    analyze_accumulator_from_sample,
)
from qhls.compat.qkeras.analysis.bias import populate_bias_quantizer_from_accumulator
from qhls.compat.qkeras.analysis.debug import quantized_model_debug, quantized_model_dump
from qhls.compat.qkeras.analysis.operations import (
    create_activation_cache,
    extract_model_operations,
    get_operation_type,
    get_quant_mode,
)
from qhls.compat.qkeras.analysis.stats import print_qstats
from qhls.compat.qkeras.analysis.summary import (
    _add_supported_quantized_objects,
    get_quantization_dictionary,
    print_qmodel_summary,
)
from qhls.compat.qkeras.errors import UtilityError
from qhls.compat.qkeras.models.folding import (
    convert_folded_layer_to_unfolded,
    convert_to_folded_model,
    unfold_model,
)
from qhls.compat.qkeras.models.freeze import clone_model_and_freeze_auto_po2_scale
from qhls.compat.qkeras.models.fusing import add_bn_fusing_weights, find_bn_fusing_layer_pair
from qhls.compat.qkeras.models.load import load_qmodel, quantized_model_from_json
from qhls.compat.qkeras.models.noise import QNoiseScheduler
from qhls.compat.qkeras.models.quantize import get_config, model_quantize, quantize_activation
from qhls.compat.qkeras.weights.codebook import (
    activation_compression,
    create_in_out_table,
    two_tier_embedding_compression,
    weight_compression,
)
from qhls.compat.qkeras.weights.hardware import HardwareWeight, list_hardware_weights
from qhls.compat.qkeras.weights.kmeans import KMeans
from qhls.compat.qkeras.weights.save import model_save_quantized_weights
from qhls.compat.qkeras.weights.sparsity import get_model_sparsity, print_model_sparsity
from qhls.compat.qkeras.weights.thermometer import BinaryToThermometer
from qhls.frontend.models.rebuild import clone_model

__all__ = [
    "BinaryToThermometer",
    "HardwareWeight",
    "KMeans",
    "QNoiseScheduler",
    "UtilityError",
    "_add_supported_quantized_objects",
    "activation_compression",
    "add_bn_fusing_weights",
    "analyze_accumulator",
    "analyze_accumulator_from_sample",
    "clone_model",
    "clone_model_and_freeze_auto_po2_scale",
    "convert_folded_layer_to_unfolded",
    "convert_to_folded_model",
    "create_activation_cache",
    "create_in_out_table",
    "extract_model_operations",
    "find_bn_fusing_layer_pair",
    "get_config",
    "get_model_sparsity",
    "get_operation_type",
    "get_quant_mode",
    "get_quantization_dictionary",
    "list_hardware_weights",
    "load_qmodel",
    "model_quantize",
    "model_save_quantized_weights",
    "populate_bias_quantizer_from_accumulator",
    "print_model_sparsity",
    "print_qmodel_summary",
    "print_qstats",
    "quantize_activation",
    "quantized_model_debug",
    "quantized_model_dump",
    "quantized_model_from_json",
    "two_tier_embedding_compression",
    "unfold_model",
    "weight_compression",
]
