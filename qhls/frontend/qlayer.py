"""What all Q-layers share: quantised variables and the path kernel, op, bias, activation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
from keras import ops

from qhls.errors import QuantizerError
from qhls.frontend.constraints import Clip, QInitializer
from qhls.quantizers import Quantizer, get_quantizer


@dataclass(frozen=True)
class Quantized:
    """A variable of a layer that a quantizer may stand on.

    ``variable`` is the layer's attribute. The constructor's arguments begin with ``prefix``:
    ``kernel_quantizer``, ``kernel_initializer``, ``kernel_constraint`` and, where ``ranged``,
    QKeras' deprecated ``kernel_range``. A quantizer without ``alpha`` on a ``kernel`` becomes
    ``auto_po2``.
    """

    variable: str
    prefix: str = ""
    kernel: bool = True
    ranged: bool = True

    def argument(self, what: str) -> str:
        """The constructor's argument: ``argument("quantizer")`` is ``kernel_quantizer``."""
        return f"{self.prefix or self.variable}_{what}"


def given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A constructor's ``locals()`` as keyword arguments for the constructor of its base class."""
    own = {k: v for k, v in arguments.items() if k not in ("self", "__class__", "kwargs")}
    return own | arguments["kwargs"]


def get_activation(identifier: Any) -> Callable[[Any], Any]:
    """The function or quantizer behind QKeras' ``activation=``; ``None`` is Keras' ``linear``."""
    return get_quantizer(identifier) or keras.activations.linear


def serialize(function: Callable[[Any], Any] | None) -> Any:
    """What stands for a quantizer or function in a configuration; ``get_quantizer`` reads it back."""
    if function is None or isinstance(function, Quantizer):
        return keras.saving.serialize_keras_object(function)
    name = getattr(function, "__name__", None)
    if name is not None and _is_known_as(function, name):
        return name
    return keras.activations.serialize(function)


def _is_known_as(function: Any, name: str) -> bool:
    try:
        return get_quantizer(name) is function
    except QuantizerError:
        return False


class QLayer(keras.layers.Layer):
    """Base of the Q-layers with weights; stands before the Keras layer it quantises.

    ``class QDense(QLayer, keras.layers.Dense)`` inherits variables, shapes and saving from
    ``Dense``. It names its quantised variables in ``quantized_variables`` and gives its op in
    ``product``; constructor arguments, constraints, configuration and the call path are here, once
    for every Q-layer.
    """

    quantized_variables: ClassVar[tuple[Quantized, ...]] = (
        Quantized("kernel"),
        Quantized("bias", kernel=False),
    )

    def __init__(self, activation: Any = None, **arguments: Any) -> None:
        own = {}
        for each in self.quantized_variables:
            quantizer = get_quantizer(arguments.pop(each.argument("quantizer"), None))
            own[each.argument("quantizer")] = own[each.argument("quantizer_internal")] = quantizer
            if each.ranged:
                own[each.argument("range")] = arguments.pop(each.argument("range"), None)
            if isinstance(quantizer, Quantizer):
                _adapt(each, quantizer, arguments)
        super().__init__(activation=get_activation(activation), **arguments)
        for name, value in own.items():
            setattr(self, name, value)

    def quantized(self, variable: str) -> Any:
        """The tensor that computations use: the variable, through its quantizer if it has one."""
        quantizer = self._quantizer(variable)
        value = getattr(self, variable)
        return ops.convert_to_tensor(value) if quantizer is None else quantizer(value)

    def product(self, inputs: Any) -> Any:
        """The linear op on ``inputs`` and quantised kernels, before bias and activation."""
        raise NotImplementedError(f"{type(self).__name__} must define product(inputs)")

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Quantised kernel, op, quantised bias, activation; inputs and sums stay as they are."""
        outputs = self.product(inputs)
        if self.use_bias:
            outputs = ops.add(outputs, self._bias_for(outputs))
        return outputs if self.activation is None else self.activation(outputs)

    def quantized_weights(self) -> dict[str, tuple[Any, Any]]:
        """Variable -> (quantizer or ``None``, array of floats), for the variables that exist."""
        return {
            each.variable: (
                self._quantizer(each.variable),
                ops.convert_to_numpy(getattr(self, each.variable)),
            )
            for each in self.quantized_variables
            if getattr(self, each.variable, None) is not None
        }

    def get_quantizers(self) -> list[Quantizer | None]:
        """The quantizers in the order of ``quantized_variables``, as QKeras lists them."""
        return [self._quantizer(each.variable) for each in self.quantized_variables]

    def get_quantization_config(self) -> dict[str, str]:
        """Argument -> text, for reports: quantizers, activation, units or filters."""
        texts = {
            each.argument("quantizer"): str(self._quantizer(each.variable))
            for each in self.quantized_variables
        }
        texts["activation"] = getattr(self.activation, "__name__", None) or str(self.activation)
        for size in ("units", "filters"):
            if hasattr(self, size):
                texts[size] = str(getattr(self, size))
        return texts

    def get_prunable_weights(self) -> list[Any]:
        """The kernels, for pruning."""
        return [getattr(self, each.variable) for each in self.quantized_variables if each.kernel]

    def get_config(self) -> dict[str, Any]:
        """Configuration with QKeras' keys; ``from_config`` of it is the same layer."""
        config = super().get_config()
        config["activation"] = serialize(self.activation)
        for each in self.quantized_variables:
            quantizer = self._quantizer(each.variable)
            config[each.argument("quantizer")] = serialize(quantizer)
            if each.ranged:
                config[each.argument("range")] = getattr(self, each.argument("range"))
        return config

    @classmethod
    def argument(cls, variable: str, what: str) -> str:
        """The constructor's argument: ``argument("kernel", "quantizer")`` is ``kernel_quantizer``."""
        return next(v for v in cls.quantized_variables if v.variable == variable).argument(what)

    def _quantizer(self, variable: str) -> Quantizer | None:
        return getattr(self, self.argument(variable, "quantizer"))

    def _bias_for(self, outputs: Any) -> Any:
        bias = self.quantized("bias")
        if getattr(self, "data_format", None) == "channels_first":
            return ops.reshape(bias, (1, -1) + (1,) * (len(outputs.shape) - 2))
        return bias


def _adapt(each: Quantized, quantizer: Quantizer, arguments: dict[str, Any]) -> None:
    """Fit a variable's initializer and constraint to its quantizer, as QKeras does."""
    if each.kernel:
        quantizer._set_trainable_parameter()
    constraint = each.argument("constraint")
    if constraint in arguments and arguments[constraint] is None:
        arguments[constraint] = Clip.around(quantizer)
    initializer = each.argument("initializer")
    if arguments.get(initializer) is not None:
        arguments[initializer] = QInitializer.fitting(arguments[initializer], quantizer)
