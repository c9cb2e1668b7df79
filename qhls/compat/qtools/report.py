"""The table of a QTools run: energy in pJ by layer and cause, and the sum of the causes that count."""

from __future__ import annotations

from typing import Any

from rich.table import Table
from rich.text import Text

from qhls.compat.qtools.tools import QTools
from qhls.system.text import escape_line

_CAUSES = ("inputs", "outputs", "parameters", "op_cost")


def build_energy_table(tools: QTools, energy: dict[str, Any]) -> Table:
    """Return a table with one row per layer: class, output width, operations, energy by cause in pJ, counted sum.

    ``energy`` is the result of ``tools.pe``. The sum adds the causes that QTools counts for the class of a layer
    (``include_energy``).
    """
    profile = tools.extract_energy_profile(tools.include_energy, energy)
    total = tools.extract_energy_sum(tools.include_energy, energy)
    title = (
        f"QTools, {tools.prices.name}, pJ per inference; all causes: {energy['total_cost']:,.2f}"
    )
    table = Table(title=Text(escape_line(title), "italic"), show_footer=True)
    table.add_column("layer", "sum")
    table.add_column("class")
    for heading in ("bits", "operations", *_CAUSES):
        table.add_column(heading, justify="right")
    table.add_column("counted", f"{total:,}", justify="right")
    for name, entry in profile.items():
        entry_types = tools.data_type_map[name]
        table.add_row(
            Text(escape_line(name)),
            energy[name]["class_name"],
            str(entry_types["output_quantizer"]["bits"]),
            f"{entry_types['operation_count']:,}",
            *(f"{entry['energy'][cause]:,.2f}" for cause in _CAUSES),
            f"{entry['total']:,.2f}",
        )
    return table


def format_roofline(tools: QTools) -> str:
    """Return the roofline numbers as one line of text."""
    numbers = tools.get_roofline_numbers()
    return "roofline: " + ", ".join(f"{key} {value:,.10g}" for key, value in numbers.items())
