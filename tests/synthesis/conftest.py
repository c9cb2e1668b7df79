"""Results are made afresh in every session."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    """An empty cache: these tests run Yosys."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QHLS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
