"""``load_onnx``: reading of an ONNX file. Nothing in the file is executed, and no other file is read."""

from __future__ import annotations

import math
import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from qhls.errors import LoadError
from qhls.onnx.load.model import OnnxInput, OnnxModel, OnnxNode
from qhls.onnx.package import import_onnx
from qhls.onnx.quantization import DOMAIN, DOMAINS, Numbers
from qhls.system.files import is_file, read
from qhls.system.limits import ELEMENT, check_size
from qhls.system.text import escape_line, shorten

_WHAT = "an ONNX model"
_OWN = {"Quant", "IntQuant", "BipolarQuant", "Trunc", "MultiThreshold"}
"""Names of QONNX's operators, in any of its domains."""


def is_onnx(path: str | os.PathLike[str]) -> bool:
    """Return whether the file ``path`` ends in ``.onnx`` or begins like an ONNX file; raise no error."""
    if Path(os.fspath(path)).suffix.lower() == ".onnx":
        return True
    if not is_file(path):
        return False
    try:
        with Path(path).open("rb") as file:
            return file.read(1) == b"\x08"  # the version of the format, a number, comes first
    except OSError:
        return False


def load_onnx(path: str | os.PathLike[str]) -> OnnxModel:
    """Return the model in an ONNX file, checked as far as it can be without lowering it.

    Raises ``LoadError`` for a missing, damaged or foreign file, for one beyond the limit (``QHLS_LIMIT``), for weights
    in other files or that are not finite, and for inputs of unknown shape; ``MissingError`` without ``onnx``.
    """
    onnx = import_onnx()
    file = Path(path)
    where = escape_line(file.name)
    content = read(file, _WHAT, LoadError)
    try:
        proto = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf's errors are of no public class
        problem = shorten(escape_line(str(error)), 200)
        raise _explain(where, f"one that cannot be read ({problem})", "Export it again.") from error
    return read_model(proto, where)


def read_model(proto: Any, where: str) -> OnnxModel:
    """Check a model of the package ``onnx`` and return it as an ``OnnxModel``. Raises ``LoadError``.

    ``where`` names the model in errors.
    """
    if not proto.HasField("graph") or not proto.graph.node or not proto.graph.output:
        raise _explain(where, "a file without a graph of nodes", "Export it again.")
    kept = type(proto)()
    kept.CopyFrom(proto)
    _rename_domains(kept)
    graph = kept.graph
    constants = {tensor.name: _read_constant(tensor, where) for tensor in graph.initializer}
    if graph.sparse_initializer:
        raise _explain(where, "sparse weights", "Export dense ones.")
    inputs = [
        _read_input(value, graph, where) for value in graph.input if value.name not in constants
    ]
    batches = {batch for _, batch in inputs if batch is not None}
    if not inputs or len(batches) > 1:
        got = f"batches of {sorted(batches)}" if inputs else "a graph without inputs"
        raise _explain(where, got, "Export it with one batch size for all inputs.")
    nodes = _list_nodes(graph, where)
    constants |= {
        node.outputs[0]: _read_value(node, where) for node in nodes if node.kind == "Constant"
    }
    model = OnnxModel(
        escape_line(graph.name) or Path(where).stem or "model",
        kept,
        tuple(tensor for tensor, _ in inputs),
        tuple(value.name for value in graph.output),
        tuple(node for node in nodes if node.kind != "Constant"),
        constants,
        {each.domain or "": each.version for each in kept.opset_import},
        next(iter(batches), 1),
    )
    _check_order(model, where)
    return model


def _explain(where: str, got: str, advice: str) -> LoadError:
    return LoadError(f"{where}: expected {_WHAT}, got {got}. {advice}")


def _rename_domains(proto: Any) -> None:
    """Rename the domain of QONNX's operators to the current name, in the nodes and in the list of imported domains."""
    for node in proto.graph.node:
        if node.op_type in _OWN and (node.domain in DOMAINS or not node.domain):
            node.domain = DOMAIN
    versions = {each.domain: each.version for each in proto.opset_import}
    version = max([versions[name] for name in DOMAINS if name in versions], default=1)
    kept = [(name, number) for name, number in versions.items() if name not in DOMAINS]
    del proto.opset_import[:]
    for name, number in [*kept, (DOMAIN, version)]:
        added = proto.opset_import.add()
        added.domain, added.version = name, number


