"""Loading of model files (``load_model``): models of QKeras, Keras 2, Keras 3 and HGQ2 as Keras 3 models of qhls'
layers.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import h5py
import keras

from qhls.errors import LoadError
from qhls.frontend.files.config import build, translate
from qhls.frontend.files.weights import limit_weights, load_weights, open_h5
from qhls.frontend.hgq.graph import is_hgq
from qhls.frontend.hgq.load import load_hgq
from qhls.system.files import ARCHIVE_ERRORS, check_regular_file, is_folder, parse_json, read
from qhls.system.limits import JSON, check_size

_CONFIG = "config.json"
_WEIGHTS = "model.weights.h5"


def load_model(
    path: str | os.PathLike[str], weights: str | os.PathLike[str] | None = None
) -> keras.Model:
    """Load a Keras model with its weights from files; the result is not compiled for training.

    ``path`` is one of:

    - a ``.keras`` file of Keras 3, written with qhls' layers, the Keras 3 port of QKeras or HGQ2;
    - a whole-model ``.h5`` file of Keras 2;
    - a model's JSON, of Keras 2 or 3; then ``weights`` is the HDF5 file of its weights.

    The content decides the kind, the suffix does not. ``weights``, where given, replaces those in ``path``.

    Nothing in the files is executed. Only Q-layers, layers and operations of Keras, and registered classes and
    functions are built. Their user registers them by ``@qhls.frontend.register``,
    ``@keras.saving.register_keras_serializable`` or ``keras.saving.custom_object_scope``.
    Lambda layers, marshalled functions, pickles and vocabularies in other files are refused.

    Raises:
        LoadError: a missing, truncated or foreign file; an unknown class or code; missing weights,
            or weights that do not fit the model or are not finite; a file, a text or weights beyond
            the limit (``qhls.system.limits``).
    """
    path = check_existing(path)
    where = path.name
    replacement = None if weights is None else check_existing(weights, "a weights file")
    with tempfile.TemporaryDirectory() as folder:
        if zipfile.is_zipfile(path):
            config, own = read_keras(path, Path(folder), where)
        elif h5py.is_hdf5(path):
            config, own = _read_h5(path, where)
        else:
            config, own = _read_json(path, where), replacement
        if own is None:
            raise LoadError(
                f"{where}: expected weights for this model, got none (a model's JSON holds no "
                f"weights). Give them: load_model({where!r}, weights='weights.h5')."
            )
        source = where if replacement is None else replacement.name
        if is_hgq(config):
            return load_hgq(config, replacement or own, where, source)
        with limit_weights(where):
            model = build(translate(config, where), where)
        load_weights(model, replacement or own, source)
    return model


def check_existing(path: str | os.PathLike[str], what: str = "a model file") -> Path:
    """Return ``path`` if it is a regular file; the contents of an archive or a JSON text must be within the size limit.

    Raises:
        LoadError: it is not.
    """
    if os.fspath(path) and is_folder(path):
        raise LoadError(
            f"{path}: expected {what}, got a folder. Save the model as one file: "
            f"model.save('model.keras') in Keras 3, model.save('model.h5') in Keras 2."
        )
    file = check_regular_file(path, what)
    if zipfile.is_zipfile(file):
        with _open_archive(file, file.name) as archive:
            for entry, share in ((_CONFIG, JSON), (_WEIGHTS, 1)):
                if entry in archive.namelist():
                    size = archive.getinfo(entry).file_size
                    check_size(size, f"{file.name}: {entry}", what, share=share)
    elif not h5py.is_hdf5(file):
        check_size(file.stat().st_size, file.name, what, share=JSON)
    return file


def _parse(text: str | bytes, where: str) -> object:
    return parse_json(text, where, "the JSON of a model")


def _read_json(path: Path, where: str) -> object:
    data = read(path, "a model file", share=JSON)
    if data[:1] == b"\x80":
        raise LoadError(
            f"{where}: expected a model file, got a pickle, which is code and never read. "
            f"Save the model with model.save('model.keras')."
        )
    if data[:2] == b"PK":
        raise LoadError(
            f"{where}: expected a .keras file, got a damaged archive (it has no end). Save "
            f"the model again."
        )
    return _parse(data, where)


def _read_h5(path: Path, where: str) -> tuple[Any, Path]:
    with open_h5(path, where) as file:
        config = file.attrs.get("model_config")
    if config is None:
        raise LoadError(
            f"{where}: expected a whole model, got weights only. Give the model's JSON as "
            f"well: load_model('model.json', weights={where!r})."
        )
    return _parse(config, where), path


def read_keras(path: Path, folder: Path, where: str) -> tuple[Any, Path]:
    """Return the configuration of a .keras file, and its weights as a file in ``folder``."""
    with _open_archive(path, where) as archive:
        names = archive.namelist()
        _check_names(names, where)
        missing = [name for name in (_CONFIG, _WEIGHTS) if name not in names]
        if missing:
            raise LoadError(
                f"{where}: expected a .keras file with {_CONFIG} and {_WEIGHTS}, got one "
                f"without {' and '.join(missing)}. Save the model with "
                f"model.save('model.keras')."
            )
        config = _parse(archive.read(_CONFIG), where)
        weights = folder / _WEIGHTS
        with archive.open(_WEIGHTS) as source, weights.open("wb") as copy:
            shutil.copyfileobj(source, copy)
    return config, weights


@contextmanager
def _open_archive(path: Path, where: str) -> Iterator[zipfile.ZipFile]:
    """Open the zip archive ``path`` for reading within this context; errors of the archive are raised as
    ``LoadError``.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except ARCHIVE_ERRORS as error:
        raise LoadError(
            f"{where}: expected a .keras file, got a damaged archive ({error}). Save the "
            f"model again."
        ) from error


def _check_names(names: list[str], where: str) -> None:
    for name in names:
        parts = PurePosixPath(name.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or ":" in name:
            raise LoadError(
                f"{where}: expected names inside the archive, got {name!r}, which leads out "
                f"of it. Do not trust the file: Keras did not write it."
            )
