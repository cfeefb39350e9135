"""Open rows that the history knows nothing of, on a real PostgreSQL."""

from __future__ import annotations

import pytest

from callbackd.db.catch_up import missing
from callbackd.db.journal import Journal
from callbackd.db.load import open_rows
from callbackd.domain.commands import Changed
from callbackd.domain.ids import AgentId
from callbackd.domain.lives.agent import Agent
from lab.lives import NOW, an_entry, promised
from tests.db.days import Day, kept

pytestmark = pytest.mark.postgres


async def test_rows_older_than_the_history_are_added_to_it_once(engine, right):
    journal = Journal(engine, right)
    await journal.commit([promised(1)])  # without its facts, as if the daemon was killed before they were written
    rows = await open_rows(engine)
    untold = await missing(engine, [*rows, Agent(AgentId("alice"))], NOW + 60)
    assert [(type(fact.row).__name__, fact.before, fact.at) for fact in untold] == [
        ("Entry", None, NOW),
        ("Callback", None, NOW),
        ("Agent", Agent(AgentId("alice")), NOW + 60),
    ]
    await journal.commit(untold)
    assert await missing(engine, rows, NOW + 60) == []


async def test_a_place_that_passed_to_a_promise_unseen_is_the_promises_from_when_it_was_made(engine, right):
    journal = Journal(engine, right)
    await journal.commit([Changed(None, an_entry(1), at=NOW - 30), promised(1)])
    entry, callback = await missing(engine, await open_rows(engine), NOW + 60)
    assert (entry.row.id, entry.before, entry.at) == ("entry-1", entry.after, NOW)
    assert (callback.before, callback.at) == (None, NOW)


async def test_the_history_of_a_whole_day_misses_nothing(engine, right):
    day = Day("small", seed=5)
    await kept(day.writes, Journal(engine, right))
    assert await missing(engine, await open_rows(engine), day.now) == []
