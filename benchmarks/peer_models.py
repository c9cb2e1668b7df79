"""Models for both sides, built by the peer's QKeras with seeded weights: JSON and HDF5, as its users have them.

PEER_PYTHON benchmarks/peer_models.py svhn FOLDER
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def svhn() -> list[Any]:
    """Return the CNN of hls4ml's SVHN tutorial: 32 x 32 x 3, three convolutions and poolings, three dense layers."""
    import tensorflow as tf
    from qkeras import QActivation, QConv2D, QDense

    numbers = dict.fromkeys(("kernel_quantizer", "bias_quantizer"), "quantized_bits(6,0,alpha=1)")
    layers: list[Any] = [tf.keras.layers.InputLayer((32, 32, 3))]
    for i, filters in enumerate((16, 16, 24)):
        layers.append(QConv2D(filters, 3, name=f"conv{i}", **numbers))
        layers.append(QActivation("quantized_relu(6)", name=f"relu{i}"))
        layers.append(tf.keras.layers.MaxPooling2D(2, name=f"pool{i}"))
    layers.append(tf.keras.layers.Flatten(name="flat"))
    for i, units in enumerate((42, 64)):
        layers.append(QDense(units, name=f"dense{i}", **numbers))
        layers.append(QActivation("quantized_relu(6)", name=f"relu_dense{i}"))
    return [*layers, QDense(10, name="scores", **numbers)]


def plain_lstm() -> list[Any]:
    """Return ``lstm`` with a layer of Keras: what hls4ml builds of that shape."""
    import tensorflow as tf

    first, _, *rest = lstm()
    return [first, tf.keras.layers.LSTM(20, name="lstm"), *rest]


def lstm() -> list[Any]:
    """Return a model of jet tagging by a sequence: 20 particles of 6 features, an LSTM of 20 units, "
    "two dense layers."""
    import tensorflow as tf
    from qkeras import QLSTM, QActivation, QDense

    bits = "quantized_bits(6,0,alpha=1)"
    numbers = {"kernel_quantizer": bits, "bias_quantizer": bits}
    recurrent = QLSTM(
        20,
        # hls4ml refuses the hard functions that are QKeras' default.
        activation="quantized_tanh(6,use_real_tanh=1)",
        recurrent_activation="quantized_sigmoid(6,use_real_sigmoid=1)",
        recurrent_quantizer=bits,
        state_quantizer="quantized_bits(8,1,alpha=1)",
        name="lstm",
        **numbers,
    )
    return [
        tf.keras.layers.InputLayer((20, 6)),
        recurrent,
        QDense(64, name="dense", **numbers),
        QActivation("quantized_relu(6)", name="relu"),
        QDense(5, name="scores", **numbers),
    ]


MODELS = {"svhn": svhn, "lstm": lstm}
PEERS = {"lstm": plain_lstm}
"""What the peer runs instead: of hls4ml 1.3's project of a QLSTM g++ finds errors."""


def main() -> None:
    name, folder = sys.argv[1], Path(sys.argv[2])
    import tensorflow as tf

    tf.keras.utils.set_random_seed(0)
    model = tf.keras.Sequential(MODELS[name](), name=name)
    (folder / f"{name}.json").write_text(model.to_json(), encoding="utf-8")
    model.save_weights(folder / f"{name}.h5")


if __name__ == "__main__":
    main()
