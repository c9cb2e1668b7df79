"""Libraries are built afresh in every session."""

from dataclasses import replace

import pytest

from qhls.backends.target import TARGETS


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    """An empty cache of libraries: these tests compile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QHLS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def unoptimised(monkeypatch):
    """g++ -O0: hundreds of distinct types compile in a third of the time; what they mean is the same."""
    for name, target in TARGETS.items():
        monkeypatch.setitem(TARGETS, name, replace(target, optimisation="-O0"))
