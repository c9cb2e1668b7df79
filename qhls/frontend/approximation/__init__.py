"""Approximation of models that have no exact form: inserted quantizers, rounded weights, layers left to the host."""
