"""Trips of the loops in emitted C++, counted where the C++ runs."""

import re
import subprocess
from collections import defaultdict

from qhls.backends.csim import find_compiler, find_include
from qhls.backends.emit import generate_sources
from qhls.backends.layout import lay_out
from qhls.backends.target import TARGETS

COUNTER = """
#include <cstdio>
#define QHLS_TRIP(ii) std::printf("%s %d %d\\n", __func__, 1, ii);
#define QHLS_LANES(n) std::printf("%s %d %d\\n", __func__, 0, n);
"""
"""What a pipeline and a partly unrolled loop print each time that they run."""


def count_trips(graph, schedule, folder):
    """Trips and interval of each function of Vitis' C++, by name: its pipelined loops, for one inference."""
    files = generate_sources(graph, schedule, TARGETS["vitis"])
    view = lay_out(graph, schedule)
    text = files[f"src/{view.top}.cpp"]
    text = re.sub(r"#pragma HLS PIPELINE II=(\d+)", r"QHLS_TRIP(\1)", text)
    text = re.sub(r"#pragma HLS UNROLL factor=(\d+)", r"QHLS_LANES(\1)", text)
    ports = "".join(f"static {p.type.name} {p.name}[{p.size}];\n" for p in view.ports)
    call = f"int main() {{ {view.top}({', '.join(p.name for p in view.ports)}); }}\n"
    files[f"src/{view.top}.cpp"] = COUNTER + text + ports + call
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    include = find_include(TARGETS["vitis"])
    command = [find_compiler(), "-std=c++17", "-O0", "-w", f"-I{include}", f"src/{view.top}.cpp"]
    subprocess.run([*command, "-o", "run"], cwd=folder, check=True)
    printed = subprocess.run(["./run"], cwd=folder, check=True, capture_output=True, text=True)
    runs, lanes, intervals = defaultdict(int), {}, {}
    for line in printed.stdout.splitlines():
        function, is_trip, number = line.split()
        if int(is_trip):
            runs[function] += 1
            intervals[function] = int(number)
        else:
            lanes[function] = int(number)
    return {name: (runs[name] // lanes.get(name, 1), intervals[name]) for name in runs}
