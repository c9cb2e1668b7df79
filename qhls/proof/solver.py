"""Translation of a circuit's gates and a specification's rules to bit-vector formulas for the solver Bitwuzla."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any

from qhls.ir.types import Fixed, Rounding
from qhls.proof.polynomials import NormalForm, Range, Unknown

SECONDS = 20
"""Time limit of the solver for one question, in seconds."""


def find_solver() -> Any:
    """Return the package ``bitwuzla``, or None if it is not installed."""
    try:
        import bitwuzla
    except ImportError:
        return None
    return bitwuzla


class Formulas:
    """Arithmetic on words as terms of the solver; ``variables`` maps an unknown's number to its term and width."""

    def __init__(self, solver: Any, seconds: float = SECONDS) -> None:
        self.solver = solver
        self.terms = solver.TermManager()
        self.kind = solver.Kind
        options = solver.Options()
        options.set(solver.Option.PRODUCE_MODELS, True)
        options.set(solver.Option.TIME_LIMIT_PER, int(seconds * 1000))
        self.query = solver.Bitwuzla(self.terms, options)
        self.variables: dict[int, tuple[Any, int]] = {}

    def make_term(self, kind: str, words: list[Any], indices: list[int] | None = None) -> Any:
        """Return the solver's term that applies the operator ``kind`` to ``words``."""
        return self.terms.mk_term(getattr(self.kind, kind), words, indices or [])

    # Words of gates

    def make_constant(self, code: int, width: int) -> Any:
        """Return ``code`` as a constant word of ``width`` bits."""
        return self.terms.mk_bv_value(self.terms.mk_bv_sort(width), code & ((1 << width) - 1))

    def settle(self, a: Any, width: int) -> Any:
        """Return the result of a gate unchanged."""
        return a

    def slice(self, a: Any, low: int, width: int, whole: int) -> Any:
        """Return the part-select of ``width`` bits from bit ``low`` on."""
        return a if width == whole else self.make_term("BV_EXTRACT", [a], [low + width - 1, low])

    def extend(self, a: Any, width: int, to: int, signed: bool) -> Any:
        """Return the word ``a`` of ``width`` bits, extended or cut to ``to`` bits."""
        if to <= width:
            return self.slice(a, 0, to, width)
        return self.make_term("BV_SIGN_EXTEND" if signed else "BV_ZERO_EXTEND", [a], [to - width])

    def add(self, a: Any, b: Any, width: int) -> Any:
        """Return the sum modulo ``2**width``."""
        return self.make_term("BV_ADD", [a, b])

    def subtract(self, a: Any, b: Any, width: int) -> Any:
        """Return the difference modulo ``2**width``."""
        return self.make_term("BV_SUB", [a, b])

    def multiply(self, a: Any, b: Any, width: int) -> Any:
        """Return the product modulo ``2**width``."""
        return self.make_term("BV_MUL", [a, b])

    def combine(self, kind: str, a: Any, b: Any, width: int) -> Any:
        """Return the bitwise AND, OR or XOR of two words, as ``kind`` says."""
        return self.make_term({"$and": "BV_AND", "$or": "BV_OR", "$xor": "BV_XOR"}[kind], [a, b])

    def compare_less(self, a: Any, b: Any, width: int, signed: bool) -> Any:
        """Return a bit that is 1 if ``a`` is less than ``b``."""
        return self._to_bit(self.make_term("BV_SLT" if signed else "BV_ULT", [a, b]))

    def compare_equal(self, a: Any, b: Any, width: int) -> Any:
        """Return a bit that is 1 if ``a`` equals ``b``."""
        return self._to_bit(self.make_term("EQUAL", [a, b]))

    def choose(self, bit: Any, a: Any, b: Any, width: int) -> Any:
        """Return ``a`` if ``bit`` is 1, else ``b``."""
        return self.make_term(
            "ITE", [self.make_term("EQUAL", [bit, self.make_constant(1, 1)]), a, b]
        )

    def invert(self, a: Any, width: int) -> Any:
        """Return the bitwise complement."""
        return self.make_term("BV_NOT", [a])

    def _to_bit(self, condition: Any) -> Any:
        return self.make_term(
            "ITE", [condition, self.make_constant(1, 1), self.make_constant(0, 1)]
        )

    def look_up(self, entries: tuple[int, ...], a: Any, width: int, out: int) -> Any:
        """Return the table entry at index ``a``, selected by one level of multiplexers per bit of ``a``."""
        full = [*entries[: 1 << width], *[0] * ((1 << width) - len(entries))]
        return self._halve([self.make_constant(code, out) for code in full], a, width)

    def _halve(self, entries: list[Any], a: Any, width: int) -> Any:
        level = entries
        for place in range(width):
            bit = self.slice(a, place, 1, width)
            pairs = zip(level[::2], level[1::2], strict=True)
            level = [x if x is y else self.choose(bit, y, x, 0) for x, y in pairs]
        return level[0]

    def gather(self, parts: list[tuple[Any, int, int]]) -> Any:
        """Return the word that consists of ``parts``, each a term, its width and its place in the word."""
        words = [value for value, _, _ in sorted(parts, key=lambda part: -part[2])]
        return words[0] if len(words) == 1 else self.make_term("BV_CONCAT", words)

    # Integers of a specification: a term in two's complement and its width

    def make_variable(self, unknown: Unknown) -> tuple[Any, int]:
        """Return the variable of an unknown and its width, constrained to the range of the unknown."""
        variable = self.variables.get(unknown.number)
        if variable is None:
            width = _find_width((unknown.lo, unknown.hi))
            term = self.terms.mk_const(self.terms.mk_bv_sort(width), f"v{unknown.number}")
            variable = self.variables[unknown.number] = term, width
            low, high = (self.make_constant(end, width) for end in (unknown.lo, unknown.hi))
            self.query.assert_formula(self.make_term("BV_SLE", [low, term]))
            self.query.assert_formula(self.make_term("BV_SLE", [term, high]))
        return variable

    def sum_terms(
        self, polynomial: NormalForm, of: Callable[[int], tuple[Any, int]], ends: Range
    ) -> tuple[Any, int]:
        """Return a polynomial as a term and its width, which suffices for the range ``ends``."""
        width = _find_width(ends)
        total = self.make_constant(0, width)
        for monomial, factor in polynomial.terms.items():
            part = self.make_constant(factor, width)
            for number in monomial:
                term, own = of(number)
                part = self.make_term("BV_MUL", [part, self.extend(term, own, width, True)])
            total = self.make_term("BV_ADD", [total, part])
        return total, width

    def apply_rule(self, unknown: Unknown, args: list[tuple[Any, int]]) -> tuple[Any, int]:
        """Return the result of an unknown's rule for the arguments ``args``, as a term and its width."""
        return _RULES[unknown.rule](self, unknown.setting, args)

    def make_difference(self, a: tuple[Any, int], b: tuple[Any, int]) -> Any:
        """Return the formula that two integers differ."""
        width = max(a[1], b[1])
        x, y = (self.extend(term, own, width, True) for term, own in (a, b))
        return self.make_term("DISTINCT", [x, y])

    def choose_integer(
        self, condition: Any, a: tuple[Any, int], b: tuple[Any, int]
    ) -> tuple[Any, int]:
        """Return the integer ``a`` if ``condition`` is true, else ``b``."""
        width = max(a[1], b[1])
        x, y = (self.extend(term, own, width, True) for term, own in (a, b))
        return self.make_term("ITE", [condition, x, y]), width

    def make_less(self, a: tuple[Any, int], b: tuple[Any, int]) -> Any:
        """Return the formula that the integer ``a`` is less than ``b``."""
        width = max(a[1], b[1])
        x, y = (self.extend(term, own, width, True) for term, own in (a, b))
        return self.make_term("BV_SLT", [x, y])

    def make_integer(self, code: int) -> tuple[Any, int]:
        """Return a constant integer as a term and its width."""
        width = _find_width((code, code))
        return self.make_constant(code, width), width

    def solve(self) -> str:
        """Run the solver and return its answer, "sat", "unsat" or "unknown"; Ctrl-C interrupts it."""
        with _Interrupt() as interrupt:
            self.query.configure_terminator(interrupt.is_asked)
            return str(self.query.check_sat()).rpartition(".")[2].lower()

    def get_value(self, number: int) -> int:
        """Return the value of an unknown in the solution that the solver has found."""
        term, width = self.variables[number]
        code = int(self.query.get_value(term).value(2), 2)
        return code - ((code >> (width - 1)) << width)


