"""Which quantizers pay? One network in four quantisations: energy, area, latency, and what to narrow next.

``python examples/compare_energy.py [FOLDER]`` needs no data and no training: it compares what the hardware would
cost, not how well it would classify. It writes a page (compare.html), a plot and the numbers into FOLDER.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
from rich.console import Console
from rich.table import Table

import qhls
from qhls.candidates import make_choice
from qhls.energy.operations import count_bit_operations, sum_operations
from qhls.layers import QActivation, QDense

INPUT_TYPE = "s16.10"
KERNELS = {
    "8 bits": "quantized_bits(8,0,alpha=1)",
    "6 bits": "quantized_bits(6,0,alpha=1)",
    "powers of two": "quantized_po2(4,1)",
    "ternary": "ternary(alpha=1)",
}


def tagger(name: str, kernel: str, bits: int = 6) -> keras.Model:
    """Return the jet tagger 16-64-32-32-5 with random weights."""
    keras.utils.set_random_seed(0)
    layers = [keras.Input((16,), name="jet")]
    for i, units in enumerate((64, 32, 32, 5), 1):
        layers.append(QDense(units, kernel_quantizer=kernel, use_bias=False, name=f"fc{i}"))
        if i < 4:
            layers.append(QActivation(f"quantized_relu({bits},2)", name=f"relu{i}"))
    return keras.Sequential(layers, name=name.replace(" ", "_"))


def hardware(designs: dict[str, qhls.Design]) -> Table:
    """Return one row per design: look-up tables with their error bar, latency, and bit operations."""
    table = Table("weights", title="Area, latency and bit operations (xilinx_lut6, 5 ns)")
    for heading in ("LUT", "FF", "cycles", "interval", "EBOPs", "BOPs"):
        table.add_column(heading, justify="right")
    for name, design in designs.items():
        area, latency = design.area("xilinx_lut6"), design.latency()
        operations = sum_operations(count_bit_operations(design.graph))
        table.add_row(
            name,
            f"{area.totals['LUT']:,.0f} ± {area.errors['LUT']:,.0f}",
            f"{area.totals['FF']:,.0f}",
            str(latency.latency),
            str(latency.interval),
            f"{operations.ebops:,}",
            f"{operations.bops:,.0f}",
        )
    return table


def narrowest(model: keras.Model, budget: float) -> Table:
    """Remove from 8 bits the bit that saves most energy, one layer at a time, until the budget in pJ is met.

    No model is built or trained for it; which of these steps accuracy allows, only training says.
    """
    space = qhls.candidates(model, INPUT_TYPE)
    layers = [name for name in space.layers if name.startswith("fc")]
    bits = dict.fromkeys(layers, 8)

    def energy(bits: dict[str, int]) -> float:
        kernels = {n: make_choice(f"quantized_bits({b},0,alpha=1)") for n, b in bits.items()}
        return space.energy(kernels)

    table = Table(*layers, "pJ", title="A bit at a time, by quantizers and shapes alone")
    while True:
        table.add_row(*(str(b) for b in bits.values()), f"{energy(bits):,.0f}")
        open_layers = [name for name in layers if bits[name] > 2]
        if energy(bits) <= budget or not open_layers:
            return table
        best = min(open_layers, key=lambda name: energy({**bits, name: bits[name] - 1}))
        bits[best] -= 1


def main(folder: Path = Path("build/energy")) -> int:
    """Compare the designs and write the page; return the exit status."""
    console = Console(width=None if sys.stdout.isatty() else 120)
    models = {name: tagger(name, kernel) for name, kernel in KERNELS.items()}
    designs = {n: qhls.compile(m, INPUT_TYPE) for n, m in models.items()}
    comparison = qhls.compare(list(designs.values()), names=list(designs), sensitivity=True)
    console.print(comparison.to_renderable())
    console.print(hardware(designs))
    console.print(narrowest(models["8 bits"], comparison.reports["6 bits"].total))
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("compare.html", "compare.svg", "compare.json"):
        console.print(str(comparison.save(folder / name)))
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
