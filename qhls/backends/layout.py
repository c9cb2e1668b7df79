"""Layout of a graph in C++, which gives each tensor a name, each constant a table, and equal ops one function."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from qhls.backends.names import Names, make_identifier
from qhls.backends.view import CDesign, CTable
from qhls.backends.views.function import CBody, CFunction
from qhls.backends.views.tensor import PORT_LIMIT, CTap, CTensor, CType
from qhls.backends.views.tiles import CFold
from qhls.errors import EmitError
from qhls.ir.graph import Graph
from qhls.ir.movement import Pad, Reshape
from qhls.ir.op import MARKS, Op, list_operand_fields
from qhls.ir.ops import Const, Input, Quantize, Threshold
from qhls.ir.types import Overflow, Rounding
from qhls.plan import Access, Buffer, Fold, Plan, Process, Schedule, plan
from qhls.plan.dataflow import find_padding, find_source


def lay_out(graph: Graph, schedule: Schedule) -> CDesign:
    """Return the view of ``graph`` for the templates of C++: a name and a layout for each tensor, table and function.

    Raises ``EmitError`` for types wider than C++ can exchange and for constants in memories.
    """
    if schedule.storage != "registers":
        raise EmitError(
            f"Schedule.storage: expected 'registers' for C++, got {schedule.storage!r}. Leave it out: a body "
            "of the C++ reads all its weights at once, which only the cost models can ask of a memory."
        )
    if schedule.io == "stream":
        from qhls.backends.streams.layout import lay_out_streams
        from qhls.plan.streams.build import plan_streams

        return lay_out_streams(plan_streams(graph, schedule))
    layout = Layout()
    network = plan(graph, schedule)
    view = CDesign(network, layout.names.take(graph.name))
    inputs, view.operations, view.results = layout.place(network, ports=True)
    view.inputs += inputs
    view.constants = layout.constants
    view.taps = [
        CTap(each.op, each.index, not (o.start and each is o))
        for o in view.operations
        for each in o.all
    ]
    for number, op in enumerate(graph.outputs):
        source = view.results[number]
        port = layout.names.take(f"result_{number}" if len(graph.outputs) > 1 else "result")
        view.stores.append(layout.names.take(f"store_{port}"))
        view.outputs.append(replace(source, name=port, dims=op.shape))
    return view


@dataclass
class Layout:
    """The names, constant tables and functions of a design so far.

    ``functions``: the name of each function by what it computes, so that equal ops share one.
    ``tables``: the table of each constant by the constant and the way in which it is read.
    ``types``: the C type of each format, with the rounding and overflow mode of quantizers.
    """

    names: Names = field(default_factory=Names)
    constants: list[CTable] = field(default_factory=list[CTable])
    functions: dict[Hashable, str] = field(default_factory=dict[Hashable, str])
    tables: dict[Hashable, CTensor] = field(default_factory=dict[Hashable, CTensor])
    types: dict[Hashable, CType] = field(default_factory=dict[Hashable, CType])

    def place(
        self, network: Plan, ports: bool
    ) -> tuple[list[CTensor], list[CFunction], list[CTensor]]:
        """Return a plan's input arrays, C functions and result arrays; ``ports``: whether these arrays are ports."""
        graph = network.graph
        tensors: dict[Op, CTensor] = {}
        operations: list[CFunction] = []
        for op in graph.ops:
            if isinstance(op, Const):  # its readers make its table
                continue
            if ports and (isinstance(op, Input) or op in graph.outputs):
                check_width(op)
            if isinstance(op, Reshape):  # the same array under other indices
                tensors[op] = replace(tensors[op.x], dims=op.shape)
                continue
            process = network.process(op)
            if process is None and not isinstance(op, Input):
                continue  # a padding that indices replace
            tensors[op] = self.make_tensor(network.find_buffer(op), "" if ports else "step")
            if process is not None and op is process.op:
                number = sum(len(each.all) for each in operations)
                operations.append(self.fuse(process, number, tensors, ports))
        inputs, results = ([tensors[op] for op in ops] for ops in (graph.inputs, graph.outputs))
        return inputs, operations, results

    def make_table(self, process: Process, operand: Const) -> CTensor:
        """Return the table of a constant, shared by all processes that read the constant in the same way."""
        access, tiles, op = process.read(operand), process.fold, process.op
        rows = isinstance(op, Threshold) and op.per_channel
        return self._tabulate(access, tiles, rows, is_level(process, operand))

    def _tabulate(self, access: Access, tiles: Fold | None, rows: bool, unused: bool) -> CTensor:
        """Return the table of a constant. ``rows``: banks store whole rows; ``unused``: no C++ reads the table."""
        op = access.operand
        assert isinstance(op, Const)
        key = (op, tiles, access.buffer.place, access.buffer.banks, rows, unused)
        if key not in self.tables:
            codes = op.codes.to_integers()
            if rows and access.buffer.is_memory:  # consecutive rows lie in consecutive banks
                banks = access.buffer.banks
                codes = codes.reshape(-1, banks, codes.shape[-1]).transpose(0, 2, 1)
            ordered = codes if tiles is None else tiles.order_codes(codes)
            word = 1 if tiles is None else tiles.products
            tensor = replace(
                self.make_tensor(access.buffer, "values"), dims=ordered.shape, word=word
            )
            self.tables[key] = replace(tensor, table=self.names.take(f"{tensor.name}_codes"))
            if not unused:
                self.constants.append(CTable(op, self.tables[key], ordered))
        return self.tables[key]

    def fuse(
        self, process: Process, number: int, tensors: Mapping[Op, CTensor], tapped: bool
    ) -> CFunction:
        """Return the C function of all ops of ``process``; ``tapped``: whether taps may record each op's result."""
        first, *others = process.ops
        padding = find_padding(first)
        operands = {
            op: tuple(
                self.make_table(process.find_part(op), operand)
                if isinstance(operand, Const)
                else tensors[find_source(op, operand)]
                for operand in op.operands
            )
            for op in process.ops
        }
        followers = tuple(
            CFunction(
                op, i, "", operands[op], tensors[op], process.find_part(op), None, tapped=tapped
            )
            for i, op in enumerate(others, number + 1)
        )
        more: dict[str, Any] = {"followers": followers, "tapped": tapped, "padding": padding}
        return self.make_function(process, number, operands[first], tensors[first], **more)

    def make_function(
        self,
        process: Process,
        number: int,
        operands: tuple[CTensor, ...],
        out: CTensor,
        *,
        followers: tuple[CFunction, ...] = (),
        tapped: bool = False,
        padding: Pad | None = None,
    ) -> CFunction:
        """Return the C function of ``process``, shared by equal processes; ``out``: the result of the first op.

        ``padding``: the padding that its indices replace.
        """
        op, tiles = process.ops[0], process.fold
        meanings = [_make_key(op, operands, out)]
        meanings += [_make_key(f.op, f.operands, f.made) for f in followers]
        beyond = (padding.widths, padding.value) if padding else None
        key = (*meanings, process.loops, process.interval, tapped if followers else None, beyond)
        parts = (operands, out, process, CFold(tiles) if tiles else None)
        more: dict[str, Any] = {"followers": followers, "tapped": tapped, "padding": padding}
        if key in self.functions:
            return CFunction(op, number, self.functions[key], *parts, defines=False, **more)
        bodies = (CBody(*self.place(process.body, ports=False)),) if process.body else ()
        last = followers[-1].made if followers else out
        self.functions[key] = self.names.take(f"compute_{last.name}")
        return CFunction(op, number, self.functions[key], *parts, bodies, **more)

    def make_tensor(self, buffer: Buffer, suffix: str = "") -> CTensor:
        """Return the C array of ``buffer``; ``suffix`` is appended to a name of one word, which might clash in C."""
        op = buffer.tensor
        alone = suffix and "_" not in make_identifier(op.name)
        name = self.names.take(f"{op.name}_{suffix}" if alone else op.name)
        return CTensor(
            name, self._make_type(op), op.shape, buffer.place, buffer.split, buffer.banks
        )

    def _make_type(self, op: Op) -> CType:
        """Return the C type of ``op``, named after its format: ``s16_13`` for 16 bits with 13 fraction bits."""
        rounding, overflow = (
            (op.rounding, op.overflow) if isinstance(op, Quantize) else (None, None)
        )
        if (rounding, overflow) == (
            Rounding.FLOOR,
            Overflow.WRAP,
        ):  # as in the vendors' types without modes
            rounding = overflow = None
        key = (op.type, rounding, overflow)
        if key not in self.types:
            sign, frac = "s" if op.type.signed else "u", str(op.frac).replace("-", "m")
            modes = [mode.value for mode in (rounding, overflow) if mode]
            name = "_".join([f"{sign}{op.type.width}_{frac}", *modes])
            self.types[key] = CType(self.names.take(name), op.type, rounding, overflow)
        return self.types[key]


