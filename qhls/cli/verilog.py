"""Commands on a design's Verilog."""

from __future__ import annotations

import argparse

from qhls.cli.designs import EXIT_DIFFERENT, read_design, write_json
from qhls.cli.terminal import print_tables


def run_prove(options: argparse.Namespace) -> int:
    """Print the proof of the Verilog; return ``EXIT_DIFFERENT`` if it is not proved."""
    design = read_design(options, options.model[0])
    proof = design.prove(seconds=options.seconds)
    print_tables(proof)
    write_json(options.json, proof.to_dict())
    return 0 if proof else EXIT_DIFFERENT


def run_synth(options: argparse.Namespace) -> int:
    """Map the Verilog to an FPGA family, and print the resource counts of Yosys beside the estimate of qhls."""
    design = read_design(options, options.model[0])
    synthesis = design.synthesize(options.mapped_to, options.flow)
    print_tables(synthesis)
    write_json(options.json, synthesis.to_dict())
    return 0


def run_place(options: argparse.Namespace) -> int:
    """Place and route the Verilog, and print its utilisation and highest clock."""
    design = read_design(options, options.model[0])
    placement = design.place(options.device, bitstream=options.bitstream)
    print_tables(placement)
    write_json(options.json, placement.to_dict())
    return 0
