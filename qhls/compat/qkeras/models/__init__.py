"""QKeras' utilities that build a model from another model or from a file."""
