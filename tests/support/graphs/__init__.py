"""Graphs of ops: examples of every op, random graphs, and small designs."""
