"""How long data about people is kept, and which data is one number's, on a real PostgreSQL."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from callbackd.db import tables
from callbackd.db.figures import report
from callbackd.db.journal import Journal
from callbackd.db.personal import NOBODY, erase, export, forget
from callbackd.domain.commands import Changed, Decided, Happened, Happening
from callbackd.domain.ids import EntryId
from callbackd.domain.lives.attempt import AttemptOutcome, AttemptState
from callbackd.domain.lives.callback import CallbackOutcome, CallbackState
from callbackd.domain.lives.entry import EntryOutcome, EntryState
from callbackd.domain.settings import Keeping
from lab.lives import ANNA, BEN, NOW, an_entry, claim, count, promised
from tests.db.days import Day, kept

pytestmark = pytest.mark.postgres

DAY = 86400.0
KEEPING = Keeping(personal_days=30, facts_days=400)


async def all_text(engine):
    """Everything in the database, as one text to search in."""
    async with engine.connect() as connection:
        rows = [
            [dict(row._mapping) for row in await connection.execute(select(table))]
            for table in tables.metadata.sorted_tables
        ]
    return json.dumps(rows, default=str)


@pytest.fixture
async def a_past(engine, right):
    """A promise to Anna that was kept, a call of Ben's, and a promise to Ben that is open."""
    journal = Journal(engine, right)
    wanted = promised(1)
    dialled = claim(wanted)
    over: Any = {"state": CallbackState.CLOSED, "outcome": CallbackOutcome.COMPLETED, "closed_at": NOW, "attempt": None}
    entry_over: Any = {
        "state": EntryState.CLOSED,
        "outcome": EntryOutcome.SERVED,
        "closed_at": NOW,
        "transferred_to": "201",
    }
    attempt_over: Any = {"state": AttemptState.CLOSED, "outcome": AttemptOutcome.CONNECTED, "closed_at": NOW}
    await journal.commit([wanted, dialled])
    await journal.commit(
        [
            Changed(wanted.entry, replace(wanted.entry, **entry_over), at=NOW),
            Changed(wanted.callback, replace(dialled.callback, **over), at=NOW),
            Changed(dialled.attempt, replace(dialled.attempt, **attempt_over), at=NOW),
            Changed(None, an_entry(2, number=BEN, **{**entry_over, "transferred_to": ""}), at=NOW),
            Happened(NOW, Happening.NOTED, "support", EntryId("entry-1"), text="her cat is ill"),
            Decided(NOW, "entry-1", "promised a callback", "confirmed by key", {"number": ANNA}),
        ]
    )
    await journal.commit([promised(3, BEN)])
    return journal


async def test_after_thirty_days_numbers_and_notes_are_gone_and_what_happened_stays(engine, a_past):
    facts = await count(engine, tables.entry_fact)
    done = await forget(engine, KEEPING, lambda: NOW + 31 * DAY)
    text = await all_text(engine)
    assert ANNA not in text
    assert "cat is ill" not in text
    assert (done["entry"], done["attempt"], done["decision"], done["call_fact"]) == (2, 1, 1, 1)
    assert await count(engine, tables.entry_fact) == facts
    assert BEN in text, "an open promise needs its number"


async def test_before_that_nothing_is_touched(engine, a_past):
    before = await all_text(engine)
    assert await forget(engine, KEEPING, lambda: NOW + 29 * DAY) == {}
    assert await all_text(engine) == before


async def test_facts_are_deleted_when_they_are_older_still(engine, a_past):
    await forget(engine, KEEPING, lambda: NOW + 401 * DAY)
    assert [await count(engine, table) for table in tables.FACTS.values()] == [0] * len(tables.FACTS)


async def test_a_night_with_nothing_to_do_does_nothing(engine, a_past):
    await forget(engine, KEEPING, lambda: NOW + 31 * DAY)
    assert await forget(engine, KEEPING, lambda: NOW + 31 * DAY) == {}


async def test_a_number_is_erased_wherever_it_stands(engine, a_past):
    done = await erase(engine, ANNA)
    text = await all_text(engine)
    assert ANNA not in text
    assert "cat is ill" not in text
    assert "201" not in text, "where the caller was sent may be a number too"
    assert done["callback"] == 1
    assert NOBODY in text
    assert BEN in text
    assert await erase(engine, ANNA) == {}


async def test_an_open_promise_is_left_alone_by_an_erasure(engine, a_past):
    await erase(engine, BEN)
    async with engine.connect() as connection:
        numbers = (await connection.execute(select(tables.callback.c.number))).scalars().all()
    assert sorted(numbers) == [ANNA, BEN]


async def test_all_about_a_number_is_handed_out(engine, a_past):
    found = await export(engine, ANNA)
    counted = {name: len(rows) for name, rows in found.items()}
    assert counted == {"entry": 1, "callback": 1, "attempt": 1, "entry_fact": 1, "request": 1, "call_fact": 1}
    assert found["entry"][0]["transferred_to"] == "201"
    assert found["call_fact"][0]["text"] == "her cat is ill"
    assert BEN not in json.dumps(found)
    assert await export(engine, "+442079460199") == {}


async def test_figures_stay_as_they_are_when_the_past_is_anonymised(engine, right):
    day = Day("small", seed=5)
    await kept(day.writes, Journal(engine, right))
    await forget(engine, KEEPING, lambda: day.now + 31 * DAY)
    after = await report(engine, day.settings, day.since, day.until, now=day.now)
    assert replace(after, repeats={}) == replace(day.reports()[-1], repeats={})
    assert after.repeats == {}, "who called again is known from the numbers; quarter hours rolled up before have it"
