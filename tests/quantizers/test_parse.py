"""``get_quantizer`` and the arguments of quantizers: what is accepted, and what each refusal says."""

import inspect
import re

import keras
import numpy as np
import pytest

import qhls.quantizers as qz
from qhls.errors import QuantizerError
from qhls.quantizers import get_quantizer

pytestmark = pytest.mark.backends

SIGNATURES = {
    "quantized_bits": "bits=8, integer=0, symmetric=0, keep_negative=True, alpha=None, "
    "use_stochastic_rounding=False, scale_axis=None, qnoise_factor=1.0, var_name=None, use_ste=True, "
    "use_variables=False, elements_per_scale=None, min_po2_exponent=None, max_po2_exponent=None, "
    "post_training_scale=None",
    "quantized_linear": "bits=8, integer=0, symmetric=1, keep_negative=True, alpha=None, "
    "use_stochastic_rounding=False, scale_axis=None, qnoise_factor=1.0, var_name=None, use_variables=False",
    "quantized_relu": "bits=8, integer=0, use_sigmoid=0, negative_slope=0.0, use_stochastic_rounding=False, "
    "relu_upper_bound=None, is_quantized_clip=True, qnoise_factor=1.0, var_name=None, use_ste=True, "
    "use_variables=False, enable_fast_inference=False",
    "quantized_hswish": "bits=8, integer=0, symmetric=0, alpha=None, use_stochastic_rounding=False, "
    "scale_axis=None, qnoise_factor=1.0, var_name=None, use_variables=False, relu_shift=3, "
    "relu_upper_bound=6",
    "quantized_tanh": "bits=8, use_stochastic_rounding=False, symmetric=False, use_real_tanh=False",
    "quantized_sigmoid": "bits=8, symmetric=False, use_real_sigmoid=False, use_stochastic_rounding=False",
    "quantized_ulaw": "bits=8, integer=0, symmetric=0, u=255.0",
    "quantized_po2": "bits=8, max_value=None, use_stochastic_rounding=False, "
    "quadratic_approximation=False, log2_rounding='rnd', qnoise_factor=1.0, var_name=None, use_ste=True, "
    "use_variables=False",
    "quantized_relu_po2": "bits=8, max_value=None, negative_slope=0, use_stochastic_rounding=False, "
    "quadratic_approximation=False, log2_rounding='rnd', qnoise_factor=1.0, var_name=None, use_ste=True, "
    "use_variables=False",
    "binary": "use_01=False, alpha=None, use_stochastic_rounding=False, scale_axis=None, "
    "elements_per_scale=None, min_po2_exponent=None, max_po2_exponent=None",
    "ternary": "alpha=None, threshold=None, use_stochastic_rounding=False, number_of_unrolls=5",
    "stochastic_binary": "alpha=None, temperature=6.0, use_real_sigmoid=True",
    "stochastic_ternary": "alpha=None, threshold=None, temperature=8.0, use_real_sigmoid=True, "
    "number_of_unrolls=5",
    "bernoulli": "alpha=None, temperature=6.0, use_real_sigmoid=True",
}
"""The constructors as QKeras has them: names, order and defaults."""


