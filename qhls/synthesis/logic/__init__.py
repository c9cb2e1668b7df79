"""Look-up tables of the logic between carry chains: its gates, and how technology mapping covers them."""
