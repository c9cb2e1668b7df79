"""Commands without a design: QTools, search, reports of synthesis tools."""

from __future__ import annotations

import argparse
import sys

from qhls.cli.terminal import print_tables

MODES_OF_QTOOLS: dict[str, bool | str] = {"today": True, "0.9.0": "0.9.0", "complete": False}
"""Value of the argument ``compatible`` of ``QTools`` for each choice of ``--mode``."""


def run_qtools(options: argparse.Namespace) -> int:
    """Print QTools' energy and roofline numbers of a model."""
    from qhls.compat.qtools.report import build_energy_table, format_roofline
    from qhls.frontend.files.load import load_model
    from qhls.qtools import QTools

    sources = options.source_quantizer
    tools = QTools(
        load_model(options.model[0], options.weights),
        options.process,
        sources[0] if sources and len(sources) == 1 else sources,
        options.is_inference,
        keras_quantizer=options.keras_quantizer,
        keras_accumulator=options.keras_accumulator,
        for_reference=options.for_reference,
        compatible=MODES_OF_QTOOLS[options.mode],
    )
    energy = tools.pe(
        options.weights_on_memory,
        options.activations_on_memory,
        options.min_sram_size,
        options.rd_wr_on_io,
    )
    print_tables(build_energy_table(tools, energy))
    sys.stdout.write(f"{format_roofline(tools)}\n")
    if options.json:
        tools.qtools_stats_to_json(options.json)
        sys.stdout.write(f"{options.json}\n")
    return 0


def read_reports(options: argparse.Namespace) -> int:
    """Print the area and the clock cycles from reports of synthesis tools."""
    from qhls.energy.tool_reports.report import read_report, save_reports

    reports = [read_report(path) for path in options.path]
    print_tables(*(table for report in reports for table in report.tables))
    if options.json:
        sys.stdout.write(f"{save_reports(reports, options.json)}\n")
    return 0


def run_search(options: argparse.Namespace) -> int:
    """Search for quantised forms of a model, as ``qhls.search`` does."""
    from qhls.search.command import run

    return run(options)
