"""``Sums``: writes the columns of a matrix as sums of shifted terms and shares pairs of terms, to save adders.

Every change of a term updates the counts of all pairs of terms, so the most frequent pair is always known.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from qhls.rtl.adders.differences import Difference, subtract_columns
from qhls.rtl.builder import to_signed_digits

Term = tuple[int, int, int]
"""Source, sign and power: ``sign * source * 2**power``. Sources are inputs first, then sums."""

Places = list[tuple[int, int, int]]
"""Occurrences of a pair of terms: sum, first term, second term."""

_SOURCE_BITS = 24
"""Width in bits of a source's number within the integer that encodes a pair."""
_CHANGE = 8
"""Constant part of the duration of adding or removing a term, as a number of counted pairs."""
_OPEN, _CLOSE, _INSERT, _DELETE = range(4)


class Sums:
    """Numbered sums of terms: first the inputs, which have no terms, then the columns, then the shared sums.

    A term is ``source << bits | power``. A sum maps each of its terms to two numbers that make the number of a pair one
    addition: twice the term, plus 1 if it is negative, and what the pair's number takes from its lower term.
    ``limit`` bounds the levels of adders of each column; None for no bound.
    """

    _subtract: Callable[[Sequence[Sequence[int]], int | None], list[Difference]] = staticmethod(
        subtract_columns
    )

    def __init__(
        self, columns: Sequence[Sequence[int]], seed: int, limit: int | None = None
    ) -> None:
        self.inputs = len(columns[0]) if columns else 0
        self.columns = range(self.inputs, self.inputs + len(columns))
        parts = self._subtract(columns, limit)
        digits = [[to_signed_digits(code) for code in part.rest] for part in parts]
        top = max((power for column in digits for d in column for _, power in d), default=0)
        self.top = top + 2
        """Largest power; recoded digits may need one more than the matrix."""
        self.bits = self.top.bit_length() + 1
        """Width in bits of a power within the integer that encodes a term."""
        self._mask = (1 << self.bits) - 1
        self._shift = _SOURCE_BITS + self.bits + 3
        self.terms: dict[int, dict[int, tuple[int, int]]] = {}
        self.users: dict[int, dict[int, int]] = {source: {} for source in range(self.inputs)}
        """Sums that read each source, each with a bit mask of powers; negative terms are ``_half`` bits higher."""
        self._half = 2 * self.top + 2
        self.random = random.Random(seed)
        self.levels = dict.fromkeys(range(self.inputs), self._find_input_level(limit))
        """Maximum number of adder levels of each source."""
        self.limit = limit
        self._counts: dict[int, int] = {}
        self._ranks: list[list[int]] = [[], []]
        """Pairs to be shared, by number of occurrences; entries may be out of date."""
        self._late: set[int] = set()
        """Pairs that are shared after all others."""
        self._free: set[int] = set()
        self._end = self.columns.stop
        self._log: list[tuple[int, int, int]] = []
        self.adders = 0
        self.work = 0
        """Number of changes of pair counts: a measure of time that is the same on every machine."""
        for number, part in zip(self.columns, parts, strict=True):
            self._open(number, part.level)
        for number, column, part in zip(self.columns, digits, parts, strict=True):
            for source, row in enumerate(column):
                for sign, power in row:
                    self._insert(number, 2 * (source << self.bits | power) + (sign < 0))
            if part.factor:
                power = abs(part.factor).bit_length() - 1
                term = self.columns[part.base] << self.bits | power
                self._insert(number, 2 * term + (part.factor < 0))

    # Terms

    def _open(self, number: int, level: int) -> None:
        self.terms[number] = {}
        self.users.setdefault(number, {})
        self.levels[number] = level
        self._free.discard(number)
        self.adders -= 1
        self._log.append((_OPEN, number, level))

    def _close(self, number: int) -> None:
        del self.terms[number]
        self._free.add(number)
        self.adders += 1
        self._log.append((_CLOSE, number, self.levels[number]))

    def _list_pairs(self, terms: dict[int, tuple[int, int]], signed: int, low: int) -> list[int]:
        """Return the integers that encode the pairs of a term with each of ``terms``."""
        self.work += len(terms) + _CHANGE
        negative = signed & 1
        even = signed - negative
        return [
            (low + other ^ negative) if other > signed else (below + even ^ negative)
            for other, below in terms.values()
        ]

    def _insert(self, number: int, signed: int) -> None:
        """Add a new term to a sum and count its pairs with the other terms."""
        terms, counts, ranks, bits = self.terms[number], self._counts, self._ranks, self.bits
        term, negative = signed >> 1, signed & 1
        source = term >> bits
        low = (source << _SOURCE_BITS + bits + 3) - signed + negative
        for key in self._list_pairs(terms, signed, low):
            if key in counts:
                count = counts[key] + 1
                counts[key] = count
                try:
                    ranks[count].append(key)
                except IndexError:
                    ranks.append([key])
            else:
                counts[key] = 1
        terms[term] = signed, low + negative
        readers = self.users[source]
        place = 1 << (term & (1 << bits) - 1) + negative * self._half
        readers[number] = readers.get(number, 0) | place
        self.adders += 1
        self._log.append((_INSERT, number, signed))

    def _delete(self, number: int, term: int) -> int:
        """Remove a term from a sum and from the counts of pairs; return 1 if the term is negative, else 0."""
        terms, counts, bits = self.terms[number], self._counts, self.bits
        signed, low = terms.pop(term)
        negative = signed & 1
        for key in self._list_pairs(terms, signed, low - negative):
            count = counts[key] - 1
            if count:
                counts[key] = count
            else:
                del counts[key]
        readers = self.users[term >> bits]
        place = 1 << (term & (1 << bits) - 1) + negative * self._half
        left = readers[number] - place
        if left:
            readers[number] = left
        else:
            del readers[number]
        self.adders -= 1
        self._log.append((_DELETE, number, signed))
        return negative

    def add(self, number: int, term: int, negative: int) -> None:
        """Add a term to a sum: two equal terms merge into one of the next power, two opposite terms cancel."""
        terms = self.terms[number]
        while term in terms:
            if self._delete(number, term) != negative:
                return
            term += 1
        self._insert(number, term * 2 + negative)

    def recode(self, count: int) -> None:
        """Try ``count`` times to rewrite digits of a random sum: 4 - 1 as 2 + 1, or 2 + 1 as 4 - 1."""
        highest = self.top - 1
        for _ in range(count):
            number = self.draw_sum()
            terms = self.terms[number]
            if len(terms) < 2:
                continue
            term = self.random.choice(list(terms))
            negative = terms[term][0] & 1
            second, third = terms.get(term + 1), terms.get(term + 2)
            if third is not None and third[0] & 1 != negative:
                old, new = (term, term + 2), (term + 1, 1 - negative)
            elif second is not None and second[0] & 1 == negative and term & self._mask < highest:
                old, new = (term, term + 1), (term + 2, negative)
            else:
                continue
            for each in old:
                self._delete(number, each)
            self.add(number, *new)
            self.add(number, term, 1 - negative)

    def draw_sum(self) -> int:
        """Return a random column or shared sum."""
        while (number := self.random.randrange(self.inputs, self._end)) not in self.terms:
            pass
        return number

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
                self._open(number, what)
            elif kind == _INSERT:
                self._delete(number, what >> 1)
            else:
                self._insert(number, what)
        self._log = []
        for keys in self._ranks:
            keys.clear()

    def copy_terms(self) -> dict[int, dict[int, tuple[int, int]]]:
        """Return a copy of the terms of all sums."""
        return {number: dict(terms) for number, terms in self.terms.items()}

    def restore(self, terms: dict[int, dict[int, tuple[int, int]]]) -> None:
        """Set the terms of all sums; afterwards they can be read, not changed."""
        self.terms = terms
        self.adders = sum(len(each) - 1 for each in terms.values())

    # Shared sums

    def extract(self) -> None:
        """Replace the most frequent pair of terms by a shared sum, while a pair occurs twice and adder levels allow it.

        Pairs of sums that ``dissolve`` marked as late come after all others.
        """
        self._share_ranks()
        for key in self._late:
            if (count := self._counts.get(key, 0)) > 1:
                self._ranks[count].append(key)
        self._late.clear()
        self._share_ranks()

    def _share_ranks(self) -> None:
        ranks, counts, draw = self._ranks, self._counts, self.random.random
        rank = len(ranks) - 1
        while rank > 1:
            keys = ranks[rank]
            if not keys:
                rank -= 1
                continue
            place = int(draw() * len(keys))
            key, keys[place] = keys[place], keys[-1]
            keys.pop()
            count = counts.get(key, 0)
            if count == rank and key not in self._late:
                self._share(key)
                rank = len(ranks) - 1
            elif 1 < count < rank:
                ranks[count].append(key)

    def _share(self, key: int) -> None:
        bits, mask = self.bits, self._mask
        first, rest = key >> self._shift, (key & (1 << self._shift) - 1) >> 1
        ahead = (rest >> bits - 1) + 1 >> 1
        second, gap, opposite = first + ahead, rest - (ahead << bits), key & 1
        places = self._find_places(first, second, gap, opposite)
        if len(places) < 2:
            return
        number = self._find_reused(places)
        if number is None:
            number = self._make_sum(places, first, second, gap, opposite)
        inner = self.terms[number][first << bits | max(-gap, 0)][0] & 1
        for place, a, b in places:
            if place != number:
                negative = self._delete(place, a)
                self._delete(place, b)
                self.add(place, number << bits | min(a & mask, b & mask), negative ^ inner)
                if len(self.terms[place]) == 1 and self.is_shared(place):
                    self.dissolve(place)
        for source in {first, second}:
            self._inline(source)

    def _find_places(self, first: int, second: int, gap: int, opposite: int) -> Places:
        """Return the occurrences of a pair that may be shared, as (sum, first term, second term); none share a term."""
        bits, half, places = self.bits, self._half, Places()
        readers, others = self.users[first], self.users[second]
        low, high, whole = first << bits, (second << bits) + gap, (1 << half) - 1
        for number in readers if len(readers) < len(others) else others:
            if number not in readers or number not in others:
                continue
            ahead = others[number]
            if opposite:
                ahead = ahead >> half | (ahead & whole) << half
            both = readers[number] & (ahead >> gap if gap >= 0 else ahead << -gap)
            used = set[int]()
            while both:
                power = (both & -both).bit_length() - 1
                both &= both - 1
                power -= half if power >= half else 0
                if first == second:
                    if power in used or power + gap in used:
                        continue
                    used |= {power, power + gap}
                places.append((number, low + power, high + power))
        return places if self.limit is None else self._keep_shallow(places, first, second)

    # Levels

    def _find_input_level(self, limit: int | None) -> int:
        return 0

    def _find_level(self, places: Places, first: int, second: int) -> int:
        """Return the levels of a new shared sum of a pair."""
        return max(self.levels[first], self.levels[second]) + 1

    def _keep_shallow(self, places: Places, first: int, second: int) -> Places:
        """Return the occurrences whose sum stays within its adder levels if the pair is added first."""
        a, b = 1 << self.levels[first], 1 << self.levels[second]
        more = 2 * max(a, b) - a - b
        if not more:
            return places
        room: dict[int, int] = {}
        kept: Places = []
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
        """Return how much of the capacity ``2**levels`` of a sum its terms use."""
        return sum(1 << self.levels[term >> self.bits] for term in self.terms[number])

    def _find_reused(self, places: Places) -> int | None:
        """Return an existing sum that consists of the pair alone; None without such a sum."""
        for number, a, b in places:
            whole = len(self.terms[number]) == 2 and not min(a & self._mask, b & self._mask)
            if whole and (self.limit is None or number not in self.columns):
                return number
        return None

    def _make_sum(self, places: Places, first: int, second: int, gap: int, opposite: int) -> int:
        number = self._free.pop() if self._free else self._end
        self._end = max(self._end, number + 1)
        self._open(number, self._find_level(places, first, second))
        self._insert(number, 2 * (first << self.bits | max(-gap, 0)))
        self._insert(number, 2 * (second << self.bits | max(gap, 0)) + opposite)
        return number

    def _inline(self, source: int) -> None:
        """Dissolve a shared sum that at most one term reads."""
        if source in self.terms and source not in self.columns:
            readers = self.users[source]
            if sum(powers.bit_count() for powers in readers.values()) <= 1:
                self.dissolve(source)

    def dissolve(self, number: int, late: bool = False) -> None:
        """Replace a shared sum by its terms wherever it is read.

        ``late``: whether these terms are shared again only after all other pairs.
        """
        inner = list(self.terms[number].values())
        if late and len(inner) == 2:
            (low, part), (high, _) = sorted(inner)
            self._late.add(part - (low & 1) + high ^ low & 1)
        for reader in list(self.users[number]):
            outer = [term for term in self.terms[reader] if term >> self.bits == number]
            for term in outer:
                negative = self._delete(reader, term)
                for signed, _ in inner:
                    self.add(reader, (signed >> 1) + (term & self._mask), negative ^ signed & 1)
        for signed, _ in inner:
            self._delete(number, signed >> 1)
        self._close(number)

    def list_terms(self, number: int) -> list[Term]:
        """Return the terms of a sum in ascending order."""
        codes = sorted(signed for signed, _ in self.terms[number].values())
        return [(c >> self.bits + 1, 1 - 2 * (c & 1), c >> 1 & self._mask) for c in codes]

    def list_graph(self) -> tuple[dict[int, list[Term]], list[int]]:
        """Return the terms of each sum of the adder graph, and the sums that are its outputs."""
        return {number: self.list_terms(number) for number in self.terms}, list(self.columns)

    def is_shared(self, number: int) -> bool:
        """Return whether ``number`` denotes a shared sum."""
        return number in self.terms and number not in self.columns
