"""Models of hardware for a plan: its events, primitives, areas and depths, and AMD's parts."""
