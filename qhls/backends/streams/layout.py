"""Layout of a stream plan in C++: one function per process, one stream per FIFO."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qhls.backends.layout import Layout, check_width
from qhls.backends.streams.view import CProcess, CStream
from qhls.backends.view import CDesign
from qhls.backends.views.function import CFunction
from qhls.backends.views.tensor import CTap, CTensor
from qhls.backends.views.tiles import CFold
from qhls.ir.op import Op
from qhls.ir.ops import Const
from qhls.plan import Buffer, Process
from qhls.plan.dataflow import find_array
from qhls.plan.streams.actions import Action, Fill, Fork, Reduce, Regroup, Repeat, Slide
from qhls.plan.streams.network import Fifo, JoinedOp, StreamPlan, StreamProcess


def lay_out_streams(plan: StreamPlan) -> CDesign:
    """Return the view of ``plan`` for the templates of C++. Raises ``EmitError`` for ports too wide for C++."""
    layout = Layout()
    view = CDesign(plan, layout.names.take(plan.graph.name))
    for op in (*plan.graph.inputs, *plan.graph.outputs):
        check_width(op)
    streams = _Streams(layout)
    view.inputs += [streams.make_port(fifo) for fifo in plan.inputs]
    view.outputs += [streams.make_port(fifo) for fifo in plan.outputs]
    for process in plan.processes:
        first = len(view.taps)
        taps = [CTap(op, number) for number, op in enumerate(process.ops, first)]
        function = streams.process(process, taps)
        view.processes.append(function)
        view.operations += [function.call] if function.call and function.is_called else []
        view.operations += [function.chain] if function.chain else []
        view.taps += taps
    view.channels = [streams.make_stream(fifo) for fifo in plan.fifos]
    view.constants = layout.constants
    return view


class _Streams:
    """Maker of the C streams of FIFOs, of the tensors that they carry, and of the functions of processes."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._tensors: dict[Op, CTensor] = {}
        self._streams: dict[str, CStream] = {}
        self._images: dict[Op, Op] = {}
        """The tensor that a window reads, by its operand, which may be a padding that the window adds."""

    def make_stream(self, fifo: Fifo) -> CStream:
        """Return the C stream of ``fifo``, with the name of its tensor if ``fifo`` has this name too."""
        if fifo.name not in self._streams:
            tensor = self._make_tensor(fifo.tensor)
            plain = fifo.name == fifo.tensor.name
            name = tensor.name if plain else self._layout.names.take(fifo.name)
            self._streams[fifo.name] = CStream(name, tensor, fifo.lanes, fifo.depth)
        return self._streams[fifo.name]

    def make_port(self, fifo: Fifo) -> CStream:
        """Return the C stream of ``fifo``, which leads from or to the outside."""
        stream = self.make_stream(fifo)
        port = replace(stream, inner=self._layout.names.take(f"{stream.name}_tokens"))
        self._streams[fifo.name] = port
        return port

    def process(self, process: StreamProcess, taps: Sequence[CTap]) -> CProcess:
        """Return the C function of ``process``; ``taps``: one tap per op of the process."""
        reads = tuple(map(self.make_stream, process.reads))
        writes = tuple(map(self.make_stream, process.writes))
        take = self._layout.names.take
        function = take(f"run_{process.name}")
        call, chain, hardware = None, None, process.hardware
        if process.op and isinstance(process.action, Slide):
            self._images[process.op.operands[0]] = process.reads[0].tensor
        period = process.period * (*writes, *reads)[0].lanes  # a fork without readers has no writes
        if taps and hardware:
            call = self._call(taps[0], process.action, hardware, period, process.tiles is not None)
        shown = (*writes, *reads)[0]
        if process.op and process.followers:
            shown = CStream("", self._make_tensor(process.op), shown.lanes, 0)
            chain = self._fuse_followers(
                process.followers, taps[1:], period, process.tiles is not None
            )
        shape = take(f"{process.name}_product") if process.tiles else ""
        return CProcess(process, function, reads, writes, call, shown, tuple(taps), chain, shape)

    def _fuse_followers(
        self, followers: Sequence[JoinedOp], taps: Sequence[CTap], period: int, by_tiles: bool
    ) -> CFunction:
        """Return the C function that applies ``followers`` to tokens; ``by_tiles``: whether it is part of a struct."""
        arrays = [
            self._list_arrays(tap, each.action, each.hardware, period)
            for tap, each in zip(taps, followers, strict=True)
        ]
        rest = tuple(
            CFunction(tap.op, tap.index, "", *tensors, each.hardware, None, tapped=True)
            for tap, each, tensors in zip(taps[1:], followers[1:], arrays[1:], strict=True)
        )
        first = followers[0].hardware
        if by_tiles:
            parts = (taps[0].op, taps[0].index, "finish", *arrays[0], first, None)
            return CFunction(*parts, defines=False, followers=rest, tapped=True)
        return self._layout.make_function(
            first, taps[0].index, *arrays[0], followers=rest, tapped=True
        )

    def _call(
        self, tap: CTap, action: Action, hardware: Process, period: int, by_tiles: bool
    ) -> CFunction:
        """Return the C function of one step; ``by_tiles``: whether it is part of the function of its process."""
        operands, out = self._list_arrays(tap, action, hardware, period)
        if by_tiles:
            fold = CFold(hardware.fold) if hardware.fold else None
            return CFunction(tap.op, tap.index, "", operands, out, hardware, fold)
        return self._layout.make_function(hardware, tap.index, operands, out)

    def _list_arrays(
        self, tap: CTap, action: Action, hardware: Process, period: int
    ) -> tuple[tuple[CTensor, ...], CTensor]:
        """Return the C arrays of the operands and of the result of one step or token.

        ``period``: the number of elements after which the constants of all ops of the process repeat.
        """
        assert not isinstance(action, Fork | Fill | Regroup)
        step: Op = action.op if isinstance(action, Reduce) else action.step
        moves = isinstance(action, Repeat) and action.period > 1
        own = action.period * step.size if isinstance(action, Repeat) else 0
        operands: list[CTensor] = []
        for operand, part in zip(tap.op.operands, step.operands, strict=True):
            read = operand if hardware.op is tap.op else part
            if isinstance(read, Const):
                table = self._layout.make_table(hardware, read)
                first = "first" if own == period else f"first % {own}"
                start = first if part is not operand and moves else ""
                whole = table if part is operand else replace(table, dims=part.shape, start=start)
                operands.append(whole)
            else:
                buffer = hardware.read(read).buffer
                array = self._images.get(operand) or find_array(operand)
                operands.append(self._make_part(array, part, buffer))
        return tuple(operands), self._make_part(tap.op, step, hardware.writes.buffer)

    def _make_part(self, op: Op, part: Op, buffer: Buffer) -> CTensor:
        """Return the C array, stored like ``buffer``, of a part of the tensor of ``op``; wires are in registers."""
        place = "registers" if buffer.place == "wired" else buffer.place
        parts = (place, buffer.split, buffer.banks)
        return CTensor(self._make_tensor(op).name, self._make_tensor(op).type, part.shape, *parts)

    def _make_tensor(self, op: Op) -> CTensor:
        """Return a C tensor for ``op`` that only provides a name and a type, since no array stores the whole tensor."""
        if op not in self._tensors:
            self._tensors[op] = self._layout.make_tensor(
                Buffer(op, "registers", op.size, op.type.width)
            )
        return self._tensors[op]
