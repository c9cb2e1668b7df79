"""Fronts, reports and progress of a search."""
