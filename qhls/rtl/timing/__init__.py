"""Timing of netlists: delays of an FPGA family, the slowest path, and retiming."""
