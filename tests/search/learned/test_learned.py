"""Widths learned by training: gradients and prices by hand, exact export, the sweep, and what is refused."""

import math

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

import qhls
from qhls.energy.technology import load_technology
from qhls.layers import QActivation, QDense
from qhls.search import GoalError, JournalError, SearchError, SpaceError, TrialError
from qhls.search.goals.costs import Hardware
from qhls.search.learned import run as learning
from qhls.search.learned.energy import mark_used, price
from qhls.search.learned.layers import (
    BITS_PER_UNIT,
    LearnedActivation,
    LearnedWeights,
    count_code_bits,
    round_bits,
    round_to_fraction,
)
from qhls.search.learned.model import (
    build_learned_model,
    export,
    find_activations,
    find_layers,
    find_narrowest,
)
from qhls.search.learned.run import Phase, Sweep, gradient, plan_phases, prepare
from qhls.search.learned.units import choose_units, find_removable
from support.searches import data, dense

DATA = data()
TYPE = Hardware("s8.4")
UNROLLED = qhls.Schedule(partition_limit=1 << 20)


def slope(function, *values):
    """The gradients of ``sum(function(*values))`` on any backend."""
    values = [np.asarray(v, np.float32) for v in values]
    if keras.backend.backend() == "jax":
        import jax

        total = jax.grad(lambda *v: ops.sum(function(*v)), argnums=tuple(range(len(values))))
        return [np.asarray(g) for g in total(*values)]
    if keras.backend.backend() == "torch":
        import torch

        tensors = [torch.tensor(v, requires_grad=True) for v in values]
        ops.sum(function(*tensors)).backward()
        return [np.zeros(v.shape) if v.grad is None else v.grad.numpy() for v in tensors]
    import tensorflow as tf

    tensors = [tf.convert_to_tensor(v) for v in values]
    with tf.GradientTape() as tape:
        for tensor in tensors:
            tape.watch(tensor)
        total = ops.sum(function(*tensors))
    zero = tf.UnconnectedGradients.ZERO
    return [g.numpy() for g in tape.gradient(total, tensors, unconnected_gradients=zero)]


def numbers(tensor):
    return np.asarray(ops.convert_to_numpy(tensor))


def learned(model=None, hardware=TYPE, bits=8, x=DATA[0][0]):
    return prepare(dense() if model is None else model, x, hardware, bits)


def run(folder, model=None, **settings):
    chosen = {"folder": folder, "epochs": 4, "input_types": "s8.4", "progress": False}
    chosen["fit"] = {"batch_size": 96}  # one step an epoch
    return gradient(dense() if model is None else model, DATA, **chosen | settings)


# -- gradients by hand ------------------------------------------------------------------------------


@pytest.mark.backends
def test_rounding_and_its_gradients():
    x, fraction = [0.3, -0.8, 1.0, 0.125], [2.0, 0.0, 3.0, 2.0]
    assert numbers(round_to_fraction(ops.array(x), ops.array(fraction))).tolist() == [
        0.25,
        -1,
        1,
        0,
    ]
    to_x, to_fraction = slope(round_to_fraction, x, fraction)
    assert to_x.tolist() == [1, 1, 1, 1]
    errors = [0.05, 0.2, 0.0, 0.125]
    np.testing.assert_allclose(to_fraction, math.log(2) * np.array(errors), rtol=1e-5)


@pytest.mark.backends
def test_bits_of_codes_and_their_gradient():
    x = [0.0, 0.3, -0.8, 0.1, 7.9, 8.0]
    fraction = [3.0] * 6  # codes 0, 2, -6, 1, 63, 64
    assert numbers(count_code_bits(ops.array(x), ops.array(fraction))).tolist() == [
        0,
        2,
        3,
        1,
        6,
        7,
    ]
    to_x, to_fraction = slope(count_code_bits, x, fraction)
    assert to_fraction.tolist() == [0, 1, 1, 1, 1, 1]
    assert not to_x.any()


@pytest.mark.backends
def test_a_bit_of_a_weight_saves_its_share_of_the_weight():
    assert numbers(mark_used(ops.array([0.0, 1.0, 2.0, 5.0]))).tolist() == [0, 1, 1, 1]
    (to_bits,) = slope(mark_used, [1.0, 2.0, 5.0])
    np.testing.assert_allclose(to_bits, [1, 1 / 2, 1 / 5])


