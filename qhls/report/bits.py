"""Pictures and sentences on the bits that a tensor uses, compared with the bits of its type."""

from __future__ import annotations

from collections.abc import Iterator

from qhls.report.profile import TensorProfile

COLUMN, HEIGHT, MOST = 14, 44, 64
"""Width of one bit's column and height of the highest column, in pixels, and the largest number of columns."""


def draw_bits(profile: TensorProfile) -> str:
    """Return an SVG picture with one column per bit of the type, without the sign, the highest bit first.

    The height of a column is the share of codes whose first significant bit it is. A bit below the columns is filled
    where a code needs it. The binary point is a line between columns. Types of more than ``MOST`` bits have no picture.
    """
    bits = profile.type.width - profile.type.signed
    if not 0 < bits <= MOST or not profile.count:
        return ""
    most = max([*profile.leading.values(), 1])
    width = bits * COLUMN + 2
    lines = [
        f'<svg viewBox="0 0 {width} {HEIGHT + 14}" width="{width}" role="img" aria-label="{describe_bits(profile)}" '
        f'class="bits">'
    ]
    for i in range(bits):
        bit = bits - 1 - i
        count = profile.leading.get(bit, 0)
        tall = HEIGHT * count / most
        needed = profile.unused_low <= bit < bits - profile.unused_high
        title = f"bit of 2^{bit - profile.type.frac}: first significant bit of {count / profile.count:.1%}"
        lines.append(
            f'<g><title>{title}</title><rect x="{i * COLUMN + 1}" y="0" width="{COLUMN}" height="{HEIGHT + 14}" '
            f'fill="transparent"/><rect x="{i * COLUMN + 2}" y="{HEIGHT - tall:.1f}" width="{COLUMN - 2}" '
            f'height="{tall:.1f}" class="share"/><rect x="{i * COLUMN + 2}" y="{HEIGHT + 3}" width="{COLUMN - 2}" '
            f'height="8" class="{"needed" if needed else "unused"}"/></g>'
        )
    point = bits - profile.type.frac
    if 0 <= point <= bits:
        lines.append(f'<path d="M{point * COLUMN + 1} 0V{HEIGHT + 14}" class="point"/>')
    return "\n".join([*lines, "</svg>"])


def describe_bits(profile: TensorProfile) -> str:
    """Return a sentence on the range of a tensor's numbers and on the bits that these do not use."""
    if not profile.count:
        return "no numbers"
    lo, hi = profile.numbers
    return "; ".join([f"{lo:g} to {hi:g}", *_list_remarks(profile)])


def _list_remarks(profile: TensorProfile) -> Iterator[str]:
    if not profile.used:
        yield "always 0"
        return
    if profile.unused_sign:
        yield "never negative"
    if profile.unused_high:
        yield f"highest {_count(profile.unused_high)} never used"
    if profile.unused_low:
        yield f"lowest {_count(profile.unused_low)} always 0"
    for share, where in ((profile.below, "below"), (profile.above, "above")):
        if share:
            yield f"{share / profile.count:.2%} {where} the type"


def _count(bits: int) -> str:
    return "bit" if bits == 1 else f"{bits} bits"
