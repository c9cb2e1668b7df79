"""Readers of vendors' reports: C synthesis, co-simulation and utilization of AMD's tools."""
