"""Models of HGQ2 with trained-like bits, and what HGQ2 computes: ``python make_models.py [folder [seed [samples]]]``.

Written with hgq2 0.2.0 and Keras 3.15; needs HGQ2 in its environment, but not qhls. For each model it writes
a ``.keras`` file, compressed, and a ``.npz`` file: codes of inputs (``x``), their type and HGQ2's results (``y``).
"""

import sys
import zipfile
from pathlib import Path

import hgq.layers as H
import keras
import numpy as np
from hgq.config import HardSigmoidConfig, QuantizerConfig, QuantizerConfigScope
from hgq.quantizer import Quantizer

L = keras.layers
INTEGER, FRAC = 8, 8
"""Integer bits, the sign's included, and fraction bits of the inputs."""


def datalane(kind="kif", **settings):
    return QuantizerConfig(kind, "datalane", **settings)


def channels(**settings):
    """Within it, tensors have bits for each channel."""
    place = {"default_q_type": "kif", "place": "datalane"}
    return QuantizerConfigScope(**place, heterogeneous_axis=(-1,), **settings)


def make_dense(x):
    """Rounding and overflow modes; bits of each weight and of each element."""
    x = H.QDense(8, activation="relu", name="a")(x)
    saturated = QuantizerConfig("kif", "weight", overflow_mode="SAT", round_mode="RND_CONV")
    trimmed = datalane(overflow_mode="SAT", round_mode="TRN")
    x = H.QDense(6, kq_conf=saturated, iq_conf=trimmed, enable_oq=True, name="b")(x)
    whole = datalane("kbi", heterogeneous_axis=(), overflow_mode="SAT_SYM", round_mode="S_RND")
    wrapped = QuantizerConfig("kif", "weight", overflow_mode="WRAP")
    return H.QDense(4, iq_conf=whole, kq_conf=wrapped, bq_conf=None, use_bias=False, name="c")(x)


def make_rounding(x):
    """The other rounding modes, a scale and a factor."""
    outs = []
    for mode in ("TRN_ZERO", "RND_ZERO", "RND_MIN_INF", "RND_INF"):
        for overflow in ("WRAP", "SAT_SYM"):
            config = datalane(round_mode=mode, overflow_mode=overflow, f0=3)
            outs.append(Quantizer(config, name=f"{mode}_{overflow}")(x))
    outs.append(Quantizer(HardSigmoidConfig(), name="sigmoid")(x))
    outs.append(Quantizer(datalane(scaler=0.25, overflow_mode="SAT"), name="scaled")(x))
    return L.Concatenate()(outs)


def make_images(x):
    with channels():
        x = H.QConv2D(4, (3, 2), padding="same", strides=(2, 1), activation="relu")(x)
        x = H.QMaxPooling2D(2, padding="same")(x)
        x = H.QConv2D(4, 2, groups=2, dilation_rate=1)(L.ReLU()(x))
        x = H.QAveragePooling2D((1, 2))(x)
        return H.QDense(3)(L.Flatten()(x))


def make_sequences(x):
    with channels():
        x = H.QConv1D(4, 3, padding="causal", dilation_rate=2)(x)
        x = H.QConv1D(4, 3, padding="same", strides=2, use_bias=False)(x)
        x = H.QEinsumDense("abc,cd->abd", (4, 5), bias_axes="d", activation="relu")(x)
    x = H.QEinsumDenseBatchnorm("...bc,bcd->...bd", (4, 3), bias_axes="bd")(x)
    return H.QEinsumDense("abc,bcd->ad", 4)(x)


def make_merges(x):
    a = H.QDense(6, activation="relu")(x)
    b = H.QBatchNormDense(6, name="folded")(x)
    z = H.QBatchNormalization(name="normal")(H.QAdd(enable_oq=True)([a, b]))
    z = H.QMinimum()([H.QMaximum()([H.QSubtract()([z, a]), b]), a])
    mean = H.QAveragePow2()([z, a, b])
    total = H.QSum(axes=-1, scale=0.5, keepdims=True)(H.QMultiply()([a, b]))
    return L.Concatenate()([mean, total, H.QMeanPow2(axes=(-1,), keepdims=True)(z)])


def make_tables(x):
    with QuantizerConfigScope(place="datalane", default_q_type="kif", f0=2, i0=2):
        x = H.QDenseT(4, n_hl=1, d_hl=4, batch_norm=True)(x)
        x = L.Reshape((4, 1))(x)
        x = H.QConvT1D(2, 2, padding="same", subnn_activation="tanh")(x)
        x = H.QUnaryFunctionLUT("sigmoid", allow_heterogeneous_table=False)(L.Flatten()(x))
        return H.QSoftmax()(x)


