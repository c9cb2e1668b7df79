"""Translation of HGQ2's activations, softmax, and layers with a small network for each pair of an input and an output
to layers with lookup tables.
"""

from __future__ import annotations

import math
import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from qhls.errors import QuantizerError
from qhls.frontend.files.classes import find_registered_name
from qhls.frontend.hgq.numbers import Grid
from qhls.frontend.hgq.parts import Layer, Ref, register_expansion
from qhls.frontend.layers.conv import QConv2D
from qhls.frontend.layers.conv1d import QConv1D
from qhls.frontend.layers.einsum import spell_axes
from qhls.frontend.layers.table import QTable
from qhls.ir.integers import Array
from qhls.quantizers import get_quantizer
from qhls.quantizers.keras_types import KerasTensor, ops
from qhls.quantizers.numerics import pad_to_packets
from qhls.system.limits import check_size

_Function = Callable[[Any], Any]
"""Function of a tensor (samples, ...); its result has as many samples."""

_WIDEST = 16
"""Largest width in bits of the input of a table."""
_SHARED = 12
"""Largest width in bits of a type that elements of different types share, so that they can also share one table."""
_EPSILON = 1e-7
"""Number that HGQ2's softmax adds to the divisor."""


@dataclass(frozen=True)
class Table:
    """A lookup table with the value of ``function`` for every number on ``grid``, quantised by ``to``.

    ``dims`` is the shape of the elements, the last axes of a sample, between which the function differs.
    """

    grid: Grid
    function: _Function
    to: Grid
    dims: tuple[int, ...] = ()


def add_table(layer: Layer, key: str, x: Ref, table: Table) -> Ref:
    """Add a part that looks up each element of the tensor ``x`` in ``table``, and return a reference to its result.

    Raises:
        LoadError: the elements have too many bits, or fall where the numbers on their grid rise.
    """
    grid, to = table.grid, table.to
    if not table.dims and to.fraction.size == 1:
        grid = _join(grid)
    if grid.factor <= 0:
        raise layer.refuse(
            "a positive factor as affine", grid.factor, "Move the sign to the function."
        )
    keep, integer, fraction = (
        each[0].astype(int) for each in (grid.keep_negative, grid.integer, grid.fraction)
    )
    width = int((keep + integer + fraction).max())
    if width > _WIDEST:
        expected = f"numbers of at most {_WIDEST} bits as input of a table"
        raise layer.refuse(expected, f"{width}", "Quantise it to fewer.")
    dims = (fraction.shape, to.fraction.shape[1:], table.dims)
    rank = max(map(len, dims))
    shape = np.broadcast_shapes(*((1,) * (rank - len(each)) + each for each in dims))
    check_size(4 * 2**width * math.prod(shape), f"{layer.where}: {key or 'table'}", "a table")
    step = np.ldexp(1.0, -fraction) * np.ones(shape)
    first = -keep * np.ldexp(1.0, integer) * np.ones(shape)
    count = np.ldexp(1.0, keep + integer + fraction) * np.ones(shape)
    codes = np.arange(2**width).reshape(-1, *(1,) * rank)
    stretch = grid.scale * grid.factor
    numbers = (first + step * np.minimum(codes, count - 1)) * stretch + grid.offset
    values = to.quantize(table.function(numbers.astype(layer.float_type)))
    arrays = [first * stretch + grid.offset, step * stretch, np.moveaxis(values, 0, -1)]
    settings = {"shape": list(shape), "entries": 2**width}
    return layer.add(key, QTable, [x], settings, arrays)


def _join(grid: Grid) -> Grid:
    """Return a grid with one type for all elements if that type has few bits, else ``grid`` unchanged."""
    keep, integer, fraction = (
        np.full((1,) * each.ndim, each.max())
        for each in (grid.keep_negative, grid.integer, grid.fraction)
    )
    if (keep + integer + fraction).max() > _SHARED:
        return grid
    names = ("rounding", "overflow", "scale", "factor", "offset")
    return Grid(keep, integer, fraction, **{name: getattr(grid, name) for name in names})