@pytest.mark.backends
def test_fraction_bits_are_whole_and_bounded():
    given = [2.4, 2.5, 3.5, -40.0, 40.0]
    assert numbers(round_bits(ops.array(given))).tolist() == [2, 2, 4, -16, 16]
    assert slope(round_bits, [2.4, 3.5])[0].tolist() == [1, 1]


def test_an_activation_saturates_where_its_quantizer_does():
    layer = LearnedActivation("relu")
    layer.build(None)
    layer.peak.assign(3.0)  # two bits left of the point
    layer.output_fraction.assign(1 / BITS_PER_UNIT)
    x = np.array([-1, 0.2, 0.25, 0.75, 3.4, 3.6, 9], np.float32)
    wanted = [0, 0, 0, 1, 3.5, 3.5, 3.5]
    assert numbers(layer(x)).tolist() == wanted
    assert numbers(qhls.quantizers.quantized_relu(3, 2)(x)).tolist() == wanted
    assert float(layer.compute_width()) == 3
    layer.output_fraction.assign(-9 / BITS_PER_UNIT)  # one bit is left
    assert float(layer.compute_width()) == 1


def test_ranges_follow_what_is_seen_and_forget():
    layer = LearnedActivation("linear")
    layer(np.array([[-5.0, 1.0]], np.float32), training=True)
    assert float(layer.peak) == 5 and int(layer.compute_integer()) == 3
    layer(np.array([[1.0]], np.float32), training=True)
    assert float(layer.peak) == pytest.approx(4.95)
    layer(np.array([[99.0]], np.float32))
    assert float(layer.peak) == pytest.approx(4.95)


# -- energy -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [(1,), (8,), (12, 3)])
def test_prices_are_the_technologys(bits):
    for polynomial in load_technology("horowitz_45nm").operations.values():
        priced = price(polynomial, *(ops.array(float(b)) for b in bits))
        assert float(priced) == pytest.approx(polynomial.price(bits), rel=1e-6)


def one_layer(kernel, bias=None):
    kernel = np.asarray(kernel, np.float32)
    layer = keras.layers.Dense(kernel.shape[1], use_bias=bias is not None, name="d")
    model = keras.Sequential([keras.Input((kernel.shape[0],), name="x"), layer], name="one")
    layer.set_weights([kernel] if bias is None else [kernel, np.asarray(bias, np.float32)])
    return model


def test_the_energy_of_a_layer_by_hand():
    """Unit technology: 1 pJ a bit of an addition and of a register; the sum is 1 + 2 + 4 + 4 bits wide here."""
    model = one_layer([[0.75], [1.0], [0.0], [-0.25]])
    hardware = Hardware("s8.4", UNROLLED, "unit")
    made = learned(model, hardware, bits=4, x=np.zeros((1, 4), np.float32))
    (layer,) = find_layers(made).values()
    graph = qhls.compile(export(made), "s8.4").graph
    assert int(layer.find_finest()) == 3 and numbers(
        layer.count_kernel_bits()
    ).ravel().tolist() == [
        3,
        4,
        0,
        2,
    ]
    total = (
        8 - 4 + 1 + 4 + 3
    )  # integer bits of the input, growth log2(2), sign... and fraction bits
    estimated = float(layer.term.compute_energy())
    digits = (2 + 3 + 1) / 3
    width = float(layer.term._sum(layer.term.products[0], {})[0])
    assert width == 8 + 1 + 3 + 1 == total + 1
    registers = 2 * 4 * 8 + width  # written as an input, read by the product; the sum is written
    assert graph.outputs[0].type.width <= width
    assert estimated == pytest.approx(digits * 8 + 3 * width + registers)


