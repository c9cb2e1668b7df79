"""FPGA families that Yosys supports, with its synthesis command and the resources of each type of cell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from qhls.errors import EmitError
from qhls.synthesis.logic.mapping import LutCosts

LUT, FF, CARRY, DSP, BRAM = "LUT", "FF", "carry", "DSP", "BRAM"
COLUMNS: tuple[str, ...] = (LUT, FF, CARRY, DSP, BRAM)
"""Names of the resources that a synthesis reports."""


@dataclass(frozen=True)
class ComparisonCells:
    """Mapping of comparisons with a constant: look-up tables up to ``most`` bits, and carry chains for more.

    ``free``: bits at the end of the chain that no stage compares. ``stage``: bits of a stage, which takes ``luts``
    look-up tables and one carry cell.
    """

    most: int
    free: int
    stage: int
    luts: int

    def count(self, bits: int) -> tuple[int, int]:
        """Return the number of look-up tables and of carry cells of a chain that compares ``bits`` bits."""
        stages = -(-max(bits - self.free, 0) // self.stage)
        return self.luts * stages, stages


@dataclass(frozen=True)
class DifferenceCells:
    """Mapping of comparisons of two variables to the carry chain of their difference, for more than ``most`` bits.

    ``stage``: bits of a carry cell, which includes ``luts`` look-up tables. ``extended``: whether the chain includes
    the sign that an unsigned operand has in front if the other one is signed. ``inverts``: whether the inverters of
    the second operand take look-up tables. ``sign``: look-up tables that two signed operands save or take besides.
    """

    most: int
    stage: int
    luts: int
    extended: bool = False
    inverts: bool = False
    sign: int = 0


@dataclass(frozen=True)
class Family:
    """An FPGA family: its synthesis command, and how its cells implement arithmetic, functions and registers.

    ``command``: Yosys' synthesis command. ``cells``: pattern of a cell type -> the resources that it counts as.
    ``inputs``: inputs of a look-up table. ``carry_bits``: bits of one carry cell. ``dsp_from``: the widths of the
    narrower operand and of the product from which a product is mapped to a DSP. ``shifted``: the length from which a
    chain of registers is a shift register; 0 for never. ``spare``: bits at the end of a carry chain without a carry
    cell. ``known`` and ``unknown``: comparisons with a constant and of two variables; ``None`` for families that
    compare part by part. A look-up table reads a part, and carry cells join parts if they are three or more.
    ``inverts``: whether the inverters of subtracted numbers take look-up tables. ``sums``: whether the look-up tables
    in front of a carry chain can absorb other logic. ``wide``: the numbers of look-up tables, joined by multiplexers,
    of functions with one input more than a look-up table has, with two more, and so on. ``tables``: what a mapper
    spends on them, of as many inputs as ``costs`` has. ``chain``: delay of a carry chain in picoseconds, and what each
    bit adds. ``spent``: for random functions with still more inputs, the measured number of look-up tables
    relative to multiplexers between smaller functions. ``packs``: whether a DSP includes registers of an operand, and
    an addition and two registers after its product.
    """

    name: str
    description: str
    command: str
    cells: tuple[tuple[str, Mapping[str, int]], ...]
    inputs: int
    carry_bits: int
    dsp_from: tuple[int, int]
    tables: LutCosts
    chain: tuple[int, int]
    known: ComparisonCells | None = None
    unknown: DifferenceCells | None = None
    shifted: int = 0
    spare: int = 0
    inverts: bool = False
    sums: bool = False
    wide: tuple[int, ...] = ()
    spent: tuple[float, ...] = (1.0,)
    packs: bool = False

    @property
    def parted(self) -> bool:
        """Return whether comparisons are made of parts of as many bits as a look-up table reads."""
        return self.known is None

    @property
    def carry_luts(self) -> int:
        """Return the number of look-up tables that one carry cell includes."""
        return next(counts.get(LUT, 0) for _, counts in self.cells if CARRY in counts)

    @property
    def costs(self) -> tuple[int, ...]:
        """Return the number of look-up tables of a function with one input, with two inputs, and so on."""
        return (1,) * self.inputs + self.wide

    def count(self, cells: Mapping[str, int]) -> dict[str, int]:
        """Return the resources of cells, given their number by type; buffers and inverters count as nothing."""
        counts = dict.fromkeys(COLUMNS, 0)
        for name, number in cells.items():
            for pattern, resources in self.cells:
                if re.fullmatch(pattern, name):
                    for unit, each in resources.items():
                        counts[unit] += each * number
                    break
        return counts


_XILINX = (
    ("LUT[1-6]|SRL16E|SRLC32E", {LUT: 1}),
    ("RAM(32M16|64M8|32X16DR8|64X8SW|512X1S|256X1D)(_.*)?", {LUT: 8}),
    ("RAM(32M|64M|128X1D|256X1S)(_.*)?", {LUT: 4}),
    ("RAM(32X1D|64X1D|128X1S)(_.*)?", {LUT: 2}),
    ("RAM(32|64)X1S(_.*)?", {LUT: 1}),
    ("FD[RSCP]E(_1)?", {FF: 1}),
    ("CARRY4", {CARRY: 1}),
    ("CARRY8", {CARRY: 2}),
    ("DSP48E[12]", {DSP: 1}),
    ("RAMB18E[12]", {BRAM: 1}),
    ("RAMB36E[12]", {BRAM: 2}),
)


def _add_wire(wire: int, *delays: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Return the delays of the inputs of look-up tables with the delay of the wire in front."""
    return tuple(tuple(wire + delay for delay in each) for each in delays)


