"""Area and latency: hardware, loops and tables of primitives."""