def test_a_bias_of_no_bits_has_no_addition():
    hardware = Hardware("s8.4", UNROLLED, "unit")
    model = one_layer([[0.75, 1.25], [0.5, -0.75]], bias=[0.5, 0.0])
    made = learned(model, hardware, x=np.zeros((1, 2), np.float32))
    (layer,) = find_layers(made).values()
    design = qhls.compile(export(made), "s8.4", schedule=UNROLLED)
    addition = next(op for op in design.energy("unit").ops if op.name == "d.add").total
    type_ = next(op.type for op in design.graph.ops if op.name == "d.add")
    assert addition > 0 and float(layer.count_bias_bits()) == 7
    there, width = (
        float(layer.term.compute_energy()),
        float(layer.term._sum(layer.term.products[0], {})[0]),
    )
    layer.bias_fraction.assign(0)  # 0.5 is rounded to 0, the even
    assert float(layer.count_bias_bits()) == 0
    assert float(layer.term._sum(layer.term.products[0], {})[0]) == width
    gone = there - float(layer.term.compute_energy())
    assert gone == pytest.approx(addition * width / type_.width)
    layer.bias_fraction.assign(12 / BITS_PER_UNIT)
    finer = 12 - (4 + int(layer.find_finest()))
    assert float(layer.term._sum(layer.term.products[0], {})[0]) == width + finer


def test_no_weight_is_finer_than_the_finest():
    made = learned(one_layer([[0.75, 0.5], [0.25, -0.5]]), bits=4, x=np.zeros((1, 2), np.float32))
    (layer,) = find_layers(made).values()
    own, finest = layer.kernel_fraction, layer.finest_fraction
    assert float(finest) * BITS_PER_UNIT == 3
    own.assign(np.array([[3, 1], [2, 5]]) / BITS_PER_UNIT)
    own.assign(own.constraint(own))
    assert numbers(own * BITS_PER_UNIT).tolist() == [[3, 1], [2, 3]]
    finest.assign(2 / BITS_PER_UNIT)
    assert numbers(layer.compute_fraction("kernel")).tolist() == [[2, 1], [2, 2]]
    assert float(layer.find_finest()) == 2
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            fractions = layer.compute_fraction("kernel")
        to_own, to_finest = tape.gradient(fractions, [own.value, finest.value])
        assert numbers(to_own).tolist() == [[BITS_PER_UNIT] * 2] * 2
        assert float(to_finest) == 3 * BITS_PER_UNIT  # of the three that are as fine


@pytest.mark.parametrize("schedule", [UNROLLED, qhls.Schedule(io="stream")])
def test_the_first_estimate_is_near_the_design(schedule):
    made = learned(hardware=Hardware("s8.4", schedule), bits=6)
    first = next(layer for layer in find_layers(made).values() if isinstance(layer, LearnedWeights))
    real = qhls.compile(export(made), "s8.4", schedule=schedule).energy().total
    assert first.term.at_start == pytest.approx(real)
    assert 0.7 * real < float(first.term.compute_energy()) < 1.6 * real


def test_weights_in_a_memory_share_their_width():
    schedule = qhls.Schedule(storage="bram")
    made = learned(hardware=Hardware("s8.4", schedule))
    shapes = {
        e.name: tuple(e.kernel_fraction.shape)
        for e in find_layers(made).values()
        if e.name[0] == "d"
    }
    assert shapes == {"d0": (), "d1": (), "d2": ()}
    first = next(layer for layer in find_layers(made).values() if isinstance(layer, LearnedWeights))
    assert all(product.memory is not None for product in first.term.products)
    before = float(first.term.compute_energy())
    first.kernel_fraction.assign(first.kernel_fraction - 2 / BITS_PER_UNIT)
    assert float(first.term.compute_energy()) < before


# -- export -----------------------------------------------------------------------------------------


@given(
    st.lists(st.integers(-500, 500), min_size=1, max_size=20),
    st.integers(-6, 10),
)
@settings(deadline=None, max_examples=60)
def test_the_quantizer_of_a_grid_leaves_it_alone(codes, fraction):
    values = (np.array(codes) * 2.0**-fraction).astype(np.float32)
    quantizer = find_narrowest(values)
    assert numbers(quantizer(values)).tolist() == values.tolist()
    if quantizer.bits > 2:  # and is the narrowest
        for integer in (quantizer.integer, quantizer.integer - 1):
            narrow = qhls.quantizers.quantized_bits(quantizer.bits - 1, integer, 1, alpha=1)
            assert numbers(narrow(values)).tolist() != values.tolist()


