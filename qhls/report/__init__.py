"""The report of one design: network, types, ranges, costs and C++ on one self-contained HTML page."""

from qhls.report.page import DesignReport, report_design
from qhls.report.profile import TensorProfile, profile_constant, profile_design

__all__ = [
    "DesignReport",
    "TensorProfile",
    "profile_constant",
    "profile_design",
    "report_design",
]
