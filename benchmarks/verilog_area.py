"""The area model of Verilog: fitted to small designs that Yosys maps, then compared with designs that it has not seen.

    python benchmarks/verilog_area.py ecp5 gowin ice40 xc7 xcup [--write] [--seed 31]

``--write`` writes the tables of ``qhls/synthesis/tables``. The designs are random: matrices, roundings, step functions,
tables, maxima, products. Seeds, sizes and types of the fit differ from those of the comparison. The rules were made by
looking at designs of the seeds 1 and 2; another seed changes the sizes of the latter too.
"""

from __future__ import annotations

import argparse
import json
import re

import numpy as np

from qhls import rtl
from qhls.backends.cache import digest, read_kept
from qhls.ir import (
    Add,
    ArgMax,
    Const,
    Fixed,
    Graph,
    Input,
    Matmul,
    Max,
    Mul,
    Overflow,
    Quantize,
    Rounding,
    Threshold,
)
from qhls.ir.integers import Codes
from qhls.rtl.verilog import Verilog
from qhls.synthesis import model
from qhls.synthesis.families import COLUMNS, FAMILIES
from qhls.synthesis.netlists import count_cells
from qhls.synthesis.parts import PARTS, count_parts
from qhls.synthesis.yosys import find_yosys, run_yosys

FIT, SEEN_BY_NO_FIT = 1, 2
TABLES = [(6, 6), (7, 8), (8, 5), (9, 8), (5, 4), (7, 6), (8, 6), (9, 4), (10, 4)]


def matrix(rng, rows, columns, *, bits, width):
    high = 1 << (bits - 1)
    x = Input((rows,), Fixed(True, width, 0), name="x")
    w = rng.integers(1 - high, high, (rows, columns)).astype(float)
    return x, Matmul(x, Const.of(w), name="sums")


def on_grid(x, numbers):
    return Const(
        Codes(np.ldexp(np.asarray(numbers), x.frac).astype(np.int64)), x.frac, name="steps"
    )


def rounded(rng, width, frac, to):
    x = Input((8,), Fixed(True, width, frac), name="x")
    mode = Rounding.HALF_EVEN if rng.integers(2) else Rounding.HALF_UP
    return (x,), (Quantize(x, to, mode, Overflow.SATURATE, name="rounded"),)


def stepped(rng, width, count, out):
    """A step function per element, whose thresholds are anywhere."""
    x = Input((4,), Fixed(True, width, 0), name="x")
    low, high = x.type.lo + 1, x.type.hi
    steps = [np.sort(rng.choice(np.arange(low, high), count, replace=False)) for _ in range(4)]
    levels = np.sort(rng.integers(0, 1 << out, (4, count + 1)), 1)
    return (x,), (Threshold(x, on_grid(x, np.array(steps)), Const.of(levels.astype(float))),)


def looked_up(rng, width, out):
    """A smooth table, as activations are, and a random one."""
    x = Input((2,), Fixed(True, width, width - 2), name="x")
    steps = np.arange(x.type.lo + 1, x.type.hi + 1)
    curve = np.round(
        np.tanh(np.ldexp(np.arange(x.type.lo, x.type.hi + 1), 2 - width)) * 2 ** (out - 1)
    )
    noise = rng.integers(0, 1 << out, len(steps) + 1)
    levels = np.stack([curve, noise]).astype(float)
    both = np.stack([steps, steps]).astype(np.int64)
    return (x,), (Threshold(x, Const(Codes(both), x.frac, name="steps"), Const.of(levels)),)


def layer(rng, rows, columns, out):
    """A dense layer with a bias and a quantized ReLU, pipeline in the designs that are clocked."""
    bits, width = 5, 7
    x, y = matrix(rng, rows, columns, bits=bits, width=width)
    biased = Add(y, Const.of(rng.integers(-64, 64, columns).astype(float)))
    return (x,), (
        Quantize(Max(biased, Const.of(0.0)), Fixed(False, out, out - bits - width), name="relu"),
    )


def largest(rng, count, width):
    x = Input((count,), Fixed(True, width, 0), name="x")
    return (x,), (ArgMax(x, name="argmax"),)


def multiplied(rng, a, b):
    x, y = Input((6,), Fixed(True, a, 0), name="x"), Input((6,), Fixed(True, b, 0), name="y")
    return (x, y), (Mul(x, y, name="products"), Max(x, y, name="larger"))


