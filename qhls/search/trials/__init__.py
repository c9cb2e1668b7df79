"""Trials: training of candidates, the driver and the journal."""
