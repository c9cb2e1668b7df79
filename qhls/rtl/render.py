"""Templates of Verilog, of its test bench and of its simulation."""

from __future__ import annotations

from functools import cache
from typing import Any

import jinja2


def render(template: str, settings: dict[str, Any]) -> str:
    """Return a file of a project."""
    return _environment().get_template(template).render(settings)


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("qhls.rtl", "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # C++ and Markdown, not HTML; every name passes through names.py
    )
