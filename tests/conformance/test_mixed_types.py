"""Interpreter == Vitis == Catapult for operands of any two types."""

import os
import random
from dataclasses import replace

import numpy as np
import pytest

from qhls.backends.csim import build
from qhls.plan import Schedule
from support.graphs.agreement import disagreements
from support.graphs.mixed_types import KINDS, codes_of, outputs, pairs
from support.graphs.op_batches import graph_of
from support.graphs.random_graphs import draw

COUNT = 3
"""Pairs of types for each kind of operation."""


def differing(drawn, seed):
    """What differs on a target among the results of ``drawn`` pairs."""
    results = [
        replace(op, name=f"{pair.kind} of {pair.a} and {pair.b}, part {part}")
        for pair in drawn
        for part, op in enumerate(outputs(pair))
    ]
    graph = graph_of("mixed", results)
    dice = np.random.default_rng(seed)
    codes = [codes_of(x.type, (64, *x.shape), dice) for x in graph.inputs]
    return disagreements(graph, codes, build(graph, Schedule()))


@pytest.mark.parametrize("half", range(2))
def test_any_two_types_agree(half, unoptimised):
    seed = int(os.environ.get("QHLS_SEED", random.getrandbits(32))) + half
    print(f"to repeat: QHLS_SEED={seed - half}")
    kinds = list(KINDS)[half::2]
    *_, drawn = draw(pairs(COUNT * len(kinds), kinds), 3, seed)  # the first is the simplest
    found = differing(drawn, seed)
    assert not found, "\n".join(found)
