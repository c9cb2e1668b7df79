"""All Q-layers under QKeras' names: ``from qhls.layers import QDense``."""

from typing import Any

from qhls.frontend import get_registered
from qhls.frontend.layers.activation import QActivation
from qhls.frontend.layers.adaptive import QAdaptiveActivation
from qhls.frontend.layers.batchnorm import QBatchNormalization
from qhls.frontend.layers.constraints import Clip, QInitializer
from qhls.frontend.layers.conv import QConv2D
from qhls.frontend.layers.conv1d import QConv1D
from qhls.frontend.layers.dense import QDense
from qhls.frontend.layers.depthwise import QDepthwiseConv2D
from qhls.frontend.layers.einsum import QEinsumDense
from qhls.frontend.layers.fixed_point import QFixedPoint
from qhls.frontend.layers.folded import QConv2DBatchnorm, QDenseBatchnorm, QDepthwiseConv2DBatchnorm
from qhls.frontend.layers.mobilenet import QMobileNetSeparableConv2D
from qhls.frontend.layers.octave import OctaveConv2D, QOctaveConv2D
from qhls.frontend.layers.pooling import QAveragePooling2D, QGlobalAveragePooling2D
from qhls.frontend.layers.recurrent import (
    QGRU,
    QLSTM,
    QBidirectional,
    QGRUCell,
    QLSTMCell,
    QSimpleRNN,
    QSimpleRNNCell,
)
from qhls.frontend.layers.scale_shift import QChannelScaleShift, QScaleShift
from qhls.frontend.layers.separable import QSeparableConv1D, QSeparableConv2D
from qhls.frontend.layers.transpose import (
    QConv2DTranspose,
    QDepthwiseConv2DTranspose,
    QSeparableConv2DTranspose,
)

__all__ = [
    "QGRU",
    "QLSTM",
    "Clip",
    "OctaveConv2D",
    "QActivation",
    "QAdaptiveActivation",
    "QAveragePooling2D",
    "QBatchNormalization",
    "QBidirectional",
    "QChannelScaleShift",
    "QConv1D",
    "QConv2D",
    "QConv2DBatchnorm",
    "QConv2DTranspose",
    "QDense",
    "QDenseBatchnorm",
    "QDepthwiseConv2D",
    "QDepthwiseConv2DBatchnorm",
    "QDepthwiseConv2DTranspose",
    "QEinsumDense",
    "QFixedPoint",
    "QGRUCell",
    "QGlobalAveragePooling2D",
    "QInitializer",
    "QLSTMCell",
    "QMobileNetSeparableConv2D",
    "QOctaveConv2D",
    "QScaleShift",
    "QSeparableConv1D",
    "QSeparableConv2D",
    "QSeparableConv2DTranspose",
    "QSimpleRNN",
    "QSimpleRNNCell",
]


def __getattr__(name: str) -> Any:
    """Return a layer that a third party has registered under ``name``."""
    layers = get_registered()
    if name not in layers:
        raise AttributeError(
            f"module 'qhls.layers' has no layer {name!r}. Choose one of {', '.join(__dir__())}."
        )
    return layers[name]


def __dir__() -> list[str]:
    return sorted({*__all__, *get_registered()})
