"""Lowering rules of ONNX nodes, one file per kind of meaning."""
