"""Export of designs as ONNX files with QONNX's quantizers."""
