"""Plans that are searched: every kind of op meets an interval or says the least, and all costs read the same plan."""

import re

import pytest

from qhls.design import Design
from qhls.energy.candidates import Candidates
from qhls.energy.technology import load_technology
from qhls.errors import PlanError
from qhls.ir import Fixed, Graph, Scan
from qhls.plan import Schedule, plan
from qhls.plan.search import add_up_resources
from support.graphs.designs import classifier
from support.graphs.op_examples import EXAMPLES, inputs_of

UNIT = load_technology("unit")


def examples():
    """A graph of each op that reads tensors."""
    for op_type, builds in EXAMPLES.items():
        for i, build in enumerate(builds):
            op = build(Fixed(True, 6, 2))
            if op.operands and op.batched:
                graph = Graph(inputs_of(op), (op,), "top")
                yield pytest.param(graph, id=f"{op_type.__name__}-{i}")


@pytest.mark.parametrize("graph", list(examples()))
def test_every_op_meets_an_interval_or_says_the_least(graph):
    for interval in (10**6, 64, 8, 1):
        try:
            assert plan(graph, Schedule(interval=interval)).interval <= interval
        except PlanError as error:
            message = r"^Schedule\.interval: expected at least ([\d,]+) cycles .*, got ([\d,]+)"
            least, got = (int(n.replace(",", "")) for n in re.match(message, str(error)).groups())
            assert got == interval < least
            assert plan(graph, Schedule(interval=least)).interval <= least


@pytest.mark.parametrize("fields", [{"interval": 700}, {"lut": 4000}, {"folding": {"*": "memory"}}])
@pytest.mark.parametrize("build", [classifier, lambda: EXAMPLES[Scan][0](Fixed(True, 6, 3))])
def test_all_costs_read_one_plan(build, fields):
    built = build()
    if not isinstance(built, Graph):
        fields = fields if "folding" not in fields else {"interval": 60}
        built = Graph(inputs_of(built), (built,), "top")
    design = Design(built, Schedule(**fields))
    assert design.latency().interval == design.plan.interval
    totals = design.area().totals
    assert add_up_resources(design.plan) == pytest.approx(
        {unit: totals[unit] for unit in add_up_resources(design.plan)}
    )
    costs = Candidates(design.plan, UNIT).estimate_costs({})
    assert costs.energy == pytest.approx(design.energy("unit").total)
    assert (costs.latency, costs.interval) == (design.plan.latency, design.plan.interval)
