"""``Writer``: a builder that collects and names the nodes, constants and tensors of an ONNX graph."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qhls.errors import EmitError
from qhls.ir import Const, Op, decode
from qhls.ir.integers import Array
from qhls.onnx.package import import_onnx
from qhls.onnx.quantization import DOMAIN
from qhls.system.text import escape_line, find_free_name

OPSET = 13
"""Version of ONNX's operators: the first with per-axis quantization, which QONNX's tools read."""
_FORMAT = 8
"""Version of ONNX's file format that goes with ``OPSET``."""
SPATIAL = 3
"""Rank of images (rows, columns, channels), whose channels are the first axis in ONNX."""


@dataclass(frozen=True)
class Layouts:
    """The names of one tensor with channels last, as in the IR, and first; None for a layout not needed so far."""

    last: str | None
    first: str | None = None


@dataclass
class Writer:
    """A builder of an ONNX graph for one sample. Every tensor has a unique name that begins with the name of its op."""

    nodes: list[Any] = field(default_factory=list[Any])
    constants: list[Any] = field(default_factory=list[Any])
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    integers: set[str] = field(default_factory=set[str])
    tensors: dict[Op, Layouts] = field(default_factory=dict[Op, Layouts])
    _taken: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        self._onnx = import_onnx()

    @property
    def integer_type(self) -> int:
        """Return ONNX's number of the data type int64."""
        return self._onnx.TensorProto.INT64

    @property
    def float_type(self) -> int:
        """Return ONNX's number of the data type float32."""
        return self._onnx.TensorProto.FLOAT

    def reserve(self, name: str) -> str:
        """Reserve and return a unique name: ``name`` or, if it is in use, ``name_2`` and so on."""
        free = find_free_name(escape_line(name), self._taken.__contains__)
        self._taken.add(free)
        return free

    def add(
        self,
        kind: str,
        inputs: list[str],
        shape: tuple[int, ...],
        name: str,
        integer: bool = False,
        **attributes: Any,
    ) -> str:
        """Add a node of ``kind`` with one output of ``shape`` (batch not counted) and return that tensor's name."""
        output = self.reserve(name)
        own = {"Quant", "BipolarQuant", "MultiThreshold"}
        node = self._onnx.helper.make_node(
            kind, inputs, [output], name=output, domain=DOMAIN if kind in own else "", **attributes
        )
        self.nodes.append(node)
        self.shapes[output] = (1, *shape)
        if integer:
            self.integers.add(output)
        return output

    def add_constant(self, values: Any, name: str) -> str:
        """Add a constant, of float32 or of int64 for integers, and return its name."""
        array = np.asarray(values)
        integer = array.dtype.kind in "iu"
        chosen = self.reserve(name)
        kept = array.astype(np.int64 if integer else np.float32)
        self.constants.append(self._onnx.numpy_helper.from_array(kept, chosen))
        self.shapes[chosen] = array.shape
        if integer:
            self.integers.add(chosen)
        return chosen

    def put(self, op: Op, name: str, first: bool = False) -> None:
        """Record that the tensor ``name`` contains the numbers of ``op``; ``first``: with channels first."""
        self.tensors[op] = Layouts(None, name) if first else Layouts(name)

    def read(self, op: Op) -> str:
        """Return the name of the tensor of ``op`` with channels last; transpose it if necessary."""
        layouts = self.tensors[op]
        if layouts.last is None:
            assert layouts.first is not None
            last = self._transpose(op, layouts.first, (0, 2, 3, 1), op.shape, "last")
            layouts = self.tensors[op] = Layouts(last, layouts.first)
        assert layouts.last is not None
        return layouts.last

    def read_first(self, op: Op) -> str:
        """Return the name of the tensor of an image with channels first; transpose it if necessary."""
        layouts = self.tensors[op]
        if layouts.first is None:
            assert layouts.last is not None
            rows, columns, channels = op.shape
            shape = (channels, rows, columns)
            first = self._transpose(op, layouts.last, (0, 3, 1, 2), shape, "first")
            layouts = self.tensors[op] = Layouts(layouts.last, first)
        assert layouts.first is not None
        return layouts.first

    def is_first(self, op: Op) -> bool:
        """Return whether ``op`` is an image whose tensor already exists with channels first."""
        return op.batched and len(op.shape) == SPATIAL and self.tensors[op].first is not None

    def _transpose(
        self, op: Op, source: str, order: tuple[int, ...], shape: tuple[int, ...], side: str
    ) -> str:
        return self.add("Transpose", [source], shape, f"{op.name}.channels_{side}", perm=order)

    def add_quant(
        self,
        x: str,
        shape: tuple[int, ...],
        name: str,
        *,
        frac: int,
        bits: int,
        signed: bool,
        narrow: bool = False,
        rounding: str = "ROUND",
    ) -> str:
        """Add a Quant node whose steps are ``2**-frac``, and return the name of its output."""
        parts = {"scale": 2.0**-frac, "zero_point": 0.0, "bits": float(bits)}
        inputs = [x, *(self.add_constant(value, f"{name}.{key}") for key, value in parts.items())]
        attributes = {"signed": int(signed), "narrow": int(narrow), "rounding_mode": rounding}
        return self.add("Quant", inputs, shape, name, **attributes)

    def add_clip(self, x: str, shape: tuple[int, ...], ends: tuple[float, float], name: str) -> str:
        """Add a Clip node with the limits ``ends``, and return the name of its output."""
        sides = zip(("lowest", "highest"), ends, strict=True)
        inputs = [x, *(self.add_constant(end, f"{name}.{side}") for side, end in sides)]
        return self.add("Clip", inputs, shape, name)

    def add_weights(self, op: Const, values: Array | None = None) -> str:
        """Add the constant ``op``, followed by a quantizer of its type if it is narrow enough, and return the name.

        ``values``: the same numbers in another shape.
        """
        numbers = decode(op.codes.to_integers(), op.type) if values is None else values
        kept = np.asarray(numbers, np.float32)
        if (kept != numbers).any() or not np.isfinite(kept).all():
            raise explain_inexact(op, "constants that float32 holds", f"some of {op.type}")
        name = op.name
        x = self.add_constant(kept, f"{name}.values")
        codes, bits = op.codes.to_integers(), op.type.width
        sizes = np.unique(np.abs(codes))
        if len(sizes) == 1 and sizes[0] and codes.size > 1:
            scale = self.add_constant(float(np.ldexp(float(sizes[0]), -op.frac)), f"{name}.scale")
            quantized = self.add("BipolarQuant", [x, scale], kept.shape, name)
        elif bits <= FLOAT32_BITS:
            bits = max(bits, 2) if op.type.signed else bits  # one signed bit is -1 or 1 in QONNX
            narrow = op.type.signed and int(codes.min()) > -(2 ** (bits - 1))
            options = {"bits": bits, "signed": op.type.signed, "narrow": narrow}
            quantized = self.add_quant(x, kept.shape, name, frac=op.frac, **options)
        else:
            return x
        self.shapes[quantized] = kept.shape  # a constant has no batch
        return quantized

    def build(self, name: str, inputs: list[str], outputs: list[str]) -> Any:
        """Return the written graph as an ONNX model that states the shape of every tensor."""
        helper, types = self._onnx.helper, self._onnx.TensorProto

        def describe(tensor: str) -> Any:
            kind = types.INT64 if tensor in self.integers else types.FLOAT
            return helper.make_tensor_value_info(tensor, kind, self.shapes[tensor])

        inner = [describe(t) for t in self.shapes if t not in {*inputs, *outputs}]
        graph = helper.make_graph(
            self.nodes,
            escape_line(name),
            [describe(tensor) for tensor in inputs],
            [describe(tensor) for tensor in outputs],
            self.constants,
            value_info=inner,
        )
        versions = [helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, 1)]
        model = helper.make_model(graph, opset_imports=versions, producer_name="qhls")
        model.ir_version = _FORMAT
        return model


FLOAT32_BITS = 24
"""Largest width in bits of integers that float32 represents exactly."""


def explain_inexact(op: Op, expected: str, got: str) -> EmitError:
    """Return the error for an op that ONNX in float32 cannot compute exactly."""
    where = f" of layer {op.layer!r}" if op.layer else ""
    return EmitError(
        f"qonnx: {op.kind} {op.name!r}{where}: expected {expected}, got {got}. Quantise what it reads to fewer bits, "
        f"or choose another target."
    )
