"""QKeras' utilities that make a model from a model."""
