"""The C++ function of each operation, extracted from the text of the whole design."""

from __future__ import annotations

import re

from qhls.backends.emit import generate_design
from qhls.backends.target import Target
from qhls.ir import Graph
from qhls.plan import Schedule

_HEADING = re.compile(
    r"// (?:(?P<layer>\S+): )?(?P<names>\S+(?:, \S+)*?)(?: \(Keras layers? .*\))?: "
)
"""Comment above a function: names of ops, whose common first part may stand in front of them."""


def split_functions(graph: Graph, schedule: Schedule, target: Target) -> dict[str, str]:
    """Return the C++ function of each operation, by the operation's name.

    The comment above a function names its operations. Operations that share the function of an earlier one, or need
    none, have no entry.
    """
    names = {op.name for op, _ in graph.walk()}
    functions: dict[str, list[str]] = {}
    current: list[str] = []
    for line in generate_design(graph, schedule, target).splitlines():
        heading = _HEADING.match(line)
        if heading:
            prefix = f"{heading['layer']}." if heading["layer"] else ""
            headed = [prefix + name for name in heading["names"].split(", ")]
            current = headed if names.issuperset(headed) else current
        for name in current:
            functions.setdefault(name, []).append(line)
        if line == "}":
            current = []
    return {name: "\n".join(lines) for name, lines in functions.items()}
