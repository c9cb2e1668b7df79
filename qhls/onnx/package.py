"""Import of the package ``onnx``, with an error that names the command to install it."""

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
