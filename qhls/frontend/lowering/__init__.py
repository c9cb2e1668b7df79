"""Translation of a Keras model to an IR graph."""
