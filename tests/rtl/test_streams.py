"""Verilog of streams, and of arrays that share hardware, whose tokens are whole tensors.

The interpreter's codes whenever tokens come and go, and the cycles of the plan, exactly.
"""

import os
import random
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qhls.design import Design
from qhls.errors import EmitError, RtlError
from qhls.ir import (
    Add,
    Conv,
    Fixed,
    Graph,
    Input,
    Matmul,
    Max,
    Mul,
    Pad,
    Pool,
    Quantize,
    Scan,
    Shift,
    Threshold,
    run,
)
from qhls.plan import Schedule, plan_design
from qhls.plan.streams.actions import Reduce, Repeat
from qhls.plan.streams.depths import set_depths
from qhls.rtl import Rtl, build_design, find_latency, save_waves
from qhls.rtl.simulate import find_verilator
from qhls.rtl.streams import simulate
from qhls.rtl.streams.design import StreamVerilog
from support.graphs.agreement import stimuli
from support.graphs.designs import classifier, random_codes
from support.graphs.fused import FOLLOWERS, bias, fused, per_channel
from support.graphs.op_batches import (
    BATCHES,
    batch,
    const,
    graph_of,
    random_const,
    residual,
    tokens,
    x_of,
)
from support.graphs.op_examples import EXAMPLES
from support.graphs.random_graphs import draw, graphs
from support.rtl import make, needs_verilator, needs_yosys, yosys

STREAM = Schedule(io="stream")
IO = pytest.mark.parametrize("io", ["array", "stream"])
PAUSES = [(0, 0), (0.3, 0.3), (0.8, 0), (0, 0.8)]


def compare(graph, schedule=STREAM, seed=0):
    """Compare codes with those of the interpreter, with gaps and waits, and cycles with those of the plan."""
    simulation = build_design(graph, schedule)
    codes = stimuli(graph, seed)
    want = run(graph, codes)
    for gaps, stalls in PAUSES:
        got = simulation.run(codes, gaps=gaps, stalls=stalls, seed=seed)
        pairs = zip(graph.outputs, want, got, strict=True)
        assert [op.name for op, a, b in pairs if not np.array_equal(a, b)] == []
    reported = find_latency(graph, schedule)
    counted = simulation.count_cycles([array[:4] for array in codes], seed)
    assert counted == (reported.latency, reported.interval)


def products():
    """Matrices, and convolutions of all kinds, for folds."""
    image = x_of((5, 6, 4), "s5.3")
    rows = Matmul(x_of((3, 7), "s6.3"), random_const((7, 5), 5, 4, 1), name="rows")
    yield Quantize(rows, Fixed.parse("s6.3"), name="narrow")
    for number, (kernel, strides, dilation, groups) in enumerate(
        [
            ((3, 3, 4, 6), (1, 1), (1, 1), 1),
            ((2, 3, 4, 3), (2, 1), (2, 1), 1),
            ((3, 3, 2, 6), (1, 1), (1, 1), 2),
            ((3, 3, 1, 4), (2, 2), (1, 1), 4),
            ((1, 1, 4, 5), (1, 1), (1, 1), 1),
            ((1, 1, 4, 5), (2, 2), (1, 1), 1),
            ((5, 6, 4, 3), (1, 1), (1, 1), 1),
            ((3, 2, 4, 2), (1, 1), (2, 5), 1),
            ((3, 3, 2, 4), (1, 1), (1, 1), 2),
        ]
    ):
        w = random_const(kernel, 4, 3, number)
        yield Conv(image, w, strides, dilation, groups, name=f"conv {number}")


@needs_verilator
def test_streams_agree_and_take_the_cycles_of_the_plan():
    """One op of each kind and each way to move tokens; the others are in the long test."""
    kinds = {op.kind: op for op in tokens()}
    compare(graph_of("kinds", [*kinds.values(), *residual()]))


