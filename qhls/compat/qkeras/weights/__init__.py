"""QKeras' utilities that save, compress and measure the weights of a model."""
