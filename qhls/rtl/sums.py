"""``Sums``: signed shifted terms of the columns of a matrix, and the sums of terms that several of them share.

Counts of all pairs of terms are kept as terms come and go, so the pair that occurs most often is always known.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from itertools import product

import numpy as np

from qhls.ir.integers import Array
from qhls.rtl.builder import to_signed_digits

Term = tuple[int, int, int]
"""Source, sign and power: ``sign * source * 2**power``. Sources are inputs first, then sums."""

_POWERS = 2
"""Powers of two with which one column is subtracted from another."""
_OPEN, _CLOSE, _INSERT, _DELETE = range(4)


class Sums:
    """Sums of terms by number: first inputs (which have none), then columns, then shared sums.

    ``limit`` bounds the levels of adders of each column; None for no bound.
    """

    def __init__(
        self, columns: Sequence[Sequence[int]], seed: int, limit: int | None = None
    ) -> None:
        self.inputs = len(columns[0]) if columns else 0
        self.columns = range(self.inputs, self.inputs + len(columns))
        parts = (
            _subtract_columns(columns) if limit is None else [(column, None) for column in columns]
        )
        digits = [[to_signed_digits(code) for code in rest] for rest, _ in parts]
        top = max((power for column in digits for d in column for _, power in d), default=0)
        self.top = top + 2
        """Largest power; a digit written another way may need one more than the matrix."""
        self.bits = self.top.bit_length() + 1
        """Bits of a power within the number of a term."""
        self.terms: dict[int, dict[int, int]] = {}
        self.users: dict[int, dict[int, int]] = {source: {} for source in range(self.inputs)}
        """Sums that read each source, and in how many terms."""
        self.counts: dict[int, int] = {}
        self.random = random.Random(seed)
        self.levels: dict[int, int] = dict.fromkeys(range(self.inputs), 0)
        self.limit = limit
        self._heap: list[tuple[int, float, int]] = []
        self._next = self.columns.stop
        self._log: list[tuple[int, int, int]] = []
        self.adders = 0
        self.work = 0
        """Pairs that were counted, up and down: a measure of time that is the same on every machine."""
        for number in self.columns:
            self._open(number)
        for number, column in zip(self.columns, digits, strict=True):
            for source, row in enumerate(column):
                for sign, power in row:
                    self._insert(number, source << self.bits | power, sign)
            if (base := parts[number - self.inputs][1]) is not None:
                self._insert(number, self.columns[base[0]] << self.bits | base[2], base[1])
            self.levels[number] = self.limit if self.limit is not None else 0

    # Terms

    def _open(self, number: int) -> None:
        self.terms[number] = {}
        self.users.setdefault(number, {})
        self.adders -= 1
        self._log.append((_OPEN, number, 0))

    def _close(self, number: int) -> None:
        del self.terms[number]
        self.adders += 1
        self._log.append((_CLOSE, number, 0))

    def _list_pairs(self, terms: dict[int, int], term: int, sign: int) -> list[int]:
        """Return the keys of the pairs of ``term`` with each of ``terms``."""
        bits = self.bits
        source, mask, unit = term >> bits, (1 << bits) - 1, 1 << bits
        power = term & mask
        self.work += len(terms)
        keys: list[int] = []
        for other, other_sign in terms.items():
            beside = other >> bits
            if source < beside or (source == beside and term < other):
                key = ((source << 24 | beside) << bits + 1 | ((other & mask) - power + unit)) << 1
            else:
                key = ((beside << 24 | source) << bits + 1 | (power - (other & mask) + unit)) << 1
            keys.append(key | (sign != other_sign))
        return keys

    def _insert(self, number: int, term: int, sign: int) -> None:
        """Add a term that the sum does not have, and count its pairs."""
        terms, counts, heap = self.terms[number], self.counts, self._heap
        draw = self.random.random
        for key in self._list_pairs(terms, term, sign):
            count = counts.get(key, 0) + 1
            counts[key] = count
            if count > 1:
                heappush(heap, (-count, draw(), key))
        terms[term] = sign
        readers = self.users[term >> self.bits]
        readers[number] = readers.get(number, 0) + 1
        self.adders += 1
        self._log.append((_INSERT, number, term * 2 + (sign < 0)))

    def _delete(self, number: int, term: int) -> int:
        """Remove a term of a sum and its pairs; return its sign."""
        terms, counts = self.terms[number], self.counts
        sign = terms.pop(term)
        for key in self._list_pairs(terms, term, sign):
            count = counts[key] - 1
            if count:
                counts[key] = count
            else:
                del counts[key]
        readers = self.users[term >> self.bits]
        if readers[number] == 1:
            del readers[number]
        else:
            readers[number] -= 1
        self.adders -= 1
        self._log.append((_DELETE, number, term * 2 + (sign < 0)))
        return sign

    def add(self, number: int, term: int, sign: int) -> None:
        """Add a term to a sum: two equal ones become one of the next power, two opposite ones nothing."""
        while (before := self.terms[number].get(term)) is not None:
            self._delete(number, term)
            if before != sign:
                return
            term += 1
        self._insert(number, term, sign)

    def recode(self, count: int) -> None:
        """Try ``count`` times to write a random number's digits another way: 4 - 1 as 2 + 1, or back."""
        numbers = list(self.terms)
        for _ in range(count):
            number = self.random.choice(numbers)
            if len(self.terms[number]) < 2:
                continue
            terms = self.terms[number]
            term = self.random.choice(list(terms))
            sign = terms[term]
            if terms.get(term + 2) == -sign:
                self._exchange(number, (term, term + 2), (term + 1, -sign), (term, -sign))
            elif terms.get(term + 1) == sign and term & (1 << self.bits) - 1 < self.top - 1:
                self._exchange(number, (term, term + 1), (term + 2, sign), (term, -sign))

    def _exchange(
        self, number: int, old: tuple[int, int], first: tuple[int, int], second: tuple[int, int]
    ) -> None:
        for term in old:
            self._delete(number, term)
        self.add(number, *first)
        self.add(number, *second)

    # History

    def forget(self) -> None:
        """Drop the history: ``undo`` returns to the sums as they are now."""
        self._log.clear()

    def undo(self) -> None:
        """Return to the sums as they were at the last ``forget``."""
        log, self._log = self._log, []
        for kind, number, what in reversed(log):
            if kind == _OPEN:
                self._close(number)
            elif kind == _CLOSE:
                self._open(number)
            elif kind == _INSERT:
                self._delete(number, what >> 1)
            else:
                self._insert(number, what >> 1, -1 if what & 1 else 1)
        self._log = []

    def copy_terms(self) -> dict[int, dict[int, int]]:
        """Return a copy of the terms of all sums."""
        return {number: dict(terms) for number, terms in self.terms.items()}

    def restore(self, terms: dict[int, dict[int, int]]) -> None:
        """Set the terms of all sums; afterwards they can be read, not changed."""
        self.terms = terms
        self.adders = sum(len(each) - 1 for each in terms.values())

    # Shared sums

    def extract(self) -> None:
        """Share the pair that occurs most often, until no pair occurs twice."""
        heap, counts = self._heap, self.counts
        while heap:
            score, _, key = heappop(heap)
            count = counts.get(key, 0)
            if count > 1:
                if count == -score:
                    self._share(key)
                elif count < -score:
                    heappush(heap, (-count, self.random.random(), key))

    def _share(self, key: int) -> None:
        bits = self.bits
        opposite, rest = key & 1, key >> 1
        unit = 1 << bits
        gap = (rest & (2 * unit - 1)) - unit
        pair = rest >> bits + 1
        first, second = pair >> 24, pair & 0xFFFFFF
        places = self._find_places(first, second, gap, opposite)
        if len(places) < 2:
            return
        number = self._find_reused(places)
        if number is None:
            number = self._make_sum(first, second, gap, opposite)
            inner = 1
        else:
            inner = self.terms[number][first << bits | max(-gap, 0)]
        for place, a, b in places:
            if place == number:
                continue
            sign = self._delete(place, a)
            self._delete(place, b)
            self.add(place, number << bits | min(a & unit - 1, b & unit - 1), sign * inner)
        for source in {first, second}:
            self._inline(source)

    def _find_places(
        self, first: int, second: int, gap: int, opposite: int
    ) -> list[tuple[int, int, int]]:
        """Return the sums and the two terms of every occurrence of a pair; no term is in two."""
        bits, places = self.bits, list[tuple[int, int, int]]()
        readers, others = self.users[first], self.users[second]
        low = first << bits
        for number in sorted(readers if len(readers) < len(others) else others):
            if number not in readers or number not in others:
                continue
            terms, used = self.terms[number], set[int]()
            for a in range(low + max(-gap, 0), low + (1 << bits) - max(gap, 0)):
                if a not in terms or a in used:
                    continue
                b = (second << bits) + (a - low) + gap
                if b in terms and b not in used and (terms[a] != terms[b]) == opposite:
                    used |= {a, b}
                    places.append((number, a, b))
        return places if self.limit is None else self._keep_shallow(places, first, second)

    def _keep_shallow(
        self, places: list[tuple[int, int, int]], first: int, second: int
    ) -> list[tuple[int, int, int]]:
        """Return the occurrences whose sum keeps to its levels if the pair is added first."""
        a, b = 1 << self.levels[first], 1 << self.levels[second]
        more = 2 * max(a, b) - a - b
        if not more:
            return places
        room: dict[int, int] = {}
        kept: list[tuple[int, int, int]] = []
        for place in places:
            number = place[0]
            left = room.get(number)
            if left is None:
                left = (1 << self.levels[number]) - self._load(number)
            if left >= more:
                kept.append(place)
                left -= more
            room[number] = left
        return kept

    def _load(self, number: int) -> int:
        """Return how much of ``2**levels`` the terms of a sum take."""
        return sum(1 << self.levels[term >> self.bits] for term in self.terms[number])

    def _find_reused(self, places: Iterable[tuple[int, int, int]]) -> int | None:
        """Return the sum that is one of the pairs and nothing else."""
        mask = (1 << self.bits) - 1
        for number, a, b in places:
            whole = len(self.terms[number]) == 2 and not min(a & mask, b & mask)
            if whole and (self.limit is None or number not in self.columns):
                return number
        return None

    def _make_sum(self, first: int, second: int, gap: int, opposite: int) -> int:
        number = self._next
        self._next += 1
        self.levels[number] = max(self.levels[first], self.levels[second]) + 1
        self._open(number)
        self._insert(number, first << self.bits | max(-gap, 0), 1)
        self._insert(number, second << self.bits | max(gap, 0), -1 if opposite else 1)
        return number

    def _inline(self, source: int) -> None:
        """Dissolve a shared sum with one reader, where nothing limits the levels."""
        if source in self.terms and source not in self.columns and self.limit is None:
            readers = self.users[source]
            if len(readers) <= 1 and sum(readers.values()) <= 1:
                self.dissolve(source)

    def dissolve(self, number: int) -> None:
        """Replace a shared sum by its terms wherever it is read."""
        bits, inner = self.bits, dict(self.terms[number])
        mask = (1 << bits) - 1
        for reader in sorted(self.users[number]):
            outer = [term for term in self.terms[reader] if term >> bits == number]
            for term in outer:
                sign = self._delete(reader, term)
                for below, own in inner.items():
                    self.add(reader, below + (term & mask), sign * own)
        for term in inner:
            self._delete(number, term)
        self._close(number)

    @property
    def shared(self) -> list[int]:
        """Return the shared sums."""
        return [number for number in self.terms if number not in self.columns]


