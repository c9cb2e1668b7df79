"""QTools' types: numbers, operators and the data type map."""
