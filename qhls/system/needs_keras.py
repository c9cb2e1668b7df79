"""Import of Keras, which raises ``MissingError`` with the command that installs a missing package.

Every package that builds on Keras imports this module first.
"""

import os

from qhls.errors import MissingError

EXTRAS = ("tensorflow", "jax", "torch")
"""Backends of Keras: the names of their packages, and of the extras of qhls that install them."""

try:
    import keras  # noqa: F401 - for its failure
except ImportError as error:
    missing = error.name or str(error)
    if missing in EXTRAS:
        command = f"pip install 'qhls[{missing}]'"
        others = " or ".join(name for name in EXTRAS if name != missing)
        advice = f"Run {command}, or set KERAS_BACKEND to {others} and install that extra."
    else:
        advice = f"Run pip install {missing}, which Keras itself needs."
    raise MissingError(f"Keras: expected the package {missing!r}, got none. {advice}") from error
except ValueError as error:  # what Keras raises for a backend that it does not know
    raise MissingError(
        f"KERAS_BACKEND: expected one of {', '.join(EXTRAS)}, got {os.environ.get('KERAS_BACKEND')!r} ({error}). "
        f"Set it to one of these."
    ) from error
