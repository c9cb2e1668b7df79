"""Lowering rules of ONNX nodes, one file per group of operators."""