def _list_growing(*delays: int) -> tuple[tuple[int, ...], ...]:
    """Return the first delay, the first two, and so on: the delays of look-up tables of one input, of two, ..."""
    return tuple(delays[: count + 1] for count in range(len(delays)))


_XILINX_DELAYS = (127, 238, 407, 472, 631, 642)
_XILINX_TABLES = LutCosts(
    (1, 2, 3, 3, 3, 5, 10, 20),
    _add_wire(
        300,
        *_list_growing(*_XILINX_DELAYS),
        (470, *(397 + delay for delay in _XILINX_DELAYS)),
        (465, 592, *(519 + delay for delay in _XILINX_DELAYS)),
    ),
)
_XILINX_COMMAND = "synth_xilinx -family {} -noiopad -noclkbuf -flatten"

FAMILIES = {
    family.name: family
    for family in (
        Family(
            "xc7",
            "AMD 7 series",
            _XILINX_COMMAND.format("xc7"),
            _XILINX,
            6,
            4,
            (2, 9),
            _XILINX_TABLES,
            (600, 27),
            shifted=3,
            wide=(2, 4),
            sums=True,
            spent=(1.36, 1.15),
            packs=True,
        ),
        Family(
            "xcup",
            "AMD UltraScale+",
            _XILINX_COMMAND.format("xcup"),
            _XILINX,
            6,
            4,
            (2, 9),
            _XILINX_TABLES,
            (600, 27),
            shifted=3,
            wide=(2, 4),
            sums=True,
            spent=(1.36, 1.15),
            packs=True,
        ),
        Family(
            "ice40",
            "Lattice iCE40",
            "synth_ice40 -dsp",
            (
                ("SB_LUT4", {LUT: 1}),
                ("SB_DFF.*", {FF: 1}),
                ("SB_CARRY", {CARRY: 1}),
                ("SB_MAC16", {DSP: 1}),
                ("SB_RAM40_4K.*", {BRAM: 1}),
            ),
            4,
            1,
            (2, 11),
            LutCosts((1,) * 4, _add_wire(250, *_list_growing(316, 379, 400, 449))),
            (650, 126),
            ComparisonCells(2, 2, 1, 0),
            DifferenceCells(2, 1, 0, inverts=True, sign=1),
            spare=1,
            inverts=True,
            spent=(1.43, 1.5, 1.33, 1.25, 1.27, 1.22),
            packs=True,
        ),
        Family(
            "ecp5",
            "Lattice ECP5",
            "synth_ecp5",
            (
                ("LUT4", {LUT: 1}),
                ("CCU2C", {LUT: 2, CARRY: 1}),
                ("TRELLIS_FF", {FF: 1}),
                ("TRELLIS_DPR16X4", {LUT: 6}),
                ("MULT18X18D", {DSP: 1}),
                ("DP16KD|PDPW16KD", {BRAM: 1}),
            ),
            4,
            2,
            (2, 4),
            LutCosts(
                (1, 1, 1, 1, 2, 4, 8),
                _add_wire(
                    300,
                    *_list_growing(141, 275, 379, 379),
                    (151, 239, 373, 477, 477),
                    (148, 292, 380, 514, 618, 618),
                    (148, 289, 433, 521, 655, 759, 759),
                ),
            ),
            (800, 22),
            ComparisonCells(4, 2, 2, 2),
            DifferenceCells(4, 2, 2),
            wide=(2, 4, 8),
        ),
        Family(
            "gowin",
            "Gowin",
            "synth_gowin -noiopads",
            (
                ("LUT[1-4]", {LUT: 1}),
                ("ALU", {LUT: 1, CARRY: 1}),
                ("DFF.*", {FF: 1}),
                ("RAM16S.*", {LUT: 6}),
                ("MULT(9X9|18X18|36X36)", {DSP: 1}),
                ("SDPB|SDPX9B|SPX?9?|DPB|DPX9B|p?ROM(X9)?", {BRAM: 1}),
            ),
            4,
            1,
            (4, 8),
            LutCosts(
                (1, 1, 1, 1, 2, 4, 8, 16),
                _add_wire(
                    500,
                    *_list_growing(902, 1184, 1486, 1583),
                    (680, 1116, 1371, 1638, 1638),
                    (723, 935, 1371, 1626, 1893, 1893),
                    (723, 978, 1190, 1626, 1881, 2148, 2148),
                    (723, 978, 1233, 1445, 1881, 2136, 2403, 2403),
                ),
            ),
            (2200, 82),
            ComparisonCells(2, 1, 1, 1),
            DifferenceCells(2, 1, 1, extended=True, sign=-1),
            wide=(2, 4, 8, 16),
            spent=(1.58, 1.55),
        ),
    )
}
"""The families, by name."""


def find_family(name: str) -> Family:
    """Return a family by name. Raises ``EmitError``."""
    if name not in FAMILIES:
        raise EmitError(
            f"family: expected one of {', '.join(FAMILIES)}, got {name!r}. Choose one of these."
        )
    return FAMILIES[name]
