"""Search space: named choices that define the quantised versions of a model.

A candidate is a dictionary: name of a choice -> one of its options. Names are those of AutoQKeras:
``dense_1_kernel_quantizer``; ``^conv_kernel_quantizer`` for layers grouped by a regular expression of ``limit``;
``network_filters``, ``network_filters_dense_1``, ``learning_rate``.
"""

from __future__ import annotations

import json
import math
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from qhls.errors import QhlsError
from qhls.frontend import get_registered
from qhls.frontend.models.state import copy_model_state, copy_state
from qhls.frontend.models.walk import walk_layers as walk
from qhls.frontend.models.walk import walk_replaceable
from qhls.quantizers.keras_types import KerasLayer
from qhls.search.errors import SpaceError, TrialError
from qhls.search.space.quantization import (
    ACTIVATION,
    BIAS,
    GATES,
    KERNELS,
    LINEAR,
    LayerQuantization,
    Role,
)
from qhls.search.space.resize import FILTER_FACTORS, find_resizable, resize
from qhls.utils import model_quantize

Option = str | float
Candidate = dict[str, Option]

LEARNING_RATE = "learning_rate"
"""Name of the choice of a learning rate, given as an index from 0; its value depends on the candidate."""

NETWORK_FILTERS = "network_filters"
TUNE_FILTERS = ("none", "layer", "block")
DEFAULT_ACTIVATION_BITS = 4


@dataclass(frozen=True)
class CandidateChoice:
    """A choice of the search space: a candidate has one of ``options``, for all of ``layers``.

    ``sizes``: one number per option, smaller for options that probably cost less.
    """

    name: str
    options: tuple[Option, ...]
    sizes: tuple[float, ...]
    layers: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Slot:
    """An entry in the configuration of ``model_quantize`` that a choice sets.

    An empty ``key`` means that the choice is the whole entry of the layer.
    """

    layer: str
    key: str
    choice: str


