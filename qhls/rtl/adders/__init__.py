"""Products of a vector with a constant matrix in logic: sums that share common terms."""

from qhls.rtl.adders.graph import (
    EFFORT,
    AdderGraph,
    count_least_levels,
    multiply_vector,
    solve,
)

__all__ = ["EFFORT", "AdderGraph", "count_least_levels", "multiply_vector", "solve"]
