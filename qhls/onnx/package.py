"""The package ``onnx``, or the command that installs it."""

from __future__ import annotations

from typing import Any

from qhls.errors import MissingError


def import_onnx() -> Any:
    """Return the module ``onnx``. Raises ``MissingError``."""
    try:
        import onnx
    except ImportError as error:
        raise MissingError(
            f"ONNX: expected the package {error.name or 'onnx'!r}, got none. Run pip install 'qhls[onnx]'."
        ) from error
    return onnx
