"""Simulation of a design of streams, with random gaps between input tokens and random stalls of outputs."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

from qhls.errors import RtlError
from qhls.ir.graph import Graph
from qhls.ir.integers import Array, narrow_integers
from qhls.ir.interpret import check_codes
from qhls.ir.ops import Const, Input
from qhls.plan import Schedule
from qhls.plan.streams.network import Fifo
from qhls.rtl.emit import render
from qhls.rtl.simulate import Simulation, build_library
from qhls.rtl.streams.design import StreamVerilog, add_taps
from qhls.rtl.streams.emit import WORD, describe_ports
from qhls.system.progress import report

STREAM_CHUNK = 256
"""Samples per call of the compiled library: few enough to react to Ctrl-C."""
PAUSES = 0.25
"""Probability per cycle that an input offers no token, and that an output accepts none."""
_FAULTS = {
    1: ("tokens to leave", "none for {patience:,} cycles", "A FIFO is too short."),
    2: ("a token to wait at its port", "another one", "Report a fault of qhls."),
    3: ("TLAST with the last token of a tensor only", "another one", "Report a fault of qhls."),
}


class StreamRtl(Simulation[StreamVerilog]):
    """A simulation of processes that exchange tokens. Every call starts in a random state with a reset."""

    def _run_all(self, codes: Sequence[Array]) -> list[Array]:
        return self._run(codes, 0.0, 0.0, 0)[0]

    def run(
        self,
        codes: Sequence[Array],
        *,
        gaps: float = PAUSES,
        stalls: float = PAUSES,
        seed: int = 0,
    ) -> list[Array]:
        """Return the outputs' codes for input codes (samples, *shape), one array per input.

        ``gaps``, ``stalls``: probabilities that an input has no token and that an output takes none in a cycle.

        Raises ``RtlError`` where tokens stop or change.
        """
        return self._run(codes, gaps, stalls, seed)[0][: len(self.graph.outputs)]

    def count_cycles(self, codes: Sequence[Array], seed: int = 0) -> tuple[int, int]:
        """Return the latency and the initiation interval in cycles, counted after a reset, without gaps.

        The latency is from the cycle in which the first token is offered to that in which the last one leaves; the
        interval is that between the last two of three samples or more, at the output where it is the longest: outputs
        may come from parts of the design that do not wait for each other.
        """
        _, times = self._run(codes, 0.0, 0.0, seed)
        ends = times[:, 1:]
        return int(ends[0].max() - times[0, 0]), int((ends[-1] - ends[-2]).max())

    def _run(
        self, codes: Sequence[Array], gaps: float, stalls: float, seed: int
    ) -> tuple[list[Array], Array]:
        checked = list(check_codes(self.graph, codes).values())
        plan = self.verilog.plan
        parts: list[list[Array]] = [[] for _ in plan.outputs]
        times: list[Array] = []
        for start in range(0, max(len(checked[0]), 1), STREAM_CHUNK):
            chunk = [array[start : start + STREAM_CHUNK] for array in checked]
            results, cycles = self._call(chunk, gaps, stalls, seed + start)
            times.append(cycles)
            for part, fifo, words in zip(parts, plan.outputs, results, strict=True):
                part.append(_unpack(fifo, words, len(chunk[0])))
        outputs = (*self.graph.outputs, *self.taps)
        joined = [np.concatenate(part) for part in parts]
        shaped = [a.reshape(len(a), *op.shape) for a, op in zip(joined, outputs, strict=True)]
        return shaped, np.concatenate(times)

    def _call(
        self, chunk: Sequence[Array], gaps: float, stalls: float, seed: int
    ) -> tuple[list[Array], Array]:
        plan, samples = self.verilog.plan, len(chunk[0])
        words = [_pack(fifo, array) for fifo, array in zip(plan.inputs, chunk, strict=True)]
        results = [
            np.zeros((samples * fifo.tokens, -(-fifo.bits // WORD)), np.uint64)
            for fifo in plan.outputs
        ]
        times = np.zeros((samples, 1 + len(plan.outputs)), np.int64)
        patience = self.verilog.patience
        status = self._library.qhls_stream(
            _make_pointers(words),
            _make_pointers(results),
            ctypes.c_longlong(samples),
            ctypes.c_double(gaps),
            ctypes.c_double(stalls),
            ctypes.c_uint(seed),
            ctypes.c_longlong(patience),
            ctypes.c_void_p(times.ctypes.data),
        )
        if status:
            expected, got, advice = _FAULTS[status]
            got = got.format(patience=patience)
            raise RtlError(f"simulation of Verilog: expected {expected}, got {got}. {advice}")
        return results, times


def _make_pointers(arrays: Sequence[Array]) -> Any:
    return (ctypes.c_void_p * max(len(arrays), 1))(*(array.ctypes.data for array in arrays))


def _pack(fifo: Fifo, codes: Array) -> Array:
    """Return all tokens as words (tokens, words), the first element in the lowest bits."""
    width = fifo.tensor.type.width
    tokens = codes.reshape(-1, fifo.lanes)
    if width > 63:
        tokens = tokens.astype(object)
    bits = np.empty((len(tokens), fifo.lanes, width), np.uint8)
    for place in range(width):
        bits[:, :, place] = (tokens >> place & 1).astype(np.uint8)
    count = -(-fifo.bits // WORD)
    flat = np.zeros((len(tokens), count * WORD), np.uint8)
    flat[:, : fifo.bits] = bits.reshape(len(tokens), -1)
    packed = np.packbits(flat, axis=1, bitorder="little")
    return np.ascontiguousarray(packed).view(np.uint64).reshape(len(tokens), count)


def _unpack(fifo: Fifo, words: Array, samples: int) -> Array:
    """Return the codes (samples, elements) that the words of tokens contain."""
    of = fifo.tensor.type
    flat = np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=1, bitorder="little")
    bits = flat[:, : fifo.bits].reshape(samples, -1, of.width)
    kind: Any = object if of.width > 62 else np.int64
    codes = np.zeros(bits.shape[:2], kind)
    for place in range(of.width):
        weight = -(1 << place) if of.signed and place == of.width - 1 else 1 << place
        codes += bits[:, :, place].astype(kind) * weight
    if kind is np.int64:
        return codes
    return narrow_integers(map(int, codes.ravel().tolist()), 1 << of.width).reshape(codes.shape)


def build_streams(
    graph: Graph, schedule: Schedule, *, taps: bool = False, waves: bool = False
) -> StreamRtl:
    """Build a simulation of the Verilog of ``graph`` as streams, or load it from the cache.

    Raises ``RtlError`` with the messages of Verilator or the compiler when one of them fails.
    """
    report("build the simulation of the Verilog")
    ops = tuple(op for op in graph.ops if op.batched and not isinstance(op, Input | Const))
    wanted = ops if taps else ()
    verilog = StreamVerilog.of(add_taps(graph, wanted), schedule)
    sources = {name: text for name, text in verilog.files.items() if name != f"{verilog.axis}.sv"}
    shim = render("stream_drivers/shim.cpp.j2", {"drive": describe_ports(verilog)})
    return StreamRtl(graph, verilog, build_library(sources, shim, waves), wanted)
