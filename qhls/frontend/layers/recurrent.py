"""``QSimpleRNN``, ``QLSTM``, ``QGRU``, their cells, and ``QBidirectional``."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from operator import attrgetter
from types import MappingProxyType
from typing import Any, ClassVar, Self

import keras

from qhls.frontend.layers.qlayer import QLayer, Quantized, collect_arguments, get_activation
from qhls.frontend.layers.registry import register
from qhls.quantizers.keras_types import KerasTensor

_computing: ContextVar[Mapping[int, Mapping[str, Any]]] = ContextVar(
    "qhls_computing", default=MappingProxyType({})
)
"""Quantised weights of the cells that are currently computing, by the ``id`` of the cell."""


class _Weight:
    """Descriptor of a cell's variable: yields the quantised value while the cell computes, and the variable itself
    otherwise.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __set__(self, cell: Any, variable: keras.Variable | None) -> None:
        vars(cell)[self.name] = variable

    def __get__(self, cell: Any, owner: type | None = None) -> Any:
        if cell is None:
            return self
        if self.name not in vars(cell):
            raise AttributeError(f"{type(cell).__name__} has no {self.name!r} before it is built")
        return _computing.get().get(id(cell), vars(cell))[self.name]


class QCell(QLayer):
    """Base class of the cells: Keras' own cell, computed with quantised weights and quantised old states.

    On JAX a cell whose state quantizer or activation draws random numbers needs ``unroll=True`` of a plain
    ``keras.layers.RNN``; the Q-layers see to it themselves.
    """

    quantized_variables = (
        Quantized("kernel", ranged=False),
        Quantized("recurrent_kernel", prefix="recurrent", ranged=False),
        Quantized("bias", kernel=False, ranged=False),
        Quantized("state", kernel=False, ranged=False),
    )

    kernel = _Weight()
    recurrent_kernel = _Weight()
    bias = _Weight()

    def __init__(self, **arguments: Any) -> None:
        for name in self.inner_activations:
            arguments[name] = get_activation(arguments[name])
        if arguments.get("implementation") == 0:  # of Keras 2; QKeras computes 1 instead
            arguments["implementation"] = 1
        super().__init__(**arguments)

    @contextmanager
    def read_quantized(self) -> Iterator[None]:
        """Make the cell's attributes yield quantised weights within this context, quantised once per sequence instead
        of per step.
        """
        outer = _computing.get()
        if id(self) in outer:
            yield
            return
        weights = [v.variable for v in self.quantized_variables if v.variable != "state"]
        values = {
            name: None if vars(self)[name] is None else self.quantize_variable(name)
            for name in weights
        }
        token = _computing.set({**outer, id(self): values})
        try:
            yield
        finally:
            _computing.reset(token)

    def needs_draws_in_step(self) -> bool:
        """Return whether the cell's quantizers draw random numbers in each step.

        Those for weights are drawn once, before the first step.
        """
        names = ("state_quantizer", "activation", *self.inner_activations)
        return any(getattr(getattr(self, name), "_seed", None) is not None for name in names)

    def call(  # pyright: ignore[reportIncompatibleMethodOverride] - a cell has states
        self,
        inputs: KerasTensor,
        states: Any,
        training: bool = False,
    ) -> tuple[KerasTensor, Any]:
        """Compute one step and return ``(output, new states)``. It quantises the old states, not the new ones."""
        if self.state_quantizer is not None:
            states = keras.tree.map_structure(self.state_quantizer, states)
        with self.read_quantized():
            return super(QLayer, self).call(inputs, states, training=training)

    def get_config(self) -> dict[str, Any]:
        """Return the configuration with QKeras' keys and ``implementation``, which Keras' configuration lacks."""
        config = super().get_config()
        if hasattr(self, "implementation"):
            config["implementation"] = self.implementation
        return config


