"""Interpreter == every target, every code of every op."""

import numpy as np

from qhls.backends.csim import build
from qhls.ir import run, tap
from qhls.ir.graph import write_expression
from qhls.plan import Schedule

SAMPLES = 24
ARRAYS, STREAMS = Schedule(), Schedule(io="stream")


def stimuli(graph, seed, samples=SAMPLES):
    """Random codes with each type's ends among them; an input that can hold every code holds it once."""
    rng = np.random.default_rng(seed)
    return [_codes(op.type, op.shape, rng, samples) for op in graph.inputs]


def _codes(dtype, shape, rng, samples):
    codes = rng.integers(dtype.lo, dtype.hi, (samples, *shape), np.int64, endpoint=True)
    codes[0], codes[1] = dtype.lo, dtype.hi
    checkered = np.where(np.indices(shape).sum(0) % 2, dtype.lo, dtype.hi)
    codes[2] = checkered
    if shape == (1 << dtype.width,):
        codes[3] = np.arange(dtype.lo, dtype.hi + 1)
    return codes


def disagreements(graph, codes, libraries):
    """One line an op (or output) that differs on a target; empty when all agree."""
    expected, taps = run(graph, codes), None
    found = []
    for library in libraries:
        name = library.target.name
        for op, want, got in zip(graph.outputs, expected, library.run(codes), strict=True):
            found += _difference(f"{name} output", op, want, got)
        if library.has_taps:
            received = library.tap(codes)
            taps = taps or tap(graph, codes, list(received))
            for op, got in received.items():
                found += _difference(f"{name} tap", op, taps[op], got)
    return found


def _difference(where, op, want, got):
    if np.array_equal(want, got):
        return []
    index = tuple(np.argwhere(want != got)[0])
    return [
        f"{where} {op.name!r}: {op.type} = {write_expression(op)}: expected {want[index]}, got {got[index]}"
    ]


def assert_agreement(graph, seed=0, samples=SAMPLES, schedule=ARRAYS):
    """Build ``graph`` for every target, taps included, and compare."""
    libraries = build(graph, schedule, taps=True)
    found = disagreements(graph, stimuli(graph, seed, samples), libraries)
    assert not found, "\n".join(found[:20])
