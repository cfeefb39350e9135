"""Fixtures that need a real PostgreSQL."""

pytest_plugins = ["tests.lab.postgres"]
