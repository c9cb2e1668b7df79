"""``QMobileNetSeparableConv2D``, a function that builds a separable convolution from several layers."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import keras

from qhls.frontend.layers.activation import QActivation
from qhls.frontend.layers.conv import QConv2D
from qhls.frontend.layers.depthwise import QDepthwiseConv2D
from qhls.quantizers.keras_types import Identifier, PerAxis


def QMobileNetSeparableConv2D(  # noqa: N802, PLR0917 - QKeras' name and order
    filters: int,
    kernel_size: PerAxis,
    strides: PerAxis = (1, 1),
    padding: str = "valid",
    dilation_rate: PerAxis = (1, 1),
    depth_multiplier: int = 1,
    activation: Identifier = None,
    use_bias: bool = True,
    depthwise_initializer: Identifier = "he_normal",
    pointwise_initializer: Identifier = "he_normal",
    bias_initializer: Identifier = "zeros",
    depthwise_regularizer: Identifier = None,
    pointwise_regularizer: Identifier = None,
    bias_regularizer: Identifier = None,
    activity_regularizer: Identifier = None,
    depthwise_constraint: Identifier = None,
    pointwise_constraint: Identifier = None,
    bias_constraint: Identifier = None,
    depthwise_quantizer: Identifier = None,
    pointwise_quantizer: Identifier = None,
    bias_quantizer: Identifier = None,
    depthwise_activation: Identifier = None,
    depthwise_range: object = None,
    pointwise_range: object = None,
    bias_range: object = None,
    depthwise_dropout_rate: float = 0.0,
    pw_first: bool = False,
    name: str = "",
) -> Callable[[Any], Any]:
    """Return a function that applies the layers of a separable convolution to a Keras tensor.

    They are ``QDepthwiseConv2D`` without bias, ``QActivation(depthwise_activation)``, ``Dropout``
    and a 1x1 ``QConv2D``; with ``pw_first`` the two convolutions change places. After them comes
    ``QActivation(activation)``. They are called ``<name>_dw``, ``<name>_dw_act``,
    ``<name>_dw_dropout``, ``<name>_pw`` and ``<name>_pw_act``; without a name Keras names them.
    Each activation may be a layer, which is then used as it is.

    Raises:
        QuantizerError: a quantizer or activation that does not exist.
    """

    arguments = locals()
    return lambda inputs: reduce(lambda x, layer: layer(x), _make_layers(arguments), inputs)


def _make_layers(arguments: dict[str, Any]) -> list[Any]:
    """Make the layers of one separable convolution, in the order in which they are applied."""

    def make_name(suffix: str) -> str | None:
        return f"{arguments['name']}_{suffix}" if arguments["name"] else None

    def of(prefix: str, what: str) -> dict[str, Any]:
        """Return the arguments ``<prefix>_quantizer, ...`` under the names ``<what>_quantizer, ...``."""
        parts = ("initializer", "regularizer", "constraint", "quantizer", "range")
        return {f"{what}_{part}": arguments[f"{prefix}_{part}"] for part in parts}

    kept = ("kernel_size", "strides", "padding", "dilation_rate", "depth_multiplier")
    depthwise = QDepthwiseConv2D(
        **{key: arguments[key] for key in kept},
        **of("depthwise", "depthwise"),
        use_bias=False,
        name=make_name("dw"),
    )
    kept = ("filters", "use_bias", "activity_regularizer")
    pointwise = QConv2D(
        **{key: arguments[key] for key in kept},
        **of("pointwise", "kernel"),
        **of("bias", "bias"),
        kernel_size=1,
        padding="same",
        name=make_name("pw"),
    )
    between = _make_activation(arguments["depthwise_activation"], make_name("dw_act"))
    if arguments["depthwise_dropout_rate"] > 0:
        rate = arguments["depthwise_dropout_rate"]
        between.append(keras.layers.Dropout(rate, name=make_name("dw_dropout")))
    after = _make_activation(arguments["activation"], make_name("pw_act"))
    first, second = (pointwise, depthwise) if arguments["pw_first"] else (depthwise, pointwise)
    return [first, *between, second, *after]


def _make_activation(activation: Identifier, name: str | None) -> list[Any]:
    """Return a list with the layer for ``activation``, or an empty list if that is ``None``."""
    if activation is None:
        return []
    if isinstance(activation, keras.layers.Layer):
        return [activation]
    return [QActivation(activation, name=name)]
