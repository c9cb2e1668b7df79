"""Search space: the quantizers and sizes that each layer may have."""
