"""Hypothesis on a shared machine: how long an example takes says nothing."""

from hypothesis import HealthCheck, settings

settings.register_profile("ir", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ir")