def designs(seed):
    """Graphs by group and name, with the clock period of those that are pipeline."""
    rng = np.random.default_rng(seed)
    odd = seed != FIT

    def vary(sizes):
        if seed in (FIT, SEEN_BY_NO_FIT):
            return sizes
        return [tuple(int(n + rng.integers(-1, 2)) for n in each) for each in sizes]

    sizes = (
        [(10, 6, 5, 7), (16, 8, 6, 8), (8, 12, 4, 10)]
        if odd
        else [(8, 8, 6, 8), (6, 5, 4, 6), (12, 6, 5, 9), (5, 10, 7, 7)]
    )
    for rows, columns, bits, width in vary(sizes):
        x, y = matrix(rng, rows, columns, bits=bits, width=width)
        yield "adder graph", f"graph_{rows}x{columns}", ((x,), (y,)), None
    for width, frac, out in vary(
        [(11, 6, 5), (15, 9, 7), (13, 8, 4)]
        if odd
        else [(10, 6, 6), (12, 7, 5), (14, 9, 6), (16, 9, 8)]
    ):
        yield (
            "rounding",
            f"round_{width}_{out}",
            rounded(rng, width, frac, Fixed(True, out, 3)),
            None,
        )
        yield (
            "rounding",
            f"uround_{width}_{out}",
            rounded(rng, width, frac, Fixed(False, out, 3)),
            None,
        )
    for width, count, out in vary(
        [(9, 3, 3), (11, 6, 3), (13, 15, 4)]
        if odd
        else [(8, 3, 2), (10, 7, 3), (12, 5, 3), (14, 15, 4), (10, 12, 4)]
    ):
        yield "threshold", f"steps_{width}_{count}", stepped(rng, width, count, out), None
    for width, out in vary([(7, 5), (8, 8), (9, 6)] if odd else TABLES):
        yield "table", f"table_{width}_{out}", looked_up(rng, width, out), None
    layers = [(10, 5, 5), (7, 7, 6)] if odd else [(8, 6, 4), (6, 6, 6), (9, 4, 7)]
    for rows, columns, out in vary(layers):
        yield "layer", f"layer_{rows}x{columns}", layer(rng, rows, columns, out), None
        yield "pipeline", f"pipe_{rows}x{columns}", layer(rng, rows, columns, out), 3.0
    for count, width in vary([(6, 9)] if odd else [(4, 8), (8, 10)]):
        yield "maximum", f"argmax_{count}", largest(rng, count, width), None
    products = [(3, 5), (9, 7)] if odd else [(3, 3), (4, 4), (2, 6), (8, 8), (3, 4), (2, 5)]
    for a, b in vary(products):
        yield "product", f"mul_{a}x{b}", multiplied(rng, a, b), None


def synthesised(family, made):
    """Map all modules in one run of Yosys, each for itself; return resources by name."""
    texts = [verilog.print() for verilog in made.values()]
    top = "".join(f"  (* keep *) {v.top} {v.top}_i();\n" for v in made.values())
    commands = ["read_verilog -sv all.sv", "setattr -mod -set keep_hierarchy 1 *"]
    commands += [f"{family.command} -top every_design", "write_json net.json"]

    def make(folder, built):
        (folder / "all.sv").write_text("".join(texts) + f"module every_design;\n{top}endmodule\n")
        run_yosys(commands, folder)
        modules = json.loads((folder / "net.json").read_text())["modules"]
        built.write_text(
            json.dumps({name: count_cells(modules[v.top]) for name, v in made.items()})
        )

    name = digest([find_yosys(), *commands, *texts])
    cells = json.loads(read_kept(f"{name}.json", make))
    return {name: family.count(each) for name, each in cells.items()}


def measured(family, seed):
    """Return (group, name, parts, resources) of all designs of a seed."""
    made, rest = {}, {}
    for group, name, (inputs, outputs), period in designs(seed):
        graph = Graph(inputs, outputs, f"{name}_{seed}")
        netlist = rtl.build_netlist(graph, clock_period=period)
        made[name], rest[name] = Verilog.of(netlist), (group, count_parts(netlist, family))
    found = synthesised(family, made)
    return [(rest[name][0], name, rest[name][1], found[name]) for name in made]


def solved(rows, wanted, parts, floor, known):
    """Return a figure per part, none below 0: those that are ``known``, others by least relative deviations.

    Absolute deviations, not squares: a few designs of which synthesis makes several times the area do not count more.
    """
    active = [p for p in parts if p not in known and any(row[2][p] for row in rows)]
    scale = np.array([max(row[3][floor], 1) for row in rows], float)
    rest = [
        w - sum(f * row[2][p] for p, f in known.items())
        for w, row in zip(wanted, rows, strict=True)
    ]
    b = np.array(rest, float) / scale
    while active:
        a = np.array([[row[2][p] for p in active] for row in rows], float) / scale[:, None]
        weights = np.ones(len(rows))
        for _ in range(50):
            found = np.linalg.lstsq(a * weights[:, None], b * weights, rcond=None)[0]
            weights = 1 / np.sqrt(np.maximum(abs(a @ found - b), 1e-3))
        figures = dict(zip(active, found.tolist(), strict=True))
        low = min(active, key=figures.get)
        if figures[low] >= 0:
            break
        active.remove(low)
    fitted = {p: round(figures[p], 4) for p in active}
    return {p: known.get(p, fitted.get(p, 0.0)) for p in PARTS}


