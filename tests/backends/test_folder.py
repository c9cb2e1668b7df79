"""A project's folder is replaced at once, keeps what is the user's, and survives every fault on the way."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from qhls.backends import folder as folder_module
from qhls.backends.emit import emit
from qhls.backends.folder import MARKER, check_folder, write
from qhls.errors import EmitError
from qhls.plan import Schedule
from support.graphs.designs import dense


def files(text, *names):
    """A project of ours, as ``emit`` hands it over."""
    names = ["Makefile", "src/top.h", *names, MARKER]
    content = dict.fromkeys(names, text)
    return content | {MARKER: json.dumps({"files": names, "text": text})}


def contents(folder):
    found = (path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    return {
        str(path.relative_to(folder)): str(path.readlink())
        if path.is_symlink()
        else path.read_text()
        for path in found
    }


def users(folder):
    """What a user may have put into a project."""
    (folder / "notes.txt").write_text("mine")
    (folder / "src" / "mine.cpp").write_text("mine")
    (folder / "build" / "deep").mkdir(parents=True)
    (folder / "build" / "deep" / "log").write_text("mine")
    (folder / "none").mkdir()
    (folder / "script").write_text("mine")
    (folder / "script").chmod(0o750)
    (folder / "link").symlink_to("/nowhere")
    (folder / "around").symlink_to("build")
    names = ("notes.txt", "src/mine.cpp", "build/deep/log", "script")
    return dict.fromkeys(names, "mine") | {"link": "/nowhere", "around": "build"}


@pytest.fixture(params=["at once", "by two renames"])
def way(request, monkeypatch):
    """With and without a system that exchanges folders."""
    if request.param == "by two renames":
        monkeypatch.setattr(folder_module, "exchange", lambda a, b: False)
    return request.param


@pytest.mark.usefixtures("way")
def test_what_is_the_users_is_kept(tmp_path):
    place = tmp_path / "p"
    write(place, files("old", "tb/old.cpp"))
    mine = users(place)
    place.chmod(0o711)
    for text in ("new", "newer"):
        write(place, files(text))
        assert contents(place) == files(text) | mine
        assert (place / "none").is_dir()
        assert not (place / "tb").exists()
        assert (place / "script").stat().st_mode & 0o777 == 0o750
        assert place.stat().st_mode & 0o777 == 0o711
        assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_emit_keeps_it_too(tmp_path):
    emit(dense(), Schedule(), "vitis", tmp_path / "p")
    (tmp_path / "p" / "notes.txt").write_text("mine")
    emit(dense(), Schedule(), "catapult", tmp_path / "p", overwrite=True)
    assert (tmp_path / "p" / "notes.txt").read_text() == "mine"
    assert json.loads((tmp_path / "p" / MARKER).read_text())["target"] == "catapult"


def test_where_there_are_no_links_files_are_copied(tmp_path, monkeypatch):
    place = tmp_path / "p"
    write(place, files("old"))
    mine = users(place)

    def refuse(*_, **__):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    write(place, files("new"))
    assert contents(place) == files("new") | mine


def test_a_project_that_names_no_files_loses_none_of_the_users(tmp_path):
    place = tmp_path / "p"
    mine = None
    for marker in ('{"target": "vitis"}', "[]", "{", "[" * 100_000, '{"files": 3}', "\0"):
        write(place, files("old"))
        (place / MARKER).write_text(marker)
        mine = mine or users(place)
        write(place, files("new"))
        assert contents(place) == files("new") | mine


@pytest.mark.parametrize("kind", ["file", "folder", "a folder's name"])
def test_a_file_of_the_users_in_the_way_is_refused(tmp_path, kind):
    place = tmp_path / "p"
    write(place, files("old"))
    if kind == "file":
        (place / "new.cpp").write_text("mine")
    elif kind == "folder":
        (place / "new.cpp").mkdir()
    else:
        (place / "sub").write_text("mine")
    before = contents(place)
    message = (
        r"^output folder '.*/p': expected '(new.cpp|sub)' to be of the project, got a file of another origin\. "
        r"Move it, or choose another folder: nothing was changed\.$"
    )
    with pytest.raises(EmitError, match=message):
        write(place, files("new", "new.cpp", "sub/new.cpp"))
    assert contents(place) == before
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_what_a_link_leads_to_is_replaced(tmp_path):
    write(tmp_path / "real", files("old"))
    (tmp_path / "link").symlink_to("real")
    write(tmp_path / "link", files("new"))
    assert (tmp_path / "link").is_symlink()
    assert contents(tmp_path / "real") == files("new")


# -- faults -----------------------------------------------------------------------------------------

STEPS = ("mkdir", "write_text", "rename")


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("step", STEPS)
def test_every_fault_leaves_the_old_project_or_the_new_one(tmp_path, monkeypatch, step):
    """The n-th call of each kind fails, for every n there is."""
    place, honest = tmp_path / "p", getattr(Path, step)
    write(place, files("old"))
    mine = users(place)
    for n in range(100):
        count = 0

        def fail(self, *arguments, n=n, **settings):
            nonlocal count
            count += 1
            if count == n + 1:
                raise OSError(28, "No space left on device")
            return honest(self, *arguments, **settings)

        with monkeypatch.context() as patch:
            patch.setattr(Path, step, fail)
            try:
                write(place, files("new"))
            except EmitError as error:
                assert str(error).startswith(f"output folder '{place}': expected a place to write")
        if count <= n:
            break
        assert contents(place) == files("old") | mine
        assert [path.name for path in tmp_path.iterdir()] == ["p"]
    assert contents(place) == files("new") | mine
    assert n > 0 or step == "rename"


@pytest.mark.parametrize("step", STEPS)
def test_an_empty_folder_stays_so_after_a_fault(tmp_path, monkeypatch, step):
    honest, count = getattr(Path, step), 0

    def fail(self, *arguments, **settings):
        nonlocal count
        count += 1
        if count == 2:
            raise OSError(28, "No space left on device")
        return honest(self, *arguments, **settings)

    monkeypatch.setattr(Path, step, fail)
    with pytest.raises(
        EmitError, match=r"^output folder '.*': expected a place to write to, got: \[Errno 28\] .*$"
    ):
        write(tmp_path, files("new"))
    assert not list(tmp_path.iterdir())


KILLED = """
import json, os, sys
from pathlib import Path
from qhls.backends import folder
from qhls.backends.folder import write

