"""Primitives synthesised with the Yosys at hand, as rows that ``qhls.energy.hardware.calibrate`` reads.

    python benchmarks/yosys_primitives.py rows.json

Roundings to fewer bits, memories in look-up tables and in blocks (``synth_xilinx -family xcup -nodsp``). A LUT that
feeds a carry chain counts, even where Yosys connects the signal directly: on silicon a LUT passes it on.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

LUTS = {"RAM32X1S": 1, "RAM32X1D": 2, "RAM64X1S": 1, "RAM64X1D": 2, "RAM128X1S": 2, "RAM128X1D": 4}
LUTS |= {"RAM256X1S": 4, "RAM32M": 4, "RAM64M": 4, "RAM32M16": 8, "RAM64M8": 8, "RAM512X1S": 8}
"""Look-up tables that a cell of distributed memory takes (AMD UG574)."""

BLOCKS = {"RAMB18E2": 1, "RAMB36E2": 2}
"""18 kbit blocks of a cell."""


def rounding(kind: str, width: int, dropped: int) -> str:
    """Return the Verilog of a signed number less ``dropped`` bits, rounded to the nearest: ties up, or to even."""
    tie = "1'b1" if kind == "rnd_half_up" else f"(x[{dropped}]" + _below(dropped) + ")"
    return (
        f"module {kind}__w{width}_f{dropped}(input signed [{width - 1}:0] x, output signed [{width - dropped}:0] y);\n"
        f"  assign y = $signed(x[{width - 1}:{dropped}]) + $signed({{1'b0, x[{dropped - 1}] & {tie}}});\nendmodule\n"
    )


def _below(dropped: int) -> str:
    return f" | (|x[{dropped - 2}:0])" if dropped > 1 else ""


def memory(style: str, words: int, bits: int) -> str:
    """Return the Verilog of a memory of one port, in look-up tables or in blocks."""
    name = {"distributed": "ram_lut", "block": "ram_block"}[style]
    address = max((words - 1).bit_length(), 1)
    read = "always @(posedge clk) q <= m[a];" if style == "block" else "always @* q = m[a];"
    return (
        f"module {name}__n{words}_m{bits}(input clk, input we, input [{address - 1}:0] a, "
        f"input [{bits - 1}:0] d, output reg [{bits - 1}:0] q);\n"
        f'  (* ram_style = "{style}" *) reg [{bits - 1}:0] m [0:{words - 1}];\n'
        f"  always @(posedge clk) if (we) m[a] <= d;\n  {read}\nendmodule\n"
    )


def modules() -> list[str]:
    """Return the Verilog of all primitives."""
    shapes = [
        (8, 2),
        (8, 4),
        (10, 3),
        (12, 4),
        (12, 6),
        (14, 1),
        (16, 5),
        (16, 8),
        (18, 6),
        (20, 10),
        (24, 8),
    ]
    kinds = ("rnd_half_up", "rnd_conv")
    tables = [
        (16, 4),
        (32, 8),
        (40, 3),
        (64, 6),
        (64, 16),
        (100, 5),
        (128, 8),
        (128, 12),
    ]  # 0.23 fails beyond
    blocks = [
        (512, 36),
        (1024, 18),
        (1024, 8),
        (2048, 9),
        (4096, 4),
        (2000, 12),
        (600, 20),
        (8192, 6),
    ]
    return [
        *(rounding(kind, *shape) for kind in kinds for shape in shapes),
        *(memory("distributed", *shape) for shape in tables),
        *(memory("block", *shape) for shape in blocks),
    ]


def synthesised(verilog: list[str], folder: Path) -> tuple[dict, dict]:
    """Synthesise each as one module: return Yosys' netlist, and its ``stat -json``."""
    (folder / "p.v").write_text("".join(verilog))
    tops = [re.match(r"module (\w+)", text)[1] for text in verilog]
    # A top that connects nothing would lose them: each is kept as it is.
    script = ["read_verilog p.v", "setattr -mod -set keep_hierarchy 1 *", "hierarchy -check"]
    script += ["synth_xilinx -family xcup -nodsp -noiopad -noclkbuf", "write_json net.json"]
    script += ["tee -q -o stat.json stat -json"]
    command = ["yosys", "-q", "-p", "; ".join(script)]
    instances = "".join(f"  (* keep *) {name} {name}_i();\n" for name in tops)
    with (folder / "p.v").open("a") as file:
        file.write(f"module prim_top;\n{instances}endmodule\n")
    command[-1] = command[-1].replace("hierarchy -check", "hierarchy -top prim_top")
    subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return tuple(json.loads((folder / f"{n}.json").read_text()) for n in ("net", "stat"))


def row(name: str, module: dict) -> dict:
    """Return the figures of one module of a netlist."""
    cells = [(c["type"], c["connections"]) for c in module["cells"].values()]
    outputs = {
        bit for kind, links in cells if re.fullmatch(r"LUT[1-6]", kind) for bit in links["O"]
    }
    feeding = [bit for kind, links in cells if kind == "CARRY4" for bit in links["S"]]
    used = [bit for i, bit in enumerate(feeding) if not isinstance(bit, str) and bit not in outputs]
    luts = sum(1 for kind, _ in cells if re.fullmatch(r"LUT[1-6]", kind)) + len(used)
    op, sizes = name.split("__")
    return {
        "op": op,
        **{key: int(n) for key, n in re.findall(r"([a-z]+)(\d+)", sizes)},
        "LUT": luts + sum(LUTS.get(kind, 0) for kind, _ in cells),
        "BRAM18": sum(BLOCKS.get(kind, 0) for kind, _ in cells),
        "carries": len(used),
    }


def rows_of(net: dict) -> list[dict]:
    """Return the rows of all primitives of a netlist."""
    named = re.compile(r"[a-z_]+__[a-z0-9_]+")
    return [row(name, module) for name, module in net["modules"].items() if named.fullmatch(name)]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        net, _ = synthesised(modules(), Path(folder))
    Path(sys.argv[1]).write_text(json.dumps({"table": rows_of(net)}, indent=1))


if __name__ == "__main__":
    main()
