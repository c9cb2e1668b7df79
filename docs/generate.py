"""Write docs/ops.md from the docstrings of the instruction set (``make docs``; a test checks it is current)."""

from __future__ import annotations

import inspect
import sys
from dataclasses import fields
from pathlib import Path

import qhls.ir
from qhls.ir import Op

TARGET = Path(__file__).parent / "ops.md"


def instruction_set() -> list[type[Op]]:
    """Every op a graph may hold."""
    exported = [getattr(qhls.ir, name) for name in qhls.ir.__all__]
    return [c for c in exported if inspect.isclass(c) and issubclass(c, Op) and c is not Op]


def text() -> str:
    """The page."""
    lines = ["# The instruction set", "", inspect.getdoc(qhls.ir) or "", ""]
    lines += ["| op | fields | meaning |", "|---|---|---|"]
    for op in instruction_set():
        own = [f.name for f in fields(op) if f.init and f.name not in ("name", "layer")]
        meaning = " ".join((inspect.getdoc(op) or "").split())
        lines.append(f"| `{op.__name__}` | {', '.join(f'`{name}`' for name in own)} | {meaning} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"{TARGET}\n")
