"""Seconds from a model file to a project on disk, in a fresh process, after Keras and qhls are imported."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import keras  # noqa: F401 - so that its seconds are not counted
from cpu_time import timed

import qhls


def main() -> None:
    model, weights, input_type = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:

        def road() -> None:
            design = qhls.compile(model, input_type, weights=weights or None)
            design.emit("vitis", Path(folder) / "project")

        sys.stdout.write(json.dumps(timed(road)[1]) + "\n")


if __name__ == "__main__":
    main()
