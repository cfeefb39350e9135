"""Rows, promises and intents on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import CheckConstraint, func, inspect, select, text
from sqlalchemy.exc import IntegrityError

from callbackd.db import tables
from callbackd.db.journal import Journal, engine_for
from callbackd.db.load import open_rows
from callbackd.db.migrate import alembic_config, upgrade
from callbackd.db.right import Right, RightHeld
from callbackd.domain.agent import Agent
from callbackd.domain.attempt import Attempt, AttemptOutcome, AttemptState
from callbackd.domain.callback import Callback, CallbackOutcome, CallbackState
from callbackd.domain.commands import ClaimAttempt, Decided, Save, StorePromise
from callbackd.domain.entry import Entry, EntryOutcome, EntryState
from callbackd.domain.events import (
    AttemptClaimed,
    AttemptNotClaimed,
    DatabaseBack,
    DatabaseLost,
    PromiseNotStored,
    PromiseStored,
)

pytestmark = pytest.mark.postgres

NOW = 1_800_000_000.125
ANNA = "+442079460101"


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


@pytest.fixture
async def journal(engine, right):
    return Journal(engine, right)


def an_entry(n: int = 1, **changes) -> Entry:
    return replace(Entry(f"entry-{n}", "support", NOW, leg=f"leg-{n}", number=ANNA), **changes)


def promised(n: int = 1, number: str = ANNA) -> StorePromise:
    callback = Callback(f"callback-{n}", f"entry-{n}", "support", number, NOW, NOW + 3600)
    return StorePromise(an_entry(n, leg=None, callback=callback.id, number=number), callback)


def claim(promise: StorePromise, n: int = 1) -> ClaimAttempt:
    attempt = Attempt(f"attempt-{n}", promise.callback.id, "alice", promise.callback.number, 1, NOW)
    callback = replace(promise.callback, state=CallbackState.DIALING, attempt=attempt.id, attempts_made=1)
    entry = replace(promise.entry, state=EntryState.DIALING, agent="alice")
    return ClaimAttempt(entry, callback, attempt)


async def count(engine, table) -> int:
    async with engine.connect() as connection:
        return (await connection.execute(select(func.count()).select_from(table))).scalar_one()


# --- rows -----------------------------------------------------------------------------------------------------------


async def test_the_migrations_make_exactly_the_tables_of_the_code(engine):
    def differences(connection):
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return compare_metadata(context, tables.metadata)

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_the_migrations_make_every_check_of_the_code(engine):
    """Alembic's comparison passes over CHECK constraints."""

    def checks(connection):
        there = inspect(connection)
        return {
            (table, check["name"]) for table in there.get_table_names() for check in there.get_check_constraints(table)
        }

    wanted = {
        (table.name, f"ck_{table.name}_{constraint.name.removeprefix(f'ck_{table.name}_')}")
        for table in tables.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    async with engine.connect() as connection:
        assert await connection.run_sync(checks) == wanted


async def test_the_migrations_can_be_taken_back(engine):
    async with engine.begin() as connection:
        await connection.run_sync(lambda sync: command.downgrade(alembic_config(sync), "base"))
    async with engine.connect() as connection:
        assert await connection.run_sync(lambda sync: inspect(sync).get_table_names()) == ["alembic_version"]


async def test_migrating_twice_at_once_is_safe(engine):
    await asyncio.gather(upgrade(engine), upgrade(engine))


async def test_the_latest_state_of_a_life_is_what_is_written(journal, engine):
    entry = an_entry()
    assert await journal.commit([Save(entry), Save(replace(entry, state=EntryState.RINGING))]) == []
    assert await open_rows(engine) == [replace(entry, state=EntryState.RINGING)]


async def test_a_closed_row_is_never_reopened(journal, engine):
    entry = an_entry()
    closed = replace(entry, state=EntryState.CLOSED, outcome=EntryOutcome.SERVED, closed_at=NOW)
    await journal.commit([Save(closed)])
    await journal.commit([Save(entry)])
    assert await open_rows(engine) == []


async def test_a_row_that_the_tables_refuse_does_not_take_the_others_with_it(journal, engine):
    held_by_nobody = an_entry(1, leg=None)
    assert await journal.commit([Save(held_by_nobody), Save(an_entry(2)), Decided(NOW, "x", "y", "z")]) == []
    assert await open_rows(engine) == [an_entry(2)]
    assert journal.dropped == 1
    assert await count(engine, tables.decision) == 1


@pytest.mark.parametrize(
    "nonsense",
    [
        "INSERT INTO entry (id, queue, arrived_at, priority, leg, language, state, not_before) "
        "VALUES ('a', 'q', now(), 0, 'l', 'en', 'dancing', now())",
        "INSERT INTO entry (id, queue, arrived_at, priority, leg, language, state, not_before) "
        "VALUES ('a', 'q', now(), 0, 'l', 'en', 'closed', now())",
        "INSERT INTO callback (id, entry, queue, number, created_at, expires_at, language, state, attempts_made) "
        "VALUES ('c', 'nowhere', 'q', '+442079460101', now(), now(), 'en', 'waiting', 0)",
        "INSERT INTO epoch (id, n, holder) VALUES (2, 1, 'me')",
    ],
)
async def test_the_tables_refuse_nonsense(engine, nonsense):
    with pytest.raises(IntegrityError):
        async with engine.begin() as connection:
            await connection.execute(text(nonsense))


moments = st.integers(0, 4_000_000_000_000_000).map(lambda microseconds: round(microseconds / 1e6, 6))
words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
maybe = lambda strategy: st.none() | strategy  # noqa: E731

ENTRIES = st.builds(
    Entry,
    id=st.uuids().map(str),
    queue=words,
    arrived_at=moments,
    priority=st.integers(-9, 9),
    leg=st.uuids().map(str),
    callback=maybe(words),
    number=words,
    language=words,
    state=st.sampled_from([s for s in EntryState if s is not EntryState.CLOSED]),
    outcome=st.none(),
    not_before=moments,
    agent=maybe(words),
    bridge=maybe(words),
    connected_at=maybe(moments),
    closed_at=st.none(),
)
AGENTS = st.builds(
    Agent,
    id=st.uuids().map(str),
    pause_reason=words,
    entry=maybe(words),
    leg=maybe(words),
    idle_since=moments,
    misses=st.integers(0, 99),
    rest_until=moments,
    wrap_up_until=moments,
)


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entry=ENTRIES, agent=AGENTS)
async def test_what_was_saved_is_loaded_equal(journal, engine, entry, agent):
    await journal.commit([Save(entry), Save(agent)])
    loaded = await open_rows(engine)
    assert entry in loaded
    assert agent in loaded


