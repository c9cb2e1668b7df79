"""``RoundedFunction``: an activation within a layer, followed by the quantizer that an approximation inserts."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras

from qhls.frontend.layers.qlayer import get_activation, serialize
from qhls.frontend.lowering.lower import activate, lower
from qhls.frontend.lowering.reals import Tensor
from qhls.quantizers import Quantizer
from qhls.quantizers.keras_types import KerasTensor, TensorLike
from qhls.quantizers.numerics import use_training


@keras.saving.register_keras_serializable(package="qhls")
@dataclasses.dataclass(eq=False, repr=False)
class RoundedFunction(Quantizer):
    """The quantizer ``rounding(function(x))``: both are quantizers, functions, or configurations of these."""

    function: Any = None
    rounding: Any = None

    def __post_init__(self) -> None:
        self.function, self.rounding = map(get_activation, (self.function, self.rounding))
        super().__post_init__()

    def __call__(self, x: TensorLike, training: bool | None = None) -> KerasTensor:
        """Return the values of ``function`` at ``x``, rounded by ``rounding``."""
        with use_training(training):
            return self.rounding(self.function(x))

    def get_config(self) -> dict[str, Any]:
        """Return both functions, serialised as a layer serialises its activation."""
        return {"function": serialize(self.function), "rounding": serialize(self.rounding)}


@lower.register(RoundedFunction, reads_reals=True)
def _lower_rounded_function(quantizer: RoundedFunction, x: Tensor) -> Tensor:
    return activate(quantizer, quantizer.rounding, activate(quantizer, quantizer.function, x))
