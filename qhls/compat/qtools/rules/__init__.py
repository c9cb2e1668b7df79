"""QTools' rules: the types and the charged operations of each class of layer."""