def scattered(made, seed=0):
    """``made`` with widths from 0 up, as training leaves them."""
    rng = np.random.default_rng(seed)
    for layer in find_layers(made).values():
        for name in ("kernel_fraction", "depthwise_kernel_fraction"):
            if hasattr(layer, name):
                variable = getattr(layer, name)
                variable.assign(rng.integers(-2, 7, variable.shape) / BITS_PER_UNIT)
    for activation in find_activations(made).values():
        activation.output_fraction.assign(2 / BITS_PER_UNIT)
    return made


def convolutional(flat=True):
    keras.utils.set_random_seed(1)
    layers = keras.layers
    body = [
        layers.Conv2D(6, 3, padding="same", name="c0"),
        layers.ReLU(name="r0"),
        layers.DepthwiseConv2D(2, name="dw"),
        layers.Activation("relu", name="r1"),
        layers.Conv2D(5, 2, name="c1", activation="relu"),
        layers.MaxPooling2D(2, name="pool"),
        layers.Flatten(name="flat") if flat else layers.GlobalMaxPooling2D(name="flat"),
        layers.Dense(3, name="out"),
    ]
    return keras.Sequential([keras.Input((6, 6, 2), name="x"), *body], name="convolutional")


def branched():
    keras.utils.set_random_seed(2)
    x = keras.Input((6,), name="x")
    a = keras.layers.Dense(4, activation="relu", name="a")(x)
    b = keras.layers.Activation("linear", name="b1")(keras.layers.Dense(4, name="b0")(x))
    y = keras.layers.Dense(3, name="out")(keras.layers.Add(name="add")([a, b]))
    return keras.Model(x, y, name="branched")


def q_model():
    keras.utils.set_random_seed(3)
    options = {"kernel_quantizer": "quantized_bits(4,0,1,alpha=1)"}
    return keras.Sequential(
        [
            keras.Input((6,), name="x"),
            QDense(5, **options, name="d0", activation="quantized_relu(4,2)"),
            QDense(5, **options, use_bias=False, name="d1"),
            QActivation("quantized_bits(6,2,1,alpha=1)", name="a1"),
            QDense(3, **options, name="d2"),
        ],
        name="q",
    )


MODELS = {
    "dense": dense,
    "convolutional": convolutional,
    "global pooling": lambda: convolutional(False),
    "branched": branched,
    "q": q_model,
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_q_model_computes_what_was_learned(name, seed):
    model = MODELS[name]()
    rng = np.random.default_rng(seed)
    x = (rng.integers(-100, 100, (64, *model.input_shape[1:])) / 16).astype("float32")
    made = scattered(learned(model, x=x), seed)
    found = export(made)
    assert np.array_equal(made.predict(x, verbose=0), found.predict(x, verbose=0))
    assert not any(isinstance(e, LearnedWeights | LearnedActivation) for e in found.layers)
    design = qhls.compile(found, "s8.4")
    logits = found if name != "dense" else keras.Model(found.inputs, found.get_layer("d2").output)
    assert np.array_equal(design.run(x), logits.predict(x, verbose=0))


def test_what_was_learned_is_hardware_on_both_targets(tmp_path):
    found = run(tmp_path, epochs=2)
    point = found[0]
    report = point.design().check(DATA[1][0])
    assert report, str(report)
    assert point.command.startswith("qhls check ")


def test_idle_units_are_left_out():
    made = learned(convolutional(), x=np.ones((4, 6, 6, 2), np.float32))
    pairs = find_removable(made)
    assert [(a.name, b.name) for a, b in pairs] == [
        ("c1", "out")
    ]  # a depthwise layer keeps channels
    kernel = numbers(made.get_layer("out").kernel)
    kernel.reshape(-1, 5, 3)[:, 1] = 0  # nothing reads it
    made.get_layer("out").kernel.assign(kernel)
    own = numbers(made.get_layer("c1").kernel)
    own[..., 3] = 0  # it is 0, as its bias is
    made.get_layer("c1").kernel.assign(own)
    found = export(made)
    assert found.get_layer("c1").kernel.shape[-1] == 3
    assert found.get_layer("out").kernel.shape == (kernel.shape[0] // 5 * 3, 3)
    x = np.random.default_rng(0).integers(-100, 100, (32, 6, 6, 2)).astype("float32") / 16
    assert np.array_equal(made.predict(x, verbose=0), found.predict(x, verbose=0))


def test_idle_units_make_others_idle_and_one_stays():
    first, second, third = "abc"
    values = {
        first: {"kernel": np.ones((2, 3)), "bias": np.ones(3)},
        second: {"kernel": np.array([[0, 1], [0, 0], [1, 0]])},
        third: {"kernel": np.array([[1], [0]])},
    }
    kept = choose_units([(first, second), (second, third)], values)
    assert {k: v.tolist() for k, v in kept.items()} == {second: [0], first: [2]}
    values[third]["kernel"][:] = 0
    kept = choose_units([(first, second), (second, third)], values)
    assert {k: len(v) for k, v in kept.items()} == {second: 1, first: 1}


def with_normalisations():
    keras.utils.set_random_seed(5)
    layers = keras.layers
    body = [
        layers.Conv2D(4, 3, use_bias=False, name="c0"),
        layers.BatchNormalization(name="n0"),
        layers.ReLU(name="r0"),
        layers.DepthwiseConv2D(2, name="dw"),
        layers.BatchNormalization(name="n1", scale=False),
        layers.Flatten(name="flat"),
        layers.Dense(3, name="out"),
        layers.BatchNormalization(name="n2", center=False),
    ]
    model = keras.Sequential([keras.Input((6, 6, 2), name="x"), *body], name="normalised")
    rng = np.random.default_rng(5)
    model.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in model.get_weights()])
    return model


