"""Processes of single ops."""

from qhls.plan import Schedule
from qhls.plan.rules import choose, make_buffer, make_process


def process_of(op, schedule=None, **fields):
    """The process of an op alone, not of a recurrence."""
    schedule = schedule or Schedule(**fields)
    return make_process(op, choose(op, schedule))


def place_of(op, constant, schedule):
    """The place of a constant for its reader."""
    return process_of(op, schedule).read(constant).buffer.place


def buffer_of(op, schedule):
    """The buffer of an input."""
    return make_buffer(op, schedule)
