"""Simulations and projects are built afresh in every session, quickly."""

import pytest

from support.rtl import fast_simulation


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    """An empty cache of libraries: these tests compile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QHLS_CACHE", str(tmp_path_factory.mktemp("cache")))
        fast_simulation(patch)
        yield
