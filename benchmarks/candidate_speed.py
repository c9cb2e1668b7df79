"""Candidates priced a second, from quantizers and shapes alone, beside QKeras' QTools in one run.

    python benchmarks/candidate_speed.py [COUNT] [--peer-python PEER/bin/python]

The jet tagger 16-64-32-32-5 and an MNIST-sized CNN, untrained; each candidate draws the kernel's and the
activation's quantizer of every layer at random. The first round meets every layer's choices for the first time,
the second draws others of which the parts are known.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

import qhls
from qhls.candidates import make_choice
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


def draw(layers: tuple[str, ...]) -> dict[str, str]:
    """Return one quantizer per layer: an activation's, or a kernel's."""
    drawn = {}
    for layer in layers:
        if layer.startswith("relu"):
            drawn[layer] = random.choice(ACTIVATIONS)
        elif layer.startswith(("fc", "conv")):
            drawn[layer] = random.choice(KERNELS)
    return drawn


def choices(drawn: dict[str, str]) -> dict:
    """Return the same as qhls takes it."""
    return {
        layer: make_choice(activation=text)
        if layer.startswith("relu")
        else make_choice(kernel=text)
        for layer, text in drawn.items()
    }


def peer(python: str, model: str, candidates: list[dict[str, str]]) -> dict:
    """CPU seconds a candidate of QTools, by ``qtools_peer.py`` in its own environment."""
    script = Path(__file__).with_name("qtools_peer.py")
    request = json.dumps({"model": model, "candidates": candidates})
    command = [python, str(script)]
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "KERAS_BACKEND")}
    done = subprocess.run(
        command, input=request, capture_output=True, text=True, check=True, env=environment
    )
    return json.loads(done.stdout.strip().splitlines()[-1])


def measure(model: keras.Model, count: int, python: str | None, samples: int) -> None:
    """Measure one model on both sides, the peer's ``samples`` among the first candidates of ours."""
    start = time.process_time()
    space = qhls.candidates(model, "s16.10")
    built = time.process_time() - start
    rates, first = [], []
    for seed in (0, 1):
        random.seed(seed)
        drawn = [draw(space.layers) for _ in range(count)]
        first = first or drawn[:samples]
        start = time.process_time()
        energies = [space.energy(choices(each)) for each in drawn]
        rates.append(count / (time.process_time() - start))
    print(
        f"{model.name}: graph {built:.2f} s, {count} candidates at {rates[0]:,.0f} then {rates[1]:,.0f} "
        f"a CPU second, {min(energies):,.0f} to {max(energies):,.0f} pJ"
    )
    if python is None:
        return
    answer = peer(python, model.name, first)
    for title, seconds in (("model rebuilt", answer["rebuilt"]), ("QTools alone", answer["alone"])):
        ratios = ", ".join(f"{rate * seconds:,.0f}x" for rate in rates)
        print(f"  QTools, {title}: {1 / seconds:,.1f} a CPU second; qhls {ratios}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=5000)
    parser.add_argument("--peer-python", help="of an environment with QKeras 0.9 and Keras 2")
    parser.add_argument("--peer-samples", type=int, default=20, help="candidates the peer prices")
    options = parser.parse_args()
    for model in (tagger(), cnn()):
        measure(model, options.count, options.peer_python, options.peer_samples)


if __name__ == "__main__":
    main()
