"""QTools' rules by layer."""
