"""``QOctaveConv2D`` and ``OctaveConv2D``, functions that build a convolution on two resolutions from Keras layers.

An octave convolution carries part of its channels, ``alpha`` of them, at half the resolution
(arXiv 1904.05049).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras

from qhls.frontend.layers.activation import QActivation
from qhls.frontend.layers.conv import QConv2D
from qhls.frontend.layers.pooling import QAveragePooling2D
from qhls.frontend.layers.separable import QSeparableConv2D
from qhls.quantizers.keras_types import Identifier, KerasLayer, KerasTensor, PerAxis

_Pair = list[Any]
"""Pair of tensors of high and low resolution; ``None`` for a resolution without channels."""


def QOctaveConv2D(  # noqa: N802, PLR0917 - QKeras' name and order
    filters: int,
    kernel_size: PerAxis,
    alpha: float,
    strides: PerAxis = (1, 1),
    padding: str = "valid",
    kernel_initializer: Identifier = "he_normal",
    bias_initializer: Identifier = "zeros",
    kernel_regularizer: Identifier = None,
    bias_regularizer: Identifier = None,
    kernel_constraint: Identifier = None,
    bias_constraint: Identifier = None,
    use_separable: bool = True,
    name: str = "",
    *,
    kernel_quantizer: Identifier = None,
    depthwise_quantizer: Identifier = None,
    pointwise_quantizer: Identifier = None,
    bias_quantizer: Identifier = None,
    acc_quantizer: Identifier = None,
    pooling_quantizer: Identifier = None,
    depthwise_activation: Identifier = None,
    activation: Identifier = None,
    kernel_range: object = 1.0,
    depthwise_range: object = 1.0,
    pointwise_range: object = 1.0,
    bias_range: object = 1.0,
) -> Callable[[Any], _Pair]:
    """Return a function that applies the layers of an octave convolution to ``[high, low]`` and returns ``[high,
    low]``.

    Either tensor may be ``None``: begin with ``[x, None]``, end with ``alpha=0``. Of the
    ``filters``, ``alpha`` (0 to 1) are low; ``alpha=-1`` is a plain convolution of ``high``. Each
    convolution is a ``QSeparableConv2D`` (depthwise and pointwise quantizers) or, without
    ``use_separable``, a ``QConv2D`` (kernel quantizer). ``acc_quantizer`` rounds each of them,
    ``activation`` the sums. The ranges have no effect.

    Raises:
        QuantizerError: a quantizer or activation that does not exist.
        ValueError: another ``alpha``; not two tensors, or none.
    """
    return _Octave(_QUANTISED, locals())


def OctaveConv2D(  # noqa: N802, PLR0917 - QKeras' name and order
    filters: int,
    kernel_size: PerAxis,
    alpha: float,
    strides: PerAxis = (1, 1),
    padding: str = "valid",
    kernel_initializer: Identifier = "he_normal",
    bias_initializer: Identifier = "zeros",
    kernel_regularizer: Identifier = None,
    bias_regularizer: Identifier = None,
    kernel_constraint: Identifier = None,
    bias_constraint: Identifier = None,
    activation: Identifier = None,
    use_separable: bool = True,
    name: str = "",
    *,
    acc_quantizer: Identifier = None,
) -> Callable[[Any], _Pair]:
    """Return the function of ``QOctaveConv2D`` with Keras' own convolutions and pooling, whose weights are floats.

    Raises:
        QuantizerError: an activation that does not exist.
        ValueError: another ``alpha``; not two tensors, or none.
    """
    return _Octave(_FLOAT, locals())


@dataclass(frozen=True)
class _Kind:
    """Layer classes, additional arguments and layer names that distinguish ``QOctaveConv2D`` from ``OctaveConv2D``."""

    conv: type
    separable: type
    pooling: type
    pooling_name: str
    suffixed: bool
    pooling_extra: dict[str, str] = field(default_factory=dict)
    conv_extra: tuple[str, ...] = ()
    separable_extra: tuple[str, ...] = ()


_QUANTISED = _Kind(
    QConv2D,
    QSeparableConv2D,
    QAveragePooling2D,
    pooling_name="avg_h_to_l",
    suffixed=True,
    pooling_extra={"average_quantizer": "pooling_quantizer"},
    conv_extra=("kernel_quantizer", "bias_quantizer", "kernel_range", "bias_range"),
    separable_extra=(
        "depthwise_quantizer",
        "pointwise_quantizer",
        "bias_quantizer",
        "depthwise_activation",
    ),
)
_FLOAT = _Kind(
    keras.layers.Conv2D,
    keras.layers.SeparableConv2D,
    keras.layers.AveragePooling2D,
    pooling_name="p_h_to_l",
    suffixed=False,
)


class _Octave:
    """Octave convolution that ``QOctaveConv2D`` and ``OctaveConv2D`` return as a function; each call creates new layers
    and applies them.
    """

    def __init__(self, kind: _Kind, arguments: dict[str, Any]) -> None:
        self.kind, self.arguments = kind, arguments
        self.filters, self.alpha = arguments["filters"], arguments["alpha"]
        if not (self.alpha == -1 or 0 <= self.alpha <= 1):
            raise ValueError(
                f"octave convolution {arguments['name']!r}: expected an alpha from 0 to 1, or -1 "
                f"for a plain convolution, got {self.alpha!r}. Change it."
            )

    def __call__(self, x: Sequence[KerasTensor | None]) -> _Pair:
        """Apply the convolutions to ``[high, low]``; return ``[high, low]``."""
        high, low = self._check_pair(x)
        if self.alpha == -1:
            outputs = self._make_convolution("h_to_h", self.filters)(high)
            return [self._activate(outputs, "activation", "c_h_to_h_act"), None]
        for_high = int(self.filters * (1 - self.alpha))
        for_low = self.filters - for_high
        highs, lows = [], []
        if for_high and high is not None:
            highs.append(self._convolve_rounded("h_to_h", for_high, high))
        if for_high and low is not None:
            highs.append(self._upsample(low, for_high))
        if for_low and low is not None:
            lows.append(self._convolve_rounded("l_to_l", for_low, low))
        if for_low and high is not None:
            lows.append(self._convolve_rounded("h_to_l", for_low, self._pool(high)))
        return [self._sum_terms(highs, "h"), self._sum_terms(lows, "l")]

    def _check_pair(self, x: Sequence[KerasTensor | None]) -> _Pair:
        fits = isinstance(x, list | tuple) and len(x) == 2
        needed = x[:1] if fits and self.alpha == -1 else x
        if not fits or all(each is None for each in needed):
            raise ValueError(
                f"octave convolution {self.arguments['name']!r}: expected [high, low], one of "
                f"which may be None (not high with alpha=-1), got {x!r}. Pass both as a list."
            )
        return list(x)

    def _upsample(self, low: KerasTensor, filters: int) -> KerasTensor:
        """Convolve ``low`` and upsample the result to high resolution; a single pixel is broadcast instead."""
        if tuple(low.shape[1:3]) == (1, 1):
            return self._convolve_rounded("l_to_h", filters, low, point=True)
        outputs = self._convolve_rounded("l_to_h", filters, low)
        return keras.layers.UpSampling2D(2, name=self._make_name("u_l_to_h"))(outputs)

    def _pool(self, high: KerasTensor) -> KerasTensor:
        own = {key: self.arguments[name] for key, name in self.kind.pooling_extra.items()}
        name = self._make_name(self.kind.pooling_name)
        return self.kind.pooling(pool_size=2, strides=2, name=name, **own)(high)

    def _convolve_rounded(
        self, path: str, filters: int, x: KerasTensor, point: bool = False
    ) -> KerasTensor:
        outputs = self._make_convolution(path, filters, point)(x)
        return self._activate(outputs, "acc_quantizer", f"c_{path}_act")

    def _make_convolution(self, path: str, filters: int, point: bool = False) -> KerasLayer:
        """Return a new convolution for the path ``path``; ``point`` makes it 1x1, for a low resolution of a single
        pixel.
        """
        arguments = self.arguments
        separable = arguments["use_separable"] and not point
        own = {"strides": arguments["strides"], "padding": arguments["padding"]}
        if point:
            own = {"padding": "same"}
        kernels = ("depthwise", "pointwise") if separable else ("kernel",)
        for part in ("initializer", "regularizer", "constraint"):
            own |= {f"{kernel}_{part}": arguments[f"kernel_{part}"] for kernel in kernels}
            own[f"bias_{part}"] = arguments[f"bias_{part}"]
        extra = self.kind.separable_extra if separable else self.kind.conv_extra
        own |= {key: arguments[key] for key in extra}
        cls = self.kind.separable if separable else self.kind.conv
        size = 1 if point else arguments["kernel_size"]
        return cls(filters, size, name=self._make_name(f"c_{path}"), **own)

    def _sum_terms(self, terms: list[Any], path: str) -> KerasTensor | None:
        if not terms:
            return None
        total = (
            keras.layers.Add(name=self._make_name(f"a_{path}"))(terms) if terms[1:] else terms[0]
        )
        return self._activate(total, "activation", f"{path}_act")

    def _activate(self, x: KerasTensor, argument: str, name: str) -> KerasTensor:
        """Apply the activation in the argument ``argument`` to ``x``, or return ``x`` if that is ``None``."""
        activation = self.arguments[argument]
        if activation is None:
            return x
        suffix = f"_{_make_suffix(activation)}" if self.kind.suffixed else ""
        return QActivation(activation, name=self._make_name(name + suffix))(x)

    def _make_name(self, suffix: str) -> str | None:
        name = self.arguments["name"]
        return f"{name}_{suffix}" if name else None


def _make_suffix(activation: Identifier) -> str:
    """Make QKeras' short text for an activation in a layer's name: ``qr62`` for quantized_relu(6,2)."""
    text = getattr(activation, "__name__", None) or str(activation)
    if "po2" in text:
        return "q2"
    kinds = {"quantized_relu": "qr", "quantized_tanh": "qt"}
    kind = next((short for long, short in kinds.items() if long in text), "qb")
    return kind + "".join(n if len(n) == 1 else f"{n}_" for n in re.findall("[0-9]+", text))
