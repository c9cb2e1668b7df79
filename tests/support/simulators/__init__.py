"""Simulators of Verilog beside Verilator."""
