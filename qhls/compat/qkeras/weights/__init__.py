"""QKeras' utilities on weights."""
