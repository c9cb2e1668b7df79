"""Keras models as graphs of calls, and copies of them."""
