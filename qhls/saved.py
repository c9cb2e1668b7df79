"""Saved designs: a graph and its schedule in one file, which is loaded without Keras and without executing code.

The file is a zip archive. ``design.json`` contains the ops, in order, with their fields; ``codes/N.npy`` contain the
integer codes of constants. Types and ranges are not stored: they follow from the ops again, and no file can contradict
them.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from qhls.errors import LoadError, QhlsError
from qhls.ir import Fixed, Graph, Op, Overflow, Rounding
from qhls.ir.graph import SomeGraph
from qhls.ir.integers import Array, Codes
from qhls.model.graph import ModelGraph
from qhls.model.softmax import Softmax
from qhls.plan import Schedule
from qhls.system.files import (
    ARCHIVE_ERRORS,
    check_regular_file,
    is_file,
    parse_json,
    read_arrays,
    write_whole,
)
from qhls.system.limits import JSON, check_size
from qhls.system.text import escape_line

if TYPE_CHECKING:
    from qhls.design import Design

_VERSION = 1
"""Version of the file format; files of another version are refused."""
_FORMAT = "qhls design"
_DOCUMENT = "design.json"
_WHAT = "a saved design"
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Date of all entries in the archive, constant so that equal designs give equal files."""


@dataclass(frozen=True)
class ModelReference:
    """Reference to the Keras model of a saved design: its name, class, and the SHA-256 of its weights."""

    name: str
    kind: str
    weights: str

    @classmethod
    def of(cls, model: Any) -> ModelReference:
        """Return the reference to a Keras model."""
        digest = hashlib.sha256()
        for array in model.get_weights():
            digest.update(np.ascontiguousarray(array).tobytes())
        return cls(model.name, type(model).__name__, digest.hexdigest())


def save(design: Design, path: str | os.PathLike[str]) -> Path:
    """Write ``design`` atomically to one file and return its path. Raises ``QhlsError``."""
    writer = _Writer()
    model = design.given if design.given is not None else design.model
    reference = design.reference if model is None else ModelReference.of(model)
    document = {
        "format": _FORMAT,
        "version": _VERSION,
        "graph": writer.write_graph(design.graph),
        "exact": writer.write_graph(design.exact) if design.exact is not None else None,
        "schedule": asdict(design.schedule),
        "softmax": asdict(design.softmax),
        "approximations": [str(line) for line in (*design.approximations, design.distance) if line],
        "model": None if reference is None else asdict(reference),
        "ops": writer.ops,
    }
    document["hash"] = _hash(document, writer.arrays)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _read_entries(document, writer.arrays):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return write_whole(path, buffer.getvalue(), "save")


def load(path: str | os.PathLike[str]) -> Design:
    """Return the design in a file that ``Design.save`` wrote. Keras is not needed, and nothing is executed.

    The design runs, emits, simulates and has prices. It has no Keras model, so ``check`` compares the interpreter and
    the C simulations only. Layers that were left to the host are named, but not computed.

    Raises:
        LoadError: a file of another kind, damaged, of another version, or beyond the limit (``QHLS_LIMIT``).
    """
    from qhls.design import Design

    file = check_regular_file(path, _WHAT)
    where = escape_line(file.name)
    document, arrays = _read(file, where)
    try:
        reader = _Reader(arrays)
        for record in document["ops"]:
            reader.read_op(record)
        exact = document["exact"]
        model = document["model"]
        return Design(
            reader.read_graph(document["graph"], ModelGraph),
            Schedule(**_make_tuples(document["schedule"])),
            exact=None if exact is None else reader.read_graph(exact, ModelGraph),
            softmax=Softmax(**document["softmax"]),
            approximations=tuple(map(str, document["approximations"])),
            reference=None if model is None else ModelReference(**model),
        )
    except QhlsError as error:
        raise LoadError(
            f"{where}: expected {_WHAT}, got one that is damaged: {error} Save the design again."
        ) from error
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:  # fmt: skip
        # A field of the wrong type may reach any op, which may raise any of these errors.
        raise _explain_damage(where, f"a field of the wrong kind ({error})") from error


def is_saved(path: str | os.PathLike[str]) -> bool:
    """Return whether ``path`` is an archive that contains a design's document, without raising an exception."""
    try:
        if not is_file(path) or not zipfile.is_zipfile(path):
            return False
        with zipfile.ZipFile(path) as archive:
            return _DOCUMENT in archive.namelist()
    except ARCHIVE_ERRORS:
        return False


def _explain_damage(where: str, problem: str) -> LoadError:
    return LoadError(f"{where}: expected {_WHAT}, got {problem}. Save the design again.")


def _read_entries(
    document: Mapping[str, Any], arrays: Mapping[str, Array]
) -> Iterator[tuple[str, bytes]]:
    yield _DOCUMENT, json.dumps(document, indent=1).encode()
    for name, array in arrays.items():
        buffer = io.BytesIO()
        np.save(buffer, array, allow_pickle=False)
        yield f"{name}.npy", buffer.getvalue()


def _hash(document: Mapping[str, Any], arrays: Mapping[str, Array]) -> str:
    """Return the SHA-256 of the arrays and of the document without its entry ``hash``."""
    rest = {key: value for key, value in document.items() if key != "hash"}
    digest = hashlib.sha256(json.dumps(rest, sort_keys=True).encode())
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()


