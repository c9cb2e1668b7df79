"""``Writer``: nodes, constants and tensors of an ONNX graph while it grows."""

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
"""Rank of images (rows, columns, channels), whose channels ONNX has first."""


@dataclass(frozen=True)
class Layouts:
    """Names of one tensor: channels last, as in the IR, and channels first; None where it was not needed so far."""

    last: str | None
    first: str | None = None


@dataclass
class Writer:
    """An ONNX graph of one sample. Every tensor has a unique name, which is that of its op or begins with it."""

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
        """Return ONNX's number of int64."""
        return self._onnx.TensorProto.INT64

    @property
    def float_type(self) -> int:
        """Return ONNX's number of float32."""
        return self._onnx.TensorProto.FLOAT

    def reserve(self, name: str) -> str:
        """Return ``name`` or, if it is taken, ``name_2`` and so on."""
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
        """Note that the tensor ``name`` holds the numbers of ``op``."""
        self.tensors[op] = Layouts(None, name) if first else Layouts(name)

    def read(self, op: Op) -> str:
        """Return the tensor of ``op``, channels last."""
        layouts = self.tensors[op]
        if layouts.last is None:
            assert layouts.first is not None
            last = self._transpose(op, layouts.first, (0, 2, 3, 1), op.shape, "last")
            layouts = self.tensors[op] = Layouts(last, layouts.first)
        assert layouts.last is not None
        return layouts.last

    def read_first(self, op: Op) -> str:
        """Return the tensor of an image, channels first."""
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
        """Return whether the tensor of an image exists with channels first."""
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
        """Add a Quant of steps ``2**-frac``."""
        parts = {"scale": 2.0**-frac, "zero_point": 0.0, "bits": float(bits)}
        inputs = [x, *(self.add_constant(value, f"{name}.{key}") for key, value in parts.items())]
        attributes = {"signed": int(signed), "narrow": int(narrow), "rounding_mode": rounding}
        return self.add("Quant", inputs, shape, name, **attributes)

    def add_clip(self, x: str, shape: tuple[int, ...], ends: tuple[float, float], name: str) -> str:
        """Add limits: the lowest and the highest number."""
        sides = zip(("lowest", "highest"), ends, strict=True)
        inputs = [x, *(self.add_constant(end, f"{name}.{side}") for side, end in sides)]
        return self.add("Clip", inputs, shape, name)

    def add_weights(self, op: Const, values: Array | None = None) -> str:
        """Return the constant ``op`` behind a quantizer of its type; ``values``: the same in another shape."""
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
        """Return the graph as a model of ONNX, with the shape of every tensor."""
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
"""Bits of an integer that float32 holds."""


def explain_inexact(op: Op, expected: str, got: str) -> EmitError:
    """Return the error for an op that ONNX in float32 cannot compute exactly."""
    where = f" of layer {op.layer!r}" if op.layer else ""
    return EmitError(
        f"qonnx: {op.kind} {op.name!r}{where}: expected {expected}, got {got}. Quantise what it reads to fewer bits, "
        f"or choose another target."
    )
