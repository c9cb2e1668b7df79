"""Plans of designs of streams: processes that exchange tokens, consecutive elements of row-major tensors."""
