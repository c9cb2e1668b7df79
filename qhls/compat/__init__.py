"""Compatibility with QKeras: utilities and QTools."""