def moving():
    """Steps whose constants differ, and running sums and maxima."""
    wide, image = x_of((2, 40), "s40.2"), x_of((3, 4, 30), "s9.2")
    yield Mul(wide, random_const((2, 40), 6, 3, 1), name="scale")
    rng = np.random.default_rng(0)
    steps = np.sort([rng.choice(400, 3, replace=False) - 200 for _ in range(200)], axis=1)
    x = x_of((2, 200), "s9.2")
    yield Threshold(x, const(steps, 2), random_const((200, 4), 4, 2, 3), name="steps")
    yield Pool(image, (3, 4), (3, 4), "max", name="largest")
    yield Pool(x_of((3, 2, 40), "s40.2"), (3, 2), (3, 2), "sum", name="sum")


@needs_verilator
def test_constants_and_sums_follow_the_tokens():
    graph = graph_of("moving", list(moving()))
    actions = [process.action for process in StreamVerilog.of(graph, STREAM).plan.processes]
    assert [each.period for each in actions if isinstance(each, Repeat)] == [4, 2]
    assert sum(isinstance(each, Reduce) for each in actions) == 2
    compare(graph)


def followed():
    """Every way to compute tokens, with later ops whose constants differ between tokens."""
    total = Matmul(x_of((2, 5), "s20.2"), random_const((5, 40), 9, 3, 1), name="total")
    yield Add(total, bias(total, 6, 5, 2), name="biased")
    padded = Pad(x_of((2, 3, 40), "s30.2"), ((1, 0), (0, 2), (0, 0)), -3, name="padded")
    yield Max(Add(padded, bias(padded, 6, 2, 3)), const(0), name="positive")
    whole = Pool(x_of((3, 2, 40), "s40.2"), (3, 2), (3, 2), "sum", name="whole")
    narrow = Quantize(whole, Fixed(True, 5, 5), name="narrow")
    yield replace(per_channel(narrow, 3, 4), name="levels")
    uneven = Matmul(x_of((3, 7), "s6.3"), random_const((7, 5), 5, 4, 5), name="uneven")
    yield Max(uneven, const(0), name="kept")
    yield Max(EXAMPLES[Scan][0](Fixed.parse("u4.5")), const(0), name="states")


@needs_verilator
@pytest.mark.parametrize(
    ("schedule", "engines"),
    [
        (STREAM, {"biased": "steps", "kept": "steps", "states": "scan"}),
        (Schedule(4, io="stream"), {"biased": "tiles", "kept": "fold"}),
        (Schedule(4), {"biased": "tiles", "kept": "fold"}),
    ],
)
def test_later_ops_are_computed_by_the_module_of_their_process(schedule, engines):
    """In the body where it makes one token per step, else on each token that leaves the body."""
    graph = graph_of(
        "followed", [op for op in followed() if op.name not in {"states"} - {*engines}]
    )
    verilog = StreamVerilog.of(graph, schedule)
    joined = [process for process in verilog.plan.processes if process.followers]
    bodies = {process.name: verilog.bodies[process.name] for process in joined}
    engines = {"positive": "fill", "levels": "reduce"} | engines
    assert {name: body.engine for name, body in bodies.items()} == engines
    whole = {name for name, body in bodies.items() if not body.tail}
    assert whole == {"positive", *(["kept"] if engines["kept"] == "steps" else [])}
    assert {p.name: p.period for p in joined if p.period > 1} == dict.fromkeys(
        ("biased", "positive", "levels"), 2
    )
    compare(graph, schedule)


@needs_verilator
@IO
def test_an_interval_is_met(io):
    graph = graph_of("residual", list(residual()))
    schedule = Schedule(io=io, interval=600)
    plan = StreamVerilog.of(graph, schedule).plan
    assert any(process.tiles for process in plan.processes)
    assert plan.interval <= 600
    compare(graph, schedule)


@needs_verilator
@pytest.mark.long
@IO
def test_all_fused_ops_agree(io):
    compare(graph_of("fused", list(fused(len(FOLLOWERS)))), Schedule(3, io=io))


@needs_verilator
@pytest.mark.long
def test_all_ways_to_move_tokens_agree():
    compare(graph_of("tokens", list(tokens())))


