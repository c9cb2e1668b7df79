"""The worked example of docs/hardware.md does what the page says."""

import re
from pathlib import Path

import numpy as np

from qhls.cli import main

PAGE = Path(__file__).parents[1] / "docs" / "hardware.md"


def test_the_example_fits_its_board(tmp_path, capsys):
    text = PAGE.read_text(encoding="utf-8")
    code, code_of_streams = re.findall(r"```python\n(.*?)```", text, re.S)
    scope = {}
    exec(code, scope)
    design, model = scope["design"], scope["model"]
    shown = capsys.readouterr().out
    budget = {"LUT": 53_200, "FF": 106_400, "DSP": 220, "BRAM18": 280}
    assert all(f"{n:,}" in text for n in (53_200, 106_400, 220, 280))
    totals = design.area().totals
    assert all(totals[unit] <= most for unit, most in budget.items())
    assert design.warnings == ()
    assert "simd" in shown
    macs = sum(layer.kernel.shape[0] * layer.kernel.shape[1] for layer in model.layers[::2])
    assert 1 < design.plan.interval < macs / budget["DSP"]  # LUTs multiply too
    assert f"an input every {design.plan.interval} cycles" in " ".join(text.split())
    free = type(design)(design.graph, type(design.schedule)())
    assert 9e5 < free.area().totals["LUT"] < 1.1e6
    numbers = np.random.default_rng(0).integers(0, 256, (40, 256)) / 256
    np.testing.assert_array_equal(design.run(numbers), model.predict(numbers, verbose=0))

    exec(code_of_streams, scope)
    stream = scope["stream"]
    assert "lines" in capsys.readouterr().out
    totals = stream.area().totals
    assert all(totals[unit] <= most for unit, most in budget.items())
    assert f"an image every {stream.plan.interval:,} cycles" in " ".join(text.split())
    slower = type(design)(stream.graph, type(design.schedule)(interval=10_000, io="stream"))
    assert 4 < totals["LUT"] / slower.area().totals["LUT"] < 6
    assert slower.latency().interval <= 10_000

    path = tmp_path / "autoencoder.keras"
    model.save(path)
    for line in re.findall(r"^qhls plan autoencoder\.keras (.*)$", text, re.M):
        arguments = [word.strip('"') for word in line.split()]
        assert main(["plan", str(path), *arguments]) == 0
        title = capsys.readouterr().out.splitlines()[0]
        assert "Plan of autoencoder: latency" in title