@pytest.mark.parametrize("family", sorted(qz.QUANTIZERS))
def test_signatures(family):
    parameters = inspect.signature(qz.QUANTIZERS[family]).parameters.values()
    assert ", ".join(f"{p.name}={p.default!r}" for p in parameters) == SIGNATURES[family]


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("quantized_bits(4,0,1)", qz.quantized_bits(4, 0, 1)),
        (" quantized_bits ( 4 , 0 , alpha = 'auto' ) ", qz.quantized_bits(4, alpha="auto")),
        ('quantized_bits(4,alpha="auto_po2")', qz.quantized_bits(4, alpha="auto_po2")),
        ("quantized_bits(4,-1,keep_negative=False)", qz.quantized_bits(4, -1, keep_negative=False)),
        ("quantized_bits(bits=4,alpha=None,use_ste=True)", qz.quantized_bits(4)),
        ("quantized_relu(6)", qz.quantized_relu(6)),
        ("quantized_relu(6,2,negative_slope=0.25)", qz.quantized_relu(6, 2, negative_slope=0.25)),
        ("quantized_po2(4,1e-1)", qz.quantized_po2(4, 0.1)),
        ("binary(alpha='auto',scale_axis=[0 1])", qz.binary(alpha="auto", scale_axis=[0, 1])),
        ("binary(alpha='auto',scale_axis=[ 0,  1 ])", qz.binary(alpha="auto", scale_axis=[0, 1])),
        (
            "quantized_linear(4,alpha=[[0.5 1.0] [2 4.]])",
            qz.quantized_linear(4, alpha=[[0.5, 1.0], [2.0, 4.0]]),
        ),
        (
            "quantized_linear(4,alpha=[[0.5,1.0],[2,4]])",
            qz.quantized_linear(4, alpha=np.float32([[0.5, 1], [2, 4]])),
        ),
        ("ternary", qz.ternary()),
        (qz.ternary, qz.ternary()),
        (qz.ternary(alpha=1), qz.ternary(alpha=1)),
        (
            {
                "class_name": "quantized_bits",
                "config": {"bits": 4},
                "__passive_serialization__": True,
            },
            qz.quantized_bits(4),
        ),
        (
            {
                "module": "qkeras.quantizers",
                "class_name": "quantized_bits",
                "config": {
                    "bits": 4,
                    "symmetric": True,
                    "alpha": "auto",
                    "post_training_scale": None,
                },
                "registered_name": "qkeras>quantized_bits",
            },
            qz.quantized_bits(4, alpha="auto"),
        ),
        ({"class_name": "qkeras>binary", "config": {"alpha": 1.0}}, qz.binary(alpha=1.0)),
        ({"class_name": "binary"}, qz.binary()),
        (
            {
                "class_name": "quantized_linear",
                "config": {
                    "alpha": {
                        "class_name": "__numpy__",
                        "config": {"value": [0.5, 1.0], "dtype": "float32"},
                    }
                },
            },
            qz.quantized_linear(alpha=[0.5, 1.0]),
        ),
        (
            {
                "class_name": "quantized_hswish",
                "config": {"bits": 6, "keep_negative": True, "post_training_scale": None},
            },
            qz.quantized_hswish(6),
        ),
        (None, None),
    ],
)
def test_identifiers(identifier, expected):
    assert get_quantizer(identifier) == expected


def test_functions_and_activations():
    assert get_quantizer("hard_tanh") is qz.hard_tanh
    assert get_quantizer("hard_sigmoid") is qz.hard_sigmoid
    assert get_quantizer("relu") is keras.activations.relu
    assert get_quantizer({"class_name": "function", "config": "relu"}) is keras.activations.relu
    assert (
        get_quantizer(keras.saving.serialize_keras_object(keras.activations.tanh))
        is keras.activations.tanh
    )
    assert get_quantizer(max) is max


BITS = (
    "bits, integer, symmetric, keep_negative, alpha, use_stochastic_rounding, scale_axis, qnoise_factor, "
    "var_name, use_ste, use_variables, elements_per_scale, min_po2_exponent, max_po2_exponent, "
    "post_training_scale"
)
FORM = (
    "get_quantizer: expected a name with arguments, such as 'quantized_bits(4,0,1)' or "
    "\"quantized_bits(8,alpha='auto_po2')\", got "
)


@pytest.mark.parametrize(
    ("identifier", "message"),
    [
        ("quantized_bits(4,", FORM + "'quantized_bits(4,'. Write one call."),
        (
            "quantized_bits(4,alpha=1,0)",
            FORM + "'quantized_bits(4,alpha=1,0)'. Write one call.",
        ),
        ("quantized_bits(4)(3)", FORM + "'quantized_bits(4)(3)'. Write one call."),
        ("qkeras.binary()", FORM + "'qkeras.binary()'. Write one call."),
        ("", FORM + "''. Write one call."),
        ("None", FORM + "'None'. For no quantizer pass None, not a string."),
        (
            "binary(alpha=auto)",
            FORM
            + "'binary(alpha=auto)'. Write 'auto' as a number, a list, True, False, None or a string "
            "in quotes.",
        ),
        (
            "binary(exit())",
            FORM
            + "'binary(exit())'. Write 'exit()' as a number, a list, True, False, None or a string "
            "in quotes.",
        ),
        (
            "quantized_bit(4)",
            "get_quantizer: expected the name of a quantizer, got 'quantized_bit' in 'quantized_bit(4)'. Did you mean "
            "quantized_bits, quantized_tanh, quantized_po2?",
        ),
        (
            "reluu",
            "get_quantizer: expected the name of a quantizer or Keras activation, got 'reluu' in 'reluu'. Did you mean "
            "relu, elu, selu?",
        ),
        (
            "relu(6)",
            "get_quantizer: 'relu(6)': expected no arguments of the function 'relu', got some. Write 'relu', or a "
            "quantizer such as 'quantized_relu(6,2)'.",
        ),
        (
            "quantized_bits(4,bits=3)",
            "get_quantizer: expected each argument once, got 'bits' twice in "
            "'quantized_bits(4,bits=3)'. Write it once.",
        ),
        (
            "quantized_ulaw(1,2,0,3,4)",
            "get_quantizer: expected at most 4 arguments of quantized_ulaw, got 5 in 'quantized_ulaw(1,2,0,3,4)'. "
            "They are bits, integer, symmetric, u.",
        ),
        (
            "quantized_bits(4,foo=3)",
            f"quantized_bits: expected arguments among {BITS}, got foo=3. Use one of these.",
        ),
        (
            {"class_name": "binary", "config": 3},
            "get_quantizer: expected a dictionary of arguments for binary, got 3. Write the arguments by name.",
        ),
        (
            {"name": "x"},
            'get_quantizer: expected a dictionary {"class_name": name, "config": {...}}, got the keys [\'name\']. '
            "Add the class name.",
        ),
        (
            3,
            "get_quantizer: expected None, a quantizer, a string, a dictionary or a callable, got 3 of type int. "
            "Pass one of these.",
        ),
        (
            int,
            "get_quantizer: expected a Quantizer class, got the class int. Pass a quantizer or a string.",
        ),
    ],
)
def test_refused_identifiers(identifier, message):
    with pytest.raises(QuantizerError, match=rf"^{re.escape(message)}$"):
        get_quantizer(identifier)


