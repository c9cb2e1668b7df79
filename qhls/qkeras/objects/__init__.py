"""QTools' objects: types, operators, graph and data type map, under the names that QTools gives them."""
