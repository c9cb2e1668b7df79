"""Fixtures and hooks of all tests."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "qhls",
    deadline=None,  # the machine may be shared: the time of an example says nothing
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=int(os.environ.get("QHLS_EXAMPLES", "100")),  # `make quick` takes fewer
)
settings.load_profile("qhls")
pytest.register_assert_rewrite("support")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Processes that tests start find ``support`` as the tests do.
_paths = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
os.environ["PYTHONPATH"] = os.pathsep.join(path for path in _paths if path)


def pytest_addoption(parser):
    """Add ``--update-golden``."""
    help_ = "write the projects in testbench/ anew instead of comparing them"
    parser.addoption("--update-golden", action="store_true", help=help_)


def pytest_terminal_summary(terminalreporter):
    """Say in one line how many tests were skipped for want of golden numbers: a pass without these is half of one."""
    from support.shared import SHARED

    if SHARED.is_dir():
        return
    reasons = [str(report.longrepr[-1]) for report in terminalreporter.stats.get("skipped", [])]
    absent = [r for r in reasons if str(SHARED) in r or "empty parameter set" in r]
    if absent:
        terminalreporter.write_line(
            f"{len(absent)} tests, some of many cases, were skipped: {SHARED} is absent. "
            "Set QHLS_SHARED to the folder that holds golden/.",
            yellow=True,
        )
