"""Resources of AMD's parts, where known: a table to compare a design with, no more.

Sources: AMD DS180 (7 series), DS190 (Zynq-7000), DS890 (UltraScale and UltraScale+), DS891 (Zynq UltraScale+), DS889
(RFSoC), DS987 (Kria), DS962, DS965, DS963 and DS978 (Alveo U200 and U250, U50, U280, U55C).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

UNITS = ("LUT", "FF", "DSP", "BRAM18")

# Device: look-up tables, flip-flops, DSP slices and block RAMs of 18 kbit.
_DEVICES = {
    "xc7z010": (17_600, 35_200, 80, 120),
    "xc7z020": (53_200, 106_400, 220, 280),
    "xc7z030": (78_600, 157_200, 400, 530),
    "xc7z035": (171_900, 343_800, 900, 1_000),
    "xc7z045": (218_600, 437_200, 900, 1_090),
    "xc7z100": (277_400, 554_800, 2_020, 1_510),
    "xc7a35t": (20_800, 41_600, 90, 100),
    "xc7a50t": (32_600, 65_200, 120, 150),
    "xc7a75t": (47_200, 94_400, 180, 210),
    "xc7a100t": (63_400, 126_800, 240, 270),
    "xc7a200t": (134_600, 269_200, 740, 730),
    "xc7k160t": (101_400, 202_800, 600, 650),
    "xc7k325t": (203_800, 407_600, 840, 890),
    "xc7k410t": (254_200, 508_400, 1_540, 1_590),
    "xc7vx485t": (303_600, 607_200, 2_800, 2_060),
    "xc7vx690t": (433_200, 866_400, 3_600, 2_940),
    "xcku040": (242_400, 484_800, 1_920, 1_200),
    "xcku060": (331_680, 663_360, 2_760, 2_160),
    "xcku115": (663_360, 1_326_720, 5_520, 4_320),
    "xcku3p": (162_720, 325_440, 1_368, 720),
    "xcku5p": (216_960, 433_920, 1_824, 960),
    "xcku15p": (522_720, 1_045_440, 1_968, 1_968),
    "xcvu3p": (394_080, 788_160, 2_280, 1_440),
    "xcvu7p": (788_160, 1_576_320, 4_560, 2_880),
    "xcvu9p": (1_182_240, 2_364_480, 6_840, 4_320),
    "xcvu11p": (1_296_000, 2_592_000, 9_216, 4_032),
    "xcvu13p": (1_728_000, 3_456_000, 12_288, 5_376),
    "xcvu35p": (871_680, 1_743_360, 5_952, 2_688),
    "xcvu37p": (1_303_680, 2_607_360, 9_024, 4_032),
    "xcvu47p": (1_303_680, 2_607_360, 9_024, 4_032),
    "xczu2cg": (47_232, 94_464, 240, 300),
    "xczu2eg": (47_232, 94_464, 240, 300),
    "xczu3cg": (70_560, 141_120, 360, 432),
    "xczu3eg": (70_560, 141_120, 360, 432),
    "xczu4ev": (87_840, 175_680, 728, 256),
    "xczu5ev": (117_120, 234_240, 1_248, 288),
    "xczu7ev": (230_400, 460_800, 1_728, 624),
    "xczu9eg": (274_080, 548_160, 2_520, 1_824),
    "xczu11eg": (298_560, 597_120, 2_928, 1_200),
    "xczu15eg": (341_280, 682_560, 3_528, 1_488),
    "xczu19eg": (522_720, 1_045_440, 1_968, 1_968),
    "xczu28dr": (425_280, 850_560, 4_272, 2_160),
    "xczu48dr": (425_280, 850_560, 4_272, 2_160),
    "xck26": (117_120, 234_240, 1_248, 288),
    "xcu50": (871_680, 1_743_360, 5_952, 2_688),
    "xcu55c": (1_303_680, 2_607_360, 9_024, 4_032),
    "xcu200": (1_182_240, 2_364_480, 6_840, 4_320),
    "xcu250": (1_728_000, 3_456_000, 12_288, 5_376),
    "xcu280": (1_303_680, 2_607_360, 9_024, 4_032),
}
_REST = r"[il]?(?:-?[a-z]{2,4}\d{3,4})?(?:-\d[a-z]{0,2})?(?:-[a-z])?(?:-s|-es\d)?"
"""Grade of the 7 series, package, speed, temperature, sample, as in xc7a35ticsg324-1L and xcvu9p-flga2104-2-e."""
_ANY = re.compile(rf"(?P<device>x[caq][a-z0-9]*?\d[a-z0-9]*?){_REST}")


@dataclass(frozen=True, slots=True)
class Part:
    """An AMD device. ``resources`` by unit (``UNITS``); None where nothing is known of it."""

    device: str
    resources: dict[str, int] | None


def find_part(name: str) -> Part | None:
    """Return the device of a part's full ``name``; None where ``name`` is no part of AMD's."""
    if len(name) > 64 or not name.isascii():
        return None
    lower = name.lower()
    for device in sorted(_DEVICES, key=len, reverse=True):
        if re.fullmatch(f"{device}{_REST}", lower):
            return Part(device, dict(zip(UNITS, _DEVICES[device], strict=True)))
    found = _ANY.fullmatch(lower)
    return Part(found["device"], None) if found else None
