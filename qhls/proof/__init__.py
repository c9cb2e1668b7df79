"""Proof that Verilog equals its graph for all inputs: Yosys reads the text, which is compared op by op."""
