"""A database with the tables of this version, and the right to dial over it."""

from __future__ import annotations

import pytest

from callbackd.db.engine import engine_for
from callbackd.db.migrate import upgrade
from callbackd.db.right import Right


@pytest.fixture
async def engine(database_url):
    engine = engine_for(database_url)
    await upgrade(engine)
    yield engine
    await engine.dispose()


@pytest.fixture
async def right(engine):
    right = Right(engine)
    await right.take()
    yield right
    await right.give_up()
