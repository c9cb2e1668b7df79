"""Keras models: random, one of each layer, golden ones, and files that hold them."""
