"""Quantisation-aware training at MNIST's size: a Q-CNN on 28x28 images, compiled by XLA, then checked in hardware.

``python examples/mnist_qat.py --data mnist.npz`` trains on Keras' own MNIST file; without it scikit-learn's digits,
enlarged to 28x28, stand in. The trained model is saved and its C simulation compared with Keras, bit for bit.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import digits  # from this folder: settings, progress bar and accuracy
import keras
import numpy as np
from rich.progress import Progress
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import qhls
from qhls.frontend import QActivation, QConv2D, QDense

INPUT_TYPE = "u8.8"
"""Grey levels from 0 to 255, as parts of 256."""


def load_images(path: Path | None) -> list[np.ndarray]:
    """Return x_train, x_test, y_train, y_test; images (n, 28, 28, 1), each pixel a multiple of 1/256 below 1."""
    if path is not None:
        with np.load(path, allow_pickle=False) as file:
            images = [file["x_train"], file["x_test"]]
            labels = [file["y_train"], file["y_test"]]
        return [*((i / 256).astype("float32")[..., None] for i in images), *labels]
    small = load_digits()
    large = np.kron(small.images * 15 / 256, np.ones((1, 3, 3)))  # 24x24, levels 0 to 240
    framed = np.pad(large, ((0, 0), (2, 2), (2, 2))).astype("float32")[..., None]
    return train_test_split(framed, small.target, test_size=0.25, random_state=0)


def q_cnn(bits: int = 6) -> keras.Model:
    """Return a CNN of two strided 3x3 convolutions, a tanh and a dense layer, all of ``bits`` bits."""
    quantised = {
        "kernel_quantizer": digits.weights(bits),
        "bias_quantizer": digits.weights(bits),
    }
    return keras.Sequential(
        [
            keras.Input((28, 28, 1), name="image"),
            QConv2D(8, 3, strides=2, **quantised, name="conv_1"),
            QActivation(f"quantized_relu({bits},2)", name="relu_1"),
            QConv2D(16, 3, strides=2, **quantised, name="conv_2"),
            QActivation(f"quantized_tanh({bits},use_real_tanh=True)", name="tanh_2"),
            keras.layers.MaxPooling2D(2, name="pool_2"),
            keras.layers.Flatten(name="flatten"),
            QDense(10, **quantised, name="scores"),
            keras.layers.Activation("softmax", name="softmax"),
        ],
        name=f"mnist_cnn_{bits}bit",
    )


def main(
    epochs: int = 6, data: Path | None = None, folder: Path = Path("build/mnist"), samples: int = 64
) -> int:
    """Train, save and compare on ``samples`` test images; return 0 if every bit was equal."""
    keras.utils.set_random_seed(0)
    images = load_images(data)
    model = q_cnn()
    with Progress(console=digits.console) as progress:
        digits.train(model, images, epochs, progress, jit=True)
    folder.mkdir(parents=True, exist_ok=True)
    model.save(folder / f"{model.name}.keras")
    scores = model.predict(images[1], verbose=0)
    digits.console.print(
        f"{len(images[0]):,} images, {epochs} epochs, jit_compile={model.jit_compile}: "
        f"accuracy {digits.accuracy(scores, images[3]):.2%} on {len(images[1]):,} others"
    )
    report = qhls.compile(folder / f"{model.name}.keras", INPUT_TYPE).check(images[1][:samples])
    digits.console.print(str(report), highlight=False)
    return 0 if report else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="mnist.npz as Keras ships it")
    parser.add_argument("--epochs", type=int, default=6)
    options = parser.parse_args()
    sys.exit(main(options.epochs, options.data))