async def test_promises_and_attempts_are_loaded_equal(journal, engine):
    promise = promised()
    await journal.commit([promise])
    wanted = claim(promise)
    assert await journal.commit([wanted]) == [AttemptClaimed("attempt-1")]
    assert await open_rows(engine) == [wanted.entry, wanted.callback, wanted.attempt]


# --- promises and intents -------------------------------------------------------------------------------------------


async def test_a_number_gets_one_promise_whoever_asks(journal, engine):
    answers = await journal.commit([promised(1), promised(2)])
    assert answers[0] == PromiseStored("callback-1")
    assert isinstance(answers[1], PromiseNotStored)
    assert answers[1].reason == "already promised"
    assert await count(engine, tables.callback) == 1


async def test_a_refused_promise_leaves_its_entry_alone(journal, engine):
    await journal.commit([promised(1), Save(an_entry(2))])
    await journal.commit([promised(2)])
    assert an_entry(2) in await open_rows(engine)


async def test_twenty_claims_at_once_give_one_attempt(engine, right):
    promise = promised()
    await Journal(engine, right).commit([promise])
    answers = await asyncio.gather(*(Journal(engine, right).commit([claim(promise, n)]) for n in range(20)))
    assert sum(isinstance(answer[0], AttemptClaimed) for answer in answers) == 1
    assert await count(engine, tables.attempt) == 1