GROUPS = {
    **dict.fromkeys(("sum", "invert"), ("adder graph",)),
    "shift_register": ("pipeline",),
    **dict.fromkeys(("chain", "logic"), ("rounding", "threshold", "maximum")),
    "table": ("table",),
    "multiply": ("product",),
}
"""The kinds of design whose worst error a part's figure states."""


def fit(family, rows):
    """Return the figures of LUT and of the carry cells of products, by part.

    Look-up tables that are parts of carry chains are counted, not fitted.
    """
    known = {} if family.sums else dict.fromkeys(("sum", "chain"), 1.0)
    lut = solved(rows, [row[3]["LUT"] for row in rows], PARTS, "LUT", known)
    chains = [row[3]["carry"] - row[2]["carry"] for row in rows]
    carry = solved(rows, chains, ("multiply",), "carry", {})
    return {p: {"lut": lut[p], "carry": carry[p], "error": 0.0} for p in PARTS}


def errors_of(family, content, rows, shown):
    """Return the relative errors of LUT by kind of design, and of all designs by column."""
    groups, columns = {}, {}
    table = model.read_fabric(family.name, content)
    for group, name, parts, found in rows:
        estimate = model.price_parts(parts, table).resources
        for column in COLUMNS:
            if found[column] or estimate[column]:
                error = (estimate[column] - found[column]) / max(found[column], 1)
                columns.setdefault(column, []).append(error)
                if column == "LUT":
                    groups.setdefault(group, []).append(error)
                if shown:
                    print(
                        f"  {name} {column}: {found[column]} Yosys, {estimate[column]:.0f} ({error:+.1%})"
                    )
    return summary(groups), summary(columns)


def summary(errors):
    return {
        name: {
            "designs": len(each),
            "mean": round(float(np.mean(np.abs(each))), 4),
            "worst": round(float(np.max(np.abs(each))), 4),
        }
        for name, each in errors.items()
    }


def calibrated(family, seed, shown=False):
    """Return the table of a family."""
    rows = measured(family, FIT)
    tool = f"Yosys {find_yosys()}, {family.command}"
    content = {
        "description": f"{family.description}: LUT and carry cells per part of a netlist of Verilog.",
        "source": f"benchmarks/verilog_area.py: {len(rows)} small designs, errors on seed {seed}, {tool}.",
        "figures": fit(family, rows),
        "errors": {"by column": {}},
    }
    others = measured(family, seed)
    kinds, columns = errors_of(family, content, others, shown)
    for part, figure in content["figures"].items():
        figure["error"] = max(kinds[kind]["worst"] for kind in GROUPS[part])
    content["errors"] = {"LUT by kind of design": kinds, "by column": columns}
    return content


def write_table(path, content):
    """Write the table of a family; rows of numbers stay lines."""
    text = json.dumps(content, indent=2)
    text = re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda row: f"[{' '.join(row[1].split())}]", text)
    path.write_text(text + "\n", encoding="utf-8")


def read_options(description, seed, *flags):
    """Read the command line of a benchmark of area; ``seed``: the one compared unless another is given."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("families", nargs="+", choices=list(FAMILIES))
    parser.add_argument("--write", action="store_true")
    for flag in flags:
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--designs", action="store_true", help="print every design")
    parser.add_argument("--seed", type=int, default=seed, help="of the designs compared")
    return parser.parse_args()


def main():
    options = read_options(__doc__, SEEN_BY_NO_FIT)
    print("| family | kind of design | designs not in the fit | mean | worst |")
    print("|---|---|---|---|---|")
    for name in options.families:
        content = calibrated(FAMILIES[name], options.seed, options.designs)
        errors = content["errors"]
        for kind, each in (errors["LUT by kind of design"] | errors["by column"]).items():
            mean, worst = (f"{each[key]:.1%}" for key in ("mean", "worst"))
            print(f"| {name} | {kind} | {each['designs']} | {mean} | {worst} |")
        if options.write:
            path = model.TABLES / f"{name}.json"
            kept = json.loads(path.read_text(encoding="utf-8"))
            write_table(path, kept | content)


if __name__ == "__main__":
    main()
