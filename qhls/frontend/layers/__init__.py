"""Q-layers, each in one module with its lowering rule; importing ``qhls.frontend`` registers all of them."""
