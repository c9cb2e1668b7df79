"""Text for people: what a file says goes to a terminal only in letters, and no longer than it can be read."""

from __future__ import annotations

import unicodedata

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories of what a terminal obeys instead of showing it."""


def shown(text: str, kept: str = "\n") -> str:
    """Return ``text`` with every control character but those of ``kept`` as Python would write it."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        letter
        if letter in kept or unicodedata.category(letter) not in _UNSEEN
        else letter.encode("unicode_escape", "surrogatepass").decode("ascii")
        for letter in text
    )


def one_line(text: str) -> str:
    """Return ``text`` as a terminal shows it in one line: line ends are escaped too."""
    return shown(text, "")


def shortened(text: str, longest: int) -> str:
    """Return ``text`` with at most ``longest`` letters and a word on what is left out between its ends."""
    if len(text) <= longest:
        return text
    end = longest // 3
    begin = longest - end - 60
    left_out = f" ... ({len(text) - begin - end:,} characters left out) ... "
    return text[:begin] + left_out + text[-end:]


def say(text: object = "") -> None:
    """Print a line of text that may hold names from a file."""
    print(shown(str(text)))
