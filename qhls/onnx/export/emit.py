"""``write_model``: export of an IR graph as an ONNX file with QONNX's quantizers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qhls.errors import EmitError
from qhls.ir import Graph, Input, Op
from qhls.onnx.export.rules import check_float32, write_op
from qhls.onnx.export.writer import Layouts, Writer
from qhls.system.files import write_whole

_FILE = "model.onnx"


@dataclass(frozen=True)
class OnnxProject:
    """An exported ONNX file on disk."""

    path: Path


def write_model(graph: Graph, path: str | os.PathLike[str], *, overwrite: bool) -> OnnxProject:
    """Write ``graph`` to the file ``path``, or to ``model.onnx`` in a folder if it does not end in ``.onnx``.

    The file computes every number of the graph exactly in float32, for one sample. Raises ``EmitError`` for numbers of
    more than 24 bits and for a file that exists or cannot be written, and ``MissingError`` without ``onnx``.
    """
    target = Path(path)
    file = target if target.suffix == ".onnx" else target / _FILE
    if file.exists() and not overwrite:
        raise EmitError(
            f"output file {str(file)!r}: expected a new file, got one that exists. Choose another or pass "
            f"overwrite=True (--overwrite)."
        )
    content = build_model(graph).model.SerializeToString()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EmitError(
            f"output file {str(file)!r}: expected a place to write to, got: {error.strerror}. Choose another path."
        ) from error
    return OnnxProject(write_whole(file, content, "qonnx"))


@dataclass(frozen=True)
class WrittenModel:
    """A model of the package ``onnx``, and the names of the tensors of each op in it."""

    model: Any
    tensors: dict[Op, Layouts]


def build_model(graph: Graph) -> WrittenModel:
    """Return ``graph`` as a model of the package ``onnx``. Raises ``EmitError`` and ``MissingError``."""
    writer = Writer()
    inputs = [_write_input(op, writer) for op in graph.inputs]
    for op in graph.ops:
        if not isinstance(op, Input):
            write_op(op, writer)
    outputs: list[str] = []
    for op in graph.outputs:
        name = writer.read(op)
        is_own = name in inputs or name in outputs
        outputs.append(writer.add("Identity", [name], op.shape, name) if is_own else name)
    return WrittenModel(writer.build(graph.name, inputs, outputs), writer.tensors)


def _write_input(op: Input, writer: Writer) -> str:
    """Add an input, and a quantizer that rounds it as ``Design.encode`` does; return the name of the input."""
    check_float32(op)
    name = writer.reserve(op.name)
    writer.shapes[name] = (1, *op.shape)
    to = op.type
    one = to.signed and to.width == 1  # -1 or 1 in QONNX
    bits = 2 if one else to.width
    quantized = writer.add_quant(
        name, op.shape, f"{op.name}.quant", frac=to.frac, bits=bits, signed=to.signed
    )
    lowest, highest = op.range.hull
    if one or (lowest, highest) != (to.lo, to.hi):
        ends = (float(np.ldexp(float(end), -to.frac)) for end in (lowest, highest))
        quantized = writer.add_clip(
            quantized, op.shape, (next(ends), next(ends)), f"{op.name}.clip"
        )
    writer.put(op, quantized)
    return name
