"""Views of the tensors and functions of a design, which the templates read."""
