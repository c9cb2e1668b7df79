"""Ops that are fused into one process mean what they mean alone, folded or not, and cost as much but for registers."""

from dataclasses import replace

import pytest

from qhls.ir import Add, Const, Matmul, Mul, Quantize
from qhls.plan import Schedule, plan
from qhls.plan.network import plan_design
from support.graphs.agreement import assert_agreement
from support.graphs.fused import FOLLOWERS, fused
from support.graphs.op_batches import graph_of, random_const, x_of

SCHEDULES = {"parallel": Schedule(), "shared": Schedule(3), "few": Schedule(interval=200)}
SCHEDULES |= {f"{name} streams": replace(each, io="stream") for name, each in SCHEDULES.items()}


def check_agreement(per_head, schedule):
    graph = graph_of("fused", list(fused(per_head)))
    network = plan_design(graph, schedule)
    for process in network.processes:
        if process.ops and process.ops[-1] not in graph.outputs:
            # A product that shares its multipliers takes several cycles per token, so it joins nothing.
            (next_one,) = [each for each in network.processes if process.writes[0] in each.reads]
            assert next_one.hardware.interval == schedule.reuse_factor > 1
    assert_agreement(graph, schedule=schedule)


@pytest.mark.parametrize("name", SCHEDULES)
def test_fused_ops_agree(name, unoptimised):
    check_agreement(1, SCHEDULES[name])


@pytest.mark.long
@pytest.mark.parametrize("name", SCHEDULES)
def test_all_fused_ops_agree(name, unoptimised):
    check_agreement(len(FOLLOWERS), SCHEDULES[name])


def test_nothing_is_stored_between_fused_ops():
    graph = graph_of("fused", list(fused(2)))
    for process in plan(graph, Schedule()).processes:
        *inner, last = process.parts
        assert {part.writes.buffer.place for part in inner} == {"wired"}
        assert last.writes is process.writes
        assert process.writes.buffer.place == "registers"
        read = [access.operand for access in process.reads]
        assert not {part.op for part in inner} & set(read)
        constants = [o for op in process.ops for o in op.operands if isinstance(o, Const)]
        assert [o for o in read if isinstance(o, Const)] == constants


def test_a_coarse_bias_begins_sums_of_one_tile(unoptimised):
    product = Matmul(x_of((5,), "u4.3"), random_const((5, 3), 4, 3, 320), name="product")
    op = Add(product, random_const((3,), 3, 0, 321), name="biased")
    (process,) = plan(graph_of("tile", [op]), Schedule(3)).processes
    assert process.fold.trips == process.fold.rounds == 3  # every sum is whole in one trip
    assert_agreement(graph_of("tile", [op]), schedule=Schedule(3))


def test_constants_that_repeat_at_different_elements_are_read_in_one_process(unoptimised):
    """Two such processes of the same op, whose functions differ by the first element alone."""
    x, channels = x_of((4, 4), "s6.2"), random_const((4,), 4, 2, 330)
    biased = Add(x, channels, name="biased")
    scaled = Mul(biased, random_const((4, 4), 4, 2, 331), name="scaled")
    total = Matmul(scaled, random_const((4, 4), 4, 2, 332), name="total")
    again = Add(Quantize(total, x.type, name="small"), channels, name="again")
    schedule = Schedule(io="stream", interval=16)
    graph = graph_of("periods", [again])
    periods = [p.action.period for p in plan_design(graph, schedule).processes if len(p.ops) > 1]
    assert len(periods) == 2
    assert_agreement(graph, schedule=schedule)
