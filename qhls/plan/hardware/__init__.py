"""Hardware that a plan counts and prices: parts, primitives, areas and depths."""
