"""``BoundedCsim``: simulation of a stream design's C++ with FIFOs of limited depth, each process as a fiber.

The vendors' C simulation runs processes one after another on streams without limit, so it never shows a deadlock.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from qhls.backends.cache import digest, keep_library, open_library, stamp
from qhls.backends.csim import compile_library, find_compiler, find_include
from qhls.backends.emit import render_bounded
from qhls.backends.streams.layout import lay_out_streams
from qhls.backends.target import Target, get_target
from qhls.errors import CsimError
from qhls.ir.integers import Array
from qhls.ir.interpret import check_codes
from qhls.plan.streams.bounded import Wait, find_cycle
from qhls.plan.streams.depths import list_actors
from qhls.plan.streams.network import StreamPlan
from qhls.system.processes import Children


@dataclass(frozen=True)
class BoundedRun:
    """The result of a bounded simulation: the codes of the outputs, or the ``cycle`` of processes in a deadlock.

    ``marks``: the largest number of tokens that waited in each FIFO, by its name. ``cycle``: processes that each wait
    for the next one, as (process, FIFO, whether it is full).
    """

    outputs: tuple[Array, ...] = ()
    marks: Mapping[str, int] | None = None
    cycle: tuple[tuple[str, str, bool], ...] = ()

    def __str__(self) -> str:
        if not self.cycle:
            return "no deadlock"
        waits = (
            f"{process} waits for {'a free place in' if full else 'a token of'} {fifo}"
            for process, fifo, full in self.cycle
        )
        return f"deadlock: {'; '.join(waits)}"


@dataclass(frozen=True)
class BoundedCsim:
    """The compiled simulation of a stream plan: ``run`` returns its outputs, or the processes in a deadlock."""

    plan: StreamPlan
    target: Target
    path: Path

    @cached_property
    def _library(self) -> ctypes.CDLL:
        return open_library(self.path)

    def run(self, codes: Sequence[Array], depths: Mapping[str, int] | None = None) -> BoundedRun:
        """Return the outputs, or the deadlock, for input codes (samples, *shape), one array per input.

        ``depths``: depths that replace those of the plan, by name of the FIFO.

        Raises ``CsimError`` for a FIFO that does not exist and for a depth below 1.
        """
        plan = self.plan
        chosen = {fifo.name: fifo.depth for fifo in plan.fifos} | dict(depths or {})
        self._check(chosen)
        checked = list(check_codes(plan.graph, codes).values())
        samples = len(checked[0])
        inputs = [np.ascontiguousarray(array, np.int64) for array in checked]
        outputs = [np.zeros((samples, *op.shape), np.int64) for op in plan.graph.outputs]
        numbers = [np.array(list(chosen.values()), np.int32)]
        numbers += [np.zeros(max(len(n), 1), np.int32) for n in (plan.fifos, plan.processes)]
        ended = self._library.qhls_bounded(
            _list_addresses(inputs),
            _list_addresses(outputs),
            ctypes.c_longlong(samples),
            *(ctypes.c_void_p(array.ctypes.data) for array in numbers),
        )
        _, marks, waits = (array.tolist() for array in numbers)
        named = dict(zip(chosen, marks, strict=False))
        if ended == 0:
            return BoundedRun(tuple(outputs), named)
        return BoundedRun(marks=named, cycle=self._find_cycle(waits))

    def _check(self, depths: Mapping[str, int]) -> None:
        names = [fifo.name for fifo in self.plan.fifos]
        for name, depth in depths.items():
            if name not in names:
                raise CsimError(
                    f"depths: expected FIFOs of {', '.join(names) or 'none'}, got {name!r}. Choose one of these."
                )
            if depth < 1:
                raise CsimError(
                    f"depths[{name!r}]: expected at least 1 token, got {depth}. A FIFO holds one or more."
                )

    def _find_cycle(self, waits: Sequence[int]) -> tuple[tuple[str, str, bool], ...]:
        """Return the processes that wait for each other; ``waits``: for each process the number of a FIFO, or 0.

        A FIFO's number begins at 1, and is negative if the process waits for a free place in it.
        """
        nodes, numbers = list_actors(self.plan)
        fifos = [fifo.name for fifo in self.plan.fifos]
        waiting = {
            process: Wait(process, numbers[fifos[abs(number) - 1]], number < 0)
            for process, number in enumerate(waits)
            if number
        }
        names = {number: name for name, number in numbers.items()}
        return tuple(
            (self.plan.processes[wait.process].name, names[wait.fifo], wait.full)
            for wait in find_cycle(nodes, waiting)
        )


def build_bounded(
    plan: StreamPlan, target: str = "vitis", *, include: str | Path | None = None
) -> BoundedCsim:
    """Compile the bounded simulation of ``plan`` for ``target``, or take it from the cache.

    Raises ``CsimError`` with the compiler's messages when it fails.
    """
    chosen = get_target(target)
    files = render_bounded(lay_out_streams(plan), chosen)
    headers = find_include(chosen, include)
    command = [find_compiler(), "-std=c++17", chosen.optimisation, "-w", "-shared", "-fPIC"]
    command += ["-fno-gnu-unique", "-Icsim", f"-I{headers}", "-Isrc", "csim/bounded.cpp"]
    texts = (text for item in sorted(files.items()) for text in item)
    name = f"{digest([*command, stamp(headers / chosen.header), *texts])}.so"
    return BoundedCsim(
        plan, chosen, keep_library(name, partial(compile_library, Children(), files, command))
    )


def _list_addresses(arrays: Sequence[Array]) -> ctypes.Array[ctypes.c_void_p]:
    """Return a C array of the arrays' addresses; the caller keeps the arrays alive."""
    return (ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays))