class Space:
    """All candidates of ``model`` within ``quantization_config`` and ``limit``.

    Arguments are those of ``AutoQKeras``, which explains them; ``choices`` are in the order of the
    layers. Raises ``SpaceError`` for an invalid argument, or if no layer is quantised.
    """

    def __init__(
        self,
        model: keras.Model,
        *,
        quantization_config: Mapping[str, Mapping[str, int]] | None = None,
        limit: Mapping[str, Any] | None = None,
        tune_filters: str = "none",
        tune_filters_exceptions: str | None = None,
        layer_indexes: Sequence[int] | None = None,
        frozen_layers: Sequence[str] = (),
        activation_bits: int = DEFAULT_ACTIVATION_BITS,
        transfer_weights: bool = False,
        learning_rates: int = 0,
        custom_objects: Mapping[str, Any] | None = None,
    ) -> None:
        self.model, self.activation_bits = model, activation_bits
        self.transfer_weights, self.custom_objects = transfer_weights, custom_objects
        self.frozen_layers = _check_names(model, frozen_layers)
        names = [(layer.name, type(layer).__name__) for layer in walk_replaceable(model)]
        self.quantization = LayerQuantization(quantization_config, limit, names)
        self._choices: dict[str, CandidateChoice] = {}
        self._slots: list[_Slot] = []
        self._marked: list[str] = []
        self._filters: dict[str, str] = {}
        quantised = [
            layer for layer in self._list_searched(layer_indexes) if self._add_layer(layer)
        ]
        self._add_filters(quantised, tune_filters, tune_filters_exceptions)
        if learning_rates:
            rates = tuple(float(i) for i in range(learning_rates))
            self._add(LEARNING_RATE, rates, rates, "")
        self.choices = tuple(self._choices.values())
        if not self._slots:
            raise SpaceError(
                f"search: expected layers to quantise, got none: limit has "
                f"{', '.join(map(repr, self.quantization.limit)) or 'no class'} and the model "
                f"{model.name!r} {', '.join(sorted({cls for _, cls in names}))}. Add classes to limit."
            )

    # -- candidates ---------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Number of candidates."""
        return math.prod(len(choice.options) for choice in self.choices)

    def get_candidate(self, index: int) -> Candidate:
        """Return the candidate with an index from 0 to ``size - 1``."""
        options: Candidate = {}
        for choice in self.choices:
            index, digit = divmod(index, len(choice.options))
            options[choice.name] = choice.options[digit]
        return options

    def format_key(self, candidate: Mapping[str, Option]) -> str:
        """Return a canonical text of a candidate, independent of the order of its choices."""
        return json.dumps(candidate, sort_keys=True)

    def check(self, candidate: Mapping[str, Option]) -> None:
        """Raise ``SpaceError`` unless ``candidate`` has one option of every choice."""
        for choice in self.choices:
            if candidate.get(choice.name) not in choice.options:
                raise SpaceError(
                    f"candidate: expected one of {', '.join(map(str, choice.options))} for "
                    f"{choice.name!r}, got {candidate.get(choice.name)!r}. Choose one of these."
                )

    @property
    def smallest(self) -> Candidate:
        """Return the candidate of the fewest bits and filters."""
        return {c.name: c.options[c.sizes.index(min(c.sizes))] for c in self.choices}

    def build(self, candidate: Mapping[str, Option]) -> keras.Model:
        """Build the quantised model of a candidate, without compiling it.

        Choices that ``candidate`` lacks are neither quantised nor resized. With ``transfer_weights``, the weights of
        the space's model are copied if the shapes are equal; those of frozen layers always are. Raises ``TrialError``
        if the model cannot be built.
        """
        try:
            factors = {
                layer: float(candidate.get(name, 1.0)) for layer, name in self._filters.items()
            }
            scaled = resize(self.model, factors, self.custom_objects)
            built = model_quantize(
                scaled, self._collect_entries(candidate), self.activation_bits, self.custom_objects
            )
        except (QhlsError, ValueError) as error:
            raise TrialError(
                f"candidate {self.format_key(candidate)}: expected one that can be built, got: {error}"
            ) from error
        if self.transfer_weights:
            copy_model_state(self.model, built, partly=True)
        for name in self.frozen_layers:
            layer = built.get_layer(name)
            copy_state(self.model.get_layer(name), layer, partly=True)
            layer.trainable = False
        return built

    def _collect_entries(self, candidate: Mapping[str, Option]) -> dict[str, Any]:
        entries: dict[str, Any] = {name: {} for name in self._marked}
        for slot in self._slots:
            option = candidate.get(slot.choice)
            if option is None:
                continue
            if slot.key:
                entries.setdefault(slot.layer, {})[slot.key] = option
            else:
                entries[slot.layer] = option
        return entries

    # -- choices ------------------------------------------------------------------------------------

    def _list_searched(self, indexes: Sequence[int] | None) -> Iterator[Any]:
        layers = self.model.layers
        placed_ids = {id(layer) for layer in walk_replaceable(self.model)}
        left = [
            n
            for n, layer in walk(self.model)
            if id(layer) not in placed_ids and self._has_choices(layer)
        ]
        if left:
            warnings.warn(
                f"search: layers within other layers stay as they are: {', '.join(left)}. Make them "
                f"layers of the model, or of a nested model, to have them quantised.",
                stacklevel=4,
            )
        if indexes is not None and not all(-1 < i < len(layers) for i in indexes):
            raise SpaceError(
                f"layer_indexes: expected numbers from 0 to {len(layers) - 1}, got {list(indexes)}. Choose among these."
            )
        for index, layer in enumerate(layers):
            if layer.name not in self.frozen_layers and (indexes is None or index in indexes):
                yield from walk_replaceable(layer)

    def _has_choices(self, layer: KerasLayer) -> bool:
        """Return whether ``layer`` has kernels and an entry of ``limit`` applies to it."""
        name = type(layer).__name__
        return name in KERNELS and self.quantization.group(layer.name, name) is not None

    def _add_layer(self, layer: KerasLayer) -> bool:
        """Add the choices of a layer and return whether its kernels are among them."""
        cls = type(layer).__name__
        group = self.quantization.group(layer.name, cls)
        if group is None or cls in get_registered():
            return False
        if cls in KERNELS:
            for role in _list_roles(layer):
                self._add_slot(layer, group, role, role.key)
            return True
        function = _name_function(layer)
        if function is None:
            self._marked.append(layer.name)
        elif function != "softmax":
            self._add_slot(layer, group, LINEAR if function == "linear" else ACTIVATION, "")
        return False

    def _add_slot(self, layer: KerasLayer, group: str, role: Role, key: str) -> None:
        options = self.quantization.list_options(group, role, layer.name)
        part = role.part if role is not LINEAR else "linear"
        name = f"{layer.name}_{role.part}_quantizer"
        if self.quantization.is_shared(group, type(layer).__name__):
            name = f"{group}_{part}_quantizer"
        self._add(name, options, [self.quantization.get_bits(role, q) for q in options], layer.name)
        self._slots.append(_Slot(layer.name, key, name))

    def _add(
        self, name: str, options: tuple[Option, ...], sizes: Sequence[float], layer: str
    ) -> None:
        before = self._choices.get(name)
        layers = (*(before.layers if before else ()), *((layer,) if layer else ()))
        self._choices[name] = CandidateChoice(name, options, tuple(sizes), layers)

    def _add_filters(self, quantised: Sequence[Any], tune: str, exceptions: str | None) -> None:
        if tune not in TUNE_FILTERS:
            raise SpaceError(
                f"tune_filters: expected one of {', '.join(TUNE_FILTERS)}, got {tune!r}. Choose one of these."
            )
        if tune == "none":
            return
        try:
            excepted = re.compile(exceptions) if exceptions else None
        except re.error as error:
            raise SpaceError(
                f"tune_filters_exceptions: expected a regular expression, got {exceptions!r}: {error}. Correct it."
            ) from None
        names = [layer.name for layer in quantised]
        if excepted is not None:
            names = [name for name in names if not excepted.search(name)]
        for name in find_resizable(self.model, names, tune == "block", self.custom_objects):
            choice = NETWORK_FILTERS if tune == "block" else f"{NETWORK_FILTERS}_{name}"
            self._add(choice, FILTER_FACTORS, FILTER_FACTORS, name)
            self._filters[name] = choice


def _list_roles(layer: Any) -> Iterator[Role]:
    """Yield the role of each tensor that is quantised in a layer with kernels."""
    yield from KERNELS[type(layer).__name__]
    inner = getattr(layer, "forward_layer", layer)
    if inner.use_bias:
        yield BIAS
    if _name_function(inner) not in ("linear", "softmax"):
        yield ACTIVATION
    if hasattr(inner, "recurrent_activation"):
        yield GATES


def _name_function(layer: Any) -> str | None:
    """Return the name of a layer's activation function; ``None`` for a layer that takes no activation function."""
    if isinstance(layer, keras.layers.ReLU | keras.layers.LeakyReLU):
        return "relu"
    if not hasattr(layer, "activation"):
        return None
    activation = layer.activation
    return (
        "linear"
        if activation is None
        else getattr(activation, "__name__", type(activation).__name__)
    )


def _check_names(model: keras.Model, names: Sequence[str]) -> frozenset[str]:
    own = [layer.name for layer in model.layers]
    for name in names:
        if name not in own:
            raise SpaceError(
                f"frozen_layers: expected names of layers ({', '.join(own)}), got {name!r}. Choose among these."
            )
    return frozenset(names)
