"""Proof that the functions of the emitted C++ equal their ops, by calls of each function with the vendor's headers."""
