"""Keras knows qhls' layers wherever both are imported, in either order."""

import subprocess
import sys

import keras
import pytest

from qhls.layers import QDense

CODE = """
import sys
from importlib.util import find_spec
{first}
find_spec("keras")
assert "{absent}" not in sys.modules
{second}
import keras
keras.models.load_model(sys.argv[1], compile=False)
assert not any(type(finder).__module__.startswith("qhls") for finder in sys.meta_path)
"""


@pytest.mark.parametrize(
    ("first", "second", "absent"),
    [("import qhls", "", "keras"), ("import keras", "import qhls", "qhls")],
)
def test_importing_qhls_is_enough_to_load_by_keras(first, second, absent, tmp_path):
    path = tmp_path / "m.keras"
    keras.Sequential([keras.Input((4,)), QDense(3, kernel_quantizer="ternary()")]).save(path)
    code = CODE.format(first=first, second=second, absent=absent)
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
