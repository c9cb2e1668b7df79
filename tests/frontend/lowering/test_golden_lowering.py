"""QKeras' own models as hardware: each compiles and equals Keras, or is refused with its layer and reason."""

import re

import numpy as np
import pytest

import qhls
from qhls.errors import LoweringError
from support.shared import NAMES

TYPES = "s8.5"
INEXACT = {
    "real scales a channel": r"expected weights of .* that are integers times powers of two",
    "a normalisation by real numbers": r"expected a quantizer behind the normalisation",
    "a scale that follows the data": r"scale follows the data",
    "a real bias": r"expected a quantizer for 'bias'",
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
    reasons = [why for why, said in INEXACT.items() if re.search(said, text)]
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


def test_the_others_equal_keras_with_quantizers_put_in(shared):
    approximated, refused = {}, {}
    for name in NAMES:
        model = qhls.load_model(shared / "golden" / "layers" / name / "model.h5")
        try:
            qhls.compile(model, TYPES)
        except LoweringError:
            try:
                design = qhls.compile(model, TYPES, allow_approximate=True)
            except LoweringError as error:
                refused[name] = str(error)
                continue
            approximated[name] = design.approximations
            report = design.check(stimuli(design, 64), targets=())
            assert report, f"{name}\n{report}"
    print(f"approximated: {approximated}; refused all the same: {refused}")
    assert all(approximated.values())
    assert len(approximated) >= 5


def test_most_golden_models_are_hardware(shared):
    """The rest ends in real numbers, which no quantizer follows."""
    refused = []
    for name in NAMES:
        model = qhls.load_model(shared / "golden" / "layers" / name / "model.h5")
        try:
            qhls.compile(model, TYPES)
        except LoweringError:
            refused.append(name)
    print(f"{len(NAMES) - len(refused)} of {len(NAMES)} golden models compile; refused: {refused}")
    assert len(refused) <= len(NAMES) / 6