def is_level(process: Process, operand: Op) -> bool:
    """Return whether ``operand`` is the values of a ``Threshold`` in logic that need no table: consecutive codes."""
    op = process.op
    if not isinstance(op, Threshold) or operand is not op.values or op.start is None:
        return False
    return process.read(operand).buffer.place == "wired"


def _make_key(op: Op, operands: Sequence[CTensor], out: CTensor) -> Hashable:
    """Return a key that is equal for ops that can share a function: same kind, types, shapes and constants."""
    settings = [
        (item.name, getattr(op, item.name))
        for item in fields(op)
        if item.init and item.name not in MARKS and item.name not in list_operand_fields(op)
    ]
    names = [tensor.name for tensor in operands]
    sources = [t.name if t.constant else str(names.index(t.name)) for t in operands]
    shapes = [
        (t.type.fixed, t.type.rounding, t.type.overflow, t.dims, t.place, t.banks, t.start)
        for t in (*operands, out)
    ]
    return op.kind, tuple(settings), tuple(sources), tuple(shapes)


def check_width(op: Op) -> None:
    """Check that the codes of ``op`` fit into a port of ``PORT_LIMIT`` bits. Raises ``EmitError`` if they do not."""
    if op.type.width > PORT_LIMIT:
        raise EmitError(
            f"tensor {op.name!r} of layer {op.layer!r}: expected at most {PORT_LIMIT} bits in a port, got "
            f"{op.type}. Quantise it (QActivation) or use fewer fraction bits."
        )


design_view = lay_out
"""The former name of ``lay_out``, for scripts that still use it."""
