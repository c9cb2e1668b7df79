"""``TransposedSums``: the sums of a transposed matrix, for matrices with more rows than columns.

With all arrows of an adder graph reversed, it computes the products with the transposed matrix; the numbers of adders
differ by rows minus columns. For a tall matrix, this form takes less time and fewer, but wider, adders.
"""

from __future__ import annotations

from qhls.rtl.adders.differences import count_levels, subtract_rows
from qhls.rtl.adders.sums import Places, Sums, Term

_SPARE = 2
"""Maximum number of levels that a shared sum is given beyond those that it needs: its terms may grow deeper later."""
_PART = 4
"""Divisor of the capacity that the sources of a shared sum have left: its levels to spare take no more."""


class TransposedSums(Sums):
    """Sums whose inputs are the columns of a matrix and whose columns are its rows.

    Readers and terms change places: what is added up to a source in the matrix's own graph is the sums that read it
    here. So the readers of a source use its levels of adders.
    """

    _subtract = staticmethod(subtract_rows)

    def _find_input_level(self, limit: int | None) -> int:
        return limit or 0

    def _find_level(self, places: Places, first: int, second: int) -> int:
        total, times = self._measure(places, first, second)
        level = count_levels(total)
        if self.limit is not None:
            room = min(self._find_room(first), self._find_room(second))
            for spare in range(_SPARE, 0, -1):
                if _PART * times * ((1 << level + spare) - total) <= room:
                    return level + spare
        return level

    def _measure(self, places: Places, first: int, second: int) -> tuple[int, int]:
        """Return how much capacity the occurrences take, and how often each source reads their sum."""
        total = sum(1 << self.levels[number] for number, _, _ in places)
        return total, 2 if first == second else 1

    def _find_room(self, number: int) -> int:
        return (1 << self.levels[number]) - self._load(number)

    def _load(self, number: int) -> int:
        """Return how much of the capacity ``2**levels`` of a source its readers use, and an input beside them."""
        load = int(number in self.columns)
        for reader, powers in self.users[number].items():
            load += powers.bit_count() << self.levels[reader]
        return load

    def _keep_shallow(self, places: Places, first: int, second: int) -> Places:
        """Return the occurrences if both sources have the levels for a sum of them, else those that fill its levels.

        A sum takes the capacity of a power of two, which its terms may leave unused.
        """
        levels = self.levels
        total, times = self._measure(places, first, second)
        more = times * ((1 << count_levels(total)) - total)
        if not more or more <= min(self._find_room(first), self._find_room(second)):
            return places
        left = sorted(places, key=lambda place: -levels[place[0]])
        while len(left) > 1:
            size, filled, count = 1 << total.bit_length() - 1, 0, 0
            while filled < size:
                filled += 1 << levels[left[count][0]]
                count += 1
            if count > 1:
                return left[:count]
            total -= filled
            left = left[1:]
        return []

    def _find_reused(self, places: Places) -> int | None:
        number = super()._find_reused(places)
        if number is None or self.limit is None:
            return number
        more = sum(1 << self.levels[place] for place, _, _ in places if place != number)
        return number if more <= self._find_room(number) else None

    def list_graph(self) -> tuple[dict[int, list[Term]], list[int]]:
        """Return the terms of each sum of the matrix's own adder graph, and the sums that are its outputs.

        A row that no sum reads is an input; one that is read is a sum of its input and others.
        """
        size = len(self.columns)
        names = {source: size + source for source in [*range(self.inputs), *self.terms]}
        reading = {number: self.list_terms(number) for number in self.terms}
        used = {source for terms in reading.values() for source, _, _ in terms}
        graph: dict[int, list[Term]] = {name: [] for name in names.values()}
        for place, number in enumerate(self.columns):
            if number in used:
                graph[names[number]].append((place, 1, 0))
            else:
                names[number] = place
        for number, terms in reading.items():
            for source, sign, power in terms:
                graph[names[source]].append((names[number], sign, power))
        return graph, [names[source] for source in range(self.inputs)]
