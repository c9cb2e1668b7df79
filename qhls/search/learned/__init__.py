"""Search by gradient descent, which learns bit widths during training."""
