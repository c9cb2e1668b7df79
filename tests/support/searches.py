"""Small models, data, callbacks, and searches with and without training."""

import json
import os
import signal
import time
import zlib
from pathlib import Path

import keras
import numpy as np
import pytest

from qhls.search import pareto

LIMIT = {"Dense": [8, 8, 8], "Activation": [8]}
FEW = {
    "kernel": {"quantized_bits(2,0,1,alpha=1)": 2, "quantized_bits(4,0,1,alpha=1)": 4},
    "bias": {"quantized_bits(4,0,1,alpha=1)": 4},
    "activation": {"quantized_relu(3,2)": 3, "quantized_relu(6,2)": 6},
    "linear": {"quantized_bits(6,2,1,alpha=1)": 6},
}


def data(samples=96, features=6, classes=3, seed=0):
    """``(x, y), (x_val, y_val)``: labels are the place of the largest of the first numbers."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2 * samples, features)).astype("float32")
    y = x[:, :classes].argmax(1)
    return (x[:samples], y[:samples]), (x[samples:], y[samples:])


def dense(features=6, classes=3, hidden=8, compiled=True, **compile_arguments):
    """features-8-relu-8(relu)-classes-softmax: four layers that can be quantised."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((features,), name="x"),
            keras.layers.Dense(hidden, name="d0"),
            keras.layers.Activation("relu", name="a0"),
            keras.layers.Dense(hidden, activation="relu", name="d1"),
            keras.layers.Dense(classes, name="d2"),
            keras.layers.Activation("softmax", name="softmax"),
        ],
        name="dense",
    )
    if compiled:
        settings = {
            "optimizer": keras.optimizers.Adam(0.02),
            "loss": "sparse_categorical_crossentropy",
            "metrics": ["acc"],
            "run_eagerly": True,  # a few small batches are faster than tracing them
        }
        model.compile(**settings | compile_arguments)
    return model


class Pretended:
    """An executor that trains nothing: accuracy is a function of the candidate and of the epochs."""

    def __init__(self, job):
        self.job, self.tasks = job, []

    def run(self, tasks):
        self.tasks += tasks
        for task in tasks:
            yield task, self.result(task)

    def result(self, task):
        noise = zlib.crc32(json.dumps(task.candidate, sort_keys=True).encode()) / 2**32
        bits = sum(int(o.split("(")[1][0]) for o in task.candidate.values() if isinstance(o, str))
        accuracy = 1 - 1 / (bits + task.epochs + noise)
        path = self.job.locate_model(task.number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(task.candidate))
        metrics = {"val_accuracy": accuracy, "val_loss": 1 - accuracy}
        return {"state": "trained", "metrics": metrics, "epochs": task.epochs, "seconds": 0.0}

    def close(self):
        pass


class Hangs(keras.callbacks.Callback):
    """The first training that gets here writes its process's number and waits to be killed; others pass."""

    def __init__(self, file):
        super().__init__()
        self.file = str(file)

    def on_epoch_end(self, epoch, logs=None):
        own = Path(f"{self.file}.{os.getpid()}")
        own.write_text(str(os.getpid()))
        try:
            os.link(own, self.file)  # whole, and once
        except FileExistsError:
            return
        time.sleep(600)


class Deadly(keras.callbacks.Callback):
    """Kills its process if the kernel of "d0" has two bits."""

    def on_epoch_begin(self, epoch, logs=None):
        if self.model.get_layer("d0").kernel_quantizer.bits == 2:
            os.kill(os.getpid(), signal.SIGKILL)


class Faulty(keras.callbacks.Callback):
    """Raises what no search expects."""

    def on_epoch_begin(self, epoch, logs=None):
        raise ZeroDivisionError("of a callback")


DATA = data()
BITS = ("accuracy", "bits")


def run(folder, model=None, objectives=BITS, **settings):
    """A search in which nothing is trained."""
    chosen = {
        "limit": LIMIT, "quantization_config": FEW, "folder": folder, "executor": Pretended,
        "progress": False, "trials": 12, "batch": 4, "epochs": 3, "input_types": "s8.4",
    }  # fmt: skip
    return pareto(dense() if model is None else model, DATA, objectives, **chosen | settings)


def states(found):
    return [record["state"] for _, record in sorted(found.records.items())]


SEARCH = {
    "limit": LIMIT, "quantization_config": FEW, "input_types": "s8.4", "trials": 4, "batch": 4, "epochs": 2,
    "rungs": (1,), "fit": {"batch_size": 96}, "transfer_weights": True, "engine": "random", "workers": 2,
    "progress": False,
}  # fmt: skip
NEEDS = {"dask": "distributed", "ray": "ray"}


def search(folder, executor, **settings):
    pytest.importorskip(NEEDS.get(executor, "keras"), reason=f"executor {executor!r} needs it")
    return pareto(
        dense(), DATA, ("accuracy", "energy"), folder=folder, executor=executor, **SEARCH | settings
    )
