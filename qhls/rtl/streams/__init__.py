"""Verilog of designs whose processes exchange tokens."""
