"""Translation of ONNX files with QONNX's quantizers to graphs of the IR."""
