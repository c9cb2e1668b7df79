"""Locks that allow only one driver of a search at a time, for its folder and for its database."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from qhls.search.errors import JournalError
from qhls.system.locks import is_at, lock

LOCK_FILE = "lock"


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Lock ``folder``, so that no other process searches in it, and create it if it is missing.

    The operating system releases the lock when its process ends. Raises ``JournalError`` if another process holds the
    lock, or if the folder cannot be written.
    """
    created = not folder.exists()
    path = folder / LOCK_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = _take(path)
    except OSError as error:
        raise JournalError(
            f"{folder}: expected a folder to search in, got: {error.strerror}. Make room, or make it "
            f"writable, or search in another folder."
        ) from error
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)
        if created:
            with suppress(OSError):  # a search that has begun leaves files in it
                folder.rmdir()


def describe_driver() -> str:
    """Return a description of this process for the error message of a second driver: PID, host and time."""
    return f"process {os.getpid()} on {socket.gethostname()} since {time.strftime('%Y-%m-%d %H:%M:%S')}"


def identify_machine() -> str:
    """Return a text that identifies this machine, its current boot and its PID namespace."""
    parts = [socket.gethostname()]
    for path, read in (
        ("/proc/sys/kernel/random/boot_id", lambda p: Path(p).read_text().strip()),
        ("/proc/self/ns/pid", os.readlink),
    ):
        with suppress(OSError):
            parts.append(read(path))
    return " ".join(parts)[:255]


def identify_process(number: int) -> str:
    """Return a text that identifies a process on this machine: its PID and, if known, its start time."""
    with suppress(OSError, IndexError):
        status = Path(f"/proc/{number}/stat").read_text(encoding="latin-1")
        return f"{number} {status.rpartition(')')[2].split()[19]}"
    return str(number)


def is_running(name: str) -> bool:
    """Return whether the process that ``identify_process`` described by ``name`` is still running.

    The start time detects a PID that another process has reused.
    """
    number = int(name.partition(" ")[0])
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except OSError:  # the process belongs to another user
        pass
    return identify_process(number) == name


def make_second_driver_error(where: str, who: str) -> JournalError:
    """Create the error for a second driver of the same search."""
    return JournalError(
        f"{where}: expected to be the only driver of this search, got another: {who or 'of unknown name'}. "
        f"Wait for it or end it, or search in another folder or under another name."
    )


def _take(path: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        if not lock(descriptor, wait=False, otherwise=True):
            who = os.read(descriptor, 200).decode("utf-8", "replace")
            os.close(descriptor)
            raise make_second_driver_error(str(path.parent), who)
        if is_at(descriptor, path):
            break
        os.close(descriptor)  # the lock file of a driver that has just ended
    with suppress(OSError):  # the lock also holds on a full disk
        os.truncate(descriptor, 0)
        os.write(descriptor, describe_driver().encode())
    return descriptor