async def test_a_closed_promise_is_not_claimed(journal):
    promise = promised()
    closed = replace(promise.callback, state=CallbackState.CLOSED, outcome=CallbackOutcome.CANCELLED, closed_at=NOW)
    await journal.commit([promise])
    await journal.commit([Save(closed)])
    assert await journal.commit([claim(promise)]) == [
        AttemptNotClaimed("attempt-1", "the promise is no longer waiting")
    ]


async def test_an_attempt_that_ended_makes_room_for_the_next(journal):
    promise = promised()
    await journal.commit([promise])
    first = claim(promise)
    await journal.commit([first])
    over = replace(first.attempt, state=AttemptState.CLOSED, outcome=AttemptOutcome.BUSY, closed_at=NOW)
    waiting = replace(first.callback, state=CallbackState.WAITING, attempt=None)
    await journal.commit([Save(over), Save(waiting)])
    again = replace(first.attempt, id="attempt-2", ordinal=2)
    second = ClaimAttempt(first.entry, replace(first.callback, attempt="attempt-2", attempts_made=2), again)
    assert await journal.commit([second]) == [AttemptClaimed("attempt-2")]


# --- the right to dial ----------------------------------------------------------------------------------------------


async def test_the_second_daemon_is_told_who_holds_the_right(engine, right):
    with pytest.raises(RightHeld, match=f"pid {os.getpid()} on .*stop it"):
        await Right(engine).take()


async def test_a_claim_of_somebody_who_lost_the_right_is_refused(engine, right):
    late = Journal(engine, right)
    promise = promised()
    await late.commit([promise])
    await right.give_up()
    new = Right(engine)
    assert await new.take() == right.epoch + 1
    answer = await late.commit([claim(promise)])
    assert answer == [AttemptNotClaimed("attempt-1", "another callbackd has taken the right to dial")]
    await new.give_up()


async def test_taking_the_right_twice_is_one_taking(right):
    assert await right.take() == right.epoch


# --- the database goes away -----------------------------------------------------------------------------------------


async def test_while_the_database_is_away_rows_wait_and_promises_are_refused(private_postgres):
    url = await private_postgres.fresh_database()
    engine = engine_for(url)
    await upgrade(engine)
    right = Right(engine)
    await right.take()
    journal = Journal(engine, right)
    told: asyncio.Queue = asyncio.Queue()
    keeper = asyncio.create_task(journal.keep(told.put_nowait))
    try:
        private_postgres.kill()
        lost = await journal.commit([Save(an_entry())])
        assert [type(event) for event in lost] == [DatabaseLost]
        assert await journal.commit([promised()]) == [PromiseNotStored("callback-1", "the database is away")]
        assert await journal.commit([Save(an_entry(2)), Decided(NOW, "a", "b", "c")]) == []
        await private_postgres.start()
        async with asyncio.timeout(30):
            assert isinstance(await told.get(), DatabaseBack)
        assert await open_rows(engine) == [an_entry(1), an_entry(2)]
        assert await count(engine, tables.decision) == 1
        assert await journal.commit([promised(3)]) == [PromiseStored("callback-3")]
    finally:
        keeper.cancel()
        await right.give_up()
        await engine.dispose()


async def test_a_slow_database_counts_as_away_after_the_limit(journal, engine, monkeypatch):
    monkeypatch.setattr("callbackd.db.engine.LIMIT_S", 0.3)
    async with engine.begin() as blocker:
        await blocker.execute(text("LOCK TABLE entry IN ACCESS EXCLUSIVE MODE"))
        assert [type(event) for event in await journal.commit([Save(an_entry())])] == [DatabaseLost]
