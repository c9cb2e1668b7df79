"""The report of one design: network, types, ranges, costs and C++ as one page, which fetches nothing."""

from qhls.report.page import DesignReport, report_design
from qhls.report.profile import TensorProfile, profile_constant, profile_design

__all__ = [
    "DesignReport",
    "TensorProfile",
    "profile_constant",
    "profile_design",
    "report_design",
]
