"""What all tests share."""

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["lab.postgres"]

# These machines are shared: an example that takes its time says nothing about the code.
settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
