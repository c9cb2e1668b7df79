"""Windows of streams: what they read, in which order, and when several pixels are read at once."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from qhls.ir import Codes, Conv, Fixed, Input, Pad, Pool, Quantize, run
from qhls.plan import Schedule
from qhls.plan.fold import list_divisors
from qhls.plan.streams.actions import Fill, Slide, make_slide
from qhls.plan.streams.bounded import run_bounded
from qhls.plan.streams.build import plan_streams
from qhls.plan.streams.depths import list_actors
from qhls.plan.streams.firings import count_busy_cycles, fire
from support.graphs.agreement import stimuli
from support.graphs.op_batches import graph_of, random_const
from support.graphs.windows import SEVERAL, TIGHT, windows


def slide_over(slide, codes):
    """The results of a window that reads the columns of ``codes`` (rows, columns, channels) one after another."""
    rows, columns, elements = slide.image
    image = np.full((rows * columns, elements), slide.value)
    image[slide.is_inside] = codes.reshape(-1, elements)
    image = image.reshape(rows, columns, elements)
    (height, width), (down, right) = slide.size, slide.span
    places = [
        slide.find_place(i, j, k)
        for i in range(height)
        for j in range(width)
        for k in range(slide.channels)
    ]
    for row in range(0, rows - down + 1, slide.strides[0]):
        for column in range(0, columns - right + 1, slide.strides[1]):
            lines = image[row : row + down : slide.dilation[0], column : column + right]
            x = lines.ravel()[places].reshape(1, height, width, slide.channels)
            constants = [o.codes for o in slide.step.operands[1:]]
            yield slide.step.evaluate(Codes(x), *constants).to_integers().ravel()


@given(windows())
@settings(deadline=None)
def test_a_window_reads_each_pixel_once_and_adds_the_padding(op):
    graph = graph_of("window", [op])
    (codes,) = stimuli(graph, 0)
    (want,) = run(graph, [codes])
    for pixels in list_divisors(np.gcd(op.strides[1], op.x.x.shape[1])):
        slide = make_slide(op, int(pixels), op.x)
        assert slide.is_inside.sum() * slide.image[2] == op.x.x.size
        got = list(slide_over(slide, codes[5]))
        np.testing.assert_array_equal(np.stack(got), want[5].reshape(-1, op.shape[-1]))


@given(windows(SEVERAL))
@settings(deadline=None, max_examples=30)
def test_windows_of_an_interval_fire_as_planned(op):
    graph = graph_of("window", [op])
    for interval in (3000, TIGHT):
        streams = plan_streams(graph, Schedule(io="stream", interval=interval))
        nodes, numbers = list_actors(streams)
        for process, node in zip(streams.processes, nodes, strict=True):
            assert node.firings.takes.sum(0).tolist() == [f.tokens for f in process.reads]
            assert node.firings.gives.sum(0).tolist() == [f.tokens for f in process.writes]
            assert count_busy_cycles(process) == int(fire(process).cycles.sum())
        depths = {numbers[fifo.name]: fifo.depth for fifo in streams.fifos}
        bounded = run_bounded(nodes, depths)
        assert not bounded.cycle
        assert bounded.interval <= streams.interval
        assert streams.interval <= interval


def image(*dims, notation="s4.2"):
    return Input(dims, Fixed.parse(notation), name="image")


def find_slides(op, interval=None):
    streams = plan_streams(graph_of("design", [op]), Schedule(io="stream", interval=interval))
    return [each for each in streams.processes if isinstance(each.action, Slide)], streams


def strided(x, strides=(2, 2)):
    padded = Pad(x, ((0, 1), (0, 1), (0, 0)), name="pad")
    return Conv(padded, random_const((3, 3, 3, 2), 4, 3, 1), strides, name="conv")


@pytest.mark.parametrize(("interval", "pixels"), [(None, 1), (1000, 1), (50, 2)])
def test_several_pixels_are_read_at_once_only_for_an_interval_that_needs_it(interval, pixels):
    (process,), streams = find_slides(strided(image(8, 8, 3)), interval)
    assert process.action.pixels == pixels
    assert streams.inputs[0].lanes == 3 * pixels
    assert streams.interval <= (interval or 81)


def test_elementwise_ops_pass_tokens_of_several_pixels():
    rounded = Quantize(image(8, 8, 3), Fixed.parse("s3.1"), name="rounded")
    (process,), streams = find_slides(strided(rounded), 50)
    assert process.reads[0].lanes == streams.inputs[0].lanes == 6
    assert streams.interval <= 50


def without_stride(x):
    return strided(x, (2, 1))


def of_odd_width(x):
    return strided(replace(x, dims=(8, 9, 3)))


def beside_a_reader_of_pixels(x):
    return Conv(x, random_const((1, 1, 3, 2), 4, 3, 2), name="pointwise")


@pytest.mark.parametrize("make", [without_stride, of_odd_width])
def test_a_token_ends_at_most_one_window_and_lies_in_one_row(make):
    (process,), _ = find_slides(make(image(8, 8, 3)), 100)
    assert process.action.pixels == 1


def test_a_token_of_several_pixels_suits_all_readers():
    x = image(8, 8, 3)
    graph = graph_of("two", [strided(x), beside_a_reader_of_pixels(x)])
    streams = plan_streams(graph, Schedule(io="stream", interval=81))
    assert streams.inputs[0].lanes == 3


def kept_paddings():
    x = image(6, 6, 2)
    spatial = Pad(x, ((1, 1), (1, 1), (0, 0)), name="pad")
    w = random_const((3, 3, 2, 2), 4, 3, 1)
    yield "output", [Conv(spatial, w, name="conv"), spatial]
    yield "two readers", [Conv(spatial, w, name="conv"), Pool(spatial, (2, 2), (2, 2), name="pool")]
    yield "channels", [Conv(Pad(x, ((1, 1), (1, 1), (0, 2))), random_const((3, 3, 4, 2), 4, 3, 2))]
    positive = Input((6, 6, 2), Fixed.parse("u4.2"), name="positive")
    yield "another type", [Pool(Pad(positive, ((1, 1), (1, 1), (0, 0)), -3), (2, 2), (2, 2))]


@pytest.mark.parametrize("outputs", [pytest.param(o, id=name) for name, o in kept_paddings()])
def test_a_padding_is_a_process_where_a_window_alone_does_not_need_it(outputs):
    streams = plan_streams(graph_of("padded", outputs), Schedule(io="stream"))
    slides = [p.action for p in streams.processes if isinstance(p.action, Slide)]
    assert slides
    assert not any(slide.is_padded for slide in slides)


def test_a_padding_that_a_window_adds_has_no_process():
    op = strided(image(8, 8, 3))
    (process,), streams = find_slides(op)
    assert process.action.is_padded
    assert streams.process(op.x) is None
    assert streams.find_hardware(op.x).memories == ()
    assert not any(isinstance(p.action, Fill) for p in streams.processes)