@pytest.mark.backends
def test_normalisations_are_folded():
    model = with_normalisations()
    x = np.random.default_rng(0).uniform(-1, 1, (40, 6, 6, 2)).astype(np.float32)
    made = learned(model, Hardware("s8.4", UNROLLED), bits=16, x=x)
    assert [layer.name for layer in made.layers] == ["c0", "r0", "dw", "flat", "out"]
    wanted = numbers(model(x))
    np.testing.assert_allclose(numbers(made(x)), wanted, atol=1e-3 * np.abs(wanted).max())


# -- the sweep --------------------------------------------------------------------------------------


def test_levels_rise_in_equal_ratios_and_settle():
    steps = plan_phases(10, 3, (0.01, 1.0))
    assert [p.strength for p in steps] == pytest.approx([0.01] * 3 + [0.1] * 3 + [1.0] * 4)
    assert [p.moving for p in steps] == [True, True, False] * 2 + [True, True, True, False]
    assert all(p.noted == (not p.moving) and p.rate == (1 if p.moving else 0.1) for p in steps)
    three = plan_phases(6, 3, (1.0, 8.0, 10.0))
    assert three[2].strength == pytest.approx(8.0)
    assert plan_phases(1, 30, (0.5, 2.0)) == [Phase(0.5, True, 1.0, True)]
    assert len(plan_phases(7, 30, (0.5, 2.0))) == 7


def test_one_run_gives_a_front(tmp_path):
    model = dense(optimizer=keras.optimizers.Adam(0.01), run_eagerly=False, jit_compile=False)
    model.fit(*DATA[0], epochs=30, verbose=0)
    found = run(
        tmp_path,
        model,
        epochs=40,
        strengths=(0.03, 10.0),
        schedule=UNROLLED,
        fit={"batch_size": 16},
    )
    energies = [found.records[i]["values"][1] for i in sorted(found.records)]
    assert energies[-1] < 0.35 * energies[0]
    assert len(found) > 1
    values = [(p.values["accuracy"], p.values["energy"]) for p in found]
    assert values == sorted(values, reverse=True)
    for point in found:
        loaded = point.model()
        design = point.design()
        assert design.energy().total == pytest.approx(point.values["energy"])
        x, y = DATA[1]
        right = (loaded.predict(x, verbose=0).argmax(1) == y).mean()
        assert right == pytest.approx(point.values["accuracy"])
        assert "d0_kernel_quantizer" in point.candidate
    assert len(list((tmp_path / "models").iterdir())) == len(found)
    assert "Pareto" in found.report().read_text() or found.report().stat().st_size > 1000


