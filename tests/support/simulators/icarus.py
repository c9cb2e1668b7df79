"""Icarus as a second simulator: its own reading of the emitted Verilog, driven by a test bench in Verilog."""

import shutil
import subprocess

import numpy as np
import pytest

needs_icarus = pytest.mark.skipif(
    shutil.which("iverilog") is None, reason="Icarus (Debian: iverilog) is not installed"
)


def simulate(folder, sources, bench, words):
    """Compile Verilog and a test bench, and return the lines that the bench prints.

    ``words``: the words of each memory that the bench reads, by file name.
    """
    for name, text in {**sources, "bench.sv": bench}.items():
        (folder / name).write_text(text, encoding="ascii")
    for name, rows in words.items():
        (folder / name).write_text("".join(f"{row:x}\n" for row in rows), encoding="ascii")
    call = ["iverilog", "-g2012", "-s", "bench", "-o", "sim", *sources, "bench.sv"]
    for command in (call, ["vvp", "-n", "sim"]):
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.split()


def pack(rows, width):
    """Return each row of codes as one integer, the first code in the lowest bits."""
    mask = (1 << width) - 1
    return [
        sum((int(code) & mask) << width * place for place, code in enumerate(row)) for row in rows
    ]


def unpack(words, kind, count):
    """Return the codes of type ``kind`` in words of ``count`` codes."""
    size = 1 << kind.width
    fields = [[word >> kind.width * place & size - 1 for place in range(count)] for word in words]
    return np.array([[(code - kind.lo) % size + kind.lo for code in row] for row in fields], object)


def read_words(texts):
    """Return hexadecimal words as integers; an undefined bit is an error."""
    return [int(text, 16) for text in texts]


def join(names):
    return "{" + ", ".join(reversed(names)) + "}"


def run_module(folder, verilog, codes):
    """Return the outputs' codes of a module with one port per element, as ``Rtl.run`` does."""
    net = verilog.netlist
    ports = [*net.inputs, *net.outputs]
    names = [*verilog.inputs, *verilog.outputs]
    widths = [port.type.width * len(port.cells) for port in ports]
    signals = [
        f"  {'reg' if number < len(net.inputs) else 'wire'} [{port.type.width - 1}:0] {name};\n"
        for number, port in enumerate(ports)
        for name in names[number]
    ]
    samples, late = len(codes[0]), net.latency
    memories = [
        f"  reg [{width - 1}:0] in{number} [0:{samples - 1}];\n"
        for number, width in enumerate(widths[: len(net.inputs)])
    ]
    loads = [f'    $readmemh("in{number}.hex", in{number});\n' for number in range(len(net.inputs))]
    applies = [
        f"      {join(each)} = in{number}[step < {samples} ? step : 0];\n"
        for number, each in enumerate(verilog.inputs)
    ]
    prints = [f'        $display("%h", {join(each)});\n' for each in verilog.outputs]
    clock = [f".{verilog.clock}({verilog.clock})"] if verilog.clocked else []
    wires = ", ".join([*clock, *(f".{name}({name})" for each in names for name in each)])
    bench = (
        f"module bench;\n  reg {verilog.clock} = 0;\n  integer step;\n{''.join(signals + memories)}"
        f"  {verilog.top} dut ({wires});\n  initial begin\n{''.join(loads)}"
        f"    for (step = 0; step < {samples + late}; step = step + 1) begin\n{''.join(applies)}"
        f"      #1;\n      if (step >= {late}) begin\n{''.join(prints)}      end\n"
        f"      {verilog.clock} = 1;\n      #1 {verilog.clock} = 0;\n      #1;\n    end\n  end\nendmodule\n"
    )
    words = {
        f"in{number}.hex": pack(array.reshape(samples, -1), port.type.width)
        for number, (port, array) in enumerate(zip(net.inputs, codes, strict=True))
    }
    lines = read_words(simulate(folder, {"dut.sv": verilog.print()}, bench, words))
    return [
        unpack(lines[number :: len(net.outputs)], port.type, len(port.cells)).reshape(
            samples, *port.shape
        )
        for number, port in enumerate(net.outputs)
    ]


def run_streams(folder, verilog, codes):
    """Return the outputs' codes of a design of streams whose ports never wait, as ``StreamRtl.run`` does."""
    plan, samples = verilog.plan, len(codes[0])
    lines, clocked, wires, words = [], [], [".clk(clk)", ".reset(reset)"], {}
    for number, (fifo, array) in enumerate(zip(plan.inputs, codes, strict=True)):
        s, total = verilog.signals[fifo.name], samples * fifo.tokens
        words[f"in{number}.hex"] = pack(array.reshape(total, -1), fifo.tensor.type.width)
        lines += [
            f"  reg [{fifo.bits - 1}:0] in{number} [0:{total - 1}];",
            f"  integer at{number} = 0;",
            f'  initial $readmemh("in{number}.hex", in{number});',
            f"  wire {s['ready']};",
            f"  wire {s['valid']} = !reset && at{number} < {total};",
            f"  wire [{fifo.bits - 1}:0] {s['data']} = in{number}[at{number} < {total} ? at{number} : 0];",
        ]
        clocked.append(f"    if ({s['valid']} && {s['ready']}) at{number} <= at{number} + 1;")
        wires += [f".{s[role]}({s[role]})" for role in ("valid", "ready", "data")]
    ends = []
    for number, fifo in enumerate(plan.outputs):
        s, total = verilog.signals[fifo.name], samples * fifo.tokens
        lines += [
            f"  integer out{number} = 0;",
            f"  wire {s['valid']};",
            f"  wire {s['ready']} = 1;",
            f"  wire [{fifo.bits - 1}:0] {s['data']};",
        ]
        clocked.append(
            f"    if (!reset && {s['valid']}) begin out{number} <= out{number} + 1; "
            f'$display("{number}:%h", {s["data"]}); end'
        )
        ends.append(f"out{number} == {total}")
        wires += [f".{s[role]}({s[role]})" for role in ("valid", "ready", "data")]
    bench = "\n".join(
        [
            "module bench;",
            "  reg clk = 0, reset = 1;",
            *lines,
            f"  {verilog.top} dut ({', '.join(wires)});",
            "  always #1 clk = !clk;",
            "  initial #5 reset = 0;",
            "  always @(posedge clk) begin",
            *clocked,
            f"    if ({' && '.join(ends)}) $finish;",
            "  end",
            f'  initial #{2 * samples * verilog.patience} $fatal(1, "no end");',
            "endmodule",
            "",
        ]
    )
    printed = [
        line.split(":") for line in simulate(folder, verilog.files, bench, words) if ":" in line
    ]
    return [
        unpack(
            read_words(text for place, text in printed if place == str(number)),
            fifo.tensor.type,
            fifo.lanes,
        ).reshape(samples, *fifo.tensor.shape)
        for number, fifo in enumerate(plan.outputs)
    ]
