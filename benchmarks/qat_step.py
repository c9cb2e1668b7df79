"""One training run of a small CNN, timed: run by ``qat_speed.py`` in the interpreter of qhls or of the peer.

Usage: ``python qat_step.py float|qhls|qkeras STEPS [jit]``. Prints the CPU and wall seconds a step, as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

BATCH = 128


def build(kind: str) -> keras.Model:
    """28x28x1, three convolutions and a dense layer; quantised to 4 bits unless ``kind`` is float."""
    if kind == "float":
        conv, dense, options = keras.layers.Conv2D, keras.layers.Dense, {}

        def activation():
            return keras.layers.ReLU()
    else:
        if kind == "qhls":
            from qhls.layers import QActivation, QConv2D, QDense
        else:
            from qkeras import QActivation, QConv2D, QDense
        conv, dense = QConv2D, QDense
        options = {
            "kernel_quantizer": "quantized_bits(4,0,1)",
            "bias_quantizer": "quantized_bits(4,0,alpha=1)",
        }

        def activation():
            return QActivation("quantized_relu(4,2)")

    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            conv(16, 3, **options),
            activation(),
            keras.layers.MaxPooling2D(2),
            conv(32, 3, **options),
            activation(),
            keras.layers.MaxPooling2D(2),
            conv(32, 3, **options),
            activation(),
            keras.layers.Flatten(),
            dense(10, **options),
        ]
    )


def main() -> None:
    kind, steps = sys.argv[1], int(sys.argv[2])
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = rng.random((BATCH * steps, 28, 28, 1), np.float32)
    y = rng.integers(0, 10, BATCH * steps)
    model = build(kind)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, jit_compile="jit" in sys.argv[3:])
    model.fit(x[: BATCH * 3], y[: BATCH * 3], batch_size=BATCH, verbose=0)
    rounds = []
    for _ in range(3):
        wall, cpu = time.perf_counter(), time.process_time()
        model.fit(x, y, batch_size=BATCH, verbose=0)
        rounds.append(((time.perf_counter() - wall) / steps, (time.process_time() - cpu) / steps))
    wall, cpu = np.median(rounds, axis=0)
    sys.stdout.write(json.dumps({"kind": kind, "wall": wall, "cpu": cpu}) + "\n")


if __name__ == "__main__":
    main()
