"""Random convolutions and poolings of padded images, whose strides allow columns of several pixels."""

from hypothesis import strategies as st

from qhls.ir import Conv, Fixed, Input, Pad, Pool
from support.graphs.op_batches import random_const

ROWS, COLUMNS = 7, 12
TIGHT = 90
"""An interval that windows with strides of several pixels meet: 9 rows of at most 10 columns."""
SEVERAL = (2, 3, 4, 6)


@st.composite
def windows(draw, strides=(1, 2, 3, 4, 5, 6)):
    """A window on an image of 7 x 12 pixels, with any padding; ``strides``: those between columns."""

    def size(most):
        return draw(st.integers(1, most))

    channels, kernel = size(3), (size(3), size(5))
    strides = (size(3), draw(st.sampled_from(strides)))
    above, beside = (st.tuples(st.integers(0, n), st.integers(0, n)) for n in (1, 3))
    image = Input((ROWS, COLUMNS, channels), Fixed.parse("s4.2"), name="image")
    value = draw(st.sampled_from([0, -8, 5]))
    x = Pad(image, (draw(above), draw(beside), (0, 0)), value, name="pad")
    kind = draw(st.sampled_from(["max", "sum", "conv", "grouped"]))
    if kind in {"max", "sum"}:
        return Pool(x, kernel, strides, kind, name="pool")
    groups = channels if kind == "grouped" else 1
    w = random_const((*kernel, channels // groups, groups * size(3)), 4, 3, size(1000))
    return Conv(x, w, strides, (size(2), size(2)), groups, name="conv")
