"""Designs as ONNX files with QONNX's quantizers."""
