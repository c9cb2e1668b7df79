"""C++ of designs whose processes exchange tokens."""
