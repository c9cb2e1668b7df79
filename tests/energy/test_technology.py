"""Technology tables: their prices against the published figures, and what loading refuses."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qhls.energy import ProcessNode, list_technologies, load_technology
from qhls.energy.scaling import compute_energy_factor, list_process_nodes
from qhls.energy.technology import COMPOSED, MEMORIES, OPERATIONS
from qhls.errors import EnergyError, QhlsError
from qhls.plan.hardware import events as hardware_events
from qhls.plan.hardware.events import Event

TABLES = Path(__file__).parents[2] / "qhls/energy/tables"
KB = 8 * 1024


@pytest.fixture
def horowitz():
    return load_technology("horowitz_45nm")


@pytest.mark.parametrize(
    ("event", "picojoules"),
    [
        (hardware_events.multiply(8, 8), 0.2),
        (hardware_events.multiply(32, 32), 3.1),
        (hardware_events.add(8), 0.025),
        (hardware_events.add(16), 0.05),
        (hardware_events.add(32), 0.1),
        (hardware_events.compare(32), 0.1),
        # b * b is the product of unequal widths: 0.00299479 * 16 * 4 + 0.00104167 * 8
        (hardware_events.multiply(16, 4), 0.2),
        (hardware_events.multiply(15, 15), 0.689453125),
    ],
)
def test_arithmetic_costs_what_horowitz_published(horowitz, event, picojoules):
    assert horowitz.price_operation(event) == pytest.approx(picojoules, rel=1e-6)


@pytest.mark.parametrize("place", ["lutram", "bram", "rom"])
@pytest.mark.parametrize(("capacity", "word"), [(8 * KB, 10), (32 * KB, 20), (1024 * KB, 100)])
def test_sram_costs_what_horowitz_published(horowitz, place, capacity, word):
    assert horowitz.memories[place]["read"].price_word(capacity) == pytest.approx(word)
    assert horowitz.read(place, capacity) == pytest.approx(word * capacity / 64)


def test_sram_between_and_beyond_the_published_points(horowitz):
    curve = horowitz.memories["bram"]["read"]
    assert curve.price_word(16 * KB) == pytest.approx(10 * math.sqrt(2))  # half way in log-log
    assert curve.price_word(2 * KB) == pytest.approx(5)  # a quarter of the size, half the energy
    assert curve.price_word(32 * 1024 * KB) == pytest.approx(
        500
    )  # 32 times the size, 5 times the energy


def test_dram_and_registers(horowitz):
    assert horowitz.read("dram", 640) == 13000
    assert horowitz.write("dram", 1) == 1300  # a whole word
    assert horowitz.read("registers", 1000) == pytest.approx(9)
    assert horowitz.write("registers", 1000) == pytest.approx(9)


def test_reading_nothing_costs_nothing(horowitz):
    assert all(horowitz.read(place, 0) == 0 for place in MEMORIES)


@pytest.mark.parametrize(
    ("name", "node", "volt"), [("fpga_90nm", 90, 1.2), ("fpga_16nm", 16, 0.85)]
)
def test_an_fpga_is_an_asic_times_the_published_gap(horowitz, name, node, volt):
    fpga, asic = load_technology(name), horowitz.with_process(ProcessNode(node, volt))
    assert fpga.price_operation(hardware_events.add(8)) == pytest.approx(
        14 * asic.price_operation(hardware_events.add(8))
    )
    assert fpga.read("registers", 100) == pytest.approx(14 * asic.read("registers", 100))
    assert fpga.read("rom", 1000) == pytest.approx(14 * asic.read("rom", 1000))
    assert fpga.read("bram", 1000) == pytest.approx(asic.read("bram", 1000))  # a hard block
    assert fpga.read("dram", 1000) == asic.read("dram", 1000)
    figure = fpga.operations["multiply"]
    assert "Kuon" in figure.source
    assert "one FPGA family" in figure.error


@pytest.mark.parametrize(
    ("fabric", "message"),
    [
        ({"factor": 14}, r"fabric: expected the key 'source', got 'factor'"),
        (
            {"factor": 0, "source": "s", "error": "e"},
            r"fabric\.factor: expected a positive number, got 0\.0",
        ),
        (
            {"factor": 2, "source": "", "error": "e"},
            r"fabric\.source: expected a text that is not empty, got ''",
        ),
    ],
)
def test_a_fabric_is_complete(tmp_path, fabric, message):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"description": "d", "base": "unit", "fabric": fabric}))
    with pytest.raises(EnergyError, match=rf"^technology 'mine', {message}\. Correct the table\.$"):
        load_technology(path)


@settings(deadline=None)
@given(
    st.sampled_from(list_technologies()),
    st.sampled_from([kind for kind in OPERATIONS if kind != "mux"]),  # that counts its stages
    st.integers(1, 80),
    st.integers(1, 80),
    st.integers(0, 8),
)
def test_fewer_bits_never_cost_more_to_compute(name, kind, a, b, less):
    technology = load_technology(name)
    wide = Event(kind, (a + less, b) if kind == "multiply" else (a + less,))
    narrow = Event(kind, (a, b) if kind == "multiply" else (a,))
    assert technology.price_operation(narrow) <= technology.price_operation(wide)


@settings(deadline=None)
@given(
    st.sampled_from(list_technologies()),
    st.sampled_from(
        [
            lambda a, b: hardware_events.scale(a, b, hardware_events.NOTHING),
            hardware_events.shift,
            hardware_events.choose_sign,
            hardware_events.look_up,
        ]
    ),
    *(st.integers(1, 40) for _ in range(4)),
)
def test_composed_events_cost_no_less_for_more(name, event, a, b, more, further):
    technology = load_technology(name)
    cheaper, dearer = event(a, b), event(a + more, b + further)
    assert technology.price_operation(cheaper) <= technology.price_operation(dearer)


@settings(deadline=None)
@given(
    st.sampled_from(list_technologies()),
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
    assert set(list_technologies()) >= {"unit", "horowitz_45nm"}
    for name in list_technologies():
        technology = load_technology(name)
        assert technology.name == name
        for memory in technology.memories.values():
            for figure in (*technology.operations.values(), *memory.values()):
                assert figure.source
                assert figure.error


@pytest.mark.parametrize("name", list_technologies())
def test_a_technology_is_complete(name):
    """Every event that an op may cause has a price, and every figure its unit, source and error."""
    technology = load_technology(name)
    assert technology.operations.keys() == set(OPERATIONS)
    assert {p: tuple(a) for p, a in technology.memories.items()} == MEMORIES
    events = [
        *(
            hardware_events.multiply(8, 4),
            hardware_events.add(8),
            hardware_events.compare(8),
            hardware_events.choose(8),
            hardware_events.round_to(8),
        ),
        hardware_events.compare_signs(),
        *(
            hardware_events.choose_sign(8, 2),
            hardware_events.shift(8, 3),
            hardware_events.look_up(8, 16),
            hardware_events.scale(8, 3, hardware_events.NOTHING),
        ),
    ]
    assert {event.kind for event in events} | {"nothing"} == {*OPERATIONS, *COMPOSED}
    assert all(technology.price_operation(event) > 0 for event in events)
    table = json.loads((TABLES / f"{name}.json").read_text())
    figures = [*table.get("operations", {}).values()]
    figures += [f for place in table.get("memories", {}).values() for f in place.values()]
    assert all(figure["unit"] == "pJ" for figure in figures)


def test_a_technology_is_one_json_file(tmp_path):
    table = json.loads((TABLES / "unit.json").read_text())
    table["operations"]["add"]["coefficients"] = [5, 0, 2]
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(table))
    for given_path in (path, str(path)):
        technology = load_technology(given_path)
        assert technology.name == "mine"
        assert technology.price_operation(hardware_events.add(3)) == 5 + 2 * 9


@pytest.mark.parametrize(
    ("event", "picojoules"),
    [
        (hardware_events.NOTHING, 0),
        (hardware_events.scale(8, 0, hardware_events.NOTHING), 0),  # a pruned weight
        (hardware_events.scale(8, 1, hardware_events.NOTHING), 0),  # a power of two
        (hardware_events.scale(8, 3, hardware_events.NOTHING), 2 * 0.025),
        (
            hardware_events.choose_sign(8, 1),
            0.3 * 0.025,
        ),  # QTools' factors for binary and ternary weights
        (hardware_events.choose_sign(8, 2), 0.6 * 0.025),
        (hardware_events.shift(8, 4), 4 * 0.3 * 0.025),
        (hardware_events.compare_signs(), 0.3 * 0.003125),
        (hardware_events.round_to(8), 0.025),
        (hardware_events.choose(8), 0.3 * 0.025),
        # 8 of the 64 bits of a word of a 2 kbit memory, on the line through 10 pJ at 8 KB, 20 at 32 KB
        (hardware_events.look_up(8, 256), 8 / 64 * 10 * math.sqrt(2048 / (8 * KB))),
    ],
)
def test_composed_events(horowitz, event, picojoules):
    assert horowitz.price_operation(event) == pytest.approx(picojoules)


def test_a_lookup_in_a_memory_reads_whole_words(horowitz):
    word = 10 * math.sqrt(2048 / (8 * KB))
    assert horowitz.price_operation(hardware_events.look_up(8, 256), "bram") == pytest.approx(word)
    assert horowitz.price_operation(hardware_events.look_up(65, 1), "registers") == pytest.approx(
        65 * 0.009
    )


def test_cacti_at_45_nm():
    technology = load_technology("cacti_45nm")
    sizes = (1, 2, 4, 8, 16, 32, 64, 256, 1024)
    reads = (1.43, 2.35, 2.92, 5.29, 9.99, 14.9, 29.0, 40.6, 67.7)
    writes = (2.91, 3.52, 5.35, 6.50, 8.79, 12.7, 17.2, 28.8, 55.9)
    for kilobytes, read, write in zip(sizes, reads, writes, strict=True):
        for place in ("bram", "lutram"):
            assert technology.memories[place]["read"].price_word(kilobytes * KB) == pytest.approx(
                read
            )
            assert technology.memories[place]["write"].price_word(kilobytes * KB) == pytest.approx(
                write
            )
        assert technology.memories["rom"]["read"].price_word(kilobytes * KB) == pytest.approx(read)
    assert technology.price_operation(hardware_events.multiply(8, 8)) == pytest.approx(
        0.2
    )  # the base's
    assert technology.read("dram", 64) == 1300


def test_cacti_at_22_nm():
    technology = load_technology("cacti_22nm")
    sizes = (1, 2, 4, 8, 16, 32, 64, 256, 1024)
    reads = (0.35, 0.60, 1.09, 1.50, 2.89, 3.50, 4.69, 9.93, 18.4)
    for kilobytes, read in zip(sizes, reads, strict=True):
        for place in ("rom", "bram", "lutram"):
            assert technology.memories[place]["read"].price_word(kilobytes * KB) == pytest.approx(
                read
            )
    assert technology.memories["bram"]["write"].price_word(32 * KB) == pytest.approx(
        0.666 * 32**0.442, rel=1e-4
    )
    # 22 nm is a sixth of the way from 20 to 32 nm, whose energies at 0.8 V are 0.1532 and 0.4569
    horowitz = load_technology("horowitz_45nm")
    factor = (0.1532 + (0.4569 - 0.1532) / 6) / (1.103 * 0.81 - 0.362 * 0.9 + 0.2767)
    assert technology.price_operation(hardware_events.add(8)) == pytest.approx(
        horowitz.price_operation(hardware_events.add(8)) * factor, rel=1e-3
    )


def test_scaling_by_hand(horowitz):
    """Energy at 7 nm, 0.8 V over that at 45 nm, 0.9 V."""
    small = 0.1776 * 0.64 - 0.09097 * 0.8 + 0.02447
    assert small == pytest.approx(0.065358)
    factor = small / (1.103 * 0.81 - 0.362 * 0.9 + 0.2767)
    scaled = load_technology("stillmaker_7nm")
    assert scaled.price_operation(hardware_events.multiply(8, 8)) == pytest.approx(
        0.2 * factor, rel=1e-5
    )
    assert scaled.memories["bram"]["read"].price_word(8 * KB) == pytest.approx(
        10 * factor, rel=1e-5
    )
    assert scaled.read("dram", 640) == 13000  # a chip of its own
    assert "Stillmaker" in scaled.operations["add"].source
    assert "0.07741" in scaled.operations["add"].source
    assert "Horowitz" in scaled.operations["add"].source
    assert "Stillmaker" not in scaled.memories["dram"]["read"].source


@pytest.mark.parametrize(
    ("node", "low", "high"),
    [
        # a + b + c at 1 V and a / 4 + b / 2 + c at 0.5 V, which with the ratio at 0.8 V fix all three
        (130, 0.25 * 7.171 - 0.5 * 6.709 + 2.904, 7.171 - 6.709 + 2.904),
        (90, 0.25 * 4.762 - 0.5 * 4.781 + 2.092, 4.762 - 4.781 + 2.092),
        (65, 0.25 * 3.755 - 0.5 * 4.398 + 1.975, 3.755 - 4.398 + 1.975),
        (45, 0.25 * 1.103 - 0.5 * 0.362 + 0.2767, 1.103 - 0.362 + 0.2767),
        (32, 0.25 * 0.9559 - 0.5 * 0.7823 + 0.471, 0.9559 - 0.7823 + 0.471),
        (20, 0.25 * 0.373 - 0.5 * 0.1582 + 0.04104, 0.373 - 0.1582 + 0.04104),
        (16, 0.25 * 0.2958 - 0.5 * 0.1241 + 0.03024, 0.2958 - 0.1241 + 0.03024),
        (14, 0.25 * 0.2363 - 0.5 * 0.09675 + 0.02239, 0.2363 - 0.09675 + 0.02239),
        (10, 0.25 * 0.2068 - 0.5 * 0.09311 + 0.02375, 0.2068 - 0.09311 + 0.02375),
        (7, 0.25 * 0.1776 - 0.5 * 0.09097 + 0.02447, 0.1776 - 0.09097 + 0.02447),
    ],
)
def test_every_node_by_hand(node, low, high):
    reference = ProcessNode(45, 1.0)
    one = 1.103 - 0.362 + 0.2767
    assert compute_energy_factor(reference, ProcessNode(node, 1.0)) == pytest.approx(high / one)
    assert compute_energy_factor(reference, ProcessNode(node, 0.5)) == pytest.approx(low / one)
    table = {130: 2.12624, 90: 1.31488, 65: 0.8598, 45: 0.69302, 32: 0.456936}
    table |= {20: 0.1532, 16: 0.120272, 14: 0.096222, 10: 0.081614, 7: 0.065358}
    assert compute_energy_factor(reference, ProcessNode(node, 0.8)) == pytest.approx(
        table[node] / one
    )


def test_smaller_nodes_cost_less():
    sizes = (130, 90, 65, 32, 20, 16, 14, 10, 7)
    assert set(sizes) | {45} == set(list_process_nodes())
    prices = [
        load_technology(f"stillmaker_{nm}nm").price_operation(hardware_events.multiply(8, 8))
        for nm in sizes
    ]
    assert prices == sorted(prices, reverse=True)
    assert len(set(prices)) == len(prices)


def test_less_voltage_costs_less(horowitz):
    nominal = horowitz.with_process(ProcessNode(45, 0.9))
    assert nominal.price_operation(hardware_events.add(32)) == pytest.approx(0.1)
    assert (
        horowitz.with_process(ProcessNode(45, 0.8)).price_operation(hardware_events.add(32)) < 0.1
    )


def test_scaling_refuses_what_it_does_not_reach(horowitz):
    match = r"^process 5 nm at 0\.8 V: expected a node from 7 to 130 nm, got 5\. Choose a node within\.$"
    with pytest.raises(EnergyError, match=match):
        horowitz.with_process(ProcessNode(5, 0.8))
    match = (
        r"^technology 'unit': expected one with a process to scale from, got none\. Name a base .*$"
    )
    with pytest.raises(EnergyError, match=match):
        load_technology("unit").with_process(ProcessNode(7, 0.8))


def test_a_technology_may_build_on_another(tmp_path):
    add = {
        **{"formula": "polynomial in bits", "unit": "pJ", "coefficients": [0, 7]},
        **{"source": "mine", "error": "none"},
    }
    (tmp_path / "mine.json").write_text(
        json.dumps({"description": "mine", "base": "unit", "operations": {"add": add}})
    )
    (tmp_path / "next.json").write_text(json.dumps({"description": "next", "base": "mine.json"}))
    for name in ("mine", "next"):
        technology = load_technology(tmp_path / f"{name}.json")
        assert technology.name == name
        assert technology.description == name
        assert technology.price_operation(hardware_events.add(3)) == 21
        assert technology.price_operation(hardware_events.round_to(3)) == 21  # composed of it
        assert technology.price_operation(hardware_events.compare(3)) == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"base": "unit"}, r"table: expected the key 'description', got 'base'"),
        (
            {"description": "x", "base": "unit", "extra": 1},
            r"table: expected only description, base, process, fabric, operations, memories, got 'extra'",
        ),
        (
            {"description": "x", "base": "mine.json"},
            r"base: expected a technology that does not build on this one, got 'mine\.json'",
        ),
        (
            {"description": "x", "base": "horowitz_45nm", "process": {"node_nm": 0, "voltage": 1}},
            r"process: expected a positive node_nm and voltage, got \{'node_nm': 0, 'voltage': 1\}",
        ),
        (
            {"description": "x", "base": "unit", "memories": {"rom": {"write": {}}}},
            r"memories\.rom: expected only read, got 'write'",
        ),
        (
            {"description": "x", "base": "unit", "operations": {"divide": {}}},
            r"operations: expected only multiply, add, compare, mux, xnor, got 'divide'",
        ),
    ],
)
def test_a_faulty_derived_table_is_refused(tmp_path, content, message):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(content))
    with pytest.raises(EnergyError, match=rf"^technology 'mine', {message}\. Correct the table\.$"):
        load_technology(path)


def test_unknown_technology():
    assert issubclass(EnergyError, QhlsError)
    match = r"^technology: expected one of cacti_22nm, .*unit or a \.json file, got 'tsmc'\. Choose one\.$"
    with pytest.raises(EnergyError, match=match):
        load_technology("tsmc")
    with pytest.raises(EnergyError, match=r"^technology: .* got '/no/such\.json'\. Choose one\.$"):
        load_technology("/no/such.json")


def test_a_base_that_no_file_can_be_named_after(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"description": "x", "base": "a\0.json"}))
    with pytest.raises(
        EnergyError, match=r"^technology: expected one of .*, got '.*a\\x00\.json'\."
    ):
        load_technology(path)


def test_an_event_without_a_price():
    match = r"^technology 'unit': expected an event of .*, got divide\(8, 4\)\. Use one of these kinds\.$"
    with pytest.raises(EnergyError, match=match):
        load_technology("unit").price_operation(Event("divide", (8, 4)))


REMOVED = object()
"""Stands for a key that is not there."""

BAD = [
    (
        ("surprise",),
        1,
        r"table: expected only description, process, operations, memories, got 'surprise'",
    ),
    (
        ("memories",),
        REMOVED,
        r"table: expected the key 'memories', got 'description, process, operations'",
    ),
    (("description",), " ", r"description: expected a text that is not empty, got ' '"),
    (
        ("operations", "add"),
        REMOVED,
        r"operations: expected the key 'add', got 'multiply, compare, mux, xnor'",
    ),
    (
        ("operations", "ad"),
        {},
        r"operations: expected only multiply, add, compare, mux, xnor, got 'ad'",
    ),
    (
        ("operations",),
        [],
        r"operations: expected an object with multiply, add, compare, mux, xnor, got \[\]",
    ),
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
        r"memories\.bram\.read\.word_bits: expected a whole number of at least 1 and at most 4,294,967,296, got 0",
    ),
    (
        ("memories", "bram", "read", "word_bits"),
        64.0,
        r"memories\.bram\.read\.word_bits: expected a whole number of at least 1 and at most .*, got 64\.0",
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
    with pytest.raises(EnergyError, match=rf"^technology 'mine', {message}\. Correct the table\.$"):
        load_technology(path)


def test_a_table_that_is_not_json(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text("{")
    with pytest.raises(
        EnergyError,
        match=r"^technology 'mine': expected JSON, got text that is not JSON \(Expecting .*$",
    ):
        load_technology(path)


def test_a_table_that_is_not_an_object(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text("3")
    match = (
        r"^technology 'mine', table: expected an object with "
        r"description, process, operations, memories, got 3\. Correct the table\.$"
    )
    with pytest.raises(EnergyError, match=match):
        load_technology(path)
