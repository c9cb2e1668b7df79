"""An emitted project, made and run as a user does it."""

import subprocess
from pathlib import Path

from qhls.backends.csim import find_include
from qhls.backends.emit import emit
from qhls.backends.target import TARGETS
from qhls.plan import Schedule
from support.graphs.designs import classifier


class Bench:
    """An emitted project and its test bench."""

    def __init__(self, target, folder, graph=None):
        self.target, self.folder = TARGETS[target], folder
        self.graph = classifier() if graph is None else graph
        self.project = emit(self.graph, Schedule(), target, folder)

    def make(self, *arguments):
        """``make``'s status and output."""
        include = f"INCLUDE={find_include(self.target)}"
        return self._run(["make", "-C", self.folder, "csim", include, *arguments])

    def run(self, data):
        """The test bench's status and output on a folder of data."""
        return self._run([self.folder / "testbench", data])

    def _run(self, command):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        return done.returncode, done.stdout + done.stderr

    def edit(self, name, change):
        """Rewrite a file of the project."""
        path = Path(self.folder) / name
        text = path.read_text()
        changed = change(text)
        assert changed != text, f"the fault did not go into {name}"
        path.write_text(changed)
