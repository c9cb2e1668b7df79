"""Model files: configurations, classes and weights."""