def make_nested(xs):
    """Two inputs, a layer that two tensors share, and a model within the model."""
    shared = H.QDense(6, enable_oq=True, name="shared")
    inner = keras.Input((6,))
    model = keras.Model(inner, H.QDense(3, activation="relu")(inner), name="inner")
    both = H.QAdd()([shared(xs[0]), shared(xs[1])])
    return [model(both), Quantizer(datalane())(L.Activation("tanh")(model(shared(xs[0]))))]


def make_products(x):
    """Products of two tensors, and a table for each pair that an equation multiplies."""
    with QuantizerConfigScope(place="datalane", default_q_type="kif", f0=2, i0=2):
        with channels(f0=2, i0=2):
            q, k = (L.Reshape((4, 2, 2))(H.QDense(4)(x)) for _ in range(2))
            scores = H.QEinsum("bqhd,bkhd->bhqk")([q, k])
            x = L.Reshape((4, 4))(H.QEinsum("bhqk,bkhd->bqhd")([scores, k]))
        x = H.QEinsumDenseT("abc,cd->adb", (3, 4), n_hl=0, bias_axes="d")(x)
        return H.QEinsumDenseT("abc,bcd->ad", 2, n_hl=0, batch_norm=True, bias_axes="d")(x)


MODELS = {
    "dense": (make_dense, [(10,)]),
    "rounding": (make_rounding, [(6,)]),
    "images": (make_images, [(7, 6, 2)]),
    "sequences": (make_sequences, [(8, 3)]),
    "merges": (make_merges, [(8,)]),
    "tables": (make_tables, [(5,)]),
    "nested": (make_nested, [(6,), (6,)]),
    "products": (make_products, [(4, 3)]),
}


def train_by_chance(model, rng):
    """Give the model the bits, signs and weights that training might: each element others."""
    for variable in model.variables:
        name, values = variable.path.split("/")[-1], np.asarray(variable)
        if name in ("i", "f", "b"):
            moved = values + rng.uniform(-1.2, 1.2, values.shape)
            variable.assign(np.maximum(moved, 0) if name == "b" else moved)
        elif name == "k":
            variable.assign(np.where(rng.uniform(size=values.shape) < 0.2, 1 - values, values))
        elif name == "moving_variance":
            variable.assign(rng.uniform(0.2, 3, values.shape))
        elif (
            name in ("bias", "bn_gamma", "bn_beta", "gamma", "beta", "moving_mean") and values.ndim
        ):
            variable.assign(values + 0.5 * rng.normal(size=values.shape))


def draw_codes(rng, samples, shape):
    """Half of the samples lie in the whole range of the input's type, half in that of data."""
    end = 2 ** (INTEGER + FRAC - 1)
    far = rng.integers(-end, end, (samples // 2, *shape))
    near = np.clip(
        rng.normal(size=(samples - samples // 2, *shape)) * 2 ** (FRAC + 1), -end, end - 1
    )
    return np.concatenate([far, near.astype(int)]).astype(np.int16)


def compress(path):
    """Keras stores what it could compress."""
    with zipfile.ZipFile(path) as archive:
        entries = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, 9)


def write(folder, seed, samples):
    folder.mkdir(parents=True, exist_ok=True)
    for number, (name, (make, shapes)) in enumerate(MODELS.items()):
        keras.utils.set_random_seed(seed + number)
        rng = np.random.default_rng(seed + number)
        inputs = [keras.Input(shape, name=f"input_{i}") for i, shape in enumerate(shapes)]
        model = keras.Model(inputs, make(inputs[0] if len(inputs) == 1 else inputs), name=name)
        train_by_chance(model, rng)
        codes = [draw_codes(rng, samples, shape) for shape in shapes]
        x = [np.ldexp(each.astype("float32"), -FRAC) for each in codes]
        y = model.predict(x if len(x) > 1 else x[0], verbose=0)
        model.save(folder / f"{name}.keras")
        compress(folder / f"{name}.keras")
        results = y if isinstance(y, list) else [y]
        arrays = {f"x{i}": each for i, each in enumerate(codes)}
        arrays |= {f"y{i}": each for i, each in enumerate(results)}
        np.savez_compressed(folder / f"{name}.npz", type=f"s{INTEGER + FRAC}.{FRAC}", **arrays)


if __name__ == "__main__":
    given = sys.argv[1:]
    here = Path(given[0]) if given else Path(__file__).parent / "models"
    write(here, int(given[1]) if given[1:] else 1, int(given[2]) if given[2:] else 60)
