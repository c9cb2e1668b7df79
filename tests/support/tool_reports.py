"""Reports in the formats of Vivado HLS, Vitis HLS and Vivado, with numbers of our own."""

UNITS = ("BRAM_18K", "DSP", "FF", "LUT", "URAM")


def draw(headings, *groups, indent=""):
    """Draw a table; ``groups`` of rows end with a border."""
    lines = [headings] if isinstance(headings[0], str) else list(headings)
    rows = [*lines, *(row for group in groups for row in group)]
    widths = [max(len(str(cell)) for cell in column) for column in zip(*rows, strict=True)]
    border = indent + "+" + "+".join("-" * (width + 2) for width in widths) + "+"

    def put(row):
        cells = (f" {cell!s:<{width}} " for cell, width in zip(row, widths, strict=True))
        return indent + "|" + "|".join(cells) + "|"

    body = [line for group in groups for line in [*map(put, group), border]]
    return "\n".join([border, *map(put, lines), border, *body]) + "\n"


def csynth_xml(
    name="top",
    version="2020.1",
    part="xc7z020-clg400-1",
    latency=(7, 9),
    interval=(2, 3),
    **resources,
):
    """A ``csynth.xml`` of a design with a loop."""
    amounts = "".join(f"<{unit}>{n}</{unit}>" for unit, n in resources.items())
    overall = "".join(
        f"<{tag}>{n}</{tag}>"
        for tag, n in zip(
            ("Best-caseLatency", "Worst-caseLatency", "Interval-min", "Interval-max"),
            (*latency, *interval),
            strict=True,
        )
    )
    return f"""<profile>
<ReportVersion><Version>{version}</Version></ReportVersion>
<UserAssignments><unit>ns</unit><Part>{part}</Part><TopModelName>{name}</TopModelName>
<TargetClockPeriod>8.00</TargetClockPeriod><ClockUncertainty>1.00</ClockUncertainty></UserAssignments>
<PerformanceEstimates><PipelineType>none</PipelineType>
<SummaryOfTimingAnalysis><EstimatedClockPeriod>6.125</EstimatedClockPeriod></SummaryOfTimingAnalysis>
<SummaryOfOverallLatency>{overall}</SummaryOfOverallLatency>
<SummaryOfLoopLatency><Rows><TripCount>4</TripCount><Latency>6</Latency><PipelineII>1</PipelineII>
<PipelineDepth>4</PipelineDepth></Rows></SummaryOfLoopLatency></PerformanceEstimates>
<AreaEstimates><Resources>{amounts}</Resources>
<AvailableResources><LUT>53200</LUT></AvailableResources></AreaEstimates>
</profile>
"""


def module_rpt(
    tool="Vivado HLS",
    dsp="DSP48E",
    total=None,
    latency=("7", "9"),
    interval=("2", "3"),
    expressions=(),
):
    """A ``_csynth.rpt`` of a module with two instances and a loop: 30 + 5 + 100 + 12 LUT."""
    summary = [
        ["DSP", "-", 1, "-", "-", "-"],
        ["Expression", "-", "-", 0, 30, "-"],
        ["FIFO", 2, "-", 6, 5, "-"],
        ["Instance", 1, 3, 40, 112, "-"],
        ["Register", "-", "-", 16, "-", "-"],
    ]
    total = total or ["Total", 3, 4, 62, 147, 0]
    left = [["Available", 280, 220, 106400, 53200, 0]]
    shares = [["Utilization (%)", "~0", 1, "~0", "~0", 0]]
    units = ["BRAM_18K", dsp, "FF", "LUT", "URAM"]
    instances = [["a_U0", "a", 1, 3, 36, 100, 0], ["b_U0", "b", 0, 0, 4, 12, 0]]
    times = [["a_U0", "a", 4, 4, "32 ns", "32 ns", 2, 2, "none"]]
    heading = ["Instance", "Module", "min", "max", "min", "max", "min", "max", "Type"]
    loops = [["- Rows", 6, 6, 4, 1, 1, 4, "yes"]]
    bounds = [*latency, "56 ns", "72 ns", *interval, "none"]
    fifos = [["f_U", 1, 3, 0, "-", 9, 3, 27], ["g_U", 1, 3, 0, "-", 9, 1, 9]]
    variables = ["Variable Name", "Operation", dsp, "FF", "LUT", "Bitwidth P0", "Bitwidth P1"]
    line = "=" * 60
    return f"""
{line}
== {tool} Report for 'top'
{line}
* Date:           Mon Jan  1 00:00:00 2024

* Version:        2020.1 (Build 1 on a day)
* Project:        project
* Product family: zynq
* Target device:  xc7z020-clg400-1

{line}
== Performance Estimates
{line}
+ Timing:
    * Summary:
{draw(["Clock", "Target", "Estimated", "Uncertainty"], [["ap_clk", "8.00 ns", "6.125 ns", "1.00 ns"]], indent="    ")}
+ Latency:
    * Summary:
{draw(["min", "max", "min", "max", "min", "max", "Type"], [bounds], indent="    ")}
    + Detail:
        * Instance:
{draw(heading, times, indent="        ")}
        * Loop:
{draw(["Loop Name", "min", "max", "Latency", "achieved", "target", "Count", "Pipelined"], loops, indent="        ")}

{line}
== Utilization Estimates
{line}
* Summary:
{draw(["Name", *units], summary, [total], left, shares)}
+ Detail:
    * Instance:
{draw(["Instance", "Module", *units], instances, [["Total", "", 1, 3, 40, 112, 0]], indent="    ")}
    * FIFO:
{draw(["Name", "BRAM_18K", "FF", "LUT", "URAM", "Depth", "Bits", "Size:D*B"], fifos, indent="    ")}
    * Expression:
{draw(variables, [*expressions, ["Total", "", 0, 0, 30, 9, 9]], indent="    ")}

{line}
== Interface
{line}
* Summary:
{draw(["RTL Ports", "Dir", "Bits"], [["ap_clk", "in", 1]])}"""


