"""QKeras' utilities, by QKeras' names: quantise, save, load and examine models."""

from qhls.compat.qkeras import *  # noqa: F403
