"""Logic as look-up tables: what gates compute, and how many tables hold them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qhls import rtl
from qhls.ir import Add, Fixed, Graph, Input, Max, Min, Mul, Overflow, Quantize, Rounding
from qhls.rtl.builder import Builder
from qhls.rtl.netlist import Kind, Port
from qhls.synthesis.families import FAMILIES
from qhls.synthesis.logic.cover import _Gates, count_covered
from qhls.synthesis.parts import count_parts


def compare(a, b, low=-8, high=7):
    """A netlist of ``a < b`` on two numbers, or on one and a constant."""
    builder = Builder("compare")
    x, y = builder.make_input(low, high), builder.make_input(-4, 6)
    args = [{"x": x, "y": y}.get(each) for each in (a, b)]
    cells = [
        builder.make_const(each) if arg is None else arg
        for each, arg in zip((a, b), args, strict=True)
    ]
    result = builder.make_less(*cells)
    builder.label([x, y, result], "less", "xyr")
    ports = [
        Port(name, Fixed.from_range(*ends, 0), (1,), (cell,))
        for name, cell, ends in (("x", x, (low, high)), ("y", y, (-4, 6)))
    ]
    return builder.finish(ports, [Port("r", Fixed(False, 1, 0), (1,), (result,))])


def quantized(kind, to, rounding):
    x = Input((1,), kind, name="x")
    return rtl.build_netlist(
        Graph((x,), (Quantize(x, to, rounding, Overflow.SATURATE),), "rounded")
    )


def check_functions(netlist):
    """Compare the truth tables of all gates of the inputs with the numbers that the netlist computes."""
    gates = _Gates(netlist, FAMILIES["ice40"], {})
    inputs = [cell for port in netlist.inputs for cell in port.cells]
    codes = np.array(
        np.meshgrid(*(np.arange(netlist.cells[i].lo, netlist.cells[i].hi + 1) for i in inputs))
    ).reshape(len(inputs), -1)
    leaves = {
        wire: codes[place] >> bit & 1
        for place, cell in enumerate(inputs)
        for bit, wire in enumerate(gates.bits[cell])
    }
    arrays = [codes[place][:, None] for place in range(len(inputs))]
    checked = 0
    for index, values in netlist.walk_values(arrays):
        for bit, wire in enumerate(gates.bits[index]):
            truth, over = gates.functions[wire]
            if not set(over) <= leaves.keys():
                continue
            rows = sum((leaves[leaf].astype(object) << place for place, leaf in enumerate(over)), 0)
            found = np.array([truth >> int(row) & 1 for row in np.broadcast_to(rows, len(values))])
            assert np.array_equal(found, np.asarray(values, np.int64) >> bit & 1), (index, bit)
            checked += 1
    return checked


@given(
    st.sampled_from([("x", "y"), ("y", "x"), ("x", -3), (2, "x"), ("x", 0), (-9, "x"), ("y", 6)])
)
def test_comparisons_are_the_netlists(pair):
    assert check_functions(compare(*pair)) >= 1


@given(
    st.integers(3, 7),
    st.booleans(),
    st.integers(2, 5),
    st.booleans(),
    st.sampled_from([Rounding.FLOOR, Rounding.HALF_UP]),
)
@settings(deadline=None)
def test_saturations_are_the_netlists(width, signed, to, result_signed, rounding):
    netlist = quantized(Fixed(signed, width, 0), Fixed(result_signed, to, 0), rounding)
    assert check_functions(netlist) >= width


def test_maxima_are_the_netlists():
    x, y = Input((1,), Fixed(True, 4, 0), name="x"), Input((1,), Fixed(False, 3, 0), name="y")
    assert check_functions(rtl.build_netlist(Graph((x, y), (Max(x, y), Min(x, y)), "both"))) > 10


@pytest.mark.parametrize(("family", "tables"), [("xc7", 4), ("ecp5", 4 * 4)])
def test_a_saturated_sign_is_a_wire_and_comparisons_move_into_their_readers(family, tables):
    """Of s9 to s5 the sign stays, and four bits read themselves, the sign and the four bits that are cut off."""
    netlist = quantized(Fixed(True, 9, 0), Fixed(True, 5, 0), Rounding.FLOOR)
    found = count_covered(netlist, FAMILIES[family], {})
    assert (found["logic"], found["sum"]) == (tables, 0)


def test_a_choice_before_a_register_is_its_reset():
    builder = Builder("reset")
    value, bit, other = (
        builder.make_input(0, 15),
        builder.make_input(0, 1),
        builder.make_input(0, 15),
    )
    counts = []
    for choice in (
        builder.make_mux(bit, value, builder.make_const(0)),
        builder.make_mux(bit, value, other),
    ):
        stored = builder._append(builder.cells[choice]._replace(kind=Kind.REG, args=(choice,)))
        builder.label([value, bit, other, choice, stored], "reset", "vbocs")
        ports = [
            Port(name, Fixed.from_range(0, builder.get_hi(cell), 0), (1,), (cell,))
            for name, cell in zip("vbo", (value, bit, other), strict=True)
        ]
        net = builder.finish(ports, [Port("r", Fixed(False, 4, 0), (1,), (stored,))])
        counts.append(sum(count_covered(net, FAMILIES["xc7"], {}).values()))
    assert counts == [0, 4]


@pytest.mark.parametrize(
    ("family", "pair", "luts", "carries"),
    [
        *(("ecp5", pair, luts, luts // 2) for pair, luts in ((("x", 21), 6), (("x", 24), 0))),
        *(("gowin", pair, n, n) for pair, n in ((("x", 21), 6), (("x", 24), 3), ((20, "x"), 6))),
        ("xc7", ("x", 21), 0, 0),
        ("ice40", ("x", 21), 0, 5),
    ],
)
def test_comparisons_with_constants_are_chains_or_logic(family, pair, luts, carries):
    """As Yosys 0.70 maps a signed number of seven bits; low zeros of a constant do not count."""
    parts = count_parts(compare(*pair, low=-64, high=63), FAMILIES[family])
    assert (parts["chain"], parts["carry"]) == (luts, carries)


@pytest.mark.parametrize(
    ("family", "types", "blocks"),
    [
        ("gowin", ("u3.0", "s5.0"), 1),
        ("gowin", ("s3.0", "s5.0"), 0),
        ("xc7", ("u3.0", "s5.0"), 0),
        ("xc7", ("s4.0", "s5.0"), 1),
    ],
)
def test_products_become_blocks_by_their_factors_and_their_bits(family, types, blocks):
    """As Yosys 0.70 maps them: a factor without a sign beside one with a sign has a zero in front."""
    x, y = (Input((1,), Fixed.parse(t), name=n) for t, n in zip(types, "xy", strict=True))
    assert (
        count_parts(rtl.build_netlist(Graph((x, y), (Mul(x, y),), "p")), FAMILIES[family])["dsp"]
        == blocks
    )


@pytest.mark.parametrize(("family", "carries"), [("xc7", 0), ("ecp5", 7)])
def test_blocks_of_some_families_add_two_products(family, carries):
    names = "abcd"
    a, b, c, d = (Input((1,), Fixed(True, 6, 0), name=name) for name in names)
    netlist = rtl.build_netlist(Graph((a, b, c, d), (Add(Mul(a, b), Mul(c, d)),), "sum"))
    parts = count_parts(netlist, FAMILIES[family])
    assert (parts["dsp"], parts["carry"]) == (2, carries)


@pytest.mark.parametrize(
    ("family", "kinds", "luts", "carries"),
    [
        *(("ecp5", f"{k}{w}", 0, c) for k, w, c in (("s", 5, 2), ("s", 6, 3), ("s", 8, 4))),
        *(("ecp5", f"{k}{w}", 0, c) for k, w, c in (("s", 9, 4), ("u", 5, 2), ("u", 6, 3))),
        *(("ecp5", kinds, luts, 0) for kinds, luts in (("s3", 12), ("u3", 12), ("s2 s4", 16))),
        *(("ice40", f"s{w}", 2 * w + 2, w) for w in (3, 4, 5, 6)),
        *(("ice40", f"u{w}", 2 * w, w) for w in (3, 4, 5, 6)),
        *(("ice40", f"s{w} u{w}", 2 * w, w) for w in (3, 4, 5, 6)),
        *(("gowin", f"s{w}", 3 * w - 2, w) for w in (3, 4, 5, 6)),
        *(("gowin", f"u{w}", 2 * w, w) for w in (3, 4, 5, 6)),
        *(("gowin", f"s{w} u{w}", 0, w + 1) for w in (3, 4, 5, 6)),
        *(("xc7", kinds, luts, 0) for kinds, luts in (("s3", 3), ("s5", 8), ("u5", 8))),
        *(("xc7", kinds, 0, 1) for kinds in ("s4 u6", "s6 u6")),
    ],
)
def test_maxima_are_mapped_as_yosys_does(family, kinds, luts, carries):
    """As Yosys 0.70 maps one maximum of each; 0 where our number of look-up tables differs from it by some."""
    types = [Fixed.parse(f"{kind}.0") for kind in (kinds.split() * 2)[:2]]
    x, y = (Input((1,), kind, name=name) for kind, name in zip(types, "xy", strict=True))
    parts = count_parts(rtl.build_netlist(Graph((x, y), (Max(x, y),), "m")), FAMILIES[family])
    found = parts["chain"] + parts["logic"] + parts["invert"]
    assert parts["carry"] == carries
    assert not luts or found == luts
