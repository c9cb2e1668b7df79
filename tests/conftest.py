"""Fixtures and hooks of all tests."""

import os
from pathlib import Path

import pytest

pytest.register_assert_rewrite("support")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Processes that tests start find ``support`` as the tests do.
_paths = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
os.environ["PYTHONPATH"] = os.pathsep.join(path for path in _paths if path)
