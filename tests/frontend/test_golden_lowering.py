"""QKeras' own models as hardware: each compiles and equals Keras, or is refused with its layer and reason."""

import re

import numpy as np
import pytest
from test_golden_layers import NAMES

import qhls
from qhls.errors import LoweringError

TYPES = "s8.5"
NOT_YET = {
    "alpha='auto' and its like: real scales a channel": r"(expected weights of|scale follows the data)",
    "a layer without a rule": r"(a layer with a lowering rule|a rule of its own)",
    "an option without hardware": r"(groups=|per_channel|average_quantizer|a quantizer for)",
}
"""Why a golden model may be refused, and how the error says so."""


def compiled(name, shared):
    """The design of a golden model; skips, with the reason, where it is refused as it should be."""
    model = qhls.load_model(shared / "golden" / "layers" / name / "model.h5")
    try:
        return qhls.compile(model, TYPES)
    except LoweringError as error:
        text = str(error)
    assert text.startswith("layer '")
    reasons = [why for why, said in NOT_YET.items() if re.search(said, text)]
    assert reasons, text
    pytest.skip(f"{name}: {reasons[0]}: {text}")


def stimuli(design, samples):
    codes = design.random_codes(samples, seed=3)
    x = [
        np.ldexp(c.astype(float), -op.frac)
        for c, op in zip(codes, design.graph.inputs, strict=True)
    ]
    return x if len(x) > 1 else x[0]


@pytest.mark.parametrize("name", NAMES)
def test_interpreter_equals_keras(name, shared):
    design = compiled(name, shared)
    report = design.check(stimuli(design, 64), targets=())
    assert report, report


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_every_target_equals_keras(name, shared):
    design = compiled(name, shared)
    report = design.check(stimuli(design, 64))
    assert report, report
