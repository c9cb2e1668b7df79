"""The area model of streams: FIFOs measured by depth, the logic around bodies fitted, whole designs of no fit compared.

    python benchmarks/stream_area.py xc7 xcup ice40 ecp5 gowin [--write [--keep-fifos]] [--seed 7] [--designs]

``--write`` writes the tables of ``qhls/synthesis/tables``, with ``--keep-fifos`` all but those of FIFOs. Networks are
random: dense layers whose weights share multipliers, as arrays and as streams, and small CNNs. The fit sees the
networks of seed 1. Designs are mapped flat. Runs for minutes per family.
"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import verilog_area as area

from qhls.backends.cache import digest, read_kept
from qhls.design import Design
from qhls.ir import (
    Add,
    Const,
    Conv,
    Fixed,
    Graph,
    Input,
    Matmul,
    Max,
    Overflow,
    Pool,
    Quantize,
    Reshape,
    Rounding,
)
from qhls.plan import Schedule
from qhls.rtl.emit import render
from qhls.rtl.streams.design import StreamVerilog
from qhls.synthesis import model
from qhls.synthesis.families import COLUMNS, FAMILIES
from qhls.synthesis.netlists import count_cells
from qhls.synthesis.source import VerilogSource
from qhls.synthesis.streams.memories import map_memory
from qhls.synthesis.streams.model import estimate_streams, load_streams, read_streams
from qhls.synthesis.streams.shells import describe_shell
from qhls.synthesis.synthesize import synthesize
from qhls.synthesis.yosys import find_yosys, run_yosys

FIT, SEEN_BY_NO_FIT = 1, 7
DEPTHS = (2, 3, 4, 5, 6, 8, 10, 12, 16, 17, 20, 24, 32, 33, 48, 64, 65, 128, 256, 512)
WIDTHS = (*range(1, 17), 24, 32, 36, 64, 72)


def weights(rng, *shape, bits):
    high = (1 << (bits - 1)) - 1
    return Const.of(np.ldexp(rng.integers(-high, high + 1, shape).astype(float), 1 - bits))


def activated(rng, y, bits, out):
    biased = Add(y, weights(rng, y.shape[-1], bits=bits))
    to = Fixed(False, out, out - 1)
    return Quantize(Max(biased, Const.of(0.0)), to, Rounding.HALF_UP, Overflow.SATURATE)


def mlp(rng, sizes, bits, width, out):
    x = Input((sizes[0],), Fixed(True, width, width - 2), name="x")
    y = x
    for size in sizes[1:]:
        y = activated(rng, Matmul(y, weights(rng, y.shape[-1], size, bits=bits)), bits, out)
    return (x,), (y,)


def cnn(rng, sizes, bits, width, out):
    side, channels, filters = sizes
    x = Input((side, side, channels), Fixed(True, width, width - 2), name="x")
    y = Conv(x, weights(rng, 3, 3, channels, filters, bits=bits))
    y = Pool(activated(rng, y, bits, out), (2, 2), (2, 2))
    y = Reshape(y, (int(np.prod(y.shape)),))
    return (x,), (activated(rng, Matmul(y, weights(rng, y.size, 4, bits=bits)), bits, out),)


def designs(seed):
    """Graphs and schedules by kind and name. Sizes and types follow from the seed too."""
    rng = np.random.default_rng(seed)

    def pick(*choices):
        return choices[rng.integers(len(choices))]

    for number in range(2):
        sizes = [int(rng.integers(6, 15)), int(rng.integers(4, 9)), int(rng.integers(3, 6))]
        bits, width, out = (int(n) for n in rng.integers((4, 5, 3), (7, 9, 6)))
        graph = Graph(*mlp(rng, sizes, bits, width, out), f"folded_{number}_{seed}")
        yield "folded", graph, Schedule(reuse_factor=pick(2, 3, 4, 6), clock_period=pick(4.0, 8.0))
        graph = Graph(*mlp(rng, sizes, bits, width, out), f"stream_{number}_{seed}")
        yield "stream", graph, Schedule(io="stream", interval=pick(6, 8, 12, 24))
    side, channels, filters = (int(n) for n in rng.integers((5, 1, 2), (9, 3, 5)))
    bits, width, out = (int(n) for n in rng.integers((3, 4, 3), (6, 8, 6)))
    graph = Graph(*cnn(rng, (side, channels, filters), bits, width, out), f"cnn_{seed}")
    wishes = pick({"reuse_factor": 4}, {"reuse_factor": 9}, {"interval": 100})
    yield "stream", graph, Schedule(io="stream", **wishes)


def mapped(family, text, modules):
    """Map modules, given as names and parameters, each for itself in one run of Yosys; return cells by number."""
    listed = [
        f"  (* keep *) {name} #({', '.join(f'.{k}({v})' for k, v in given.items())}) i{number}();\n"
        if given
        else f"  (* keep *) {name} i{number}();\n"
        for number, (name, given) in enumerate(modules)
    ]
    whole = f"{text}module every_module;\n{''.join(listed)}endmodule\n"
    commands = ["scratchpad -set abc9.verify 0", "read_verilog -sv all.sv"]
    commands += ["hierarchy -top every_module", "setattr -mod -set keep_hierarchy 1 *"]
    commands += [f"{family.command} -top every_module", "write_json net.json"]

    def make(folder, built):
        (folder / "all.sv").write_text(whole)
        run_yosys(commands, folder)
        found = json.loads((folder / "net.json").read_text())["modules"]
        cells = found["every_module"]["cells"]
        kinds = [cells[f"i{number}"]["type"] for number in range(len(modules))]
        built.write_text(json.dumps([count_cells(found[kind]) for kind in kinds]))

    kept = read_kept(f"{digest([find_yosys(), *commands, whole])}.json", make)
    return [family.count(cells) for cells in json.loads(kept)]


def measured_fifos(family):
    """Return the logic of FIFOs by what their memory is and by depth, from a narrow one and a wide one."""
    cases = {}
    for depth in DEPTHS:
        for width in WIDTHS:
            memory = map_memory(family.name, width, depth, "ram")
            cases.setdefault((memory.kind, depth), []).append((width, memory))
    ends = {key: (each[0], each[-1]) for key, each in cases.items()}
    wanted = sorted({(width, depth) for (_, depth), each in ends.items() for width, _ in each})
    modules = [("fifo", {"WIDTH": width, "DEPTH": depth}) for width, depth in wanted]
    text = render("streams/fifo.sv.j2", {"name": "fifo"})
    found = dict(zip(wanted, mapped(family, text, modules), strict=True))
    rows = {}
    for (kind, depth), ((narrow, first), (wide, last)) in sorted(ends.items()):
        own = {m: m.cells if m.kind == "LUT" else 0 for m in (first, last)}
        low = found[narrow, depth]["LUT"] - own[first]
        high = found[wide, depth]["LUT"] - own[last]
        slope = (high - low) / (wide - narrow) if wide > narrow else 0.0
        row = [round(low - slope * narrow, 2), round(slope, 3), found[wide, depth]["carry"]]
        rows.setdefault(kind, {})[str(depth)] = row
    return rows


def fit(family, content):
    """Return the look-up tables per bit of a counter: the weighted median, of the least sum of absolute errors."""
    bare, rows = read_streams(content | {"counter": 0.0, "errors": {}}), []
    for _, graph, schedule in designs(FIT):
        source = VerilogSource.of(graph, schedule, family.name)
        counted = synthesize(graph, source, family.name).resources["LUT"]
        verilog = StreamVerilog.of(graph, replace(schedule, family=family.name))
        bits = sum(describe_shell(m, family).parts["counter"] for m in verilog.modules)
        rest = counted - estimate_streams(verilog, family, bare).resources["LUT"]
        rows.append((rest / bits, bits / counted))
    figures, weights = np.array(sorted(rows)).T
    return round(float(figures[np.searchsorted(np.cumsum(weights), weights.sum() / 2)]), 3)


def compared(family, seed, shown):
    """Return the relative errors of whole designs, by kind and column."""
    errors = {}
    for kind, graph, schedule in designs(seed):
        found = Design(graph, schedule).synthesize(family.name)
        for column in COLUMNS:
            counted, estimate = found.resources[column], found.estimates[column]
            if counted or round(estimate):
                errors.setdefault((kind, column), []).append((estimate - counted) / max(counted, 1))
                if shown:
                    text = f"{counted} Yosys, {estimate:.0f} ({errors[kind, column][-1]:+.1%})"
                    print(f"  {graph.name} {column}: {text}", flush=True)
    return errors


def main():
    options = area.read_options(__doc__, SEEN_BY_NO_FIT, "--keep-fifos")
    print("| family | kind | resource | designs | mean | worst |")
    print("|---|---|---|---|---|---|")
    for name in options.families:
        family, path = FAMILIES[name], model.TABLES / f"{name}.json"
        content = json.loads(path.read_text())
        if options.write:
            streams = content.setdefault("streams", {"counter": 0.0, "errors": {}})
            if not options.keep_fifos:
                streams["fifos"] = measured_fifos(family)
            area.write_table(path, content)
            streams["counter"] = fit(family, streams)
            area.write_table(path, content)
            load_streams.cache_clear()
        found = compared(family, options.seed, options.designs)
        for (kind, column), each in found.items():
            worst = max(map(abs, each))
            row = f"{len(each)} | {np.mean(np.abs(each)):.1%} | {worst:.1%}"
            print(f"| {name} | {kind} | {column} | {row} |", flush=True)
        if options.write:
            columns = {}
            for (_, column), each in found.items():
                columns.setdefault(column, []).extend(each)
            content["streams"]["errors"] = area.summary(columns)
            content["streams"]["source"] = (
                f"benchmarks/stream_area.py: fitted to seed {FIT}, compared with seed {options.seed}."
            )
            area.write_table(path, content)


if __name__ == "__main__":
    main()
