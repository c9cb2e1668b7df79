"""Layout of a plan of streams in C++: one function per process, one stream per FIFO."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qhls.backends.layout import Layout, check_width
from qhls.backends.streams.view import CFollower, CProcess, CStream
from qhls.backends.view import CDesign
from qhls.backends.views.function import CFunction
from qhls.backends.views.tensor import CTap, CTensor
from qhls.backends.views.tiles import CFold
from qhls.ir.op import Op
from qhls.ir.ops import Const
from qhls.plan import Buffer, Process
from qhls.plan.dataflow import find_array
from qhls.plan.streams.actions import Action, Fill, Fork, Reduce, Regroup, Repeat
from qhls.plan.streams.network import Fifo, StreamPlan, StreamProcess


def lay_out_streams(plan: StreamPlan) -> CDesign:
    """Return the C design of ``plan``. Raises ``EmitError`` for ports too wide for C++."""
    layout = Layout()
    view = CDesign(plan, layout.names.take(plan.graph.name))
    for op in (*plan.graph.inputs, *plan.graph.outputs):
        check_width(op)
    streams = _Streams(layout)
    view.inputs += [streams.make_stream(fifo) for fifo in plan.inputs]
    for process in plan.processes:
        first = len(view.taps)
        taps = [CTap(op, number) for number, op in enumerate(process.ops, first)]
        function = streams.process(process, taps)
        view.processes.append(function)
        view.operations += [function.call] if function.call and function.is_called else []
        view.operations += [each.call for each in function.followers]
        view.taps += taps
    view.channels = [streams.make_stream(fifo) for fifo in plan.fifos]
    view.outputs += [streams.make_stream(fifo) for fifo in plan.outputs]
    view.constants = layout.constants
    return view


class _Streams:
    """The C names of FIFOs and of the tensors that they carry."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._tensors: dict[Op, CTensor] = {}
        self._streams: dict[str, CStream] = {}

    def make_stream(self, fifo: Fifo) -> CStream:
        """Return the stream of ``fifo``, named like its tensor if it is the only one."""
        if fifo.name not in self._streams:
            tensor = self._make_tensor(fifo.tensor)
            plain = fifo.name == fifo.tensor.name
            name = tensor.name if plain else self._layout.names.take(fifo.name)
            self._streams[fifo.name] = CStream(name, tensor, fifo.lanes, fifo.depth)
        return self._streams[fifo.name]

    def process(self, process: StreamProcess, taps: Sequence[CTap]) -> CProcess:
        """Return the function of ``process``; ``taps``: those of its ops."""
        reads = tuple(map(self.make_stream, process.reads))
        writes = tuple(map(self.make_stream, process.writes))
        function = self._layout.names.take(f"run_{process.name}")
        call, hardware = None, process.hardware
        if taps and hardware:
            call = self._call(taps[0], process.action, hardware, process.tiles is not None)
        made = (*writes, *reads)[0]  # a fork without readers has no writes
        if process.op and process.followers:
            made = CStream("", self._make_tensor(process.op), made.lanes, 0)
        followers = tuple(
            CFollower(
                self._call(tap, each.action, each.hardware),
                CStream("", self._make_tensor(each.op), made.lanes, 0),
                each.action.period,
            )
            for tap, each in zip(taps[1:], process.followers, strict=True)
        )
        return CProcess(process, function, reads, writes, call, made, tuple(taps), followers)

    def _call(
        self, tap: CTap, action: Action, hardware: Process, by_tiles: bool = False
    ) -> CFunction:
        """Return the function of one step or token; that of a product by tiles is part of the process' function."""
        assert not isinstance(action, Fork | Fill | Regroup)
        step: Op = action.op if isinstance(action, Reduce) else action.step
        period = action.period if isinstance(action, Repeat) else 1
        operands: list[CTensor] = []
        for operand, part in zip(tap.op.operands, step.operands, strict=True):
            read = operand if hardware.op is tap.op else part
            if isinstance(read, Const):
                table = self._layout.make_table(hardware, read)
                start = "first" if part is not operand and period > 1 else ""
                whole = table if part is operand else replace(table, dims=part.shape, start=start)
                operands.append(whole)
            else:
                buffer = hardware.read(read).buffer
                operands.append(self._make_part(find_array(operand), part, buffer))
        out = self._make_part(tap.op, step, hardware.writes.buffer)
        if by_tiles:
            fold = CFold(hardware.fold) if hardware.fold else None
            return CFunction(tap.op, tap.index, "", tuple(operands), out, hardware, fold)
        return self._layout.make_function(hardware, tap.index, tuple(operands), out)

    def _make_part(self, op: Op, part: Op, buffer: Buffer) -> CTensor:
        """Return a part of the tensor of ``op`` as an array in ``buffer``; one without registers is a local array."""
        place = "registers" if buffer.place == "wired" else buffer.place
        parts = (place, buffer.split, buffer.banks)
        return CTensor(self._make_tensor(op).name, self._make_tensor(op).type, part.shape, *parts)

    def _make_tensor(self, op: Op) -> CTensor:
        """Return the whole tensor of ``op``, which is no array."""
        if op not in self._tensors:
            self._tensors[op] = self._layout.make_tensor(
                Buffer(op, "registers", op.size, op.type.width)
            )
        return self._tensors[op]
