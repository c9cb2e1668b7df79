"""Base classes of the Q-layers: quantised variables, the linear op, bias and activation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import keras

from qhls.errors import QuantizerError
from qhls.frontend.layers.constraints import Clip, QInitializer
from qhls.quantizers import Quantizer, get_quantizer
from qhls.quantizers.keras_types import Identifier, KerasTensor, ops
from qhls.quantizers.numerics import as_trained, find_trained_type


@dataclass(frozen=True)
class Quantized:
    """A variable of a layer, or another value within it, that a quantizer may round.

    ``variable`` is the layer's attribute where it is a variable. The constructor's arguments begin
    with ``prefix``: ``kernel_quantizer``, ``kernel_initializer``, ``kernel_constraint`` and, where
    ``ranged``, QKeras' deprecated ``kernel_range``. A quantizer without ``alpha`` on a ``kernel`` becomes
    ``auto_po2``. Where ``fitted``, initializer and constraint are fitted to the quantizer.
    """

    variable: str
    prefix: str = ""
    kernel: bool = True
    ranged: bool = True
    fitted: bool = True

    def name_argument(self, what: str) -> str:
        """Return the name of a constructor's argument: ``name_argument("quantizer")`` is ``"kernel_quantizer"`` for
        the kernel.
        """
        return f"{self.prefix or self.variable}_{what}"


def collect_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return a constructor's ``locals()`` as keyword arguments for the constructor of its base class."""
    own = {k: v for k, v in arguments.items() if k not in ("self", "__class__", "kwargs")}
    return own | arguments["kwargs"]


def get_activation(identifier: Identifier) -> Callable[[Any], Any]:
    """Return the function or quantizer that the argument ``activation`` of QKeras means; ``None`` means Keras'
    ``linear``.
    """
    return get_quantizer(identifier) or keras.activations.linear


def serialize(function: Callable[[Any], Any] | None) -> Any:
    """Return the configuration of a quantizer or function; ``get_quantizer`` reads it back."""
    if function is None or isinstance(function, Quantizer):
        return keras.saving.serialize_keras_object(function)
    name = getattr(function, "__name__", None)
    if name is not None and _is_known_as(function, name):
        return name
    return keras.activations.serialize(function)


def _is_known_as(function: Callable[..., Any], name: str) -> bool:
    try:
        return get_quantizer(name) is function
    except QuantizerError:
        return False


class QuantizerState(keras.layers.Layer):
    """Base class of layers that lists the state of quantizers, such as a noise factor or a random seed, among the
    layer's variables.
    """

    @property
    def variables(self) -> list[Any]:
        """Return the layer's variables and those of its quantizers; the latter are not weights, but JAX must know
        them.
        """
        quantizers = [value for value in vars(self).values() if isinstance(value, Quantizer)]
        variables = [*super().variables, *(v for q in quantizers for v in q.variables)]
        return list({id(variable): variable for variable in variables}.values())


