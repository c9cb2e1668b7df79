"""Methods by which vectors prove the C++ of an op, and what each of them takes for granted."""

ALL_CODES, COPIES = "all codes", "copies"
BASIS = "basis"
ORDERS, ZERO_ONE = "all orders", "0-1 principle"
CALLS = "order of calls"

FOR_ELEMENTS = (ALL_CODES, COPIES)
"""Methods for functions each of whose results depends on one element of each operand."""
FOR_ORDERS = (ORDERS, ZERO_ONE)
"""Methods for functions that only compare and copy elements."""

ASSUMPTIONS = {
    ALL_CODES: "all codes: one loop body computes all elements, each from its own element of the operands",
    COPIES: "copies: linear functions by element that agree on tags, extremes and powers of two are equal",
    BASIS: "basis: sums of products with constants, modulo a power of two, are equal if they agree on a basis "
    "and their extremes fit",
    ZERO_ONE: "0-1 principle: functions that only compare and copy are equal if they agree on two codes",
    ORDERS: "all orders: functions that only compare and copy are equal if they agree on all orders",
    CALLS: "order of calls: the top function calls each function once, on the arrays of its operands",
}
"""Statements that make vectors a proof, by method."""
ALWAYS = (
    "compiler and headers are those of the simulation; conditions and indices were read in the text"
)