@needs_verilator
@IO
def test_folded_products_agree_and_take_the_cycles_of_the_plan(io):
    compare(graph_of("folded", list(products())[1::2]), Schedule(io=io, reuse_factor=4))


@needs_verilator
@pytest.mark.long
@IO
@pytest.mark.parametrize("reuse", [2, 3, 4, 8, 30, 1000])
def test_all_folds_agree(reuse, io):
    compare(graph_of("folded", list(products())), Schedule(io=io, reuse_factor=reuse))


@needs_verilator
def test_ops_of_every_kind_agree_beside_folds_of_arrays():
    kinds = {op.kind: op for op in tokens() if not op.nested}
    wider = Quantize(x_of((2, 3), "u4.2"), Fixed.parse("s9.2"), name="wider than its range")
    graph = graph_of("kinds", [*kinds.values(), *residual(), wider])
    schedule = Schedule(reuse_factor=3)
    plan = StreamVerilog.of(graph, schedule).plan
    assert any(process.hardware and process.hardware.fold for process in plan.processes)
    assert {fifo.tokens for fifo in (*plan.inputs, *plan.outputs)} == {1}
    compare(graph, schedule)


@needs_verilator
def test_a_budget_of_arrays_gives_the_interval_of_the_plan():
    graph, schedule = classifier(), Schedule(lut=2000)
    wanted = plan_design(graph, schedule).interval
    assert wanted > plan_design(graph, Schedule()).interval
    assert find_latency(graph, schedule).interval <= wanted
    compare(graph, schedule)


@IO
def test_an_interval_that_registers_miss_is_refused(tmp_path, io):
    """A step of a recurrence has so many registers at 1 GHz that its six turns take longer than planned."""
    graph = graph_of("g", [EXAMPLES[Scan][0](Fixed.parse("u4.5"))])
    design = Design(graph, Schedule(io=io, interval=40, clock_period=1.0))
    assert design.plan.interval <= 40
    expected = r"^verilog: expected an interval of at most 40 cycles, got 4\d\. Allow more .* shares less\.$"
    for call in (lambda: design.emit("verilog", tmp_path / "p"), lambda: design.latency("verilog")):
        with pytest.raises(EmitError, match=expected):
            call()
    assert not (tmp_path / "p").exists()


@needs_verilator
def test_the_clock_changes_cycles_and_no_code():
    schedules = [
        Schedule(io="stream", clock_period=period, folding={"fc": (5, 2)})
        for period in (2.0, 100.0)
    ]
    compare(classifier(), schedules[0])
    fast, slow = (find_latency(classifier(), schedule) for schedule in schedules)
    assert fast.latency > slow.latency


@needs_verilator
def test_random_graphs_agree():
    seed = int(os.environ.get("QHLS_SEED", random.getrandbits(32)))
    print(f"to repeat: QHLS_SEED={seed}")
    drawn = [one for one in draw(graphs(), 8, seed) if all(op.batched for op in one.outputs)]
    compare(graph_of("random", [op for one in drawn for op in one.outputs]), seed=seed % 1000)


@needs_verilator
@pytest.mark.long
@pytest.mark.parametrize("name", BATCHES)
def test_all_ops_agree(name):
    every = {"rounding and overflow": 9, "types": 14}.get(name, 1)
    compare(graph_of(name, [op for op in batch(name) if op.batched][::every]))


@needs_verilator
def test_check_names_the_op_that_differs(monkeypatch):
    from qhls.rtl import verilog
    from qhls.rtl.netlist import Kind

    design = Design(classifier(), STREAM)
    assert design.check(targets="verilog")
    monkeypatch.setitem(verilog._EXPRESSIONS, Kind.OR, verilog._print_gate("^"))
    report = design.check(targets="verilog")
    assert not report
    found = r"^interpreter == verilog: first difference in op 'act1\.quantize' of layer 'act1', element "
    assert re.search(found, str(report), re.M)
    waves = re.search(r"; all signals are in (\S+classifier\.vcd)$", str(report), re.M)
    assert waves is not None
    assert "module classifier_act1_quantize_process $end" in Path(waves[1]).read_text()


