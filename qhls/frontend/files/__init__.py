"""Loading of Keras model files: their configurations, classes and weights."""
