"""Exchange of networks as ONNX with the quantizers of QONNX: files of Brevitas to designs, and designs to files.

Needs ``pip install 'qhls[onnx]'``. The meaning of QONNX's operators is in ``qhls.onnx.quantization``, after QONNX's
specification of Quant, BipolarQuant, Trunc and MultiThreshold.
"""
