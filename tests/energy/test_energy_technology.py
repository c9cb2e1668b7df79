"""Technology tables: their prices against the published figures, and what loading refuses."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qhls.energy import load_technology, technologies
from qhls.energy.technology import MEMORIES, OPERATIONS
from qhls.errors import EnergyError, QhlsError
from qhls.ir import work

TABLES = Path(__file__).parents[2] / "qhls/energy/tables"
KB = 8 * 1024


@pytest.fixture
def horowitz():
    return load_technology("horowitz_45nm")


@pytest.mark.parametrize(
    ("event", "picojoules"),
    [
        (work.multiply(8, 8), 0.2),
        (work.multiply(32, 32), 3.1),
        (work.add(8), 0.025),
        (work.add(16), 0.05),
        (work.add(32), 0.1),
        (work.compare(32), 0.1),
        # b * b is the product of unequal widths: 0.00299479 * 16 * 4 + 0.00104167 * 8
        (work.multiply(16, 4), 0.2),
        (work.multiply(15, 15), 0.689453125),
    ],
)
def test_arithmetic_costs_what_horowitz_published(horowitz, event, picojoules):
    assert horowitz.operation(event) == pytest.approx(picojoules, rel=1e-6)


@pytest.mark.parametrize("place", ["lutram", "bram", "rom"])
@pytest.mark.parametrize(("capacity", "word"), [(8 * KB, 10), (32 * KB, 20), (1024 * KB, 100)])
def test_sram_costs_what_horowitz_published(horowitz, place, capacity, word):
    assert horowitz.memories[place]["read"].word(capacity) == pytest.approx(word)
    assert horowitz.read(place, capacity) == pytest.approx(word * capacity / 64)


def test_sram_between_and_beyond_the_published_points(horowitz):
    curve = horowitz.memories["bram"]["read"]
    assert curve.word(16 * KB) == pytest.approx(10 * math.sqrt(2))  # half way in log-log
    assert curve.word(2 * KB) == pytest.approx(5)  # a quarter of the size, half the energy
    assert curve.word(32 * 1024 * KB) == pytest.approx(500)  # 32 times the size, 5 times the energy


def test_dram_and_registers(horowitz):
    assert horowitz.read("dram", 640) == 13000
    assert horowitz.write("dram", 1) == 1300  # a whole word
    assert horowitz.read("registers", 1000) == pytest.approx(9)
    assert horowitz.write("registers", 1000) == pytest.approx(9)


def test_reading_nothing_costs_nothing(horowitz):
    assert all(horowitz.read(place, 0) == 0 for place in MEMORIES)


@settings(deadline=None)
@given(
    st.sampled_from(technologies()),
    st.sampled_from(OPERATIONS),
    st.integers(1, 80),
    st.integers(1, 80),
    st.integers(0, 8),
)
def test_fewer_bits_never_cost_more_to_compute(name, kind, a, b, less):
    technology = load_technology(name)
    wide = work.Event(kind, (a + less, b) if kind == "multiply" else (a + less,))
    narrow = work.Event(kind, (a, b) if kind == "multiply" else (a,))
    assert technology.operation(narrow) <= technology.operation(wide)


@settings(deadline=None)
@given(
    st.sampled_from(technologies()),
    st.sampled_from(sorted(MEMORIES)),
    st.integers(0, 1 << 24),
    st.integers(0, 1 << 24),
)
def test_fewer_bits_never_cost_more_to_move(name, place, bits, more):
    technology = load_technology(name)
    # One part in 10**12: log and power of neighbouring sizes may round past one another.
    assert technology.read(place, bits) <= technology.read(place, bits + more) * (1 + 1e-12)
    if "write" in MEMORIES[place]:
        assert technology.write(place, bits) <= technology.write(place, bits + more) * (1 + 1e-12)


def test_every_technology_loads_and_says_where_its_figures_come_from():
    assert set(technologies()) >= {"unit", "horowitz_45nm"}
    for name in technologies():
        technology = load_technology(name)
        assert technology.name == name
        for memory in technology.memories.values():
            for figure in (*technology.operations.values(), *memory.values()):
                assert figure.source
                assert figure.error


def test_a_technology_is_one_json_file(tmp_path):
    table = json.loads((TABLES / "unit.json").read_text())
    table["operations"]["add"]["coefficients"] = [5, 0, 2]
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(table))
    for given_path in (path, str(path)):
        technology = load_technology(given_path)
        assert technology.name == "mine"
        assert technology.operation(work.add(3)) == 5 + 2 * 9


def test_unknown_technology():
    assert issubclass(EnergyError, QhlsError)
    match = r"^technology: expected one of horowitz_45nm, unit or a \.json file, got 'tsmc'$"
    with pytest.raises(EnergyError, match=match):
        load_technology("tsmc")
    with pytest.raises(EnergyError, match=r"^technology: .* got '/no/such\.json'$"):
        load_technology("/no/such.json")


def test_an_event_without_a_price():
    match = r"^technology 'unit': expected an event of multiply, add, compare, got divide\(8, 4\)$"
    with pytest.raises(EnergyError, match=match):
        load_technology("unit").operation(work.Event("divide", (8, 4)))


REMOVED = object()
"""Stands for a key that is not there."""

BAD = [
    (("surprise",), 1, r"table: expected only description, operations, memories, got 'surprise'"),
    (
        ("memories",),
        REMOVED,
        r"table: expected the key 'memories', got 'description, operations'",
    ),
    (("description",), " ", r"description: expected a text that is not empty, got ' '"),
    (
        ("operations", "add"),
        REMOVED,
        r"operations: expected the key 'add', got 'multiply, compare'",
    ),
    (
        ("operations", "ad"),
        {},
        r"operations: expected only multiply, add, compare, got 'ad'",
    ),
    (("operations",), [], r"operations: expected an object with multiply, add, compare, got \[\]"),
    (
        ("operations", "add", "source"),
        REMOVED,
        r"operations\.add: expected the key 'source', got 'formula, unit, coefficients, error'",
    ),
    (
        ("operations", "add", "source"),
        "",
        r"operations\.add\.source: expected a text that is not empty, got ''",
    ),
    (
        ("operations", "add", "error"),
        None,
        r"operations\.add\.error: expected a text that is not empty, got None",
    ),
    (
        ("operations", "add", "unit"),
        "nJ",
        r"operations\.add\.unit: expected 'pJ', got 'nJ'",
    ),
    (
        ("operations", "add", "formula"),
        "cubic",
        r"operations\.add\.formula: expected 'polynomial in bits', got 'cubic'",
    ),
    (
        ("operations", "multiply", "coefficients"),
        [0, -0.5],
        r"operations\.multiply\.coefficients: expected finite numbers of at least 0, got -0\.5",
    ),
    (
        ("operations", "multiply", "coefficients"),
        [math.nan],
        r"operations\.multiply\.coefficients: expected finite numbers of at least 0, got nan",
    ),
    (
        ("operations", "multiply", "coefficients"),
        [math.inf],
        r"operations\.multiply\.coefficients: expected finite numbers of at least 0, got inf",
    ),
    (
        ("operations", "multiply", "coefficients"),
        [True],
        r"operations\.multiply\.coefficients: expected finite numbers of at least 0, got True",
    ),
    (
        ("operations", "multiply", "coefficients"),
        [],
        r"operations\.multiply\.coefficients: expected a list that is not empty, got \[\]",
    ),
    (
        ("memories", "bram"),
        REMOVED,
        r"memories: expected the key 'bram', got 'registers, lutram, rom, dram'",
    ),
    (("memories", "rom", "write"), {}, r"memories\.rom: expected only read, got 'write'"),
    (
        ("memories", "bram", "write"),
        REMOVED,
        r"memories\.bram: expected the key 'write', got 'read'",
    ),
    (
        ("memories", "bram", "read", "word_bits"),
        0,
        r"memories\.bram\.read\.word_bits: expected a whole number of at least 1, got 0",
    ),
    (
        ("memories", "bram", "read", "word_bits"),
        64.0,
        r"memories\.bram\.read\.word_bits: expected a whole number of at least 1, got 64\.0",
    ),
    (
        ("memories", "bram", "read", "points"),
        [[1, 2, 3]],
        r"memories\.bram\.read\.points: expected pairs \[capacity in bits, pJ\], got \[1, 2, 3\]",
    ),
    (
        ("memories", "bram", "read", "points"),
        [[0, 1]],
        r"memories\.bram\.read\.points: expected positive capacities and pJ, got \[0, 1\]",
    ),
    (
        ("memories", "bram", "read", "points"),
        [[1, 2], [2, 1]],
        r"memories\.bram\.read\.points: expected rising capacities and pJ that do not fall, "
        r"got \[\[1\.0, 2\.0\], \[2\.0, 1\.0\]\]",
    ),
    (
        ("memories", "bram", "read", "points"),
        [[2, 1], [2, 1]],
        r"memories\.bram\.read\.points: expected rising capacities and pJ that do not fall, "
        r"got \[\[2\.0, 1\.0\], \[2\.0, 1\.0\]\]",
    ),
]


@pytest.mark.parametrize(("where", "value", "message"), BAD, ids=[m for *_, m in BAD])
def test_a_faulty_table_is_refused(tmp_path, where, value, message):
    table = json.loads((TABLES / "unit.json").read_text())
    inner = table
    for key in where[:-1]:
        inner = inner[key]
    if value is REMOVED:
        del inner[where[-1]]
    else:
        inner[where[-1]] = value
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(table))
    with pytest.raises(EnergyError, match=rf"^technology 'mine', {message}$"):
        load_technology(path)


def test_a_table_that_is_not_json(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text("{")
    with pytest.raises(EnergyError, match=r"^technology 'mine': expected JSON, got Expecting .*$"):
        load_technology(path)


def test_a_table_that_is_not_an_object(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text("3")
    match = (
        r"^technology 'mine', table: expected an object with "
        r"description, operations, memories, got 3$"
    )
    with pytest.raises(EnergyError, match=match):
        load_technology(path)