def get_function(layer: Layer, given: object) -> Any:
    """Return the activation function that a file names.

    Raises:
        LoadError: it is unknown; nothing in a file is executed.
    """
    name = given.get("config") if isinstance(given, dict) else given
    registered = find_registered_name(name)
    if registered is not None:
        return keras.saving.get_registered_object(registered)
    try:
        return get_quantizer(name) if isinstance(name, str) else keras.activations.get(None)
    except QuantizerError as error:
        raise layer.refuse(
            "a function of Keras or one registered by @keras.saving.register_keras_serializable",
            given,
            "Import the module that registers it.",
        ) from error


def compute_elements(function: _Function) -> _Function:
    """Return an element-wise version of ``function`` for arrays of any shape, which it pads so that backends compute
    them as they compute large tensors.
    """

    def compute(v: Array) -> Array:
        flat = pad_to_packets(v.reshape(-1, 1))
        result = ops.convert_to_numpy(function(ops.convert_to_tensor(flat[:, 0])))
        return np.asarray(result)[: v.size].reshape(v.shape)

    return compute


@register_expansion("QUnaryFunctionLUT", "QAffinedUnaryFunctionLUT")
def _expand_unary_function_lut(layer: Layer) -> None:
    function = get_function(layer, layer.read("activation"))
    if layer.kind == "QAffinedUnaryFunctionLUT":
        scale, bias = layer.read_weights(2)
        plain = function
        function = lambda v: plain(v * scale + bias)  # noqa: E731
    grid = layer.read_quantizer("iq_conf", "iq") if layer.settings.get("enable_iq", True) else None
    to = layer.read_quantizer("oq_conf", "oq") if layer.settings.get("enable_oq") else None
    if grid is not None and to is not None:
        x = layer.quantize("iq", Ref(0), grid)
        add_table(layer, "", x, Table(grid, compute_elements(function), to))
        return
    if layer.kind == "QAffinedUnaryFunctionLUT":
        raise layer.refuse("input and output quantizers", "a layer without", "Enable both.")
    settings = {"activation": layer.read("activation")}
    layer.quantize_output(
        layer.add("", keras.layers.Activation, [layer.quantize_input()], settings)
    )


# -- a network for each edge ----------------------------------------------------------------------


@register_expansion("QDenseT")
def _expand_dense_t(layer: Layer) -> None:
    _add_edges(layer, Ref(0), "n_out")


@register_expansion("QConvT1D", "QConvT2D")
def _expand_conv_t1d(layer: Layer) -> None:
    """Copy each window into the channels by a convolution with an identity kernel, then add a dense layer of tables."""
    (shape,), size = layer.shapes, [int(each) for each in layer.read("kernel_size")]
    if layer.read("data_format") != "channels_last":
        raise layer.refuse("channels last", layer.read("data_format"), "Build the model so.")
    taken = math.prod(size) * int(shape[-1])
    settings = {name: layer.read(name) for name in ("strides", "padding", "dilation_rate")}
    settings |= {"filters": taken, "kernel_size": size, "use_bias": False}
    kernel = np.eye(taken, dtype="float32").reshape(*size, int(shape[-1]), taken)
    cls = QConv1D if len(size) == 1 else QConv2D
    settings["kernel_quantizer"] = "quantized_bits(2,1,0,alpha=1)"
    _add_edges(layer, layer.add("windows", cls, [Ref(0)], settings, [kernel]), "filters")


def _add_edges(layer: Layer, x: Ref, argument: str) -> None:
    """Add one table per pair of an input and an output, and the sum of the table values for each output."""
    outputs = int(layer.read(argument))
    kernels = _read_networks(layer, biased=bool(layer.read("use_bias")))
    inputs = int(kernels[0][0].shape[0])
    spread = layer.add_operation("axis", "ExpandDims", x, axis=-1)
    edges = layer.add_operation("edges", "Repeat", spread, repeats=outputs, axis=-1)
    normalise = _make_normalisation(layer, inputs) if layer.read("batch_norm") else None
    function = _make_network(layer, kernels, ("...io", "io"), normalise)
    table = _add_networks(layer, edges, function, (inputs, outputs))
    _finish_edges(layer, layer.add_operation("sum", "Sum", table, axis=-2))