class _Interrupt:
    """Context in which Ctrl-C interrupts the solver, which Python alone would do only after the solver's answer."""

    def __init__(self) -> None:
        self._asked = False
        self._before: Any = None

    def __enter__(self) -> _Interrupt:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
        if self._asked:
            raise KeyboardInterrupt

    def _note(self, *_: object) -> None:
        self._asked = True

    def is_asked(self) -> bool:
        """Return whether the user has pressed Ctrl-C."""
        return self._asked


def _find_width(ends: Range) -> int:
    low, high = ends
    held = Fixed.from_range(min(low, -1), max(high, 0), 0)
    return held.width


Integer = tuple[Any, int]


def _round(on: Formulas, setting: tuple[int, Rounding], args: list[Integer]) -> Integer:
    """Return ``x / 2**bits``, rounded: the floor, plus 1 if the rest exceeds a half or is a half that rounds up."""
    (x, width), (bits, rounding) = args[0], setting
    wide = max(width, bits + 1) + 1
    x = on.extend(x, width, wide, True)
    floor = on.slice(x, bits, wide - bits, wide), wide - bits
    if rounding is Rounding.FLOOR:
        return floor
    rest = on.slice(x, 0, bits, wide), bits
    half = on.make_constant(1 << (bits - 1), bits)
    above = on.make_term("BV_ULT", [half, rest[0]])
    tie = on.make_term("EQUAL", [half, rest[0]])
    if rounding is Rounding.HALF_EVEN:
        odd = on.make_term("EQUAL", [on.slice(floor[0], 0, 1, floor[1]), on.make_constant(1, 1)])
        tie = on.make_term("AND", [tie, odd])
    up = on.make_term("OR", [above, tie])
    more = on.make_term("BV_ADD", [floor[0], on.make_constant(1, floor[1])]), floor[1]
    return on.choose_integer(up, more, floor)


