"""Costs as tables, plots and pages."""
