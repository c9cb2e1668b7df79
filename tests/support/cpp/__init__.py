"""Readers of emitted C++."""
