"""Layer calls in model files, iteration over the layers of Keras models, and changed copies of models."""
