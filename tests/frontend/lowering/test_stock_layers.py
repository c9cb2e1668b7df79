"""Every layer class of Keras: a rule, a quantised twin, or an error that says what to use instead."""

import re

import keras
import pytest

import qhls
from qhls.errors import LoweringError
from qhls.frontend.layers.traits import find_twin
from qhls.frontend.lowering.lower import lower
from qhls.frontend.lowering.refusal import find_advice

L = keras.layers
OTHERS = {
    *("Layer", "Wrapper", "InputLayer", "StackedRNNCells"),
    *("FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper"),
}
"""Classes that hold others' code or are no layers of a model."""
CLASSES = {
    cls.__name__: cls
    for cls in vars(L).values()
    if isinstance(cls, type) and issubclass(cls, L.Layer) and cls.__name__ not in OTHERS
}


def kind_of(cls):
    if find_advice(cls) is not None:
        return "instead"
    inherits = cls in lower._rules or "call" not in vars(cls)
    if inherits and any(base in lower._rules for base in cls.__mro__):
        return "rule"
    return "twin" if find_twin(cls) is not None else ""


def test_each_has_a_rule_a_twin_or_advice():
    assert not [name for name, cls in CLASSES.items() if not kind_of(cls)]


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (
            lambda: L.LayerNormalization(name="x"),
            (3,),
            "a normalisation by numbers that inference does not change, got one by a deviation of the data. Use "
            "BatchNormalization or QBatchNormalization.",
        ),
        (
            lambda: L.Resizing(2, 2, name="x"),
            (4, 4, 1),
            "images as the model reads them, got a change of them. Prepare the data on the host.",
        ),
        (
            lambda: L.Conv3D(2, 1, name="x"),
            (2, 2, 2, 1),
            "weights with quantizers, got real ones. Use QConv2D on slices, with the others as channels.",
        ),
        (
            lambda: L.ConvLSTM1D(2, 1, name="x"),
            (2, 4, 1),
            "weights with quantizers, got real ones. Use QConv2D in TimeDistributed, then QLSTM.",
        ),
        (
            lambda: L.STFTSpectrogram(frame_length=8, frame_step=4, fft_length=8, name="x"),
            (32, 1),
            "layers with an exact meaning in integers, got a Fourier transform. Prepare the data on the host.",
        ),
    ],
)
def test_what_to_use_instead(layer, shape, message):
    model = keras.Sequential([keras.Input(shape), layer()])
    with pytest.raises(LoweringError, match=rf"^layer 'x' \(\w+\): expected {re.escape(message)}$"):
        qhls.compile(model, "s6.3", real_end="hardware")
