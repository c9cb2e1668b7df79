"""Toggles of wires: the netlist's count is Verilator's, and energy follows it."""

from __future__ import annotations

import os
import re
import subprocess
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qhls.backends.csim import find_compiler
from qhls.design import Design
from qhls.energy.activity import RANDOM_ACTIVITY
from qhls.errors import VerifyError
from qhls.plan import Schedule
from qhls.rtl import build_netlist, count_toggles
from qhls.rtl.activity import count_changes
from qhls.rtl.netlist import WIRES, Netlist
from qhls.rtl.simulate import find_verilator
from qhls.rtl.verilog import Verilog
from support.graphs.designs import classifier, dense, random_codes
from support.rtl import needs_verilator

MAIN = """
#include "Vtoggle.h"
#include "verilated_cov.h"
int main() {
  VerilatedContext context;
  Vtoggle top{&context};
  for (int i = 0; i < SAMPLES; ++i) {
    ASSIGN
    top.eval();
    if (i == 0) context.coveragep()->zero();
  }
  context.coveragep()->write("coverage.dat");
}
"""


def count_with_verilator(netlist: Netlist, codes, folder) -> dict[str, int]:
    """Return the toggles of each wire of the Verilog in a run of Verilator."""
    verilog = Verilog.of(netlist)
    columns = {
        name: codes[number].reshape(len(codes[number]), -1)[:, place]
        for number, names in enumerate(verilog.inputs)
        for place, name in enumerate(names)
    }
    tables = "".join(
        f"static const long long table_{name}[] = {{{', '.join(map(str, values.tolist()))}}};\n"
        for name, values in columns.items()
    )
    assign = " ".join(f"top.{name} = table_{name}[i];" for name in columns)
    main = MAIN.replace("ASSIGN", assign).replace("SAMPLES", str(len(codes[0])))
    (folder / "main.cpp").write_text(main.replace("int main", f"{tables}int main"))
    (folder / "design.sv").write_text(verilog.print())
    executable, root = find_verilator()
    call = [executable, "--cc", "--coverage-toggle", "--prefix", "Vtoggle", "--Mdir", "obj"]
    place = {**os.environ, "VERILATOR_ROOT": str(root)}
    subprocess.run([*call, "-Wno-fatal", "design.sv"], cwd=folder, env=place, check=True)
    runtime = [
        root / "include" / f"verilated{part}.cpp" for part in ("", "_cov", "_threads", "_vpi")
    ]
    sources = [*sorted(folder.glob("obj/*.cpp")), *runtime[:3]]
    call = [find_compiler(), "-std=c++17", "-w", "-O0", "-DVM_COVERAGE=1", f"-I{root / 'include'}"]
    call += [f"-I{root / 'include' / 'vltstd'}", "-Iobj", "main.cpp", *sources, "-o", "run"]
    subprocess.run(call, cwd=folder, check=True, capture_output=True)
    subprocess.run(["./run"], cwd=folder, check=True)
    found: dict[str, int] = {}
    for line in (folder / "coverage.dat").read_text().splitlines():
        if match := re.search(r"\x01o\x02(\w+)(?:\[\d+\])?:[01]->[01].*' (\d+)$", line):
            found[match[1]] = found.get(match[1], 0) + int(match[2])
    return found


@needs_verilator
@pytest.mark.parametrize("graph", [dense(), classifier()], ids=["dense", "classifier"])
def test_toggles_are_those_of_verilator(graph, tmp_path):
    codes = random_codes(graph, 20)
    netlist = build_netlist(graph)
    counted = count_with_verilator(netlist, codes, tmp_path)
    wires = Verilog.of(netlist)._wires
    expected: dict[str, int] = {}
    for cell, name in wires.items():
        if netlist.cells[cell].kind not in WIRES:
            op, _ = netlist.labels[cell]
            expected[op] = expected.get(op, 0) + counted[name]
    got = {op: toggles * 19 for op, (_, toggles) in count_toggles(netlist, codes).items()}
    assert got == pytest.approx(expected)
    assert sum(expected.values()) > 0


@given(
    width=st.integers(1, 130),
    numbers=st.lists(st.integers(-(2**128), 2**128), min_size=2, max_size=9),
)
def test_changes_are_differing_bits(width, numbers):
    mask = (1 << width) - 1
    patterns = [format(number & mask, "b").zfill(width) for number in numbers]
    differing = sum(
        a != b for before, after in pairwise(patterns) for a, b in zip(before, after, strict=True)
    )
    half = 1 << (width - 1)
    codes = [((number & mask) ^ half) - half for number in numbers]  # signed codes of that width
    kind = np.int64 if width <= 62 else object
    assert count_changes(np.array(codes, kind), width) == differing


def test_energy_follows_the_data():
    design = Design(dense(), Schedule())
    (codes,) = random_codes(design.graph, 300)
    x = codes / 2.0 ** design.graph.inputs[0].frac
    noisy, still = design.energy(x=x), design.energy(x=np.repeat(x[:1], 9, 0))
    plain = design.energy()
    assert noisy.counted.total == still.counted.total == plain.total
    assert still.causes["add"] == 0
    assert still.causes["memory"] == noisy.causes["memory"] == plain.causes["memory"]
    assert 0.5 < noisy.causes["add"] / plain.causes["add"] < 1.2
    slow = design.energy(x=np.sort(x, 0))
    assert still.total < slow.total < noisy.total
    for layer, rate in noisy.rates.items():
        arithmetic = noisy.layers[layer]["add"]
        assert arithmetic == pytest.approx(
            plain.layers[layer]["add"] * rate / RANDOM_ACTIVITY, rel=0.3
        )
    text = str(noisy)
    assert "toggles per bit" in text
    assert noisy.to_dict()["counted"]["total"] == plain.total


@pytest.mark.parametrize(
    ("schedule", "samples", "message"),
    [
        (Schedule(), 1, r"^energy: expected at least two samples in x, got 1\. Toggles need two: "),
        (Schedule(reuse_factor=2), 3, r"^energy: expected a schedule of arrays without shared ha"),
        (Schedule(io="stream"), 3, r"^(energy|Schedule\.io): expected "),
    ],
)
def test_energy_by_activity_refuses_what_has_no_wire_per_element(schedule, samples, message):
    design = Design(dense(), schedule)
    x = np.zeros((samples, *design.graph.inputs[0].shape))
    with pytest.raises(VerifyError, match=message):
        design.energy(x=x)
