"""``qhls.qkeras``: QKeras' modules and names, in a process that may hold other packages of this name."""

import importlib
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import qhls.qkeras
from qhls.errors import QhlsError
from qhls.layers import QDense
from qhls.qkeras.modules import list_places
from qhls.qkeras.names import (
    GetActivationSuffix,
    GetArg,
    GetParams,
    Registry,
    get_auto_range_constraint_initializer,
    get_quantized_initializer,
    safe_eval,
)
from qhls.qkeras.scales import get_rolled_back_shape, get_scale, get_unrolled_shape
from qhls.qkeras.table import TABLE
from qhls.quantizers import QUANTIZERS, quantized_bits


def run(*arguments, **kwargs):
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        **kwargs,
    )


@pytest.mark.parametrize("name", TABLE)
def test_every_name_of_the_table_exists(name):
    module = importlib.import_module(f"qhls.qkeras.{name}".rstrip("."))
    for each in list_places(TABLE[name]):
        assert getattr(module, each) is not None
    with pytest.raises(
        AttributeError, match=r"^module 'qhls\.qkeras.*' has no attribute 'nothing'$"
    ):
        _ = module.nothing


def test_quantizers_are_registered_by_name():
    module = importlib.import_module("qhls.qkeras.quantizer_registry")
    for name in QUANTIZERS:
        assert module.lookup_quantizer(name) is QUANTIZERS[name]
    with pytest.raises(KeyError):
        module.lookup_quantizer("nothing")
    registry = Registry()
    registry.register(QDense)
    registry.register(QDense, name="other")
    assert registry.lookup("QDense") is registry.lookup("other") is QDense


STAR = """
import sys
import qhls.qkeras
qhls.qkeras.install()
from keras import callbacks
from qkeras import *
from qkeras.qlayers import QDense as first
from qkeras.utils import load_qmodel, model_quantize
import qkeras.qtools.quantized_operators.quantizer_impl as impl
import qkeras, keras, qhls.layers
assert first is QDense is qhls.layers.QDense is qkeras.QDense
assert impl is qkeras.qtools.quantized_operators.quantizer_impl
assert layers is keras.layers and utils is keras.utils and Dense is keras.layers.Dense
assert Conv2D is keras.layers.Conv2D and Activation is keras.layers.Activation
assert quantized_relu is qkeras.quantizers.quantized_relu
assert print_qstats is qkeras.estimate.print_qstats and QTools is qkeras.qtools.run_qtools.QTools
assert "install" not in globals()
assert callbacks.__name__ == "keras.callbacks" and qkeras.callbacks.QNoiseScheduler
qhls.qkeras.install()
"""


def test_a_star_import_brings_the_names_of_qkeras():
    result = run("-c", STAR)
    assert result.returncode == 0, result.stderr[-2000:]


def test_another_package_that_is_imported_already_is_refused(tmp_path):
    (tmp_path / "qkeras.py").write_text("mine = 1\n")
    code = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
import qkeras
import qhls.qkeras
try:
    qhls.qkeras.install()
except qhls.QhlsError as error:
    print(error)
