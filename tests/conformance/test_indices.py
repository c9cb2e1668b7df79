"""A padding in front of a convolution is its indices: no loop, no array and no cycle of its own, and the same bits."""

import re

import pytest

from qhls import Design
from qhls.ir import Conv, Input, Pad, Pool
from qhls.plan import Schedule, plan
from support.graphs.agreement import assert_agreement
from support.graphs.op_batches import graph_of, random_const, x_of

SCHEDULES = {
    "parallel": Schedule(),
    "shared": Schedule(3),
    "few": Schedule(interval=200),
    "memories": Schedule(partition_limit=10),
}
WINDOWS = [
    (((1, 1), (1, 1), (0, 0)), 0, (3, 3, 2, 3), (1, 1), (1, 1), 1),
    (((0, 2), (1, 0), (0, 0)), -3, (2, 2, 2, 3), (2, 1), (1, 2), 1),
    (((2, 0), (0, 0), (0, 0)), 5, (3, 2, 1, 4), (1, 2), (1, 1), 2),
    (((3, 3), (4, 4), (0, 0)), -16, (2, 3, 2, 1), (3, 3), (1, 1), 1),
]


def padded():
    """Convolutions of one image, each with a padding of its own."""
    image = x_of((4, 5, 2), "s5.2")
    for number, (widths, value, kernel, strides, dilation, groups) in enumerate(WINDOWS):
        pad = Pad(image, widths, value, name=f"beyond {number}")
        w = random_const(kernel, 4, 3, number)
        yield Conv(pad, w, strides, dilation, groups, name=f"conv {number}")


def kept():
    """Paddings that remain copies: their readers or values cannot be replaced by indices."""
    image, odd = x_of((4, 5, 2), "s5.2"), x_of((4, 5, 2), "u4.2")
    sides, w = ((1, 1), (0, 0), (0, 0)), random_const((3, 2, 2, 3), 4, 3, 9)
    yield Pool(Pad(image, sides, name="pooled"), (2, 2), (2, 2), name="pool")
    yield Conv(Pad(odd, sides, -1, name="negative"), w, name="beyond the type")
    wide = Pad(image, ((0, 0), (0, 0), (0, 1)), name="channels")
    yield Conv(wide, random_const((3, 2, 3, 3), 4, 3, 8), name="wider")
    both = Pad(image, sides, 1, name="both")
    yield Conv(both, w, name="indexed")
    yield Pool(both, (2, 2), (2, 2), name="beside")


@pytest.mark.parametrize("name", SCHEDULES)
def test_paddings_agree_as_indices(name, unoptimised):
    graph = graph_of("padded", list(padded()))
    made = plan(graph, SCHEDULES[name])
    pads = {op for op in graph.ops if isinstance(op, Pad)}
    assert len(pads) == len(WINDOWS)
    assert {process.op for process in made.processes} == set(graph.outputs)
    assert pads.isdisjoint(buffer.tensor for buffer in made.buffers)
    assert all(made.find_hardware(op).unit is None for op in pads)
    assert_agreement(graph, schedule=SCHEDULES[name])


def test_other_paddings_are_copies(unoptimised):
    graph = graph_of("kept", list(kept()))
    made = plan(graph, Schedule())
    copied = {process.op.name for process in made.processes if isinstance(process.op, Pad)}
    assert copied == {"pooled", "negative", "channels", "both"}
    read = {process.op.name: process.reads[0].buffer.tensor for process in made.processes}
    assert isinstance(read["indexed"], Input)
    assert read["beside"].name == "both"
    assert_agreement(graph)


@pytest.mark.parametrize("target", ["vitis", "catapult"])
def test_no_loop_copies_a_padding(target, tmp_path):
    design = Design(graph_of("padded", list(padded())), Schedule())
    project = design.emit(target, tmp_path / "p")
    text = "".join(path.read_text() for path in project.path.rglob("*.cpp"))
    computed = re.findall(r"static void compute_(\w+)\(", text)
    assert computed == [f"conv_{number}" for number in range(len(WINDOWS))]
    assert not re.search(r"\b\w+ beyond_\d\[", text)
