"""``explain_refusal``: the error for a layer that cannot be lowered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from qhls.errors import LoweringError
from qhls.quantizers.keras_types import KerasLayer


class RealWeightsError(LoweringError):
    """The error for a layer whose weights are real numbers instead of quantised ones."""


_BY_DATA = (
    "a normalisation by numbers that inference does not change",
    "one by a deviation of the data",
    "Use BatchNormalization or QBatchNormalization.",
)
_ATTENTION = (
    "layers with an exact meaning in integers",
    "a softmax whose result is multiplied",
    "Build it of Dot, QDense and quantizers such as quantized_sigmoid.",
)
_HOST = "Prepare the data on the host."
_REAL = ("weights with quantizers", "real ones")
_INSTEAD: dict[str, tuple[str, str, str]] = {
    **dict.fromkeys(
        ("LayerNormalization", "GroupNormalization", "RMSNormalization", "UnitNormalization"),
        _BY_DATA,
    ),
    **dict.fromkeys(
        ("Attention", "AdditiveAttention", "MultiHeadAttention", "GroupedQueryAttention"),
        _ATTENTION,
    ),
    **dict.fromkeys(
        ("StringLookup", "IntegerLookup", "TextVectorization", "Hashing", "HashedCrossing"),
        ("numbers", "text, or a table of it", _HOST),
    ),
    **dict.fromkeys(
        ("STFTSpectrogram", "MelSpectrogram"),
        ("layers with an exact meaning in integers", "a Fourier transform", _HOST),
    ),
    **dict.fromkeys(
        (
            *("Resizing", "RandomCrop", "Solarization", "Equalization", "AutoContrast", "Pipeline"),
            *("ContrastLimitedAdaptiveHistogramEqualization", "MaxNumBoundingBoxes"),
        ),
        ("images as the model reads them", "a change of them", _HOST),
    ),
    "CategoryEncoding": (
        "whole numbers as they are",
        "an encoding of them",
        "Use an Embedding of an identity matrix, or encode on the host.",
    ),
    "Conv3D": (*_REAL, "Use QConv2D on slices, with the others as channels."),
    "Conv1DTranspose": (*_REAL, "Use QConv2DTranspose on one row, behind a Reshape."),
    "Conv3DTranspose": (*_REAL, "Use QConv2DTranspose on slices."),
    "DepthwiseConv1D": (*_REAL, "Use QDepthwiseConv2D on one row, behind a Reshape."),
    **dict.fromkeys(
        ("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"),
        (*_REAL, "Use QConv2D in TimeDistributed, then QLSTM."),
    ),
    "ReversibleEmbedding": ("a table", "one that is a matrix too", "Use Embedding and QDense."),
    "Lambda": (
        "layers or operations of keras.ops, whose meaning is known",
        "a Python function",
        "Use these instead.",
    ),
    "SpectralNormalization": (
        "the layer within",
        "a wrapper that only training needs",
        "Save the model with its layer instead.",
    ),
}
"""Texts of the error for each Keras class without a lowering rule: what was expected, what was found, and advice."""


def find_advice(cls: type) -> tuple[str, str, str] | None:
    """Return the texts of the error for a class of Keras without a lowering rule; None for other classes."""
    return _INSTEAD.get(cls.__name__) if cls.__module__.startswith("keras.") else None


def explain_missing_rule(layer: object) -> LoweringError | None:
    """Return the error for a layer of Keras without a lowering rule; None for other layers."""
    texts = find_advice(type(layer))
    return None if texts is None else explain_refusal(layer, *texts)


def explain_refusal(layer: object, expected: str, actual: object, advice: str) -> LoweringError:
    """Return the error for a layer or quantizer that cannot be lowered; ``advice`` is a sentence."""
    return LoweringError(f"{describe_layer(layer)}: expected {expected}, got {actual}. {advice}")


def describe_layer(layer: object) -> str:
    """Describe a layer by its name and class, or a quantizer by its string."""
    name = getattr(layer, "name", None)
    return f"layer {name!r} ({type(layer).__name__})" if name else f"quantizer {layer}"


@contextmanager
def name_layer_first(layer: KerasLayer) -> Iterator[None]:
    """Enter a context in which each ``LoweringError`` names ``layer`` first, even that of a part of ``layer``."""
    try:
        yield
    except LoweringError as error:
        whole = describe_layer(layer)
        if not str(error).startswith(whole):
            error.args = (f"{whole}: {error}",)
        raise