"""
    result = run("-c", code)
    assert result.stdout.startswith(
        "qhls.qkeras.install: expected no other package 'qkeras' in this process, got "
    )
    assert result.stdout.rstrip().endswith("qkeras.py. Call install() before anything imports it.")


def test_a_package_that_is_only_installed_is_hidden(tmp_path):
    (tmp_path / "qkeras.py").write_text("raise RuntimeError('imported')\n")
    (tmp_path / "script.py").write_text(
        "import sys\nfrom helper import bits\nfrom qkeras import QDense\n"
        "if __name__ == '__main__':\n    print(QDense.__module__, bits, sys.argv[1:])\n"
    )
    (tmp_path / "helper.py").write_text("bits = 4\n")
    result = run("-m", "qhls.qkeras", tmp_path / "script.py", "--epochs", "2")
    assert result.stdout == "qhls.frontend.layers.dense 4 ['--epochs', '2']\n", result.stderr[
        -2000:
    ]
    result = run("-m", "qhls.qkeras", "-m", "script", cwd=tmp_path)
    assert result.stdout == "qhls.frontend.layers.dense 4 []\n", result.stderr[-2000:]


def test_a_missing_script_is_named():
    result = run("-m", "qhls.qkeras", "nothing.py")
    assert result.returncode == 2
    assert (
        "expected a Python script, got 'nothing.py', which is no file. Check the path."
        in result.stderr
    )
    assert run("-m", "qhls.qkeras").returncode == 2
    assert run("-m", "qhls.qkeras", "--help").stdout.startswith("usage: python -m qhls.qkeras")


NEIGHBOUR = """
import qhls.qkeras
qhls.qkeras.install()
from qkeras import QDense
import {module}
import qkeras
assert QDense is qkeras.QDense and QDense.__module__.startswith("qhls.")
"""


@pytest.mark.parametrize(
    ("distribution", "module"), [("qkeras-v3", "qkeras"), ("hgq2", "hgq.layers")]
)
def test_beside_an_owner_of_the_name(distribution, module):
    try:
        version(distribution)
    except PackageNotFoundError:
        pytest.skip(f"{distribution}, which owns the name qkeras, is not installed")
    result = run("-c", NEIGHBOUR.format(module=module))
    assert result.returncode == 0, result.stderr[-2000:]
    alone = run("-c", f"import qhls, {module}; import qkeras; assert 'qhls' not in qkeras.__file__")
    assert alone.returncode == 0, alone.stderr[-2000:]


def test_errors_are_those_of_qhls():
    assert issubclass(qhls.qkeras.InstallError, QhlsError)


# Strings


@given(
    st.lists(st.one_of(st.integers(), st.booleans(), st.none(), st.sampled_from(["a", "b c"]))),
    st.dictionaries(st.sampled_from(["x", "y_1"]), st.floats(-9, 9)),
)
def test_arguments_in_strings(args, kwargs):
    text = ", ".join([*map(repr, args), *(f"{k} = {v!r}" for k, v in kwargs.items())])
    assert GetParams(f"({text})") == (args, kwargs)


def test_strings_become_calls_and_are_never_evaluated():
    known = {"add": lambda a=1, b=2: a + b, "bits": quantized_bits}
    assert safe_eval("add(3, b=4)", known) == 7
    assert safe_eval("add(3)", known, b=5) == 8
    assert safe_eval("add", known, 3, 4) == 7
    assert safe_eval("add", known) is known["add"]
    assert safe_eval("bits", known) == quantized_bits()
    assert safe_eval("relu", known) is keras.activations.relu
    assert safe_eval(known, known) is known
    assert GetArg("[2 3]") == [2, 3]
    with pytest.raises(
        ValueError, match=r"^get_quantizer: expected a name with arguments, .* as a number"
    ):
        safe_eval("add(__import__('os'))", known)


def test_suffixes_of_octave_layers():
    assert GetActivationSuffix(None) == "linear"
    assert GetActivationSuffix("quantized_relu(4,12)") == "qr412_"
    assert GetActivationSuffix("quantized_po2(3)") == "q223"


# Helpers


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=4))
def test_shapes_are_divided_and_restored(groups):
    shape = [count * size for count, size in groups]
    sizes, axes = [size for _, size in groups], list(range(len(groups)))
    divided, at = get_unrolled_shape(shape, sizes, axes)
    assert divided == [n for group in groups for n in group]
    assert get_rolled_back_shape(divided, at) == shape
    one, axis = get_unrolled_shape(shape, sizes[-1], len(shape) - 1)
    assert get_rolled_back_shape(one, axis) == shape


def test_scales_are_those_of_the_quantizer():
    x = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    quantizer = quantized_bits(4, 0, alpha="auto_po2")
    quantizer(x)
    codes, _ = quantizer.compute_integer_codes(x)
    scale = keras.ops.convert_to_numpy(get_scale("auto_po2", x, codes.astype(np.float32)))
    assert scale.shape == (1, 6)
    np.testing.assert_array_equal(scale * 8, quantizer.scale)
    assert get_scale("auto", x, np.sign(x), per_channel_scale=False).shape == (1, 1)
    assert get_scale(0.5, x, x) == 0.5


def test_initializers_and_constraints_follow_the_quantizer():
    constraint, initializer = get_auto_range_constraint_initializer(
        quantized_bits(4, 2, alpha=1), None, "he_normal"
    )
    assert (constraint.min_value, constraint.max_value) == (-4.0, 4.0)
    assert type(initializer).__name__ == "QInitializer"
    assert get_auto_range_constraint_initializer(None, None, "zeros") == (None, "zeros")
    assert get_quantized_initializer("he_normal", 0.5).scale == 1.0
    assert get_quantized_initializer("zeros", 0.5) == "zeros"
