"""The peer: hls4ml on the same model, run by its own interpreter, asked over stdin and answering in JSON.

    PEER_PYTHON benchmarks/hls4ml_peer.py --model model.json --weights model.h5 --io io_parallel

measures everything once and prints it. With ``--serve`` it answers one request a line, so that
``csim_speed.py`` can alternate between both sides. The model ends before its softmax (logits) on both
sides, so that the work is equal.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from cpu_time import rate, timed
from peer_models import MODELS, PEERS

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
BACKENDS = {"vitis": "Vitis", "catapult": "Catapult"}


class Peer:
    """One model, converted afresh for every project."""

    def __init__(self, options: argparse.Namespace, scratch: Path) -> None:
        self.options, self.scratch = options, scratch
        self.compiled: dict[str, Any] = {}
        self.projects = 0

    def load(self) -> Any:
        import tensorflow as tf

        if self.options.mlp:
            return self._mlp()
        if self.options.build:
            instead = PEERS.get(self.options.build)
            model = tf.keras.Sequential((instead or MODELS[self.options.build])())
            if not instead:
                model.load_weights(self.options.weights)
            return model
        from qkeras.utils import _add_supported_quantized_objects

        known: dict[str, Any] = {}
        _add_supported_quantized_objects(known)
        text = Path(self.options.model).read_text(encoding="utf-8")
        model = tf.keras.models.model_from_json(text, custom_objects=known)
        model.load_weights(self.options.weights)
        last = model.layers[-1]
        if getattr(getattr(last, "activation", None), "__name__", "") == "softmax":
            model = tf.keras.Model(model.inputs, model.layers[-2].output)
        return model

    def _mlp(self) -> Any:
        """Return the stand-in of ``csim_speed.py``: QDense and quantized_relu with its kernels and biases."""
        import numpy as np
        import tensorflow as tf
        from qkeras import QActivation, QDense, quantized_bits, quantized_relu

        arrays = np.load(self.options.mlp)
        count = len(arrays.files) // 2
        layers: list[Any] = [tf.keras.layers.InputLayer(arrays["kernel0"].shape[0])]
        for i in range(count):
            bits = [quantized_bits(6, 0, alpha=1) for _ in range(2)]
            units = arrays[f"bias{i}"].size
            layers.append(QDense(units, kernel_quantizer=bits[0], bias_quantizer=bits[1]))
            layers += [QActivation(quantized_relu(6))] if i < count - 1 else []
        model = tf.keras.Sequential(layers)
        model.set_weights(
            [arrays[f"{kind}{i}"] for i in range(count) for kind in ("kernel", "bias")]
        )
        return model

    def convert(self, model: Any, backend: str) -> Any:
        import hls4ml

        config = hls4ml.utils.config_from_keras_model(
            model,
            granularity="name",
            backend=BACKENDS[backend],
            default_precision="fixed<16,6>",
        )
        self.projects += 1
        return hls4ml.converters.convert_from_keras_model(
            model,
            hls_config=config,
            backend=BACKENDS[backend],
            io_type=self.options.io,
            output_dir=str(self.scratch / f"{backend}_{self.projects}"),
        )

    def batch(self) -> Any:
        import numpy as np

        return np.load(self.options.inputs)[: self.options.samples].astype(np.float32)

    # -- what can be asked ------------------------------------------------------------------------

    def versions(self) -> dict[str, Any]:
        """Import everything, so that no later figure has it."""
        import hls4ml
        import qkeras
        import tensorflow as tf

        packages = {"hls4ml": hls4ml, "qkeras": qkeras, "tensorflow": tf}
        return {name: module.__version__ for name, module in packages.items()}

    def project(self, backend: str) -> dict[str, Any]:
        """Convert a model file to a project on disk."""
        return timed(lambda: self.convert(self.load(), backend).write())[1]

    def build(self, backend: str) -> dict[str, Any]:
        """Run ``compile()``, which writes the project and calls g++."""
        model = self.convert(self.load(), backend)
        _, write = timed(model.write)
        _, gxx = timed(model._compile)
        self.compiled[backend] = model
        return {"user": write["user"] + gxx["user"], "write": write, "g++": gxx}

    def predict(self, backend: str, seconds: float) -> dict[str, Any]:
        """Return samples per CPU second."""
        model, batch = self.compiled[backend], self.batch()
        model.predict(batch[:2])
        return {"rate": rate(lambda: model.predict(batch), len(batch), seconds)}

    def outputs(self, backend: str, path: str) -> dict[str, Any]:
        """Write the outputs themselves, for comparison."""
        import numpy as np

        np.save(path, self.compiled[backend].predict(self.batch()))
        return {}


def serve(peer: Peer, requests: Any, answers: Any) -> None:
    for line in requests:
        request = json.loads(line)
        try:
            answer = getattr(peer, request.pop("task"))(**request)
        except Exception as error:  # it answers, whatever hls4ml raises
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def once(peer: Peer) -> dict[str, Any]:
    result: dict[str, Any] = peer.versions()
    for backend in BACKENDS:
        result[backend] = {
            "project": peer.project(backend),
            "build": peer.build(backend),
            "predict": peer.predict(backend, 0.5),
        }
    return result


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="JSON of a QKeras model (Keras 2)")
    parser.add_argument("--weights", help="its weights, HDF5")
    parser.add_argument("--mlp", help="instead: kernels and biases of a Q-MLP, .npz")
    parser.add_argument("--build", choices=tuple(MODELS), help="instead: a model of peer_models.py")
    parser.add_argument("--inputs", required=True, help="inputs (samples, ...), .npy")
    parser.add_argument("--io", default="io_parallel", choices=("io_parallel", "io_stream"))
    parser.add_argument("--samples", type=int, default=2000, help="samples a call of predict")
    parser.add_argument("--serve", action="store_true", help="answer requests, one JSON a line")
    return parser.parse_args()


def main() -> None:
    options = parse()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # hls4ml and TensorFlow print; the answers have stdout to themselves
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="hls4ml-") as scratch:
        peer = Peer(options, Path(scratch))
        if options.serve:
            peer.versions()
            serve(peer, sys.stdin, answers)
        else:
            answers.write(json.dumps(once(peer), indent=2) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
