"""Processes of single ops."""

from qhls.ir import Const, Graph
from qhls.plan import Schedule
from qhls.plan.choices import choose_all
from qhls.plan.rules import Choice, make_buffer, make_process


def process_of(op, schedule=None, **fields):
    """The process of an op alone, not of a recurrence."""
    schedule = schedule or Schedule(**fields)
    tensors = dict.fromkeys(o for o in op.operands if not isinstance(o, Const))
    choice = [Choice(schedule), *choose_all(Graph((), (op,)), schedule)][-1]
    sources = [buffer_of(o, schedule) for o in tensors]
    return make_process(op, choice, sources, make_buffer(op, choice))


def place_of(op, constant, schedule):
    """The place of a constant for its reader."""
    return process_of(op, schedule).read(constant).buffer.place


def buffer_of(op, schedule):
    """The buffer of an input."""
    return make_buffer(op, Choice(schedule))
