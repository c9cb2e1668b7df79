"""Models, designs, graphs and golden files that several test files use."""
