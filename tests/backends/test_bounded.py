"""The emitted C++ runs under the planned depths, and a deadlock of forced ones is named."""

from dataclasses import replace

import numpy as np
import pytest

from qhls.backends.streams.bounded import build_bounded
from qhls.backends.target import TARGETS
from qhls.errors import CsimError
from qhls.ir import run
from qhls.plan import Schedule
from qhls.plan.streams.bounded import run_bounded
from qhls.plan.streams.build import plan_streams
from qhls.plan.streams.depths import list_actors
from support.graphs.agreement import stimuli
from support.graphs.op_batches import graph_of, residual

GRAPH = graph_of("residual", list(residual()))
PLAN = plan_streams(GRAPH, Schedule(2, io="stream"))
CODES = stimuli(GRAPH, 5, 20)
DEPTHS = {fifo.name: fifo.depth for fifo in PLAN.fifos}


@pytest.fixture(scope="module", params=[pytest.param("vitis", marks=pytest.mark.long), "catapult"])
def bounded(request, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QHLS_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setitem(TARGETS, request.param, replace(TARGETS[request.param], optimisation="-O0"))
        yield build_bounded(PLAN, request.param)


def cycle_of(depths):
    """The deadlock of a plan with other depths, as the plan itself has it."""
    nodes, numbers = list_actors(PLAN)
    found = run_bounded(nodes, {numbers[name]: n for name, n in (DEPTHS | depths).items()})
    names = {number: name for name, number in numbers.items()}
    return [(PLAN.processes[w.process].name, names[w.fifo], w.full) for w in found.cycle]


def test_planned_depths_give_the_outputs(bounded):
    found = bounded.run(CODES)
    assert found.cycle == ()
    assert str(found) == "no deadlock"
    for want, got in zip(run(GRAPH, CODES), found.outputs, strict=True):
        np.testing.assert_array_equal(want, got)
    assert {name for name, mark in found.marks.items() if mark > DEPTHS[name]} == set()
    assert any(mark == DEPTHS[name] > 2 for name, mark in found.marks.items())


def test_every_fifo_that_is_too_short_is_a_deadlock_of_the_same_processes(bounded):
    stopped = 0
    for name in DEPTHS:
        planned, found = cycle_of({name: 1}), bounded.run(CODES, {name: 1})
        assert {step[0] for step in found.cycle} == {step[0] for step in planned}, name
        assert sorted(found.cycle) == sorted(planned)
        stopped += bool(planned)
    assert stopped
    np.testing.assert_array_equal(bounded.run(CODES).outputs[0], run(GRAPH, CODES)[0])


def test_the_plan_stops_wherever_the_emitted_code_does(bounded):
    """The plan is the stricter one: a process of the C++ holds a token that it has read while it waits to write."""
    deep = [name for name, depth in DEPTHS.items() if depth > 2]
    assert len(deep) == 2  # around the convolution and around the mean
    for name in deep:
        stops = [bool(bounded.run(CODES, {name: n}).cycle) for n in range(1, DEPTHS[name] + 1)]
        planned = [bool(cycle_of({name: n})) for n in range(1, DEPTHS[name] + 1)]
        assert stops == sorted(stops, reverse=True)
        assert stops[:3] == [True] * 3
        assert sum(stops) <= sum(planned) < DEPTHS[name]


def test_a_deadlock_is_told_as_a_cycle(bounded):
    name = max(DEPTHS, key=DEPTHS.get)
    text = str(bounded.run(CODES, {name: 1}))
    assert text.startswith("deadlock: ")
    assert f"waits for a free place in {name}" in text
    assert " waits for a token of " in text


@pytest.mark.parametrize(
    ("depths", "message"),
    [
        ({"none": 2}, r"^depths: expected FIFOs of .*, got 'none'\. Choose one of these\.$"),
        (
            {PLAN.fifos[0].name: 0},
            r"^depths\['.+'\]: expected at least 1 token, got 0\. A FIFO holds one or more\.$",
        ),
    ],
)
def test_depths_that_cannot_be(bounded, depths, message):
    with pytest.raises(CsimError, match=message):
        bounded.run(CODES, depths)
