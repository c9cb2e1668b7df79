"""``Target``: everything that the code knows of an HLS vendor. The rest is its template folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from qhls.errors import EmitError


@dataclass(frozen=True, slots=True)
class Target:
    """An HLS tool. ``folder`` holds its ``dialect.j2`` and ``build.tcl.j2``."""

    name: str
    title: str
    header: str
    """The header that an include path must contain to simulate with g++."""
    environment: tuple[tuple[str, str], ...]
    """Environment variables of a vendor installation and the folder of the headers below each."""
    wheel: PurePosixPath
    """Folder of the same headers in the ``hls4ml`` package."""
    optimisation: str
    """g++ level for simulation, chosen by measurement (benchmarks/README.md)."""

    @property
    def include_variable(self) -> str:
        """Return the environment variable with which a user gives the header folder."""
        return f"QHLS_{self.name.upper()}_INCLUDE"


VERILOG = "verilog"
"""Target that is no HLS tool: ``qhls.rtl`` writes and simulates its projects."""
QONNX = "qonnx"
"""Target that is no hardware: ``qhls.onnx`` writes the graph as one file and executes it."""

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
    """Return the HLS tool of that name; raises ``EmitError`` that lists all targets."""
    if name not in TARGETS:
        names = ", ".join([*TARGETS, VERILOG, QONNX])
        raise EmitError(f"target: expected one of {names}, got {name!r}. Choose one of these.")
    return TARGETS[name]
