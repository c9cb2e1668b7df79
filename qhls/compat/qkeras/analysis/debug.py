"""The outputs of a model's layers for some samples, as text, plots or files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import keras
import numpy as np

from qhls.compat.qkeras.errors import UtilityError
from qhls.compat.qkeras.models.graph import list_unseen, run_layers, to_input_arrays, warn_of_unseen
from qhls.compat.qkeras.weights.arrays import to_numpy
from qhls.compat.qkeras.weights.sparsity import get_quantized_values
from qhls.frontend.models.walk import list_inner, walk_layers
from qhls.system.text import say


def quantized_model_debug(
    model: keras.Model,
    X_test: Any,  # noqa: N803 - QKeras' name
    plot: bool = False,
    plt_instance: Any = None,
) -> None:
    """Print the range of each layer's output for ``X_test``, and the range of each of its quantised weights.

    ``plot`` draws histograms of both with ``plt_instance``, by default matplotlib's pyplot.

    Raises:
        UtilityError: ``plot`` needs matplotlib; the samples do not fit the model.
        LoweringError: the model is not built from layers.
    """
    plt = _import_pyplot(plt_instance) if plot else None
    warn_of_unseen("quantized_model_debug", model)
    weights = {n: [] if list_inner(x) else get_quantized_values(x) for n, x in walk_layers(model)}
    for name, outputs in _collect_outputs(model, X_test, weights).items():
        shown = " ".join(f"({w.min():8.4f} {w.max():8.4f})" for w in weights[name] if w.size)
        say(f"{name:30} {outputs.min():8.4f} {outputs.max():8.4f} {shown}".rstrip())
        if plt is not None:
            _plot_histogram(plt, outputs, f"{name} output")
            for i, weight in enumerate(weights[name]):
                _plot_histogram(plt, weight, f"{name} weights {i}")


def quantized_model_dump(
    model: keras.Model,
    x_test: Any,
    output_dir: str | os.PathLike[str] | None = None,
    layers_to_dump: Collection[str] = (),
) -> Path:
    """Write the outputs of layers for ``x_test`` as raw float32, one file ``<layer>.bin`` per layer.

    ``layers_to_dump`` are names of layers, by default all. The arrays are in C order, the samples first. "/" in the
    name of a nested layer becomes "_". Without ``output_dir`` the files are written to a new temporary folder. Returns
    the folder.

    Raises:
        UtilityError: no layer has one of the names; the samples do not fit the model.
        LoweringError: the model is not built from layers.
    """
    unseen_names = list_unseen(model)
    names = [name for name, _ in walk_layers(model) if name not in unseen_names]
    if not layers_to_dump:
        warn_of_unseen("quantized_model_dump", model)
    unknown = [name for name in layers_to_dump if name not in names]
    if unknown:
        raise UtilityError(
            f"quantized_model_dump: expected names of layers of model {model.name!r} "
            f"({', '.join(names)}), got {', '.join(map(repr, unknown))}. Choose among these."
        )
    folder = Path(tempfile.mkdtemp() if output_dir is None else output_dir)
    folder.mkdir(parents=True, exist_ok=True)
    for name, outputs in _collect_outputs(model, x_test, layers_to_dump or names).items():
        path = folder / f"{name.replace('/', '_')}.bin"
        say(f"writing the layer output tensor to {path}")
        outputs.astype(np.float32).tofile(path)
    return folder


def _collect_outputs(model: keras.Model, x: Any, names: Collection[str]) -> dict[str, np.ndarray]:
    """Return the output of each named layer for ``x``; if a layer has several outputs, the first."""
    parts = {name: [array] for name, array in to_input_arrays(model, x).items() if name in names}
    for call, _, outputs in run_layers(model, x):
        if call.name in names:
            parts.setdefault(call.name, []).append(to_numpy(outputs[0]))
    return {name: np.concatenate(arrays) for name, arrays in parts.items()}


def _import_pyplot(plt_instance: Any) -> Any:
    if plt_instance is not None:
        return plt_instance
    try:
        import matplotlib.pyplot as plt  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise UtilityError(
            "quantized_model_debug: plot=True: expected matplotlib, got no such package. Install it, "
            "or pass a module like matplotlib.pyplot as plt_instance."
        ) from error
    return plt


def _plot_histogram(plt: Any, values: np.ndarray, title: str) -> None:
    plt.hist(values.ravel(), bins=25)
    plt.title(title)
    plt.show()
