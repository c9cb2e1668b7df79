"""QTools' configuration: default types, prices, and the causes of energy that count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from qhls.compat.qtools.prices import Prices, load_prices
from qhls.compat.qtools.types.convert import DEFAULT_TYPE

_CURVES = {
    "fpm_add": "fixed_add",
    "fpm_mul": "fixed_mul",
    "fp16_add": "fp16_add",
    "fp16_mul": "fp16_mul",
    "fp32_add": "fp32_add",
    "fp32_mul": "fp32_mul",
    "sram_rd": "sram",
    "dram_rd": "dram",
}
"""The name in the table for each of QTools' names of prices."""


def _make_settings(name: str, prices: Prices) -> dict[str, Any]:
    return {
        "default_source_quantizer": DEFAULT_TYPE,
        "default_interm_quantizer": DEFAULT_TYPE,
        name: {theirs: list(prices.curves[ours]) for theirs, ours in _CURVES.items()},
        "include_energy": dict(prices.include_energy),
    }


config_settings = _make_settings("horowitz", load_prices("horowitz"))


class ConfigClass:
    """The configuration of QTools. It describes its process "horowitz"; ``QTools`` itself reads tables of prices."""

    default_source_quantizer: str
    default_interm_quantizer: str
    include_energy: dict[str, list[str]]

    def __init__(self) -> None:
        self.include_energy = {}
        self.sram_mul_factor = 1 / load_prices("horowitz").word_bits
        self.dram_mul_factor = 1.0
        self.update("horowitz", config_settings)

    def update(self, process: str, cfg_setting: Mapping[str, Any]) -> None:
        """Update the settings that ``cfg_setting`` has: default types, prices of ``process``, causes of energy."""
        for name in ("default_source_quantizer", "default_interm_quantizer"):
            if name in cfg_setting:
                setattr(self, name, cfg_setting[name])
        for name, coefficients in cfg_setting.get(process, {}).items():
            setattr(self, name, np.poly1d(coefficients))
        for layer, causes in cfg_setting.get("include_energy", {}).items():
            self.include_energy[layer] = causes
            self.include_energy[layer.removeprefix("Q")] = causes


cfg = ConfigClass()
