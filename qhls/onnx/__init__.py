"""Import and export of networks as ONNX files with QONNX's quantizers, such as files that Brevitas exports.

Needs ``pip install 'qhls[onnx]'``. The meaning of QONNX's operators is in ``qhls.onnx.quantization``, after QONNX's
specification of Quant, BipolarQuant, Trunc and MultiThreshold.
"""