@pytest.mark.backends
def test_widths_move_on_every_backend(tmp_path):
    eager = keras.backend.backend() != "jax"  # which then takes minutes
    model = dense(optimizer=keras.optimizers.Adam(0.05), run_eagerly=eager)
    found = run(tmp_path, model, epochs=8, levels=2, strengths=(1.0, 30.0), schedule=UNROLLED)
    energies = [found.records[i]["values"][1] for i in sorted(found.records)]
    assert energies == sorted(energies, reverse=True) and energies[-1] < energies[0]
    x = np.round(DATA[1][0] * 16) / 16  # numbers of s8.4, which the design rounds its inputs to
    point = found[-1]
    codes = point.design().run(x).argmax(1)
    assert np.array_equal(codes, numbers(point.model()(x)).argmax(1))


def test_a_finished_run_is_answered_from_its_journal(tmp_path, monkeypatch):
    model = dense()
    found = run(tmp_path, model, epochs=2, objectives=("acc", "energy", "area", "latency"))
    monkeypatch.setattr(learning, "_train", None)
    again = run(tmp_path, model, epochs=2, objectives=("acc", "energy", "area", "latency"))
    assert [p.values for p in again] == [p.values for p in found]
    point = found[0]
    assert point.values["latency"] == point.design().latency().latency * 5.0
    assert point.values["area"] == point.design().area().totals["LUT"]
    point.path.unlink()
    with pytest.raises(JournalError, match=r"^.*journal.jsonl: expected the models of the front"):
        run(tmp_path, model, epochs=2, objectives=("acc", "energy", "area", "latency"))
    with pytest.raises(JournalError, match=r"^.*expected the journal of this search, .* seed"):
        run(tmp_path, model, epochs=2, objectives=("acc", "energy", "area", "latency"), seed=3)


def killed_in(epoch, monkeypatch, folder, model, **settings):
    """A run that is interrupted where it has noted ``epoch``."""
    note = Sweep.on_epoch_end

    def killed(self, number, logs=None):
        note(self, number, logs)
        if number == epoch:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Sweep, "on_epoch_end", killed)
        run(folder, model, **settings)


def weights_of(front):
    return [np.concatenate([w.ravel() for w in p.model().get_weights()]) for p in front]


