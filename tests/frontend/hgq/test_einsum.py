"""``QEinsumDense`` of equations of each kind."""

import keras
import numpy as np
import pytest

import qhls
from qhls.layers import QEinsumDense

BITS = "quantized_bits(4,1,alpha=1)"


def make_model(equation, output_shape, shape, **options):
    layer = QEinsumDense(equation, output_shape, kernel_quantizer=BITS, name="x", **options)
    return keras.Sequential([keras.Input(shape), layer])


@pytest.mark.parametrize(
    ("equation", "output_shape", "shape", "bias"),
    [
        ("ab,bc->ac", 5, (4,), "c"),
        ("abc,cd->abd", (3, 5), (3, 4), None),
        ("abc,cd->adb", (5, 3), (3, 4), "d"),
        ("abc,bcd->ad", 5, (3, 4), "d"),
        ("abc,bcd->abd", (3, 5), (3, 4), "bd"),
        ("abc,cbd->adb", (5, 3), (3, 4), "db"),
        ("...c,cd->...d", (5,), (2, 3, 4), "d"),
        ("abcd,cde->abe", (2, 5), (2, 3, 4), "be"),
        ("abcd,bde->acbe", (3, 2, 5), (2, 3, 4), None),
        ("abc,c->abc", (3, 4), (3, 4), "c"),
    ],
)
def test_a_design_equals_keras(equation, output_shape, shape, bias):
    model = make_model(equation, output_shape, shape, bias_axes=bias, bias_quantizer=BITS)
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=w.shape) for w in model.weights])
    x = rng.integers(-128, 128, (50, *shape)) / 16
    assert qhls.compile(model, "s8.4").check(x, ())


def test_a_sum_over_an_axis_of_one_operand_is_refused():
    message = r"^layer 'x' \(QEinsumDense\): expected an equation that keeps the batch in front .*, got 'abc,cd->ad'\. "
    with pytest.raises(qhls.LoweringError, match=message):
        qhls.compile(make_model("abc,cd->ad", 5, (3, 4)), "s8.4")