def _read(file: Path, where: str) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the document and the arrays of a saved design after checking its format, version and hash."""
    if not is_saved(file):
        raise LoadError(
            f"{where}: expected {_WHAT}, got another file. Write one with design.save, or open a model with "
            f"qhls.compile."
        )
    try:
        with zipfile.ZipFile(file) as archive:
            check_size(
                archive.getinfo(_DOCUMENT).file_size, f"{where}: {_DOCUMENT}", _WHAT, share=JSON
            )
            text = archive.read(_DOCUMENT)
    except ARCHIVE_ERRORS as error:
        raise _explain_damage(where, f"an archive that cannot be read ({error})") from error
    document = parse_json(text, f"{where}: {_DOCUMENT}", _WHAT)
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise _explain_damage(where, f"a {_DOCUMENT} of another format")
    fields = cast("dict[str, Any]", document)
    version = fields.get("version")
    if version != _VERSION:
        raise LoadError(
            f"{where}: expected {_WHAT} of version {_VERSION}, got version {escape_line(str(version))[:20]}. Open it "
            f"with the qhls that wrote it."
        )
    arrays: dict[str, Array] = read_arrays(file)
    if fields.get("hash") != _hash(fields, arrays):
        raise _explain_damage(where, "contents that differ from their hash")
    return fields, arrays


def _make_tuples(value: Any) -> Any:
    """Return a JSON value with every list in it, at any depth, converted to a tuple."""
    if isinstance(value, dict):
        return {key: _make_tuples(item) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return tuple(map(_make_tuples, cast("list[Any]", value)))
    return value


@dataclass
class _Writer:
    """Serialiser of graphs: JSON records of ops and arrays of codes, with one record per op that graphs share."""

    ops: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    arrays: dict[str, Array] = field(default_factory=dict[str, Array])
    _numbers: dict[Op, int] = field(default_factory=dict[Op, int])

    def write_graph(self, graph: Graph) -> dict[str, Any]:
        for op in graph.ops:
            if op not in self._numbers:
                record = {"kind": type(op).__name__, **self._write_fields(op)}
                self._numbers[op] = len(self.ops)
                self.ops.append(record)
        return self._write_fields(graph)

    def _write_fields(self, item: Any) -> dict[str, Any]:
        return {
            each.name: self._write_value(getattr(item, each.name))
            for each in fields(item)
            if each.init
        }

    @cached_property
    def _forms(self) -> dict[type[Any], tuple[str, Callable[[Any], Any]]]:
        """Return the JSON tag and the serialising function for each type of value."""
        return {
            Op: ("op", self._numbers.__getitem__),
            Graph: ("graph", self.write_graph),
            Codes: ("codes", lambda codes: self._write_codes(codes.to_integers())),
            Fixed: ("fixed", str),
            Rounding: ("rounding", lambda mode: mode.value),
            Overflow: ("overflow", lambda mode: mode.value),
        }

    def _write_value(self, value: Any) -> Any:
        for kind, (tag, write) in self._forms.items():
            if isinstance(value, kind):
                return {tag: write(value)}
        if isinstance(value, tuple):
            return [self._write_value(entry) for entry in cast("tuple[Any, ...]", value)]
        if isinstance(value, range):
            return {"range": [value.start, value.stop]}
        if isinstance(value, int) and abs(value) >> 62:
            return {"int": hex(value)}
        return value

    def _write_codes(self, codes: Array) -> Any:
        if codes.dtype == object:  # beyond 64 bits
            return {
                "shape": list(codes.shape),
                "hex": [hex(code) for code in codes.ravel().tolist()],
            }
        name = f"codes/{len(self.arrays)}"
        lo, hi = (int(codes.min()), int(codes.max())) if codes.size else (0, 0)
        self.arrays[name] = codes.astype(
            np.result_type(np.min_scalar_type(lo), np.min_scalar_type(hi))
        )
        return name


@dataclass
class _Reader:
    """Deserialiser of graphs from records of ops, in order; building an op checks it and derives its type and range."""

    arrays: dict[str, Array]
    _ops: list[Op] = field(default_factory=list[Op])

    @cached_property
    def _kinds(self) -> dict[str, type[Op]]:
        """Return the op classes by name."""
        return {kind.__name__: kind for kind in _list_subclasses(Op)}

    @cached_property
    def _readers(self) -> dict[str, Callable[[Any], Any]]:
        """Return the deserialising function for each JSON tag."""
        return {
            "op": self._ops.__getitem__,
            "graph": lambda content: self.read_graph(content, Graph),
            "codes": lambda content: Codes(self._read_codes(content)),
            "fixed": Fixed.parse,
            "rounding": Rounding,
            "overflow": Overflow,
            "range": lambda ends: range(*ends),
            "int": lambda text: int(text, 16),
        }

    def read_op(self, record: dict[str, Any]) -> None:
        kind = self._kinds.get(record["kind"])
        if kind is None:
            raise ValueError(f"an unknown operation {escape_line(str(record['kind']))[:40]}")
        values = {name: self._read_value(value) for name, value in record.items() if name != "kind"}
        self._ops.append(kind(**values))

    def read_graph(self, record: dict[str, Any], kind: type[SomeGraph]) -> SomeGraph:
        return kind(**{name: self._read_value(value) for name, value in record.items()})

    def _read_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return tuple(self._read_value(entry) for entry in cast("list[Any]", value))
        if not isinstance(value, dict):
            return value
        ((tag, content),) = cast("dict[str, Any]", value).items()
        return self._readers[tag](content)

    def _read_codes(self, content: Any) -> Array:
        if isinstance(content, str):
            return self.arrays[content].astype(np.int64)
        codes = [int(code, 16) for code in content["hex"]]
        return np.array(codes, dtype=object).reshape(content["shape"])


def _list_subclasses(kind: type[Op]) -> Iterator[type[Op]]:
    """Yield the op classes that qhls defines, except base classes and classes of other packages."""
    for each in kind.__subclasses__():
        inner = list(_list_subclasses(each))
        yield from inner
        if each.__module__.startswith("qhls.") and not inner:
            yield each
