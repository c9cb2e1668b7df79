"""``QNoiseScheduler``: the factor over time, and that training feels it."""

import json
from unittest import mock

import keras
import numpy as np
import pytest

from qhls.layers import QLSTM, QActivation, QBidirectional, QDense
from qhls.utils import QNoiseScheduler, UtilityError
from support.arrays import assert_close, numpy
from support.models.common import randomized
from support.shared import SHARED

BITS = "quantized_bits(2,0,1,alpha=1)"


def test_factors_of_qkeras():
    path = SHARED / "golden" / "utils.json"
    if not path.exists():
        pytest.skip(f"no golden numbers in {path}")
    cases = json.loads(path.read_text())["qnoise_scheduler"]
    assert len(cases) == 4
    for case in cases:
        scheduler = QNoiseScheduler(case["start"], case["finish"], exponent=case["exponent"])
        factors = [scheduler.calculate_qnoise_factor(i) for i in range(21)]
        assert factors == case["factor_at_0_to_20"]


def model(*recurrent):
    stack = [
        QDense(4, kernel_quantizer=BITS, bias_quantizer="ternary", name="d"),
        QActivation("quantized_relu(3,1)"),
        *recurrent,
        QDense(1, name="top"),
    ]
    net = randomized(keras.Sequential([keras.Input((3,)), *stack]), seed=3)
    net.compile(keras.optimizers.SGD(0.0), "mse")
    return net


X, Y = np.ones((6, 3), "float32"), np.ones((6, 1), "float32")


class Record(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.factors = []

    def on_train_batch_end(self, batch, logs=None):
        self.factors.append(float(numpy(self.model.layers[0].kernel_quantizer.qnoise_factor)))


def fit(net, scheduler, epochs=4):
    record = Record()
    history = net.fit(X, Y, batch_size=2, epochs=epochs, callbacks=[scheduler, record], verbose=0)
    return record.factors, history.history["loss"]


def test_epochs():
    scheduler = QNoiseScheduler(1, 3, exponent=1.0)
    factors, _ = fit(model(), scheduler)
    assert factors == [0.0] * 3 + [0.0] * 3 + [0.5] * 3 + [1.0] * 3
    assert scheduler.num_iters == 4


def test_steps():
    scheduler = QNoiseScheduler(2, 6, "step", update_freq=2, exponent=1.0)
    factors, _ = fit(model(), scheduler, epochs=3)
    assert factors == [0.0, 0.0, 0.0, 0.0, 0.5, 0.5, 1.0, 1.0, 1.0]


def test_training_goes_on():
    scheduler = QNoiseScheduler(0, 10, initial_step_or_epoch=5, exponent=1.0)
    factors, _ = fit(model(), scheduler, epochs=2)
    assert_close(factors[::3], [0.5, 0.6], rtol=1e-6)


def test_a_traced_training_step_sees_each_factor():
    """Also where the model was trained before: what is traced holds a number, not a variable."""
    net = model()
    net.fit(X, Y, verbose=0)
    _, losses = fit(net, QNoiseScheduler(1, 3, exponent=1.0))
    expected = []
    for factor in (0.0, 0.0, 0.5, 1.0):
        for quantizer in QNoiseScheduler(0, 1).get_quantizers(net):
            quantizer.update_qnoise_factor(factor)
        expected.append(float(np.mean((numpy(net(X)) - Y) ** 2)))
    assert len(set(expected)) == 3
    assert_close(losses, expected, rtol=1e-5)


def test_which_quantizers():
    cell = QLSTM(1, kernel_quantizer=BITS, state_quantizer=BITS)
    net = model(keras.layers.Reshape((2, 2)), QBidirectional(cell))
    scheduler = QNoiseScheduler(0, 4, use_ste=False)
    scheduler.set_model(net)
    scheduler.set_quantizers()
    kinds = sorted(type(q).__name__ for q in scheduler.quantizers)
    # d: kernel; the activation; both directions' kernels and states. Not ternary, not tanh.
    assert kinds == ["quantized_bits"] * 5 + ["quantized_relu"]
    assert not any(q.use_ste for q in scheduler.quantizers)
    assert all(isinstance(q.qnoise_factor, keras.Variable) for q in scheduler.quantizers)
    again = keras.models.clone_model(net)
    assert float(numpy(again.layers[0].kernel_quantizer.qnoise_factor)) == 1.0


def test_log_dir_needs_packages(tmp_path):
    message = (
        r"^QNoiseScheduler: log_dir='logs': expected tensorflow and tensorboard, got no tensorboard\. "
        r"Install it, or omit log_dir\.$"
    )
    with (
        mock.patch(
            "qhls.compat.qkeras.models.noise.find_spec",
            lambda name: None if name == "tensorboard" else 1,
        ),
        pytest.raises(UtilityError, match=message),
    ):
        QNoiseScheduler(0, 2, log_dir="logs")


def test_log_dir(tmp_path):
    pytest.importorskip("tensorflow")
    pytest.importorskip("tensorboard")
    fit(model(), QNoiseScheduler(0, 2, log_dir=tmp_path / "logs"), epochs=1)
    (events,) = (tmp_path / "logs").iterdir()
    assert b"qnoise_factor" in events.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (0, 1, "batch"),
            r"^QNoiseScheduler: expected freq_type 'epoch' or 'step', got 'batch'\. Choose one of these\.$",
        ),
        (
            (3, 2),
            r"^QNoiseScheduler: expected start <= finish and update_freq of at least 1, got "
            r"start=3, finish=2, update_freq=1\. Change these numbers\.$",
        ),
        (
            (0, 2, "step", 0),
            r"^QNoiseScheduler: expected .* got start=0, finish=2, update_freq=0\. Change these numbers\.$",
        ),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(UtilityError, match=message):
        QNoiseScheduler(*arguments)
