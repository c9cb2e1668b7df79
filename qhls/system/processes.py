"""Child processes that end when their parent's work does, even if Ctrl-C or an error elsewhere ends it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

LINES = 20
"""Largest number of lines of a tool's messages that an error shows."""


def begin(messages: str) -> str:
    """Return the first ``LINES`` lines of a tool's messages."""
    return "\n".join(messages.splitlines()[:LINES])


class Children:
    """Child processes of one task, all of which ``stop`` kills."""

    def __init__(self) -> None:
        self._running: list[subprocess.Popen[str]] = []
        self._stopped = False

    def run(
        self,
        command: list[str],
        folder: Path,
        environment: Mapping[str, str] | None = None,
        heard: Callable[[str], None] | None = None,
    ) -> tuple[int, str]:
        """Run ``command``, pass each line of its stderr to ``heard`` at once, and return its exit status and stderr."""
        # A separate session: Ctrl-C reaches this process alone, and its children end together.
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=None if environment is None else {**os.environ, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._running.append(process)
        if self._stopped:
            self._kill(process)
        lines: list[str] = []
        with process:
            for line in process.stderr or ():
                lines.append(line)
                if heard:
                    heard(line)
        return process.returncode, "".join(lines)

    def stop(self) -> None:
        """Kill all processes of the task that still run, and every later process of the task as soon as it starts."""
        self._stopped = True
        for process in self._running:
            self._kill(process)

    @staticmethod
    def _kill(process: subprocess.Popen[str]) -> None:
        if process.poll() is None:
            # It may end at this moment, while the thread that waits for it keeps ``poll`` from saying so.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # g++ starts cc1plus, as, ld
