"""Candidates priced a second, from quantizers and shapes alone: ``python benchmarks/candidate_speed.py [COUNT]``.

The jet tagger 16-64-32-32-5 and an MNIST-sized CNN, untrained; each candidate draws the kernel's and the
activation's quantizer of every layer at random. The first round meets every layer's choices for the first time,
the second draws others of which the parts are known.
"""

from __future__ import annotations

import os
import random
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

import qhls
from qhls.candidates import choice
from qhls.layers import QActivation, QConv2D, QDense

KERNELS = [
    *(f"quantized_bits({b},0,alpha=1)" for b in range(2, 9)),
    "binary(alpha=1)",
    "ternary(alpha=1)",
]
ACTIVATIONS = [f"quantized_relu({b},1)" for b in range(2, 9)]
OPTIONS = {
    "kernel_quantizer": "quantized_bits(6,0,alpha=1)",
    "bias_quantizer": "quantized_bits(6,0,alpha=1)",
}


def tagger() -> keras.Model:
    layers = [keras.Input((16,))]
    for i, units in enumerate((64, 32, 32)):
        layers += [
            QDense(units, **OPTIONS, name=f"fc{i}"),
            QActivation("quantized_relu(6)", name=f"relu{i}"),
        ]
    return keras.Sequential([*layers, QDense(5, **OPTIONS, name="fc3")], name="tagger")


def cnn() -> keras.Model:
    layers = [keras.Input((28, 28, 1))]
    for i, filters in enumerate((16, 32)):
        layers += [
            QConv2D(filters, 3, strides=2, **OPTIONS, name=f"conv{i}"),
            QActivation("quantized_relu(6)", name=f"relu{i}"),
        ]
    return keras.Sequential(
        [*layers, keras.layers.Flatten(), QDense(10, **OPTIONS, name="fc")], name="cnn"
    )


def draw(layers: tuple[str, ...]) -> dict:
    drawn = {}
    for layer in layers:
        if layer.startswith("relu"):
            drawn[layer] = choice(activation=random.choice(ACTIVATIONS))
        elif layer.startswith(("fc", "conv")):
            drawn[layer] = choice(kernel=random.choice(KERNELS))
    return drawn


def main(count: int = 5000) -> None:
    for model in (tagger(), cnn()):
        start = time.process_time()
        space = qhls.candidates(model, "s16.10")
        built = time.process_time() - start
        rates = []
        for seed in (0, 1):
            random.seed(seed)
            drawn = [draw(space.layers) for _ in range(count)]
            start = time.process_time()
            energies = [space.energy(each) for each in drawn]
            rates.append(count / (time.process_time() - start))
        print(
            f"{model.name}: graph {built:.2f} s, {count} candidates at {rates[0]:,.0f} then {rates[1]:,.0f} "
            f"a CPU second, {min(energies):,.0f} to {max(energies):,.0f} pJ"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
