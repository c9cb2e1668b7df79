"""Reader of ``csynth.xml``, the report of Vivado HLS and Vitis HLS on a design or on one module."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from qhls.energy.tool_reports.contents import UNIT_NAMES, Block, Clock, Contents, Cycles
from qhls.energy.tool_reports.tables import read_cycles, read_number, read_time
from qhls.plan.hardware.parts import UNITS


def read_csynth_xml(text: str) -> Contents:
    """Return the contents of a ``csynth.xml``. Raises ``ValueError`` for a file that is not complete.

    Entities, which can make a short file expand without limit, are refused: no report contains them.
    """
    if re.search(r"<!\s*(DOCTYPE|ENTITY)", text, re.I):
        raise ValueError("XML with a document type, which no report has")
    profile = ElementTree.fromstring(text)
    if profile.tag != "profile":
        raise ValueError(f"XML of <{profile.tag[:40]}>")
    design = _read_text(profile, "UserAssignments/TopModelName")
    times, overall = "PerformanceEstimates/SummaryOfTimingAnalysis", _find_latencies(profile)
    resources = _find_resources(profile)
    return Contents(
        "Vivado HLS" if resources.find("DSP48E") is not None else "Vitis HLS",
        _read_text(profile, "ReportVersion/Version"),
        "C synthesis",
        design,
        _read_text(profile, "UserAssignments/Part"),
        Clock(
            read_time(_read_text(profile, "UserAssignments/TargetClockPeriod")),
            read_time(_read_text(profile, f"{times}/EstimatedClockPeriod")),
            read_time(profile.findtext("UserAssignments/ClockUncertainty") or "-"),
        ),
        (Block(design, "design", read_resources(resources)),),
        Cycles(
            design,
            profile.findtext("PerformanceEstimates/PipelineType") or "none",
            (_read_count(overall, "Best-caseLatency"), _read_count(overall, "Worst-caseLatency")),
            (_read_count(overall, "Interval-min"), _read_count(overall, "Interval-max")),
        ),
        _read_loops(profile),
    )


def read_resources(resources: ElementTree.Element) -> dict[str, float]:
    """Return the amounts in an XML element ``Resources`` by unit. Raises ``ValueError`` without numbers or LUT."""
    if resources.find("LUT") is None:
        raise ValueError("no AreaEstimates/Resources/LUT")
    amounts = dict.fromkeys(UNITS, 0.0)
    for item in resources:
        if item.tag in UNIT_NAMES:
            amounts[UNIT_NAMES[item.tag]] += read_number(item.text or "-")
    return amounts


def _find_resources(profile: ElementTree.Element) -> ElementTree.Element:
    resources = profile.find("AreaEstimates/Resources")
    if resources is None:
        raise ValueError("no AreaEstimates/Resources")
    return resources


def _find_latencies(profile: ElementTree.Element) -> ElementTree.Element:
    overall = profile.find("PerformanceEstimates/SummaryOfOverallLatency")
    if overall is None:
        raise ValueError("no PerformanceEstimates/SummaryOfOverallLatency")
    return overall


def _read_loops(profile: ElementTree.Element) -> tuple[Cycles, ...]:
    loops: list[Cycles] = []
    for loop in profile.iterfind("PerformanceEstimates/SummaryOfLoopLatency/*"):
        trips = read_cycles(loop.findtext("TripCount") or "-")
        interval = read_cycles(
            loop.findtext("PipelineII") or loop.findtext("IterationLatency") or "-"
        )
        latency = read_cycles(loop.findtext("Latency") or "-")
        if trips is not None:
            pair = interval, interval
            loops.append(Cycles(loop.tag, "loop", (latency, latency), pair, trips))
    return tuple(loops)


def _read_text(element: ElementTree.Element, path: str) -> str:
    text = (element.findtext(path) or "").strip()
    if not text:
        raise ValueError(f"no {path}")
    return text


def _read_count(element: ElementTree.Element, tag: str) -> int | None:
    return read_cycles(_read_text(element, tag))
