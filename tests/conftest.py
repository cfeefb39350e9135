"""What all tests share."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["lab.postgres"]

# These machines are shared: an example that takes its time says nothing about the code.
settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")
