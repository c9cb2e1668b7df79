"""QKeras' utilities that examine a model."""