ALPHA = "alpha: expected None, a positive number up to 3.4e+38, an array of them, 'auto' or 'auto_po2', got "


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("quantized_bits(0)", "bits: expected an integer from 1 to 62, got 0"),
        ("quantized_bits(4.5)", "bits: expected an integer from 1 to 62, got 4.5"),
        ("quantized_bits(True)", "bits: expected an integer from 1 to 62, got True"),
        ("quantized_relu(63)", "bits: expected an integer from 1 to 62, got 63"),
        ("quantized_bits(4,0.5)", "integer: expected an integer from -64 to 126, got 0.5"),
        ("quantized_bits(4,symmetric=2)", "symmetric: expected True or False, got 2"),
        ("quantized_bits(4,alpha='aut')", ALPHA + "'aut'"),
        ("quantized_bits(4,alpha=0)", ALPHA + "0"),
        ("quantized_linear(4,alpha=[1,-1])", ALPHA + "[1, -1]"),
        ("binary(alpha=1e40)", ALPHA + "1e+40"),
        ("quantized_bits(4,127)", "integer: expected an integer from -64 to 126, got 127"),
        (
            "quantized_po2(8,1e300)",
            "max_value: expected None or a positive number up to 3.4e+38, got 1e+300",
        ),
        ("binary(alpha=[1,'auto'])", ALPHA + "[1, 'auto']"),
        (
            "quantized_bits(4,qnoise_factor=2)",
            "qnoise_factor: expected a number from 0 to 1, got 2",
        ),
        (
            "quantized_bits(4,scale_axis=-1)",
            "scale_axis: expected None, an integer of at least 0 or a list of them, got -1",
        ),
        (
            "binary(elements_per_scale=0)",
            "elements_per_scale: expected None, an integer of at least 1 or a list of them, got 0",
        ),
        (
            "quantized_bits(min_po2_exponent=0.5)",
            "min_po2_exponent: expected None or an integer, got 0.5",
        ),
        (
            "quantized_bits(min_po2_exponent=1,max_po2_exponent=0)",
            "min_po2_exponent: expected at most max_po2_exponent=0, got 1",
        ),
        (
            "quantized_bits(4,post_training_scale=[1.0])",
            "post_training_scale: expected None unless alpha is 'auto' or 'auto_po2', got [1.0]",
        ),
        (
            "quantized_relu(4,negative_slope=0.3)",
            "negative_slope: expected 0 or a power of two up to 1, got 0.3",
        ),
        (
            "quantized_relu(4,negative_slope=2)",
            "negative_slope: expected 0 or a power of two up to 1, got 2",
        ),
        (
            "quantized_relu(4,relu_upper_bound=-6)",
            "relu_upper_bound: expected None or a positive number up to 3.4e+38, got -6",
        ),
        (
            "quantized_po2(4,-1)",
            "max_value: expected None or a positive number up to 3.4e+38, got -1",
        ),
        (
            "quantized_po2(4,log2_rounding='up')",
            "log2_rounding: expected 'rnd' or 'floor', got 'up'",
        ),
        ("quantized_po2(1)", "bits: expected an integer of at least 2 with max_value=None, got 1"),
        ("quantized_po2(66,1)", "bits: expected an integer from 1 to 62, got 66"),
        (
            "quantized_relu_po2(66)",
            "bits: expected an integer from 1 to 62, got 66",
        ),
        ("quantized_ulaw(u=0)", "u: expected a positive number up to 3.4e+38, got 0"),
        (
            "ternary(threshold=0)",
            "threshold: expected None or a positive number up to 3.4e+38, got 0",
        ),
        (
            "ternary(alpha='auto',threshold=0.5)",
            "threshold: expected None when alpha is 'auto', which chooses it, got 0.5",
        ),
        (
            "ternary(number_of_unrolls=0)",
            "number_of_unrolls: expected an integer from 1 to 1000, got 0",
        ),
        (
            "ternary(number_of_unrolls=1e8)",
            "number_of_unrolls: expected an integer from 1 to 1000, got 100000000.0",
        ),
        (
            "bernoulli(temperature=0)",
            "temperature: expected a positive number up to 3.4e+38, got 0",
        ),
    ],
)
def test_refused_arguments(call, message):
    name, argument = call.split("(")[0], message.split(":")[0]
    full = f"{name}: {message}. Change {argument}."
    with pytest.raises(QuantizerError, match=rf"^{re.escape(full)}$"):
        get_quantizer(call)


