"""Template views of the parts of a design."""
