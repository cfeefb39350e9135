"""The right to dial over a database."""

from __future__ import annotations

import pytest

from callbackd.db.right import Right


@pytest.fixture
async def right(engine):
    right = Right(engine)
    await right.take()
    yield right
    await right.give_up()
