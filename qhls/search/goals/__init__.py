"""Objectives, goals and costs of a search."""
