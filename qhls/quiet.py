"""Start Keras' backend without its start-up log, which it writes past Python to the process's stderr."""

import os
from importlib import import_module
from typing import Any

STDERR = 2


def import_keras() -> None:
    """Import Keras and its backend with the process's stderr closed; exceptions come through as ever."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    kept, nowhere = os.dup(STDERR), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, STDERR)
        import_module("qhls.needs_keras")
    finally:
        os.dup2(kept, STDERR)
        os.close(kept)
        os.close(nowhere)


def run_quietly(module: str, function: str, *arguments: Any) -> None:
    """In a new process: call a function of a module that imports Keras."""
    import_keras()
    getattr(import_module(module), function)(*arguments)
