"""Engines: which candidate to try next."""
