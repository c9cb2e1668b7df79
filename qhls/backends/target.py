"""``Target``: the facts about an HLS tool that the Python code needs; the vendor's templates contain the rest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from qhls.errors import EmitError


@dataclass(frozen=True, slots=True)
class Target:
    """An HLS tool. The template folder ``name`` contains its ``dialect.j2`` and ``build.tcl.j2``."""

    name: str
    title: str
    header: str
    """The name of the vendor's header that the include folder for C simulation must contain."""
    environment: tuple[tuple[str, str], ...]
    """Pairs of an environment variable, the root of a vendor installation, and the header folder relative to it."""
    wheel: PurePosixPath
    """The folder of the vendor's headers in the ``hls4ml`` package."""
    optimisation: str
    """The optimisation level of g++ for C simulation, chosen by measurement (benchmarks/README.md)."""

    @property
    def include_variable(self) -> str:
        """Return the name of the environment variable in which a user can state the header folder."""
        return f"QHLS_{self.name.upper()}_INCLUDE"


VERILOG = "verilog"
"""The name of the Verilog target, which is no HLS tool: ``qhls.rtl`` writes and simulates its projects."""
QONNX = "qonnx"
"""The name of the QONNX target, which is no hardware: ``qhls.onnx`` writes the graph as one file and executes it."""

TARGETS = {
    target.name: target
    for target in (
        Target(
            name="vitis",
            title="AMD Vitis HLS",
            header="ap_fixed.h",
            environment=(("XILINX_HLS", "include"), ("XILINX_VITIS", "include")),
            wheel=PurePosixPath("templates/vivado/ap_types"),
            optimisation="-O2",
        ),
        Target(
            name="catapult",
            title="Siemens Catapult",
            header="ac_fixed.h",
            environment=(("MGC_HOME", "shared/include"),),
            wheel=PurePosixPath("templates/catapult/ac_types/include"),
            optimisation="-O3",
        ),
    )
}


def get_target(name: str) -> Target:
    """Return the HLS tool with this name. Raises ``EmitError``, which lists all targets, for any other name."""
    if name not in TARGETS:
        names = ", ".join([*TARGETS, VERILOG, QONNX])
        raise EmitError(f"target: expected one of {names}, got {name!r}. Choose one of these.")
    return TARGETS[name]
