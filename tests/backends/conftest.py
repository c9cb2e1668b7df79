"""Libraries and projects are built afresh in every session; what a process under test sees is controlled."""

from dataclasses import replace

import pytest

from qhls.backends.target import TARGETS
from support.emitted import Bench


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    """An empty cache of libraries: these tests compile."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QHLS_CACHE", str(folder))
        yield folder


@pytest.fixture
def unoptimised(monkeypatch):
    """g++ -O0: compiles faster; what it computes is the same."""
    for name, target in TARGETS.items():
        monkeypatch.setitem(TARGETS, name, replace(target, optimisation="-O0"))


@pytest.fixture(scope="module", params=list(TARGETS))
def bench(request, tmp_path_factory):
    """A project of the classifier, its test bench built and passed."""
    made = Bench(request.param, tmp_path_factory.mktemp("bench") / request.param)
    made.first = made.make()
    return made
