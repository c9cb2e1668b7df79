"""A PostgreSQL server of one's own, on a free port, for as long as a test needs it."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def program(name):
    found = shutil.which(name) or next((str(p / name) for p in PLACES if (p / name).exists()), None)
    if found is None:
        pytest.skip(f"PostgreSQL's {name} is not installed")
    return found


def account():
    """Arguments of ``subprocess`` for a user that PostgreSQL runs as: it refuses root."""
    if os.geteuid() != 0:
        return {}
    import pwd

    try:
        entry = pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("PostgreSQL refuses root, and there is no user postgres")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def postgresql():
    """The URL of an empty database."""
    pytest.importorskip("psycopg", reason="PostgreSQL's driver is not installed")
    initdb, server, ready = map(program, ("initdb", "postgres", "pg_isready"))
    who, port = account(), free_port()
    folder = tempfile.mkdtemp(
        prefix="qhls-pg-", dir="/tmp"
    )  # pytest's own are closed to other users
    try:
        if who:
            os.chown(folder, who["user"], who["group"])
        place = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **who}
        quick = ["-A", "trust", "-U", "qhls", "--no-sync", "--no-locale", "-E", "UTF8"]
        subprocess.run([initdb, "-D", f"{folder}/data", *quick], check=True, **place)
        command = [
            server,
            "-D",
            f"{folder}/data",
            "-h",
            "127.0.0.1",
            "-p",
            str(port),
            "-k",
            folder,
            "-F",
        ]
        process = subprocess.Popen(command, **place)
        try:
            deadline = time.monotonic() + 60
            asked = [ready, "-h", "127.0.0.1", "-p", str(port)]
            while subprocess.run(asked, check=False, stdout=subprocess.DEVNULL).returncode:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield f"postgresql+psycopg://qhls:secret@127.0.0.1:{port}/postgres"
        finally:
            process.send_signal(signal.SIGINT)  # at once, whoever is connected
            process.wait()
    finally:
        shutil.rmtree(folder)
