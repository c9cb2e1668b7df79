"""Execution of ONNX models with QONNX's operators, by the reference implementation in the package ``onnx``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from qhls.onnx.package import import_onnx
from qhls.onnx.quantization import (
    DOMAIN,
    IntegerQuantizer,
    Numbers,
    apply_bipolar_quant,
    apply_clipped_trunc,
    apply_quant,
    apply_trunc,
    count_thresholds,
    find_channel_axis,
    fold_normalisation,
)


class OnnxExecutor:
    """An ONNX model that is executed in ``dtype``, "float32" or "float64".

    All its constants of float type are converted. QONNX's operators are those of ``qhls.onnx.quantization``.
    """

    def __init__(self, model: Any, dtype: str = "float32") -> None:
        onnx = import_onnx()
        from onnx.reference import ReferenceEvaluator

        self.dtype = np.dtype(dtype)
        converted = onnx.ModelProto()
        converted.CopyFrom(model)
        if dtype != "float32":
            _convert_constants(onnx, converted.graph, self.dtype)
        self._evaluator = ReferenceEvaluator(converted, new_ops=_list_operators())

    def run(
        self, inputs: Mapping[str, Numbers], names: list[str] | None = None
    ) -> dict[str, Numbers]:
        """Execute the model on inputs by name; return the tensors ``names``, by default all outputs, by name."""
        names = names or [str(name) for name in self._evaluator.output_names]
        arrays = {name: array.astype(self.dtype) for name, array in inputs.items()}
        with np.errstate(all="ignore"):
            tensors = self._evaluator.run(names, arrays)
        return dict(zip(names, map(np.asarray, tensors), strict=True))

    def run_as_given(self, inputs: Mapping[str, Numbers]) -> Numbers:
        """Return the first output for inputs by name, whose types are not converted."""
        with np.errstate(all="ignore"):
            results: Any = self._evaluator.run(None, dict(inputs))
        return np.asarray(results[0])


def _convert_constants(onnx: Any, graph: Any, dtype: Any) -> None:
    """Convert initializers, constants and casts of float32 to ``dtype``."""
    to = onnx.helper.np_dtype_to_tensor_dtype(dtype)

    def convert(tensor: Any) -> None:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            array = onnx.numpy_helper.to_array(tensor).astype(dtype)
            tensor.CopyFrom(onnx.numpy_helper.from_array(array, tensor.name))

    for tensor in graph.initializer:
        convert(tensor)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                convert(attribute.t)
            if node.op_type == "Cast" and attribute.i == onnx.TensorProto.FLOAT:
                attribute.i = to


def _list_operators() -> list[Any]:
    """Return QONNX's operators, and ONNX's BatchNormalization, as classes of the reference implementation."""
    from onnx.reference.op_run import OpRun

    class Quant(OpRun):
        op_domain = DOMAIN

        def _run(self, x: Any, scale: Any, zero: Any, bits: Any, **attributes: Any) -> tuple[Any]:
            return (apply_quant(x, scale, zero, _read(self, attributes, bits, "ROUND")),)

    class IntQuant(Quant):
        op_domain = DOMAIN

    class BipolarQuant(OpRun):
        op_domain = DOMAIN

        def _run(self, x: Any, scale: Any, **_: Any) -> tuple[Any]:
            return (apply_bipolar_quant(x, scale),)

    class Trunc(OpRun):
        op_domain = DOMAIN

        def _run(
            self, x: Any, scale: Any, zero: Any, bits: Any, *more: Any, **attributes: Any
        ) -> tuple[Any]:
            to = _read(self, attributes, more[-1], "FLOOR")
            if len(more) == 1:
                return (apply_trunc(x, scale, zero, int(bits) - to.bits, to.rounding),)
            return (apply_clipped_trunc(x, scale, zero, more[0], to),)

    class MultiThreshold(OpRun):
        op_domain = DOMAIN

        def _run(self, x: Any, thresholds: Any, **attributes: Any) -> tuple[Any]:
            axis = find_channel_axis(_get(self, attributes, "data_layout", ""), x.ndim)
            counts = count_thresholds(x, thresholds, axis)
            scale, bias = (
                _get(self, attributes, "out_scale", 1.0),
                _get(self, attributes, "out_bias", 0.0),
            )
            return (x.dtype.type(scale) * counts + x.dtype.type(bias),)

    class BatchNormalization(OpRun):
        op_domain = ""  # the package's own follows the statistics of the batch in versions below 14

        def _run(
            self, x: Any, scale: Any, bias: Any, mean: Any, variance: Any, **attributes: Any
        ) -> tuple[Any]:
            shape = (-1, *(1,) * (x.ndim - 2))
            epsilon, kind = float(_get(self, attributes, "epsilon", 1e-5)), x.dtype.type
            parts = fold_normalisation(scale, bias, mean, variance, epsilon=epsilon, dtype=kind)
            factor, offset = (part.reshape(shape) for part in parts)
            return (x * factor + offset,)

    return [Quant, IntQuant, BipolarQuant, Trunc, MultiThreshold, BatchNormalization]


def _read(
    operator: Any, attributes: Mapping[str, Any], bits: Any, rounding: str
) -> IntegerQuantizer:
    """Return the quantizer that the attributes of a node describe."""
    signed, narrow = (
        _get(operator, attributes, "signed", 1),
        _get(operator, attributes, "narrow", 0),
    )
    mode = str(_get(operator, attributes, "rounding_mode", rounding)).upper()
    return IntegerQuantizer(int(bits), bool(signed), bool(narrow), mode)


def _get(operator: Any, attributes: Mapping[str, Any], name: str, default: Any) -> Any:
    """Return an attribute of a node, or the attribute's default value."""
    value = attributes.get(name)
    return getattr(operator, name, default) if value is None else value