def _subtract_columns(
    columns: Sequence[Sequence[int]],
) -> list[tuple[list[int], tuple[int, int, int] | None]]:
    """Return each column as a rest and another one's number, sign and power, where that has fewer digits.

    The others come earlier in a tree that begins with the column of the fewest digits and takes the nearest next.
    """
    numbers = np.array(columns, object).reshape(len(columns), -1).astype(np.int64)
    costs = _count_digits(numbers)
    bases: list[tuple[int, int, int] | None] = [None] * len(numbers)
    left = set(range(len(numbers)))
    while left:
        chosen = min(left, key=lambda column: (costs[column], column))
        left.remove(chosen)
        for sign, power in product((1, -1), range(_POWERS)):
            digits = _count_digits(numbers - (sign * numbers[chosen] << power)) + 1
            for column in left:
                if digits[column] < costs[column]:
                    costs[column], bases[column] = digits[column], (chosen, sign, power)
    rests = [
        (numbers[j] - (base[1] * numbers[base[0]] << base[2]) if base else numbers[j]).tolist()
        for j, base in enumerate(bases)
    ]
    return list(zip(rests, bases, strict=True))


def _count_digits(numbers: Array) -> Array:
    """Return the number of signed digits of each row: the ones of ``3 x`` that differ from those of ``x``."""
    size: Array = abs(numbers)
    return np.bitwise_count(size ^ 3 * size).sum(-1)
