"""Commands on a design's Verilog, and on proofs of its C++."""

from __future__ import annotations

import argparse

from qhls.backends.target import VERILOG
from qhls.cli.designs import EXIT_DIFFERENT, read_design, write_json
from qhls.cli.terminal import print_tables


def run_prove(options: argparse.Namespace) -> int:
    """Print the proof of each target, Verilog by default; return ``EXIT_DIFFERENT`` if one is not proved."""
    design = read_design(options, options.model[0])
    proofs = [
        design.prove(target, seconds=options.seconds, include=options.include)
        for target in dict.fromkeys(options.target or [VERILOG])
    ]
    print_tables(*proofs)
    whole = {"proved": all(proofs), "proofs": [proof.to_dict() for proof in proofs]}
    write_json(options.json, proofs[0].to_dict() if len(proofs) == 1 else whole)
    return 0 if all(proofs) else EXIT_DIFFERENT


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
