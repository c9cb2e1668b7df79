"""Technology mapping: look-up tables that compute all ends, no slower than by the cuts of least delay."""

from hypothesis import given
from hypothesis import strategies as st

from qhls.synthesis.families import FAMILIES
from qhls.synthesis.logic.mapping import FixedCell, LutCosts, map_gates

_UNIT = LutCosts((1, 1, 1), ((1,), (1, 1), (1, 1, 1)))


@st.composite
def networks(draw):
    """Gates of random inputs among 5 wires and each other, carry chains between them, and ends."""
    gates, boxes, wires = {}, [], list(range(5))
    for _ in range(draw(st.integers(1, 14))):
        reads = frozenset(draw(st.lists(st.sampled_from(wires), min_size=1, max_size=3)))
        wire = len(wires)
        if draw(st.integers(0, 5)):
            gates[wire] = reads
        else:
            boxes.append(FixedCell(reads, (wire,), draw(st.integers(0, 3))))
        wires.append(wire)
    ends = set(draw(st.lists(st.sampled_from(wires), min_size=1)))
    return gates, boxes, ends | {wire for box in boxes for wire in box.reads}


def arrive(tables, boxes, costs):
    """When each wire arrives, by the delays of the look-up tables and boxes in front."""
    times, after = {}, {box.drives[0]: box for box in boxes}
    for wire in sorted([*tables, *after]):
        if wire in after:
            times[wire] = max(times.get(each, 0) for each in after[wire].reads) + after[wire].delay
            continue
        late = sorted((times.get(each, 0) for each in tables[wire]), reverse=True)
        times[wire] = max(map(sum, zip(late, costs.delays[len(late) - 1], strict=True)))
    return times


@given(networks(), st.sampled_from([_UNIT, FAMILIES["ecp5"].tables, FAMILIES["xc7"].tables]))
def test_tables_compute_all_ends_and_are_no_slower_than_the_gates(network, costs):
    gates, boxes, ends = network
    tables = map_gates(gates, boxes, ends, costs)
    driven = {*range(5), *tables, *(box.drives[0] for box in boxes)}
    assert {wire for wire in ends if wire in gates} <= tables.keys()
    for wire, cut in tables.items():
        assert cut <= driven
        assert 1 <= len(cut) <= len(costs.areas)
        assert all(each < wire for each in cut)
        assert closes(wire, cut, gates)
    slowest = [max(arrive(each, boxes, costs).values(), default=0) for each in (tables, gates)]
    assert slowest[0] <= slowest[1]
    assert all(wire in ends or any(wire in cut for cut in tables.values()) for wire in tables)


def closes(wire, cut, gates):
    """Whether every path from inputs to a gate crosses the cut."""
    return all(each in cut or (each in gates and closes(each, cut, gates)) for each in gates[wire])


def test_the_slowest_path_takes_wide_tables_and_others_small_ones():
    """A late input joins in one table of five inputs, of two look-up tables; without it, two of three inputs do."""
    gates = {5: frozenset({0, 1, 2}), 6: frozenset({5, 3, 4})}
    costs = LutCosts((1, 1, 1, 9, 9), ((1,), (1, 1), (1, 1, 1), (1,) * 4, (1,) * 5))
    assert map_gates(gates, [], {6}, costs) == {6: frozenset(range(5))}
    slow = [FixedCell(frozenset({7}), (8,), 5)]
    assert map_gates(gates, slow, {6}, costs) == gates
