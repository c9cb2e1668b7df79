"""Estimates of the area and latency of designs, and the calibration of area tables by reports of tools."""