@pytest.mark.parametrize("kind", [Rtl, simulate.StreamRtl])
def test_taps_of_a_simulation_without_them_are_refused(kind):
    graph = classifier()
    plain = kind(graph, StreamVerilog.of(graph, STREAM), Path("none"))
    expected = rf"^{kind.__name__}\.tap: expected a simulation built with taps=True, got one without\. Build it with "
    with pytest.raises(RtlError, match=expected):
        plain.tap(random_codes(graph, 1))


def test_a_folder_of_waveforms_that_cannot_be_written_is_refused(tmp_path, monkeypatch):
    design = Design(classifier(), STREAM)
    monkeypatch.setenv("QHLS_CACHE", str(tmp_path))
    (tmp_path / "waves").write_text("a file")
    expected = r"^waveform '.*classifier\.vcd': expected a folder that can be written, got: .*\. Set QHLS_CACHE to"
    with pytest.raises(RtlError, match=expected):
        save_waves(design.graph, design.schedule, design.random_codes(2))


@needs_verilator
def test_a_deadlock_is_reported(monkeypatch):
    """A gate needs the whole image before its first token, which a shorter FIFO does not hold."""
    image = x_of((8, 6, 2), "u4.2")
    graph = graph_of("gated", [Mul(image, Pool(image, (8, 6), (8, 6), "sum"), name="gate")])
    plan = StreamVerilog.of(graph, STREAM).plan
    (deep,) = (fifo for fifo in plan.fifos if fifo.depth > 2)
    made = StreamVerilog.of

    def shorten(*given):
        whole = made(*given)
        return StreamVerilog(set_depths(whole.plan, {deep.name: deep.depth // 2}), whole.bodies)

    monkeypatch.setattr(simulate.StreamVerilog, "of", shorten)
    short = simulate.build_streams(graph, STREAM)
    expected = r"^simulation of Verilog: expected tokens to leave, got none for [\d,]+ cycles\. A FIFO is too short"
    with pytest.raises(RtlError, match=expected):
        short.run(random_codes(graph, 3), gaps=0, stalls=0)


@needs_verilator
@IO
def test_project_runs_without_python(tmp_path, io):
    design = Design(classifier(), Schedule(io=io, reuse_factor=5))
    project = design.emit("verilog", tmp_path / "p")
    written = {path.name for path in (project.path / "rtl").glob("*")}
    assert {path.name for path in project.sources} == written
    status, output = make(project.path, "lint")
    assert status == 0, output
    assert not re.search(r"%(Warning|Error)", output)
    status, output = make(project.path, "rtl")
    assert status == 0, output
    cycles = design.latency("verilog")
    counted = f"latency {cycles.latency}, interval {cycles.interval} cycles"
    passed = "PASS: classifier, 32 vectors, 256 codes compared, 0 mismatches"
    assert f"{passed}, {counted}" in output
    assert f"leaves\n{cycles.latency} cycles" in (project.path / "README.md").read_text()


@needs_verilator
@pytest.mark.long
def test_project_finds_faults(tmp_path):
    project = Design(classifier(), STREAM).emit("verilog", tmp_path / "p")
    wrapper = project.path / "rtl" / "classifier_axis.sv"
    right = wrapper.read_text()
    wrapper.write_text(re.sub(r"(_tlast = ).*;", r"\g<1>1'b0;", right))
    status, output = make(project.path, "rtl")
    assert status != 0
    assert "FAIL: classifier, TLAST is wrong" in output
    wrapper.write_text(right.replace(".result_ready(m_axis_result_tready)", ".result_ready(1'b1)"))
    status, output = make(project.path, "rtl")
    assert status != 0
    assert "FAIL: classifier, a token changed while it waited" in output


@needs_yosys
@IO
def test_yosys_reads_what_is_emitted(tmp_path, io):
    design = Design(classifier(), Schedule(io=io, reuse_factor=5))
    project = design.emit("verilog", tmp_path / "p")
    commands = [f"read_verilog -sv {path}" for path in project.sources]
    status, output = yosys(
        *commands, "hierarchy -check -top classifier_axis", "proc", "check -assert"
    )
    assert status == 0, output
    assert "Found and reported 0 problems" in output


HOSTILE = [
    "module",
    "clk",
    "reset",
    "x_valid",
    "x",
    "result",
    'a"); $system("x"); //',
    "größe",
    "{{ 7 }}",
    "",
    "core",
]


@needs_verilator
@pytest.mark.parametrize("target", ["lint", pytest.param("rtl", marks=pytest.mark.long)])
def test_hostile_names_everywhere(tmp_path, target):
    inputs, outputs = [], []
    for name in HOSTILE:
        inputs.append(Input((2,), Fixed(True, 4, 2), name=name, layer=name))
        w = random_const((2, 2), 3, 1, 5)
        outputs.append(Matmul(inputs[-1], w, name=name, layer=name))
    graph = Graph(tuple(inputs), tuple(outputs), 'module"')
    made = Design(graph, STREAM).emit("verilog", tmp_path / "p")
    status, output = make(made.path, target)
    assert status == 0, output


def chained_recurrence(x):
    """A step of three products on two levels, as a GRU has them: the second reads a state times a gate."""
    row, state = Input((4,), x.type, name="row"), Input((3,), Fixed(True, 6, 3), name="state")
    to = Fixed(True, 6, 3)
    fed = [
        Matmul(op, random_const((op.size, 3), 3, 1, seed), name=f"m{seed}", layer="r")
        for seed, op in enumerate((row, state))
    ]
    gate = Quantize(Add(*fed), Fixed(False, 4, 1))
    last = Matmul(Mul(gate, state), random_const((3, 3), 3, 1, 7), name="last", layer="r")
    after = Quantize(Add(last, state), to)
    body = Graph((row, state), (after, Quantize(Shift(after, -1), to)), "step")
    return Scan(x, (random_const((3,), 3, 1, 8),), body, True, name="chained", layer="r")


@needs_verilator
@pytest.mark.parametrize(
    ("io", "settings"),
    [
        ("stream", {"reuse_factor": 4}),
        ("array", {"reuse_factor": 3}),
        ("stream", {"folding": {"r": (1, 1)}}),
    ],
)
def test_recurrences_share_multipliers(io, settings):
    outputs = [chained_recurrence(x_of((5, 4), "u4.2"))]
    if "folding" not in settings:
        outputs += [make(Fixed.parse("u4.5")) for make in EXAMPLES[Scan][:3]]
    graph, schedule = graph_of("recurrences", outputs), Schedule(io=io, **settings)
    bodies = StreamVerilog.of(graph, schedule).bodies.values()
    products = [product for body in bodies if body for product in body.products]
    assert {product.level for product in products} == {0, 1}
    compare(graph, schedule)


@needs_verilator
@pytest.mark.parametrize(
    ("io", "reuse"), [("stream", 1), ("stream", 3), ("array", 3), ("array", 5)]
)
def test_lint_of_every_kind_of_module(tmp_path, io, reuse):
    outputs = [*tokens(), *residual()] if reuse in (1, 5) else list(products())
    outputs += [chained_recurrence(x_of((5, 4), "u4.2"))] if reuse == 3 else []
    if io == "array":
        outputs = [op for op in outputs if not op.nested]
    schedule = Schedule(io=io, reuse_factor=reuse)
    verilog = StreamVerilog.of(graph_of("lint", outputs), schedule)
    for name, text in verilog.files.items():
        (tmp_path / name).write_text(text, "ascii")
    executable, root = find_verilator()
    call = [str(executable), "--lint-only", "-Wall", "--top-module", verilog.axis, *verilog.files]
    environment = {"VERILATOR_ROOT": str(root)}
    done = subprocess.run(
        call, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert "%Warning" not in done.stderr
