"""Yosys in a separate process: Verilog read, synthesised and measured."""
