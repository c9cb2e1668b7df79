"""Q-layers, each beside its lowering rule; importing this package registers all of them."""
