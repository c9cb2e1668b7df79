"""The peer: QKeras 0.9's QTools on the same candidates, run by its own interpreter.

Reads JSON on stdin: a model's name and candidates, each a quantizer by layer. Writes JSON: each energy in pJ, and
CPU seconds per candidate, once with the model rebuilt for it, as a search must, and once for QTools alone.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf
from qkeras import QActivation, QConv2D, QDense
from qkeras.qtools import run_qtools
from qkeras.qtools.config_public import config_settings as cfg

BIAS = "quantized_bits(6,0,alpha=1)"


def tagger(quantizers: dict[str, str]) -> Any:
    x = inputs = tf.keras.Input((16,))
    for i, units in enumerate((64, 32, 32)):
        kernel = quantizers[f"fc{i}"]
        x = QDense(units, kernel_quantizer=kernel, bias_quantizer=BIAS, name=f"fc{i}")(x)
        x = QActivation(quantizers[f"relu{i}"], name=f"relu{i}")(x)
    x = QDense(5, kernel_quantizer=quantizers["fc3"], bias_quantizer=BIAS, name="fc3")(x)
    return tf.keras.Model(inputs, x)


def cnn(quantizers: dict[str, str]) -> Any:
    x = inputs = tf.keras.Input((28, 28, 1))
    for i, filters in enumerate((16, 32)):
        options = {"kernel_quantizer": quantizers[f"conv{i}"], "bias_quantizer": BIAS}
        x = QConv2D(filters, 3, strides=2, name=f"conv{i}", **options)(x)
        x = QActivation(quantizers[f"relu{i}"], name=f"relu{i}")(x)
    x = tf.keras.layers.Flatten(name="flat")(x)
    x = QDense(10, kernel_quantizer=quantizers["fc"], bias_quantizer=BIAS, name="fc")(x)
    return tf.keras.Model(inputs, x)


def energy(model: Any) -> int:
    """Return whole pJ, weights as part of the logic."""
    tools = run_qtools.QTools(
        model,
        process="horowitz",
        source_quantizers=["quantized_bits(16,5,1)"],
        is_inference=False,
        keras_quantizer=None,
        keras_accumulator=None,
        for_reference=False,
    )
    prices = tools.pe("fixed", "fixed", 0, rd_wr_on_io=False)
    return tools.extract_energy_sum(cfg["include_energy"], prices)


def main() -> None:
    request = json.load(sys.stdin)
    build = {"tagger": tagger, "cnn": cnn}[request["model"]]
    candidates = request["candidates"]
    energy(build(candidates[0]))  # whatever is done once
    building, pricing, energies = 0.0, 0.0, []
    for candidate in candidates:
        tf.keras.backend.clear_session()
        start = time.process_time()
        model = build(candidate)
        built = time.process_time()
        energies.append(energy(model))
        building += built - start
        pricing += time.process_time() - built
    count = len(candidates)
    answer = {
        "rebuilt": (building + pricing) / count,
        "alone": pricing / count,
        "energies": energies,
    }
    sys.stdout.write(f"\n{json.dumps(answer)}\n")


if __name__ == "__main__":
    main()
