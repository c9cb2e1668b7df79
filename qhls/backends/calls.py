"""Calls of single C++ functions of a design from Python: each on codes of its operands, for proofs."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from qhls.backends.cache import open_library
from qhls.backends.csim import keep_compiled
from qhls.backends.emit import render_calls
from qhls.backends.target import Target
from qhls.backends.view import CDesign
from qhls.backends.views.call import CCall, collect_calls
from qhls.ir.integers import Array
from qhls.system.processes import Children

_CHUNK = 256
"""Number of samples per library call: few enough to react to Ctrl-C."""


@dataclass(frozen=True)
class Calls:
    """Compiled functions of a design, each of which ``run`` calls by itself; ``texts``: the C++ by relative path."""

    view: CDesign
    calls: tuple[CCall, ...]
    texts: dict[str, str]
    path: Path

    @cached_property
    def _library(self) -> ctypes.CDLL:
        return open_library(self.path)

    def run(
        self,
        number: int,
        inputs: Sequence[Array],
        samples: int,
        *,
        given: tuple[int, Array] | None = None,
        kept: tuple[int, int] | None = None,
    ) -> Array:
        """Return codes (samples, elements), int64, that the function ``number`` computes from those of its parameters.

        ``given``: a fused op by its number in the C++, and the codes (samples, elements) that replace its results.
        ``kept``: the number and the size of the fused op whose results are returned, instead of the function's.
        """
        call = self.calls[number]
        result = np.zeros((samples, call.out.size), np.int64)
        replaced = None if given is None else np.ascontiguousarray(given[1], np.int64)
        record = None if kept is None else np.zeros((samples, kept[1]), np.int64)
        rows = [np.ascontiguousarray(array.reshape(samples, -1), np.int64) for array in inputs]
        ends = (-1, 0) if given is None or replaced is None else (given[0], replaced.shape[1])
        cuts = (ctypes.c_int * 4)(*ends, *((-1, 0) if kept is None else kept))
        for start in range(0, samples, _CHUNK):
            part = slice(start, start + _CHUNK)
            addresses = (ctypes.c_void_p * (len(rows) or 1))(
                *(row[part].ctypes.data for row in rows)
            )
            self._library.qhls_call(
                number,
                cuts,
                None if replaced is None else _get_address(replaced[part]),
                None if record is None else _get_address(record[part]),
                addresses,
                _get_address(result[part]),
                ctypes.c_longlong(min(_CHUNK, samples - start)),
            )
        return result if record is None else record


def _get_address(array: Array) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def build_calls(
    view: CDesign,
    target: Target,
    include: str | Path | None = None,
    change: Callable[[dict[str, str]], dict[str, str]] | None = None,
) -> Calls:
    """Compile all functions of a design so that each can be called by itself.

    ``change`` edits the texts of the files, by relative path, before they are compiled. Raises ``CsimError``.
    """
    calls = collect_calls(view)
    texts = render_calls(view, target, calls)
    texts = texts if change is None else change(texts)
    path = keep_compiled(Children(), target, texts, include=include, taps=True)
    return Calls(view, calls, texts, path)
