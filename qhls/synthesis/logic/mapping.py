"""``map_gates``: gates covered by look-up tables as technology mappers do it, for delay first and then for area."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

_Cut = frozenset[int]
"""The input wires of a look-up table that computes a gate."""

_MOST_CUTS = 8
"""Number of cuts that each gate keeps."""
_ROUNDS = 2
"""Rounds of area recovery by estimated area, and then as many by exact area."""
_NEVER = float("inf")


@dataclass(frozen=True)
class LutCosts:
    """Look-up tables of a family by their number of inputs: the first entries are those of one input.

    ``areas``: what a mapper spends on each. ``delays``: the delays of their inputs with the wire in front, ascending,
    in picoseconds; the mapper connects the input that arrives last to the fastest pin.
    """

    areas: tuple[int, ...]
    delays: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class FixedCell:
    """Cell between gates, such as a carry chain: it reads and drives wires, with a delay in picoseconds."""

    reads: frozenset[int]
    drives: tuple[int, ...]
    delay: float


def map_gates(
    gates: Mapping[int, frozenset[int]],
    boxes: Sequence[FixedCell],
    ends: Collection[int],
    costs: LutCosts,
) -> dict[int, _Cut]:
    """Return the look-up tables that compute all ``ends``, each by its output wire with its input wires.

    ``gates``: output wire -> input wires; every wire has a higher number than those it depends on. The method is that
    of ABC's ``if``: priority cuts of least delay, then recovery of area off the slowest path, first by area flow and
    then by exact local area (Mishchenko, Cho, Chatterjee, Brayton: Combinational and sequential mapping with priority
    cuts, ICCAD 2007).
    """
    mapper = _Mapper(gates, boxes, ends, costs)
    mapper.list_cuts()
    for exact in (False, True):
        for _ in range(_ROUNDS):
            mapper.choose_smaller(exact)
    used = mapper.find_required()[1]
    return {gate: mapper.best[gate] for gate in gates if used[gate]}


class _Mapper:
    def __init__(
        self,
        gates: Mapping[int, frozenset[int]],
        boxes: Sequence[FixedCell],
        ends: Collection[int],
        costs: LutCosts,
    ) -> None:
        self.gates, self.costs = gates, costs
        self.ends = [wire for wire in ends if wire in gates]
        self.fanout = Counter(wire for wires in gates.values() for wire in wires)
        self.fanout.update(self.ends)
        self.boxes = {box.drives[0]: box for box in boxes if box.drives}
        self.order = sorted([*gates, *self.boxes])
        self.cuts: dict[int, list[_Cut]] = {}
        self.best: dict[int, _Cut] = {}
        """The cut that each gate has at the moment."""
        self.arrival: dict[int, float] = {}
        self.flow: dict[int, float] = {}
        """Area of the look-up tables behind a gate, divided among its readers."""
        self.latest = 0.0
        """When the last wire arrives if every gate has its cut of least delay."""

    def list_cuts(self) -> None:
        """List the cuts of each gate and choose those of least delay."""
        for wire in self.order:
            if wire in self.boxes:
                self._pass_box(self.boxes[wire])
                continue
            ranks = {
                cut: (self._find_arrival(cut), len(cut), self._find_flow(cut))
                for cut in self._merge_cuts(wire)
            }
            fast = sorted(ranks, key=lambda cut: ranks[cut])
            small = sorted(ranks, key=lambda cut: ranks[cut][::-1])
            kept = dict.fromkeys(cut for pair in zip(fast, small, strict=True) for cut in pair)
            self.cuts[wire] = list(kept)[:_MOST_CUTS]
            self._choose(wire, fast[0], ranks[fast[0]][0], ranks[fast[0]][2])
        self.latest = max(self.arrival.values(), default=0.0)

    def _merge_cuts(self, gate: int) -> list[_Cut]:
        """Return the cuts of a gate: those of its inputs joined, without supersets of others."""
        most = len(self.costs.areas)
        joined: set[_Cut] = {frozenset()}
        for wire in self.gates[gate]:
            options = [frozenset((wire,)), *self.cuts.get(wire, ())]
            joined = {a | b for a in joined for b in options}
            joined = {cut for cut in joined if len(cut) <= most}
        kept: list[_Cut] = []
        for cut in sorted(joined, key=lambda each: (len(each), sorted(each))):
            if not any(other <= cut for other in kept):
                kept.append(cut)
        return kept

    def _find_arrival(self, cut: _Cut) -> float:
        late = sorted((self.arrival.get(wire, 0.0) for wire in cut), reverse=True)
        return max(map(sum, zip(late, self.costs.delays[len(cut) - 1], strict=True)))

    def _find_flow(self, cut: _Cut) -> float:
        return self.costs.areas[len(cut) - 1] + sum(self.flow.get(wire, 0.0) for wire in cut)

    def _choose(
        self, gate: int, cut: _Cut, arrival: float, flow: float, readers: float | None = None
    ) -> None:
        self.best[gate], self.arrival[gate] = cut, arrival
        self.flow[gate] = flow / max(readers or self.fanout[gate], 1.0)

    def _pass_box(self, box: FixedCell) -> None:
        arrival = max((self.arrival.get(wire, 0.0) for wire in box.reads), default=0.0) + box.delay
        self.arrival.update(dict.fromkeys(box.drives, arrival))

    def find_required(self) -> tuple[dict[int, float], Counter[int]]:
        """Return when each wire has to arrive so that the slowest path stays, and how many tables or ends read it."""
        latest = self.latest
        required: dict[int, float] = dict.fromkeys(self.ends, latest)
        used = Counter(self.ends)
        for wire in reversed(self.order):
            for source, time in self._list_times(wire, required, used):
                required[source] = min(required.get(source, latest), time)
        return required, used

    def _list_times(
        self, wire: int, required: Mapping[int, float], used: Counter[int]
    ) -> Iterator[tuple[int, float]]:
        """Yield when the inputs of a box or of the look-up table of a gate have to arrive."""
        if wire in self.boxes:
            box = self.boxes[wire]
            end = min(required.get(each, self.latest) for each in box.drives) - box.delay
            yield from ((source, end) for source in box.reads)
        elif used[wire]:
            cut = sorted(self.best[wire], key=lambda each: -self.arrival.get(each, 0.0))
            used.update(cut)
            for source, delay in zip(cut, self.costs.delays[len(cut) - 1], strict=True):
                yield source, required[wire] - delay

    def choose_smaller(self, exact: bool) -> None:
        """Choose the smallest cut of each gate that arrives in time, by its exact area or by its area flow."""
        required, used = self.find_required()
        for wire in self.order:
            if wire in self.boxes:
                self._pass_box(self.boxes[wire])
                continue
            if exact and used[wire]:
                self._drop_reader(self.best[wire], used)
            ranks = []
            for number, cut in enumerate(self.cuts[wire]):
                area = self._measure(cut, used) if exact else self._find_flow(cut)
                ranks.append((area, self._find_arrival(cut), number))
            limit = required.get(wire, _NEVER)
            in_time = [rank for rank in ranks if rank[1] <= limit + 1e-6]
            area, arrival, number = min(in_time or [min(ranks, key=lambda rank: rank[1])])
            shared = (self.fanout[wire] + 2 * used[wire]) / 3 if used[wire] else None
            self._choose(wire, self.cuts[wire][number], arrival, area, shared)
            if exact and used[wire]:
                self._count_reader(self.best[wire], used)

    def _measure(self, cut: _Cut, used: Counter[int]) -> float:
        """Return the area that a cut adds: of its look-up table and of those that only this one would read."""
        area = self._count_reader(cut, used)
        self._drop_reader(cut, used)
        return area

    def _count_reader(self, cut: _Cut, used: Counter[int]) -> float:
        """Count one more reader of the inputs of a cut, and return the area of the tables that this adds."""
        area: float = self.costs.areas[len(cut) - 1]
        waiting = [cut]
        while waiting:
            for wire in waiting.pop():
                used[wire] += 1
                if used[wire] == 1 and wire in self.gates:
                    area += self.costs.areas[len(self.best[wire]) - 1]
                    waiting.append(self.best[wire])
        return area

    def _drop_reader(self, cut: _Cut, used: Counter[int]) -> None:
        """Undo ``_count_reader``."""
        waiting = [cut]
        while waiting:
            for wire in waiting.pop():
                used[wire] -= 1
                if not used[wire] and wire in self.gates:
                    waiting.append(self.best[wire])