@pytest.mark.parametrize("epoch", [1, 3, 4, 11])
def test_a_killed_run_goes_on(tmp_path, monkeypatch, epoch):
    """Before the first whole level (of 0 to 3), where it ends, in the next one and at the end."""
    model = dense(optimizer=keras.optimizers.Adam(0.05), run_eagerly=False)
    settings = {"epochs": 12, "levels": 3, "strengths": (0.3, 30.0), "schedule": UNROLLED}
    whole = run(tmp_path / "whole", model, **settings)
    killed_in(epoch, monkeypatch, tmp_path / "part", model, **settings)
    epochs = []
    begin = Sweep.on_epoch_begin
    monkeypatch.setattr(
        Sweep, "on_epoch_begin", lambda s, e, logs=None: (epochs.append(e), begin(s, e))
    )
    found = run(tmp_path / "part", model, **settings)
    assert epochs == ([] if epoch == 11 else list(range(4 * (epoch // 4), 12)))
    assert found.records == whole.records
    for a, b in zip(weights_of(found), weights_of(whole), strict=True):
        assert np.array_equal(a, b)
    assert not list((tmp_path / "part").glob("state*"))


def test_a_state_that_is_damaged(tmp_path, monkeypatch):
    settings = {"epochs": 8, "levels": 2}
    killed_in(5, monkeypatch, tmp_path, dense(), **settings)
    state = tmp_path / "state.npz"
    content = state.read_bytes()
    told = r"^.*state.npz: expected the state that this run left, got one "
    for damaged in (b"", content[: len(content) // 2], b"junk"):
        state.write_bytes(damaged)
        with pytest.raises(
            JournalError, match=told + r"that cannot be read \(.*\)\. Remove the file"
        ):
            run(tmp_path, dense(), **settings)
    np.savez(state, epochs=np.array(4), **{"0": np.zeros(3)})
    with pytest.raises(
        JournalError, match=told + r"of other variables\. Remove .* or run in a new"
    ):
        run(tmp_path, dense(), **settings)
    state.unlink()
    assert len(run(tmp_path, dense(), **settings).records) == 2


# -- what is refused --------------------------------------------------------------------------------


def normalised():
    """A normalisation of an input, which nothing can be folded into."""
    layers = [keras.layers.BatchNormalization(name="norm"), keras.layers.Dense(3, name="d")]
    return keras.Sequential([keras.Input((6,)), *layers])


def of_activation(activation, name="act"):
    return keras.Sequential(
        [keras.Input((6,)), keras.layers.Dense(3, name="d"), activation], name="m"
    )


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (normalised, r"^gradient: expected layers whose widths can be learned .*'norm', a Batch"),
        (
            lambda: of_activation(keras.layers.Activation("tanh", name="act")),
            r"^gradient: expected an activation whose width can be learned .* tanh in the layer 'act'",
        ),
        (
            lambda: of_activation(keras.layers.ReLU(max_value=6, name="act")),
            r"^gradient: expected an activation .* a ReLU with slope, .* in the layer 'act'",
        ),
        (
            lambda: of_activation(QActivation("quantized_tanh(4)", name="act")),
            r"^gradient: expected an activation .* quantized_tanh\(4\) in the layer 'act'",
        ),
        (
            lambda: of_activation(keras.layers.LayerNormalization(name="act")),
            r"^gradient: expected layers .*'act', a LayerNormalization",
        ),
        (
            lambda: keras.Sequential([keras.Input((6,)), keras.layers.ReLU(name="r")], name="bare"),
            r"^gradient: expected a model with weights .* 'bare' without",
        ),
        (
            lambda: of_activation(keras.layers.UnitNormalization(name="act")),
            r"^gradient: expected a model that becomes a design, got: .*'act'",
        ),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_layers_without_learned_widths(tmp_path, model, message):
    built = model()
    built.compile("adam", "mse", metrics=["accuracy"])
    with pytest.raises(SpaceError, match=message):
        run(tmp_path, built)


@pytest.mark.parametrize(
    "strengths", [(1.0, 1.0), (2.0, 1.0), (0.0, 1.0), (), 3.0, ("a",), (1, math.nan)]
)
def test_strengths_rise(tmp_path, strengths):
    with pytest.raises(SearchError, match=r"^strengths: expected increasing numbers above 0"):
        run(tmp_path, strengths=strengths)


def test_arguments(tmp_path):
    with pytest.raises(
        SearchError,
        match=r"^gradient: expected arguments among .*, got 'strength'\. .* 'strengths'",
    ):
        run(tmp_path, strength=1)
    with pytest.raises(SearchError, match=r"^epochs: expected a number from 1 on, got 0"):
        run(tmp_path, epochs=0)
    with pytest.raises(SearchError, match=r"^bits: expected a number from 2 on to 16, got 40"):
        run(tmp_path, bits=40)
    with pytest.raises(GoalError, match=r"^objectives: expected costs of the design .*'bits'"):
        run(tmp_path, objectives=("accuracy", "bits"))
    with pytest.raises(GoalError, match=r"^model 'dense': expected a compiled model"):
        run(tmp_path, dense(compiled=False))
    with pytest.raises(GoalError, match=r"^objectives: expected metrics \(.*, got 'auc'"):
        run(tmp_path, objectives=("auc", "energy"), metrics=["acc"])
    with pytest.raises(SearchError, match=r"^data: expected \(\(x, y\), \(x_val, y_val\)\)"):
        gradient(dense(), DATA[0][0], folder=tmp_path)


def test_a_loss_that_is_not_finite(tmp_path):
    model = dense(loss=lambda y, p: ops.sum(p) * math.nan)
    with pytest.raises(TrialError, match=r"^gradient: expected a finite loss, got: loss is nan"):
        run(tmp_path, model)


def test_a_mask_is_refused():
    from qhls.layers import QConv2D

    layer = QConv2D(2, 3, mask=np.ones((3, 3)), kernel_quantizer="quantized_bits(4,0,1)", name="c")
    model = keras.Sequential([keras.Input((6, 6, 1)), layer])
    with pytest.raises(SpaceError, match=r"^gradient: expected a kernel without mask, got 'c'"):
        build_learned_model(model, stored=False)
