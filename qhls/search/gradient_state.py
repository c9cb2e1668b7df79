"""What a run of ``gradient`` goes on from after it was killed: every variable of its model and of the optimizer."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from qhls.search.errors import JournalError
from qhls.utils.arrays import to_numpy

FILE = "state.npz"


class State:
    """The file in ``folder`` with the state of ``model``, which is compiled and built, after so many epochs."""

    def __init__(self, folder: Path, model: keras.Model) -> None:
        self.path, self.model = folder / FILE, model

    def save(self, epochs: int) -> None:
        """Write the state after ``epochs``, in the place of an earlier one. Raises ``JournalError`` where it cannot."""
        arrays = {str(i): to_numpy(v) for i, v in enumerate(self._variables())}
        beside = self.path.with_name(f"{FILE}.new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with beside.open("wb") as file:
                np.savez(file, epochs=np.array(epochs), **arrays)  # pyright: ignore[reportArgumentType]
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path)
        except OSError as error:
            raise JournalError(
                f"{self.path}: expected to write the state of the training, received: {error.strerror}; make room, or "
                f"make the folder writable, and run again with the same arguments: what was trained before is kept"
            ) from error

    def load(self) -> int:
        """Give the model the state; the epochs that it has behind it, 0 without a file.

        Raises ``JournalError`` for a file that is damaged or of another model.
        """
        if not self.path.exists():
            return 0
        variables = self._variables()
        try:
            with np.load(self.path) as arrays:
                values = [arrays[str(i)] for i in range(len(arrays.files) - 1)]
                epochs = int(arrays["epochs"])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise self._wrong(f"one that cannot be read ({error})") from error
        if [v.shape for v in values] != [tuple(v.shape) for v in variables]:
            raise self._wrong("one of other variables")
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        return epochs

    def _variables(self) -> list[Any]:
        optimizer: Any = self.model.optimizer  # pyright: ignore[reportAttributeAccessIssue]
        if not optimizer.built:
            optimizer.build(self.model.trainable_variables)
        return [*self.model.variables, *optimizer.variables]

    def _wrong(self, received: str) -> JournalError:
        return JournalError(
            f"{self.path}: expected the state that this run left, received {received}; remove the file to begin "
            f"anew, or run in a new folder"
        )
