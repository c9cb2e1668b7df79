"""The cache of libraries: where it is, what it survives, what is never loaded."""

import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qhls.backends import cache
from qhls.backends.cache import find_cache_folder
from qhls.backends.csim import build, find_compiler
from qhls.backends.target import TARGETS
from qhls.errors import CsimError
from qhls.ir import run
from qhls.plan import Schedule
from support.graphs.designs import dense, random_codes


@pytest.fixture(scope="module", autouse=True)
def quick():
    """g++ -O0."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(TARGETS, "catapult", replace(TARGETS["catapult"], optimisation="-O0"))
        yield


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("QHLS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def built(name="cached"):
    (library,) = build(dense(name), Schedule(), ["catapult"])
    codes = random_codes(dense(name))
    np.testing.assert_array_equal(library.run(codes)[0], run(dense(name), codes)[0])
    return library


# -- where it is ------------------------------------------------------------------------------------


def test_the_folder_follows_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", "/c")
    for given, found in (("/a/b", "/a/b"), ("below", tmp_path / "below"), ("", "/c/qhls")):
        monkeypatch.setenv("QHLS_CACHE", given)
        assert find_cache_folder() == Path(found)
    monkeypatch.delenv("QHLS_CACHE")
    assert find_cache_folder() == Path("/c/qhls")
    for useless in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", useless)
        assert find_cache_folder() == Path.home() / ".cache" / "qhls"


def test_no_home_is_needed_where_the_folder_is_given(monkeypatch, folder):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert find_cache_folder() == folder
    monkeypatch.delenv("QHLS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/c")
    assert find_cache_folder() == Path("/c/qhls")
    monkeypatch.delenv("XDG_CACHE_HOME")
    message = r"^cache folder: expected a home folder to keep libraries in, got none\. Set QHLS_CACHE or HOME\.$"
    with pytest.raises(CsimError, match=message):
        find_cache_folder()


@pytest.mark.parametrize("given", ["", "below/cache"])
def test_an_empty_or_relative_folder_works(monkeypatch, tmp_path, given):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("QHLS_CACHE", given)
    library = built()
    assert library.path.parent == (tmp_path / given if given else tmp_path / "xdg" / "qhls")
    monkeypatch.chdir("/")
    assert library.run(random_codes(library.graph))


# -- what is in it ----------------------------------------------------------------------------------

DAMAGE = {
    "cut in half": lambda data: data[: len(data) // 2],
    "without its last byte": lambda data: data[:-1],
    "empty": lambda _: b"",
    "zeros": lambda data: bytes(len(data)),
    "one bit": lambda data: data[:5000] + bytes([data[5000] ^ 1]) + data[5001:],
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A library, built once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QHLS_CACHE", str(tmp_path_factory.mktemp("whole")))
        return built().path


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_library_is_built_again(monkeypatch, folder, whole, how):
    folder.mkdir()
    (folder / whole.name).write_bytes(DAMAGE[how](whole.read_bytes()))
    calls = []
    honest = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: calls.append(a) or honest(*a, **k))
    assert built().path == folder / whole.name
    assert len(calls) == 1
    built()
    assert len(calls) == 1


@pytest.mark.parametrize("how", [*DAMAGE, "gone"])
def test_a_library_that_is_damaged_after_it_was_built_is_not_loaded(folder, whole, how):
    folder.mkdir()
    shutil.copy(whole, folder)
    (library,) = build(dense("cached"), Schedule(), ["catapult"])
    if how == "gone":
        library.path.unlink()
    else:
        library.path.write_bytes(DAMAGE[how](library.path.read_bytes()))
    message = r"^library '.*\.so': expected the one that was built, got one that is damaged or gone\. Build .* again\.$"
    with pytest.raises(CsimError, match=message):
        library.run(random_codes(library.graph))


def test_what_is_built_runs_where_nothing_can_be_written(monkeypatch, folder, whole):
    folder.mkdir()
    shutil.copy(whole, folder)

    def refuse(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(cache, "make_scratch", refuse)
    built()
    message = (
        r"^cache folder '.*/cache': expected a folder that can be written, got: \[Errno 30\] Read-only file "
        r"system\. Make room, make it writable or set QHLS_CACHE to another\.$"
    )
    with pytest.raises(CsimError, match=message):
        built("another")


def test_a_folder_that_cannot_be_made(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("QHLS_CACHE", str(tmp_path / "file" / "cache"))
    message = r"^cache folder '.*/file/cache': expected a folder that can be written, got: \[Errno \d+\] .*$"
    with pytest.raises(CsimError, match=message):
        build(dense(), Schedule(), ["vitis"])


@contextmanager
def small_disk(place, size):
    """A file system of ``size`` bytes, for those who may mount one."""
    place.mkdir()
    options = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(options, check=False, stderr=-3).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("size", [4096, 65536])
def test_a_full_disk_is_an_error_and_leaves_nothing(monkeypatch, tmp_path, size):
    """The sources do not fit, or the library does not."""
    with small_disk(tmp_path / "small", size) as place:
        monkeypatch.setenv("QHLS_CACHE", str(place))
        with pytest.raises(
            CsimError, match=r"^(cache folder '.*|csim build: .*[\s\S]*)No space left on device"
        ):
            built()
        assert not list(place.iterdir())


SLOW = """
from support.graphs.designs import dense
from qhls.backends.csim import build
from qhls.plan import Schedule
build(dense("killed"), Schedule(), ["catapult"])
"""


def test_what_killed_processes_left_is_deleted(monkeypatch, folder, tmp_path):
    compiler = tmp_path / "g++"
    compiler.write_text("#!/bin/sh\nexec sleep 60\n")
    compiler.chmod(0o755)
    environment = os.environ | {"CXX": str(compiler)}
    command = [sys.executable, "-c", SLOW]
    processes = [
        subprocess.Popen(command, env=environment, start_new_session=True) for _ in range(2)
    ]
    try:
        deadline = time.monotonic() + 120
        while len(list(folder.glob("build-*/csim/bridge.cpp"))) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        killed, alive = processes
        killed.kill()
        killed.wait()
        monkeypatch.setenv("CXX", find_compiler())
        library = built()
        (left,) = [path for path in folder.iterdir() if path != library.path]
        assert left.name.startswith("build-")
        assert (left / "csim" / "bridge.cpp").is_file()
        alive.kill()
        alive.wait()
        built("another")
        assert {path.suffix for path in folder.iterdir()} == {".so"}
    finally:
        for process in processes:
            process.kill()
            process.wait()
