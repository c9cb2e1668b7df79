"""Synthesis, placement and area estimation of Verilog for FPGA families, with Yosys and nextpnr."""
