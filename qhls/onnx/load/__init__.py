"""ONNX files with QONNX's quantizers as graphs of the IR."""
