"""Write docs/ops.md from the docstrings of the instruction set (``make docs``; a test checks it is current)."""

from __future__ import annotations

import inspect
import sys
from dataclasses import fields
from pathlib import Path

from qhls.ir import Op, ops

TARGET = Path(__file__).parent / "ops.md"


def instruction_set() -> list[type[Op]]:
    """Every op a graph may hold, in the order of ops.py."""
    found = [
        c for c in vars(ops).values() if inspect.isclass(c) and issubclass(c, Op) and c is not Op
    ]
    return [c for c in found if not any(issubclass(other, c) and other is not c for other in found)]


def text() -> str:
    """The page."""
    lines = ["# The instruction set", "", inspect.getdoc(ops) or "", ""]
    lines += ["| op | fields | meaning |", "|---|---|---|"]
    for op in instruction_set():
        own = [f.name for f in fields(op) if f.init and f.name not in ("name", "layer")]
        meaning = " ".join((inspect.getdoc(op) or "").split())
        lines.append(f"| `{op.__name__}` | {', '.join(f'`{name}`' for name in own)} | {meaning} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"{TARGET}\n")