def _clip(on: Formulas, setting: Range, args: list[Integer]) -> Integer:
    low, high = (on.make_integer(end) for end in setting)
    return on.choose_integer(
        on.make_less(args[0], low),
        low,
        on.choose_integer(on.make_less(high, args[0]), high, args[0]),
    )


def _wrap(on: Formulas, setting: tuple[bool, int], args: list[Integer]) -> Integer:
    (x, width), (signed, to) = args[0], setting
    low = on.extend(x, width, to, True)
    return (low, to) if signed else (on.extend(low, to, to + 1, False), to + 1)


def _step(on: Formulas, setting: Any, args: list[Integer]) -> Integer:
    steps, levels = setting
    value = on.make_integer(levels[0])
    for step, level in zip(steps, levels[1:], strict=True):
        value = on.choose_integer(
            on.make_less(args[0], on.make_integer(step)), value, on.make_integer(level)
        )
    return value


def _look_up(on: Formulas, setting: tuple[int, ...], args: list[Integer]) -> Integer:
    (x, width) = args[0]
    bits = max((len(setting) - 1).bit_length(), 1)
    out = _find_width((min(setting), max(setting)))
    return on.look_up(tuple(setting), on.extend(x, width, bits, True), bits, out), out


def _argmax(on: Formulas, setting: None, args: list[Integer]) -> Integer:
    """Return the index of the largest argument, the first if several are equal."""
    place_of_largest = on.make_integer(len(args) - 1)
    for place in range(len(args) - 2, -1, -1):
        behind = [on.make_less(args[place], other) for other in args[place + 1 :]]
        beaten = behind[0] if len(behind) == 1 else on.make_term("OR", behind)
        place_of_largest = on.choose_integer(beaten, place_of_largest, on.make_integer(place))
    return place_of_largest


_RULES: dict[str, Callable[[Formulas, Any, list[Integer]], Integer]] = {
    "sum": lambda on, setting, args: args[0],
    "round": _round,
    "clip": _clip,
    "wrap": _wrap,
    "maximum": lambda on, setting, args: on.choose_integer(
        on.make_less(args[0], args[1]), args[1], args[0]
    ),
    "minimum": lambda on, setting, args: on.choose_integer(
        on.make_less(args[1], args[0]), args[1], args[0]
    ),
    "step": _step,
    "table": _look_up,
    "argmax": _argmax,
}
