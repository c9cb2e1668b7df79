"""Yosys in a process of its own: Verilog read, synthesised and measured."""