@register_expansion("QEinsumDenseT")
def _expand_einsum_dense_t(layer: Layer) -> None:
    """Add one table per pair of elements that the equation multiplies, and the sums of the table values."""
    (shape,) = layer.shapes
    axes, weights, out = spell_axes(layer.read("equation"), len(shape))
    kernels = _read_networks(
        layer, biased=layer.read("bias_axes") is not None and not layer.read("batch_norm")
    )
    new = "".join(a for a in weights if a not in axes)
    pairs = axes + new
    sizes = dict(zip(weights, kernels[0][0].shape, strict=False))
    x = layer.add_operation("axes", "Reshape", Ref(0), newshape=[-1, *shape[1:], *[1] * len(new)])
    for i, axis in enumerate(new, len(axes)):
        x = layer.add_operation(f"edges_{axis}", "Repeat", x, repeats=int(sizes[axis]), axis=i)
    summed = [i for i, axis in enumerate(axes) if axis not in out]
    counted = math.prod(int(shape[i]) for i in summed)
    normalise = (
        _make_einsum_normalisation(layer, pairs, counted) if layer.read("batch_norm") else None
    )
    function = _make_network(layer, kernels, (pairs, weights), normalise)
    dims = tuple(int(sizes.get(axis, 1)) for axis in pairs[1:])
    edges = _add_networks(layer, x, function, dims)
    if summed:
        edges = layer.add_operation("sum", "Sum", edges, axis=summed, keepdims=False)
    left = "".join(axis for axis in pairs if axis in out)
    order = [left.index(axis) for axis in out]
    _finish_edges(layer, layer.add_operation("order", "Transpose", edges, axes=order))


def _add_networks(layer: Layer, x: Ref, function: _Function, dims: tuple[int, ...]) -> Ref:
    """Add the input quantizer and the table of ``function``, which differs between the elements of a tensor of shape
    ``dims``.
    """
    grid = layer.read_quantizer("iq_conf", "iq") if layer.settings.get("enable_iq", True) else None
    to = layer.read_quantizer("toq_conf", "toq")
    if grid is None or to is None:
        raise layer.refuse("quantizers of the tables' inputs and results", "none", "Enable both.")
    return add_table(layer, "table", layer.quantize("iq", x, grid), Table(grid, function, to, dims))


def _finish_edges(layer: Layer, edges: Ref) -> None:
    """Add the activation, under the layer's own name, and the output quantizer."""
    settings = {"activation": layer.read("activation")}
    layer.quantize_output(layer.add("", keras.layers.Activation, [edges], settings))


def _read_networks(layer: Layer, biased: bool) -> list[list[Array]]:
    """Return the kernel, and the bias if ``biased``, of each layer of the small networks; each array covers all
    networks.
    """
    networks: list[list[Array]] = []
    for i in range(int(layer.read("n_hl")) + 1):
        place = f"module/layers/einsum_dense{f'_{i}' if i else ''}"
        arrays = layer.variables.enter(place).read_all(1 + biased, f"{layer.where}: {place}")
        networks.append(arrays[: 1 + biased])
    return networks


def _make_network(
    layer: Layer, kernels: list[list[Array]], axes: tuple[str, str], normalise: _Function | None
) -> _Function:
    """Return a function that computes the networks of all edges; ``axes`` are the einsum letters of edges and
    kernels.
    """
    activation = get_function(layer, layer.read("subnn_activation")) or (lambda v: v)
    pairs, weights = axes
    one, other = [a for a in string.ascii_letters if a not in pairs + weights][:2]

    def compute(numbers: Array) -> Array:
        v = ops.convert_to_tensor(numbers[..., None])
        for kernel, *bias in kernels[:-1]:
            equation = f"{pairs}{one},{weights}{one}{other}->{pairs}{other}"
            v = ops.einsum(equation, v, ops.convert_to_tensor(kernel))
            v = activation(v + bias[0] if bias else v)
        kernel, *bias = kernels[-1]
        v = ops.einsum(f"{pairs}{one},{weights}{one}->{pairs}", v, ops.convert_to_tensor(kernel))
        v = v + bias[0] if bias else v
        return v if normalise is None else normalise(v)

    return compute


