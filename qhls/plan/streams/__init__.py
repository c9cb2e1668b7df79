"""A design as processes that exchange tokens: slices of row-major tensors."""
