"""Text that is safe for terminals (escaped and shortened), and unique names."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories of characters that control a terminal instead of being shown."""


def escape_controls(text: str, kept: str = "\n") -> str:
    """Return ``text`` with all control characters, except the characters in ``kept``, escaped as in Python."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        letter
        if letter in kept or unicodedata.category(letter) not in _UNSEEN
        else letter.encode("unicode_escape", "surrogatepass").decode("ascii")
        for letter in text
    )


def escape_line(text: str) -> str:
    """Return ``text`` on one line: control characters and line ends are escaped."""
    return escape_controls(text, "")


def shorten(text: str, longest: int) -> str:
    """Return ``text``, shortened in the middle to at most ``longest`` characters, with a note on the cut."""
    if len(text) <= longest:
        return text
    end = longest // 3
    begin = longest - end - 60
    left_out = f" ... ({len(text) - begin - end:,} characters left out) ... "
    return text[:begin] + left_out + text[-end:]


def find_free_name(
    wanted: str, is_taken: Callable[[str], bool], form: str = "{}_{}", first: int = 2
) -> str:
    """Return ``wanted`` or, if it is taken, the first of ``wanted_2``, ``wanted_3``, ... that is not taken.

    ``form``: how the number joins the name. ``first``: the first number.
    """
    name, number = wanted, first
    while is_taken(name):
        name, number = form.format(wanted, number), number + 1
    return name


def say(text: object = "") -> None:
    """Print ``text`` as a line with control characters escaped, since it may contain names from a file."""
    print(escape_controls(str(text)))
