"""Widths learned in training."""