place, text, call, way = Path(sys.argv[1]), json.loads(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
count = 0

def dies(honest):
    def die(*arguments, **settings):
        global count
        count += 1
        if count == call:
            os.kill(os.getpid(), 9)
        return honest(*arguments, **settings)
    return die

if way == "by two renames":
    folder.exchange = lambda a, b: False
folder.exchange = dies(folder.exchange)
folder.shutil.copymode = dies(folder.shutil.copymode)
folder.os.link = dies(folder.os.link)
Path.rename = dies(Path.rename)
import qhls.backends.scratch
qhls.backends.scratch.shutil.rmtree = dies(qhls.backends.scratch.shutil.rmtree)
write(place, text)
"""


@pytest.mark.parametrize("way", ["at once", "by two renames"])
def test_a_process_that_is_killed_loses_nothing(tmp_path, way):
    """Killed at every step in turn; what it left is gone after the next one."""
    place, call = tmp_path / "p", 0
    write(place, files("old"))
    mine = users(place)
    seen, done = set(), False
    while not done:
        call += 1
        arguments = [str(place), json.dumps(files("new")), str(call), way]
        status = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False).returncode
        assert status in (0, -9)
        done = status == 0
        check_folder(place, overwrite=True)
        assert [path.name for path in tmp_path.iterdir()] == ["p"]
        found = contents(place)
        assert found in (files("old") | mine, files("new") | mine)
        seen.add(json.loads(found[MARKER])["text"])
        write(place, files("old"))
    assert seen == {"old", "new"}
    assert call > 5