def test_set_internal_sigmoid_refuses():
    message = "set_internal_sigmoid: expected mode 'hard', 'smooth' or 'real', got 'soft'. Choose one of these."
    with pytest.raises(QuantizerError, match=f"^{message}$"):
        qz.set_internal_sigmoid("soft")
    assert qz.get_internal_sigmoid() == "hard"


@pytest.mark.parametrize(
    ("made", "act", "message"),
    [
        (
            qz.quantized_ulaw(4),
            lambda q: q.compute_integer_codes([0.5]),
            "quantized_ulaw: expected a quantizer with integer codes, got one whose values lie on no fixed-point "
            "grid. Use a quantizer whose number_type is not 'float'.",
        ),
        (
            qz.bernoulli(),
            lambda q: q.compute_integer_codes([0.5]),
            "bernoulli: expected a quantizer with integer codes, got one that draws values at every call, in "
            "inference too. Use binary(use_01=1).",
        ),
        (
            qz.quantized_bits(4),
            lambda q: q.compute_integer_codes([0.5, np.nan]),
            "quantized_bits: compute_integer_codes: expected finite values on the quantizer's grid, got codes [nan] "
            "for a tensor of shape (2,). Check the weights.",
        ),
        (
            qz.quantized_relu(4, 3, relu_upper_bound=5.3, is_quantized_clip=False),
            lambda q: q.compute_integer_codes([7.0]),
            "quantized_relu: compute_integer_codes: expected finite values on the quantizer's grid, got codes "
            "[10.6] for a tensor of shape (1,). Check the weights.",
        ),
        (
            qz.quantized_po2(8),
            lambda q: q.compute_integer_codes([1.0, np.nan]),
            "quantized_po2: compute_integer_codes: expected finite values, got nan. Give a max_value or fewer bits.",
        ),
        (
            qz.quantized_bits(4, alpha="auto"),
            lambda q: q.range(),
            "quantized_bits(4,0,1,alpha='auto'): range: expected a fixed-point type of at most 20 bits, got none. "
            "Use a quantizer whose scale is a known power of two.",
        ),
        (
            qz.quantized_bits(4, alpha="auto", scale_axis=2),
            lambda q: q(np.ones((2, 2))),
            "scale_axis: expected axes of a tensor of rank 2, got 2. Use axes from 0 to 1.",
        ),
        (
            qz.binary(alpha="auto", elements_per_scale=3),
            lambda q: q(np.ones((2, 4))),
            "elements_per_scale: expected a divisor of axis 1 of a tensor of shape (2, 4), got 3. "
            "Choose another number.",
        ),
        (
            qz.binary(alpha="auto", scale_axis=[0, 1], elements_per_scale=[2]),
            lambda q: q(np.ones((2, 4))),
            "elements_per_scale: expected one number or one per scale_axis [0, 1], got [2]. Match the axes.",
        ),
    ],
    ids=lambda value: repr(value) if isinstance(value, qz.Quantizer) else "",
)
def test_refused_uses(made, act, message):
    with pytest.raises(QuantizerError, match=rf"^{re.escape(message)}$"):
        act(made)
