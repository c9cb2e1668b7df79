"""Hypothesis on a shared machine: how long an example takes says nothing."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "plan",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=int(os.environ.get("QHLS_EXAMPLES", "100")),  # `make quick` takes fewer
)
settings.load_profile("plan")