class QRNN(keras.layers.RNN):
    """Base class of the recurrent layers: a ``keras.layers.RNN`` whose arguments include those of its cell.

    What the cell's constructor takes can be read from the layer as well: ``layer.units``.
    """

    cell_class: ClassVar[type[QCell]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        of_cell = cls._of_cell()
        internal = [f"{name}_internal" for name in of_cell if name.endswith("_quantizer")]
        for name in (*of_cell, *internal):
            setattr(cls, name, property(attrgetter(f"cell.{name}")))

    @classmethod
    def _of_cell(cls) -> list[str]:
        """Return the names of the arguments of the cell's constructor."""
        parameters = inspect.signature(cls.cell_class.__init__).parameters.values()
        return [p.name for p in parameters if p.name != "self" and p.kind is not p.VAR_KEYWORD]

    def __init__(self, **arguments: Any) -> None:
        of_cell = {name: arguments.pop(name) for name in self._of_cell()}
        shared = {name: arguments[name] for name in ("dtype", "trainable") if name in arguments}
        super().__init__(self.cell_class(**of_cell, **shared, name="cell"), **arguments)
        self.input_spec = keras.InputSpec(ndim=3)

    def inner_loop(self, *args: Any, **kwargs: Any) -> Any:
        """Compute all time steps of the sequence with weights that are quantised once."""
        with self.cell.read_quantized(), self._unroll_for_draws():
            return super().inner_loop(*args, **kwargs)

    @contextmanager
    def _unroll_for_draws(self) -> Iterator[None]:
        """Unroll the loop within this context if steps draw random numbers on JAX, whose own loop does not advance
        random states.
        """
        unroll = self.unroll
        self.unroll = unroll or (
            keras.backend.backend() == "jax" and self.cell.needs_draws_in_step()
        )
        try:
            yield
        finally:
            self.unroll = unroll

    def get_quantized_weights(self) -> dict[str, tuple[Any, Any]]:
        """Return ``{variable: (quantizer or None, array of floats)}`` of the cell."""
        return self.cell.get_quantized_weights()

    def get_quantizers(self) -> list[Any]:
        """Return the quantizers of kernel, recurrent kernel, bias and state."""
        return self.cell.get_quantizers()

    @property
    def quantizers(self) -> list[Any]:
        """Return ``get_quantizers()``, under the name that QKeras' layers have for it."""
        return self.get_quantizers()

    def get_quantization_config(self) -> dict[str, str]:
        """Return texts of the cell's quantizers, activations and units, by the names of its arguments, for reports."""
        return self.cell.get_quantization_config()

    def get_prunable_weights(self) -> list[Any]:
        """Return the kernels, for pruning."""
        return self.cell.get_prunable_weights()

    def get_config(self) -> dict[str, Any]:
        """Return the configuration with QKeras' keys: the cell's arguments are among the layer's."""
        config = super().get_config()
        of_cell = config.pop("cell")["config"]
        return config | {name: of_cell[name] for name in self._of_cell()}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Self:
        """Return a new layer with the arguments in ``config``."""
        return cls(**config)


@register
class QSimpleRNNCell(QCell, keras.layers.SimpleRNNCell):  # pyright: ignore[reportIncompatibleMethodOverride] - Keras calls inputs a sequence here
    """One step of ``QSimpleRNN``: ``h = activation(x @ Q(kernel) + Q(bias) + Q(h) @ Q(recurrent))``.

    Arguments are those of ``keras.layers.SimpleRNNCell`` and ``kernel_quantizer``,
    ``recurrent_quantizer``, ``bias_quantizer``, ``state_quantizer``.
    """

    def __init__(  # noqa: PLR0917 - QKeras' order
        self,
        units,
        activation="quantized_tanh",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        kernel_quantizer=None,
        recurrent_quantizer=None,
        bias_quantizer=None,
        state_quantizer=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        seed=None,
        **kwargs,
    ):
        super().__init__(**collect_arguments(locals()))


@register
class QSimpleRNN(QRNN):
    """A recurrent layer ``h' = activation(x @ Q(kernel) + Q(bias) + Q(h) @ Q(recurrent))``.

    Arguments are those of ``keras.layers.SimpleRNN`` and ``kernel_quantizer``,
    ``recurrent_quantizer``, ``bias_quantizer``, ``state_quantizer``: quantizers, their strings or
    configurations, or ``None`` for real numbers. ``state_quantizer`` is for a state that enters a
    step; what leaves the layer is not quantised by it.

    Raises:
        QuantizerError: a quantizer or activation that does not exist.
    """

    cell_class = QSimpleRNNCell

    def __init__(  # noqa: PLR0917 - QKeras' order
        self,
        units,
        activation="quantized_tanh",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        kernel_quantizer=None,
        recurrent_quantizer=None,
        bias_quantizer=None,
        state_quantizer=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        seed=None,
        **kwargs,
    ):
        super().__init__(**collect_arguments(locals()))


@register
class QLSTMCell(QCell, keras.layers.LSTMCell):
    """One step of ``QLSTM``.

    Arguments are those of ``keras.layers.LSTMCell`` and ``kernel_quantizer``,
    ``recurrent_quantizer``, ``bias_quantizer``, ``state_quantizer``.
    """

    inner_activations = ("recurrent_activation",)

    def __init__(  # noqa: PLR0917 - QKeras' order
        self,
        units,
        activation="quantized_tanh",
        recurrent_activation="hard_sigmoid",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        unit_forget_bias=True,
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        kernel_quantizer=None,
        recurrent_quantizer=None,
        bias_quantizer=None,
        state_quantizer=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        implementation=1,
        seed=None,
        **kwargs,
    ):
        super().__init__(**collect_arguments(locals()))


@register
class QLSTM(QRNN):
    """Long short-term memory with quantised weights, gates and states.

    Arguments are those of ``keras.layers.LSTM`` and ``kernel_quantizer``, ``recurrent_quantizer``,
    ``bias_quantizer``, ``state_quantizer``: quantizers, their strings or configurations, or
    ``None`` for real numbers. ``state_quantizer`` is for both states, h and c, that enter a step;
    what leaves the layer is not quantised by it. ``recurrent_activation`` "hard_sigmoid" is
    QKeras': ``clip(0.5 x + 0.5, 0, 1)``. ``implementation`` 1 multiplies by one kernel per gate, 2 by
    all at once. They differ in float rounding, and in dropout, which 1 draws for each gate.

    Raises:
        QuantizerError: a quantizer or activation that does not exist.
    """

    cell_class = QLSTMCell

    def __init__(  # noqa: PLR0917 - QKeras' order
        self,
        units,
        activation="quantized_tanh",
        recurrent_activation="hard_sigmoid",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        unit_forget_bias=True,
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        kernel_quantizer=None,
        recurrent_quantizer=None,
        bias_quantizer=None,
        state_quantizer=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        implementation=1,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        seed=None,
        **kwargs,
    ):
        super().__init__(**collect_arguments(locals()))


@register
class QGRUCell(QCell, keras.layers.GRUCell):
    """One step of ``QGRU``.

    Arguments are those of ``keras.layers.GRUCell`` and ``kernel_quantizer``,
    ``recurrent_quantizer``, ``bias_quantizer``, ``state_quantizer``.
    """

    inner_activations = ("recurrent_activation",)

    def __init__(  # noqa: PLR0917 - QKeras' order
        self,
        units,
        activation="quantized_tanh",
        recurrent_activation="hard_sigmoid",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        kernel_quantizer=None,
        recurrent_quantizer=None,
        bias_quantizer=None,
        state_quantizer=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        implementation=1,
        reset_after=False,
        seed=None,
        **kwargs,
    ):
        super().__init__(**collect_arguments(locals()))


@register
class QGRU(QRNN):
    """Gated recurrent unit with quantised weights, gates and states.

    Arguments are those of ``keras.layers.GRU`` and ``kernel_quantizer``, ``recurrent_quantizer``,
    ``bias_quantizer``, ``state_quantizer``: quantizers, their strings or configurations, or
    ``None`` for real numbers. ``state_quantizer`` is for the state that enters a step, where the
    gates and the new state read it. It does not quantise what leaves the layer. The other
    arguments are as in ``QLSTM``; ``reset_after`` is off unless given.

    Raises:
        QuantizerError: a quantizer or activation that does not exist.
    """

    cell_class = QGRUCell

    def __init__(  # noqa: PLR0917 - QKeras' order
        self,
        units,
        activation="quantized_tanh",
        recurrent_activation="hard_sigmoid",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        kernel_quantizer=None,
        recurrent_quantizer=None,
        bias_quantizer=None,
        state_quantizer=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        implementation=1,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        reset_after=False,
        seed=None,
        **kwargs,
    ):
        super().__init__(**collect_arguments(locals()))


@register
class QBidirectional(keras.layers.Bidirectional):
    """Layer that runs a recurrent layer, such as ``QLSTM``, forwards over a sequence, and a second recurrent layer
    backwards.

    Arguments are those of ``keras.layers.Bidirectional``.
    """

    def get_quantized_weights(self) -> dict[str, tuple[Any, Any]]:
        """Return ``{name: (quantizer or None, array of floats)}``; names begin with ``forward_`` or ``backward_``."""
        return {
            f"{direction}_{variable}": weight
            for direction, layer in self._list_directions()
            for variable, weight in layer.get_quantized_weights().items()
        }

    def get_quantizers(self) -> list[Any]:
        """Return the quantizers of the forward layer, then those of the backward layer."""
        return [q for _, layer in self._list_directions() for q in layer.get_quantizers()]

    @property
    def quantizers(self) -> list[Any]:
        """Return ``get_quantizers()``, under the name that QKeras' layers have for it."""
        return self.get_quantizers()

    def get_quantization_config(self) -> dict[str, Any]:
        """Return the ``get_quantization_config`` of both layers, under QKeras' names ``layer`` and
        ``backward_layer``.
        """
        return {
            "layer": self.forward_layer.get_quantization_config(),
            "backward_layer": self.backward_layer.get_quantization_config(),
        }

    def get_prunable_weights(self) -> list[Any]:
        """Return the kernels, for pruning."""
        return [w for _, layer in self._list_directions() for w in layer.get_prunable_weights()]

    def _list_directions(self) -> tuple[tuple[str, Any], ...]:
        return ("forward", self.forward_layer), ("backward", self.backward_layer)
