"""Decisions on designs of streams: folds and tokens, found for an interval or a budget."""
