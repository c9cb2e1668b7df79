"""State from which a killed run of ``gradient`` resumes: every variable of its model and of the optimizer."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import keras
import numpy as np

from qhls.compat.qkeras.weights.arrays import to_numpy
from qhls.search.errors import JournalError
from qhls.search.trials.job import store
from qhls.system.files import ARCHIVE_ERRORS

_FILE = "state.npz"


def save(folder: Path, model: keras.Model, epochs: int) -> None:
    """Save the variables of ``model`` and its optimizer after ``epochs`` epochs.

    Raises ``SearchError`` if the disk is full.
    """
    content = io.BytesIO()
    arrays = {str(i): to_numpy(v) for i, v in enumerate(_list_variables(model))}
    np.savez(content, epochs=np.array(epochs), **arrays)  # pyright: ignore[reportArgumentType]
    store(folder / _FILE, content.getvalue(), "the state of the training")


def load(folder: Path, model: keras.Model) -> int:
    """Restore a checkpoint into ``model`` and return its number of trained epochs; 0 if no file exists.

    Raises ``JournalError`` for a file that is damaged or belongs to another model.
    """
    path = folder / _FILE
    if not path.exists():
        return 0
    variables = _list_variables(model)
    try:
        with np.load(path) as arrays:
            values = [arrays[str(i)] for i in range(len(arrays.files) - 1)]
            epochs = int(arrays["epochs"])
    except (*ARCHIVE_ERRORS, KeyError) as error:
        raise _name_fault(path, f"one that cannot be read ({error})") from error
    if [value.shape for value in values] != [tuple(v.shape) for v in variables]:
        raise _name_fault(path, "one of other variables")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    return epochs


def _list_variables(model: keras.Model) -> list[Any]:
    optimizer: Any = model.optimizer  # pyright: ignore[reportAttributeAccessIssue]
    if not optimizer.built:
        optimizer.build(model.trainable_variables)
    return [*model.variables, *optimizer.variables]


def _name_fault(path: Path, received: str) -> JournalError:
    return JournalError(
        f"{path}: expected the state that this run left, got {received}. Remove the file to begin anew, "
        f"or run in a new folder."
    )