def _make_normalisation(layer: Layer, inputs: int) -> _Function:
    settings = {name: layer.read(f"bn_{name}") for name in ("center", "scale", "epsilon")}
    arrays = layer.variables.enter("bn_module").read_all(2, f"{layer.where}: bn_module")

    def normalise(v: KerasTensor) -> KerasTensor:
        normalisation = keras.layers.BatchNormalization(axis=-1, dtype=layer.float_type, **settings)
        normalisation.build(tuple(v.shape))
        normalisation.set_weights(arrays)
        return normalisation(v, training=False) / math.sqrt(inputs)

    return normalise


def _make_einsum_normalisation(layer: Layer, pairs: str, inputs: int) -> _Function:
    """Return the function that normalises the results of ``QEinsumDenseT`` along its ``normalize_axes``."""
    has_weights = [bool(layer.read(name)) for name in ("bn_scale", "bn_center")]
    *trained, mean, variance = map(ops.convert_to_tensor, layer.read_weights(2 + sum(has_weights)))
    gamma, beta = (trained.pop(0) if has else None for has in has_weights)
    scale = (1 if gamma is None else gamma) / ops.sqrt(variance + layer.read("bn_epsilon"))
    offset = -mean * scale if beta is None else -mean * scale + beta
    sizes = dict(zip(layer.read("normalize_axes"), mean.shape, strict=True))
    dims = [int(sizes.get(axis, 1)) for axis in pairs]
    scale, offset = (ops.reshape(each, dims) for each in (scale, offset))
    return lambda v: (v * scale + offset) / math.sqrt(inputs)


# -- softmax --------------------------------------------------------------------------------------


@register_expansion("QSoftmax")
def _expand_softmax(layer: Layer) -> None:
    """Add a softmax with tables for ``exp`` and for the reciprocal of the sum; if ``stable``, ``exp`` reads the
    distance from the maximum.
    """
    axes = [int(axis) for axis in layer.read("axes")]
    axis: int | list[int] = axes[0] if len(axes) == 1 else axes
    stable, scale = bool(layer.read("stable")), layer.read("input_scaler")
    x = layer.quantize_input()
    if stable:
        highest = layer.add_operation("highest", "Max", x, axis=axis, keepdims=True)
        x = layer.add_operation("below", "Subtract", highest, x)
        grid = layer.read_quantizer("exp_iq_conf", "exp_table/iq")
        x = layer.quantize("exp_iq", x, grid)
    else:
        grid = layer.read_quantizer("iq_conf", "iq") if layer.read("enable_iq") else None
    to, inner, reciprocal = (
        layer.read_quantizer(f"{conf}_conf", place)
        for conf, place in (
            ("exp_oq", "exp_table/oq"),
            ("inv_iq", "inv_table/iq"),
            ("inv_oq", "inv_table/oq"),
        )
    )
    if grid is None or to is None or inner is None or reciprocal is None:
        raise layer.refuse(
            "quantizers around both tables", "a softmax without", "Enable all of them."
        )
    to, reciprocal = (_saturate(each) for each in (to, reciprocal))
    sign = -1 if stable else 1
    exponential = compute_elements(lambda v: ops.exp(sign * v * scale))
    powers = add_table(layer, "exp", x, Table(grid, exponential, to))
    total = layer.add_operation("sum", "Sum", powers, axis=axis, keepdims=True)
    inverse = compute_elements(lambda v: 1.0 / (v + _EPSILON))
    sums = layer.quantize("inv_iq", total, inner)
    factor = add_table(layer, "inv", sums, Table(inner, inverse, reciprocal))
    layer.quantize_output(layer.add_operation("", "Multiply", powers, factor))


def _saturate(grid: Grid) -> Grid:
    """Return ``grid`` with rounding half to even and saturation, which HGQ2's softmax uses whatever the configuration
    says.
    """
    bits = (grid.keep_negative, grid.integer, grid.fraction)
    return Grid(*bits, "RND_CONV", "SAT", grid.scale, grid.factor, grid.offset)