def _read_constant(tensor: Any, where: str) -> Numbers:
    """Return the numbers of a tensor; refuse data in another file, too much data, and what is damaged or not finite.

    A single number may be infinite, as a limit of a Clip.
    """
    onnx = import_onnx()
    name = escape_line(tensor.name)
    if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
        raise _explain(
            where,
            f"weights {name!r} in another file",
            "Save it as one file: onnx.save(onnx.load(path), path).",
        )
    size = int(np.prod([int(dim) for dim in tensor.dims], dtype=object))
    check_size(max(size, 0), f"{where}: {name!r}", "a tensor", share=ELEMENT)
    try:
        array = np.asarray(onnx.numpy_helper.to_array(tensor))
    except Exception as error:  # whatever numpy or protobuf says of a damaged tensor
        problem = shorten(escape_line(str(error)), 200)
        raise _explain(
            where, f"a damaged tensor {name!r} ({problem})", "Export it again."
        ) from error
    if array.dtype.kind not in "fiub":
        raise _explain(where, f"a tensor {name!r} of {array.dtype}", "Export numbers only.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        # The ends of Clip may be infinite: they limit nothing.
        if array.ndim == 0 and not np.isnan(array):
            return array
        raise _explain(where, f"a tensor {name!r} that is not finite", "Train or export it again.")
    return array


def _read_input(value: Any, graph: Any, where: str) -> tuple[OnnxInput, int | None]:
    """Return an input and its batch size, which is None if the file does not fix it."""
    dims = [
        dim.dim_value if dim.HasField("dim_value") and dim.dim_value > 0 else None
        for dim in value.type.tensor_type.shape.dim
    ]
    name = escape_line(value.name)
    if not dims or None in dims[1:]:
        shape = ", ".join("?" if dim is None else str(dim) for dim in dims) or "none"
        raise LoadError(
            f"{where}: input {name!r}: expected a fixed shape behind the batch, got ({shape}). Export it with fixed "
            f"dimensions."
        )
    sizes = tuple(dim for dim in dims[1:] if dim is not None)
    check_size(math.prod(sizes), f"{where}: input {name!r}", "a tensor", share=ELEMENT)
    annotations = [
        entry.value
        for each in graph.quantization_annotation
        if each.tensor_name == value.name
        for entry in each.quant_parameter_tensor_names
        if entry.key == "finn_datatype"
    ]
    kinds = {2: "UINT8", 3: "INT8", 4: "UINT16", 5: "INT16"}  # ONNX's numbers of types
    own = kinds.get(value.type.tensor_type.elem_type, "")
    return OnnxInput(value.name, sizes, (annotations or [own])[0]), dims[0]


def _list_nodes(graph: Any, where: str) -> list[OnnxNode]:
    """Return the nodes, each with a name that no other node or input has."""
    onnx = import_onnx()
    taken: Counter[str] = Counter(value.name for value in graph.input)
    nodes: list[OnnxNode] = []
    for number, node in enumerate(graph.node):
        wanted = escape_line(node.name.strip("/")) or f"{escape_line(node.op_type)}_{number}"
        taken[wanted] += 1
        name = wanted if taken[wanted] == 1 else f"{wanted}#{number}"
        attributes: dict[str, Any] = {}
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                attributes[attribute.name] = _read_constant(attribute.t, where)
            elif attribute.type not in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS):
                value = onnx.helper.get_attribute_value(attribute)
                attributes[attribute.name] = (
                    value.decode("utf-8", "replace") if isinstance(value, bytes) else value
                )
        domain = "" if node.domain in ("", "ai.onnx", DOMAIN) else f"{escape_line(node.domain)}."
        kind = f"{domain}{escape_line(node.op_type)}"
        nodes.append(OnnxNode(name, kind, tuple(node.input), tuple(node.output), attributes))
    return nodes


def _read_value(node: OnnxNode, where: str) -> Numbers:
    """Return the numbers of a ``Constant`` node."""
    kinds = {
        "value": None,
        "value_float": "float32",
        "value_floats": "float32",
        "value_int": "int64",
        "value_ints": "int64",
    }
    for name, kind in kinds.items():
        if name in node.attributes:
            return np.asarray(node.attributes[name], kind)
    raise _explain(where, f"a {node} without numbers", "Export it again.")


def _check_order(model: OnnxModel, where: str) -> None:
    """Refuse a tensor that is read before a node computes it, is computed twice, or is an output and never computed."""
    known = {*model.constants, *(each.name for each in model.inputs), ""}
    for node in model.nodes:
        for name in node.inputs:
            if name not in known:
                got = f"{node}, which reads {name!r} before any node makes it"
                raise _explain(where, got, "Sort the nodes, or export it again.")
        for name in node.outputs:
            if name and name in known:
                got = f"a tensor {name!r} that is made twice"
                raise _explain(where, got, "Export it again.")
            known.add(name)
    for name in model.outputs:
        if name not in known:
            got = f"an output {name!r} that no node makes"
            raise _explain(where, got, "Export it again.")
