"""Quantizers that each tensor of a layer may have according to ``quantization_config`` and ``limit``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from qhls.errors import QuantizerError
from qhls.frontend.layers.recurrent import QCell
from qhls.frontend.layers.traits import list_kernel_variables, list_twins
from qhls.quantizers import get_quantizer
from qhls.search.errors import SpaceError

DEFAULT_QUANTIZATION: dict[str, dict[str, int]] = {
    "kernel": {
        "binary": 1,
        "stochastic_binary": 1,
        "ternary": 2,
        "stochastic_ternary": 2,
        "quantized_bits(2,1,1,alpha=1.0)": 2,
        "quantized_bits(4,0,1)": 4,
        "quantized_bits(8,0,1)": 8,
        "quantized_po2(4,1)": 4,
    },
    "bias": {"quantized_bits(4,0,1)": 4, "quantized_bits(8,3,1)": 8, "quantized_po2(4,8)": 4},
    "activation": {
        "binary": 1,
        "binary(alpha='auto_po2')": 1,
        "ternary": 2,
        "quantized_relu(3,1)": 3,
        "quantized_relu(4,2)": 4,
        "quantized_relu(8,2)": 8,
        "quantized_relu(8,4)": 8,
        "quantized_relu(16,8)": 16,
        "quantized_relu_po2(4,4)": 4,
    },
    "linear": {
        "binary": 1,
        "ternary": 2,
        "quantized_bits(4,1)": 4,
        "quantized_bits(8,2)": 8,
        "quantized_bits(16,10)": 16,
        "quantized_po2(6,4)": 6,
    },
}
"""Quantizer -> bits, by kind of tensor: the default choices of AutoQKeras."""

_TABLES = (
    *DEFAULT_QUANTIZATION,
    *("pointwise_kernel", "recurrent_kernel", "recurrent_activation"),
)
"""Valid keys of a ``quantization_config``; the last three default to "kernel" or "activation"."""

_WEIGHTS = {f"quantized_bits({b},0,1,alpha=1)": b for b in (2, 3, 4, 6, 8)}
HARDWARE_QUANTIZATION: dict[str, dict[str, int]] = {
    "kernel": {"ternary(alpha=1)": 2} | _WEIGHTS,
    "bias": {"quantized_bits(4,0,1,alpha=1)": 4, "quantized_bits(8,2,1,alpha=1)": 8},
    "activation": {f"quantized_relu({b},2)": b for b in (3, 4, 6, 8)},
    "linear": {f"quantized_bits({b},2,1,alpha=1)": b for b in (4, 6, 8)},
}
"""Kind of tensor -> its quantizers in a Pareto search by default; their scales are fixed, so hardware is exact."""

DEFAULT_BITS = 8
"""Maximum width in bits by default, without a ``limit``."""


@dataclass(frozen=True)
class Role:
    """A tensor of a layer that a quantizer rounds.

    ``key``: its key in the configuration of ``model_quantize``. ``tables``: keys of ``quantization_config``, of which
    the first that exists lists its quantizers. ``index``: its position in an entry of ``limit``.
    """

    key: str
    tables: tuple[str, ...]
    index: int

    @property
    def part(self) -> str:
        """Name of the tensor in the names of choices, such as ``kernel``."""
        return self.key.removesuffix("_quantizer")


KERNEL = Role("kernel_quantizer", ("kernel",), 0)
DEPTHWISE = Role("depthwise_quantizer", ("kernel",), 0)
POINTWISE = Role("pointwise_quantizer", ("pointwise_kernel", "kernel"), 0)
BIAS = Role("bias_quantizer", ("bias",), 1)
RECURRENT = Role("recurrent_quantizer", ("recurrent_kernel", "kernel"), 2)
ACTIVATION = Role("activation_quantizer", ("activation",), -1)
GATES = Role("recurrent_activation_quantizer", ("recurrent_activation", "activation"), -1)
LINEAR = Role("activation_quantizer", ("linear",), -1)

_ROLES = {
    "kernel": KERNEL,
    "depthwise_kernel": DEPTHWISE,
    "pointwise_kernel": POINTWISE,
    "recurrent_kernel": RECURRENT,
}


def _list_kernel_roles() -> Iterator[tuple[str, tuple[Role, ...]]]:
    """Yield the name and kernel roles of each Keras layer class whose Q-layer has kernels."""
    for name, cls in list_twins().items():
        kernels = list_kernel_variables(cls)
        if kernels and _ROLES.keys() >= set(kernels) and not issubclass(cls, QCell):
            yield name, tuple(_ROLES[variable] for variable in kernels)
    yield "Bidirectional", (KERNEL, RECURRENT)  # the kernels of its two layers


KERNELS = dict(sorted(_list_kernel_roles()))
"""Class of a layer -> its kernels."""

OTHER_CLASSES = (
    *("Activation", "ReLU", "LeakyReLU", "BatchNormalization"),
    *("AveragePooling2D", "GlobalAveragePooling2D", "Reshape", "Flatten", "Add"),
)


class LayerQuantization:
    """Lookup of the quantizers of ``quantization_config`` that ``limit`` allows for a tensor.

    Raises ``SpaceError`` for an invalid key, quantizer or limit.
    """

    def __init__(
        self,
        config: Mapping[str, Mapping[str, int]] | None,
        limit: Mapping[str, Any] | None,
        layers: Iterable[tuple[str, str]],
    ) -> None:
        """Check the arguments; ``layers``: name and class of each layer of the model."""
        self.config = DEFAULT_QUANTIZATION if config is None else _check_config(config)
        self.layers = tuple(layers)
        self.limit = _make_default_limit() if limit is None else self._check_limit(limit)

    def group(self, name: str, cls: str) -> str | None:
        """Return the key of ``limit`` for a layer: the first pattern that matches its name, or else its class.

        ``None`` if ``limit`` has neither.
        """
        for key in self.limit:
            if key not in KERNELS and key not in OTHER_CLASSES and re.match(key, name):
                return key
        return cls if cls in self.limit else None

    def is_shared(self, group: str, cls: str) -> bool:
        """Return whether layers of a group have one choice in common."""
        return group != cls

    def list_options(self, group: str, role: Role, layer: str) -> tuple[str, ...]:
        """Return the quantizers that ``limit`` leaves for a tensor, in the order in which these are listed.

        They are listed in ``limit`` or, if that has a maximum width, in ``quantization_config``.
        """
        table = self._find_table(role)
        known = self.config.get(table)
        if not known:
            raise SpaceError(
                f"quantization_config: expected quantizers under {role.tables[-1]!r} for the layer "
                f"{layer!r}, got the keys {', '.join(self.config)}. Add them."
            )
        bound = _find_bound(self.limit[group], role)
        if isinstance(bound, int):
            quantizers = tuple(q for q, bits in known.items() if bits <= bound)
            if not quantizers:
                raise SpaceError(
                    f"limit[{group!r}]: expected at least {min(known.values())} bits for "
                    f"{role.part!r} of the layer {layer!r}, the fewest of "
                    f"quantization_config[{table!r}], got {bound}. Raise the limit or add a "
                    f"quantizer."
                )
            return quantizers
        for quantizer in bound:
            if quantizer not in known:
                raise SpaceError(
                    f"limit[{group!r}]: expected quantizers of quantization_config[{table!r}] "
                    f"({', '.join(known)}), got {quantizer!r}. Choose among these."
                )
        return tuple(bound)

    def get_bits(self, role: Role, quantizer: str) -> float:
        """Return the width in bits that ``quantization_config`` states for a quantizer."""
        return float(self.config[self._find_table(role)][quantizer])

    def _find_table(self, role: Role) -> str:
        return next((table for table in role.tables if table in self.config), role.tables[-1])

    def _check_limit(self, limit: Mapping[str, Any]) -> dict[str, list[Any]]:
        if not isinstance(limit, Mapping):
            raise SpaceError(
                f"limit: expected a dictionary such as {{'Dense': [8, 8, 4]}}, got {limit!r}. Pass one."
            )
        default = _check_entry("default", limit.get("default", DEFAULT_BITS))
        checked = {}
        for key, value in limit.items():
            if key == "default":
                continue
            self._check_key(key)
            entry = _check_entry(key, value)
            if key in KERNELS:
                entry += default[len(entry) :]
            checked[key] = entry or list(default)
        return checked

    def _check_key(self, key: Any) -> None:
        if key in KERNELS or key in OTHER_CLASSES:
            return
        try:
            matched = [name for name, _ in self.layers if re.match(key, name)]
        except (re.error, TypeError) as error:
            raise SpaceError(
                f"limit: expected a class of layers or a regular expression, got {key!r}: {error}. Correct it."
            ) from None
        if not matched and key not in {cls for _, cls in self.layers}:
            names = [*KERNELS, *OTHER_CLASSES, *(name for name, _ in self.layers)]
            close = get_close_matches(str(key), names, n=3) or list(KERNELS)
            raise SpaceError(
                f"limit: expected classes of layers or patterns that match layers of the model, got {key!r}. "
                f"Did you mean {', '.join(close)}?"
            )


def _make_default_limit() -> dict[str, list[Any]]:
    return {cls: [DEFAULT_BITS] * 4 for cls in (*KERNELS, "Activation", "ReLU", "LeakyReLU")}


def _find_bound(entry: Sequence[Any], role: Role) -> Any:
    """Return the part of a ``limit`` entry that applies to a tensor: a maximum width or a list of quantizers.

    With fewer than four parts, the recurrent kernel shares that of the kernel.
    """
    if role.index == RECURRENT.index and len(entry) < 4:
        return entry[0]
    return entry[role.index if role.index < len(entry) else -1]


def _check_entry(key: str, value: Any) -> list[Any]:
    """Normalise an entry of ``limit`` to a list, each part a maximum width in bits or a list of quantizers."""
    entry = list(value) if isinstance(value, list | tuple) else [value]
    if key == "default" and len(entry) == 1:
        entry *= 3
    if entry and all(isinstance(part, str) for part in entry):
        entry = [entry]  # one list of quantizers, for every tensor
    for part in entry:
        named = isinstance(part, list | tuple) and part and all(isinstance(q, str) for q in part)
        if not named and (isinstance(part, bool) or not isinstance(part, int) or part < 1):
            raise SpaceError(
                f"limit[{key!r}]: expected numbers of bits from 1 on or lists of quantizers, as "
                f"[kernel, bias, activation], got {value!r}. Correct it."
            )
    return entry


def _check_config(config: Mapping[str, Mapping[str, int]]) -> Mapping[str, Mapping[str, int]]:
    if not isinstance(config, Mapping):
        raise SpaceError(
            f"quantization_config: expected a dictionary with {', '.join(_TABLES)}, got {config!r}. Pass one."
        )
    for table, quantizers in config.items():
        if table not in _TABLES:
            close = get_close_matches(str(table), _TABLES, n=1)
            advice = f"Did you mean {close[0]!r}?" if close else "Choose one of these."
            raise SpaceError(
                f"quantization_config: expected keys among {', '.join(_TABLES)}, got {table!r}. {advice}"
            )
        if not isinstance(quantizers, Mapping):
            raise SpaceError(
                f"quantization_config[{table!r}]: expected a dictionary of quantizers and their bits, "
                f"got {quantizers!r}. Write one."
            )
        for quantizer, bits in quantizers.items():
            _check_quantizer(table, quantizer, bits)
    return config


def _check_quantizer(table: str, quantizer: str, bits: Any) -> None:
    where = f"quantization_config[{table!r}]"
    try:
        get_quantizer(quantizer)
    except QuantizerError as error:
        raise SpaceError(f"{where}: {error}") from None
    if isinstance(bits, bool) or not isinstance(bits, int | float) or bits <= 0:
        raise SpaceError(
            f"{where}[{quantizer!r}]: expected its bits, got {bits!r}. Write an integer."
        )