class QLayer(QuantizerState):
    """Base class of the Q-layers with weights; it comes before the Keras layer among the bases of a Q-layer.

    ``class QDense(QLayer, keras.layers.Dense)`` inherits variables, shapes and saving from
    ``Dense``. It names its quantised variables in ``quantized_variables`` and gives its op in
    ``compute_product``. Constructor arguments, constraints, configuration and the call path are here,
    once for every Q-layer.
    """

    quantized_variables: ClassVar[tuple[Quantized, ...]] = (
        Quantized("kernel"),
        Quantized("bias", kernel=False),
    )
    plain_product: ClassVar[bool] = False
    """Flag of layers whose outputs are each one sum of products with one kernel: not transposed, recurrent or folded.
    """
    size_argument: ClassVar[str | None] = None
    """Name of the argument with the number of outputs, if a search may change it."""
    inner_activations: ClassVar[tuple[str, ...]] = ()
    """Names of the arguments for activations inside ``compute_product``; ``activation`` itself follows the bias."""

    def __init__(self, activation: Identifier = None, **arguments: Any) -> None:
        own: dict[str, Any] = {"activation": get_activation(activation)}
        for each in self.quantized_variables:
            quantizer = get_quantizer(arguments.pop(each.name_argument("quantizer"), None))
            own[each.name_argument("quantizer")] = own[each.name_argument("quantizer_internal")] = (
                quantizer
            )
            if each.ranged:
                own[each.name_argument("range")] = arguments.pop(each.name_argument("range"), None)
            if isinstance(quantizer, Quantizer):
                _adapt(each, quantizer, arguments)
        for name in self.inner_activations:
            own[name] = get_quantizer(arguments.pop(name, None))
        super().__init__(**arguments)
        for name, value in own.items():
            setattr(self, name, value)

    def add_weight(self, *args: Any, **kwargs: Any) -> keras.Variable:
        """Add a variable that mixed precision does not round before a quantizer reads it."""
        return super().add_weight(*args, **{"autocast": False, **kwargs})

    def quantize_variable(self, variable: str) -> KerasTensor:
        """Return the tensor that computations use: the variable, quantised if it has a quantizer."""
        value = self.apply_quantizer(variable, self.get_unquantized(variable))
        return ops.cast(value, self.compute_dtype)

    def get_unquantized(self, variable: str) -> Any:
        """Return the value that the quantizer of ``variable`` reads: the variable itself, or ``None`` if the layer
        lacks it.
        """
        return getattr(self, variable, None)

    def apply_quantizer(self, variable: str, value: Any) -> KerasTensor:
        """Apply the quantizer of ``variable``, if that variable has one, to ``value``, and return the result."""
        quantizer = self.find_quantizer(variable)
        if quantizer is None:
            return ops.convert_to_tensor(value)
        own = as_trained(value)
        if not isinstance(quantizer, Quantizer):
            return ops.cast(quantizer(own), value.dtype)
        trained = find_trained_type("float64") == "float32"
        result = (
            quantizer.quantize_as_trained(own, self.compute_dtype) if trained else quantizer(own)
        )
        quantizer.register_weight(self, variable)
        return result

    def compute_product(self, inputs: KerasTensor) -> KerasTensor:
        """Apply the linear op to ``inputs`` and quantised kernels, before bias and activation."""
        raise NotImplementedError(f"{type(self).__name__} must define compute_product(inputs)")

    def call(self, inputs: KerasTensor, training: bool | None = None) -> KerasTensor:
        """Apply quantised kernel, quantised bias and activation; inputs and sums stay as they are."""
        outputs = self.compute_product(inputs)
        if self.adds_bias:
            outputs = ops.add(outputs, self._reshape_bias(outputs))
        return outputs if self.activation is None else self.activation(outputs)

    @property
    def adds_bias(self) -> bool:
        """Return whether the layer adds its bias."""
        return self.use_bias

    def get_quantized_weights(self) -> dict[str, tuple[Any, Any]]:
        """Return ``{variable: (quantizer or None, array of floats)}`` for the variables that exist."""
        values = {v.variable: self.get_unquantized(v.variable) for v in self.quantized_variables}
        return {
            variable: (self.find_quantizer(variable), ops.convert_to_numpy(value))
            for variable, value in values.items()
            if value is not None
        }

    def get_quantizers(self) -> list[Quantizer | None]:
        """Return the quantizers in the order of ``quantized_variables``, as QKeras lists them."""
        return [self.find_quantizer(each.variable) for each in self.quantized_variables]

    @property
    def quantizers(self) -> list[Quantizer | None]:
        """Return ``get_quantizers()``, under the name that QKeras' layers have for it."""
        return self.get_quantizers()

    def get_quantization_config(self) -> dict[str, str]:
        """Return texts of the quantizers, activations, and units or filters, by the names of the layer's arguments, for
        reports.
        """
        texts = {
            each.name_argument("quantizer"): str(self.find_quantizer(each.variable))
            for each in self.quantized_variables
        }
        for name in (*self.inner_activations, "activation"):
            function = getattr(self, name)
            texts[name] = getattr(function, "__name__", None) or str(function)
        for size in ("units", "filters"):
            if hasattr(self, size):
                texts[size] = str(getattr(self, size))
        return texts

    def get_prunable_weights(self) -> list[Any]:
        """Return the kernels, for pruning."""
        kernels = [each.variable for each in self.quantized_variables if each.kernel]
        return [v for name in kernels if (v := getattr(self, name)) is not None]

    def get_config(self) -> dict[str, Any]:
        """Return the configuration with QKeras' keys, from which ``from_config`` makes an equal layer."""
        config = super().get_config()
        for name in (*self.inner_activations, "activation"):
            config[name] = serialize(getattr(self, name))
        for each in self.quantized_variables:
            quantizer = self.find_quantizer(each.variable)
            config[each.name_argument("quantizer")] = serialize(quantizer)
            if each.ranged:
                config[each.name_argument("range")] = getattr(self, each.name_argument("range"))
        return config

    @classmethod
    def name_argument(cls, variable: str, what: str) -> str:
        """Return the name of a constructor's argument: ``name_argument("kernel", "quantizer")`` is
        ``"kernel_quantizer"``.
        """
        return next(v for v in cls.quantized_variables if v.variable == variable).name_argument(
            what
        )

    def find_quantizer(self, variable: str) -> Quantizer | None:
        """Return the quantizer of the variable named ``variable``, or ``None`` if it has none."""
        return getattr(self, self.name_argument(variable, "quantizer"))

    def _reshape_bias(self, outputs: KerasTensor) -> KerasTensor:
        bias = self.quantize_variable("bias")
        if getattr(self, "data_format", None) == "channels_first":
            return ops.reshape(bias, (1, -1) + (1,) * (len(outputs.shape) - 2))
        return bias


def _adapt(each: Quantized, quantizer: Quantizer, arguments: dict[str, Any]) -> None:
    """Fit a variable's initializer and constraint to its quantizer, as QKeras does."""
    if each.kernel:
        quantizer._set_trainable_parameter()
    if not each.fitted:
        return
    constraint = each.name_argument("constraint")
    if constraint in arguments and arguments[constraint] is None:
        arguments[constraint] = Clip.from_quantizer(quantizer)
    initializer = each.name_argument("initializer")
    if arguments.get(initializer) is not None:
        arguments[initializer] = QInitializer.fit(arguments[initializer], quantizer)
