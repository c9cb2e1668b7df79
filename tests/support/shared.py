"""The folder of golden numbers and published models, which a clone of the repository lacks."""

import os
from pathlib import Path

SHARED = Path(os.environ.get("QHLS_SHARED", Path(__file__).parents[3] / "shared"))
LAYERS = SHARED / "golden" / "layers"
NAMES = sorted(path.name for path in LAYERS.iterdir() if path.is_dir()) if LAYERS.is_dir() else []
"""Golden models of QKeras."""
