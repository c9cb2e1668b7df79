"""Ternary adders: the sums of a netlist, written with adders of three operands."""
