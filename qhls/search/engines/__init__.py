"""Engines, which propose the candidates to train next."""
