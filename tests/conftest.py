"""What all tests share."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy.ext.asyncio import AsyncEngine

from callbackd.db.engine import engine_for
from callbackd.db.migrate import upgrade
from lab.asterisk import Asterisk
from lab.slots import Slot

pytest_plugins = ["lab.postgres"]

# These machines are shared: a slow example proves nothing about the code.
settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """A database of its own for the test, with the tables of this version."""
    engine = engine_for(database_url)
    await upgrade(engine)
    yield engine
    await engine.dispose()


@pytest.fixture(scope="module")
async def asterisk() -> AsyncIterator[Asterisk]:
    """An Asterisk with the lab's config, one for all tests of a file."""
    with Slot() as slot:
        async with Asterisk(slot) as asterisk:
            yield asterisk
