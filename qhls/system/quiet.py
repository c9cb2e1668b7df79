"""Import of Keras without the start-up log that its backend writes directly to the stderr of the process."""

import os
from importlib import import_module
from typing import Any

STDERR = 2


def import_keras() -> None:
    """Import Keras and its backend with the stderr of the process discarded; exceptions are raised as usual."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    stderr, devnull = os.dup(STDERR), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(devnull, STDERR)
        import_module("qhls.system.needs_keras")
    finally:
        os.dup2(stderr, STDERR)
        os.close(stderr)
        os.close(devnull)


def run_quietly(module: str, function: str, *arguments: Any) -> None:
    """Call ``function`` of ``module``, which imports Keras, without the start-up log: the target of new processes."""
    import_keras()
    getattr(import_module(module), function)(*arguments)