def summary_rpt():
    """A ``csynth.rpt`` of Vitis HLS: a design, a module in it and that module's loop."""
    columns = ["& Loops", "Type", "Slack", "(cycles)", "(ns)", "Latency", "Interval", "Count"]
    columns += ["Pipelined", "BRAM", "DSP", "FF", "LUT", "URAM"]
    used = ["2 (~0%)", "39 (17%)", "50 (~0%)"]
    rows = [
        ["+ top*", "-", "0.00", 21, "168.0", "-", 12, "-", "dataflow", *used, "316 (9%)", "-"],
        [" + inner", "-", "0.00", 11, "88.0", "-", 12, "-", "no", *used, "300 (8%)", "-"],
        ["  o Rows", "II", "5.84", 9, "72.0", 3, 1, 8, "yes", "-", "-", "-", "-", "-"],
    ]
    return f"""
================
== Synthesis Summary Report of 'top'
================
+ General Information:
    * Version:        2023.1 (Build 2 on a day)
    * Target device:  xc7z020-clg400-1

+ Performance & Resource Estimates:
    PS: '+' for module; 'o' for loop; '*' for dataflow
{draw(columns, rows, indent="    ")}
"""


def cosim_rpt(*rows):
    """A ``_cosim.rpt``; ``rows`` of language, status, latencies and intervals."""
    widths = "+----------+----------+-----------------------+-----------------------+"
    body = "\n".join("|" + "|".join(f"{cell!s:>9}" for cell in row) + "|" for row in rows)
    return f"""Report time       : a day.
Solution          : solution1.
Simulation tool   : xsim.

{widths}
|          |          |        Latency        |        Interval       |
+   RTL    +  Status  +-----------------------+-----------------------+
|          |          |  min  |  avg  |  max  |  min  |  avg  |  max  |
{widths}
{body}
{widths}
"""


def utilization(design="top", sites=None, tiles=1.5, dsps=2, device="7z020clg400-1"):
    """A report of ``report_utilization``."""
    sites = sites or {"Slice LUTs*": 90, "Slice Registers": 17}
    rows = [[name, n, 0, 53200, "0.1"] for name, n in sites.items()]
    heading = ["Site Type", "Used", "Fixed", "Available", "Util%"]
    memory = [["Block RAM Tile", tiles, 0, 140, "1.07"]]
    return f"""Copyright of a vendor
------------------------
{_header(design, device, "report_utilization -file x.rpt")}
------------------------

Table of Contents
-----------------
1. Slice Logic
2. Memory
3. DSP

1. Slice Logic
--------------

{draw(heading, rows)}
2. Memory
---------

{draw(heading, memory)}
3. DSP
------

{draw(heading, [["DSPs", dsps, 0, 220, "0.9"]])}
"""


def hierarchy(*rows):
    """A report of ``report_utilization -hierarchical``; rows of instance, module, LUT, FF, RAMB36, RAMB18, DSP."""
    heading = ["Instance", "Module", "Total LUTs", "FFs", "RAMB36", "RAMB18", "DSP48 Blocks"]
    return f"""Copyright of a vendor
{_header("top", "xcku5p-ffvb676-2-e", "report_utilization -hierarchical")}

Table of Contents
-----------------
1. Utilization by Hierarchy

1. Utilization by Hierarchy
---------------------------

{draw(heading, rows)}
"""


def _header(design, device, command):
    return f"""| Tool Version : Vivado v.2020.1 (lin64) Build 1
| Command      : {command}
| Design       : {design}
| Device       : {device}
| Design State : Synthesized"""


def export_rpt():
    """An ``export_syn.rpt`` of Vivado HLS."""
    return """
Implementation tool: Xilinx Vivado v.2020.1
Project:             top_prj
Solution:            solution1
Device target:       xc7z020-clg400-1
Report date:         a day

#=== Post-Synthesis Resource usage ===
SLICE:            0
LUT:            321
FF:             654
DSP:              7
BRAM:             2
SRL:             11
#=== Final timing ===
CP required:                     8.000
CP achieved post-synthesis:      5.250
Timing met
"""
