"""Proof that Verilog equals its graph for all inputs: the text is read back and compared op by op."""
