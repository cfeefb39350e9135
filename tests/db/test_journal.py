"""Rows, promises and intents on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from typing import cast

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import event, inspect, make_url, select, text
from sqlalchemy.exc import IntegrityError
from structlog.testing import capture_logs

from callbackd.db import pipeline, tables
from callbackd.db.engine import SESSION, engine_for
from callbackd.db.journal import Journal
from callbackd.db.load import open_rows
from callbackd.db.migrate import CannotMigrate, alembic_config, upgrade
from callbackd.db.right import Right, RightHeld
from callbackd.domain.commands import Changed, ClaimAttempt, Decided, DialCustomer, StorePromise
from callbackd.domain.events import (
    AttemptClaimed,
    AttemptNotClaimed,
    Ending,
    NumberBlocked,
    NumberUnblocked,
    PromiseNotStored,
    PromiseStored,
)
from callbackd.domain.ids import AgentId, AttemptId, CallbackId, EntryId, QueueName, QuoteId
from callbackd.domain.lives.agent import Activity, Agent, Presence
from callbackd.domain.lives.attempt import Attempt, AttemptOutcome, AttemptState
from callbackd.domain.lives.callback import Callback, CallbackOutcome, CallbackState
from callbackd.domain.lives.direct_window import DirectWindow
from callbackd.domain.lives.do_not_call import Blocked
from callbackd.domain.lives.entry import Entry, EntryState
from callbackd.domain.lives.quote import Quote, QuoteKind, QuoteOutcome, Remembered
from lab.lives import ANNA, BEN, NOW, an_entry, at_another_time, claim, closed, count, promised
from tests.builders import Centre, agent, queue, settings

pytestmark = pytest.mark.postgres


@pytest.fixture
async def journal(engine, right):
    return Journal(engine, right)


# --- rows -----------------------------------------------------------------------------------------------------------


async def test_the_migrations_make_exactly_the_tables_of_the_code(engine):
    def differences(connection):
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return compare_metadata(context, tables.metadata)

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_the_migrations_make_every_check_of_the_code_to_the_word(engine, postgres):
    """Alembic's comparison passes over CHECK constraints, so PostgreSQL is asked what it understood."""
    of_the_code = engine_for(await postgres.fresh_database())
    async with of_the_code.begin() as connection:
        await connection.run_sync(tables.metadata.create_all)
    asked = text(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE contype = 'c' AND connamespace = 'public'::regnamespace ORDER BY 1, 2"
    )
    async with engine.connect() as migrated, of_the_code.connect() as made:
        found = (await migrated.execute(asked)).all()
        assert found == (await made.execute(asked)).all()
        assert len(found) > 15
    await of_the_code.dispose()


async def test_the_migrations_can_be_taken_back(engine):
    async with engine.begin() as connection:
        await connection.run_sync(lambda sync: command.downgrade(alembic_config(sync), "base"))
    async with engine.connect() as connection:
        assert await connection.run_sync(lambda sync: inspect(sync).get_table_names()) == ["alembic_version"]


_AS_BEFORE = (
    "INSERT INTO entry (id, queue, arrived_at, priority, leg, language, state, not_before)"
    " VALUES (:id, 'support', now(), 0, :leg, 'en', 'waiting', 'epoch')",
    "INSERT INTO callback (id, entry, queue, number, created_at, expires_at, language, state, attempts_made)"
    " VALUES (:id, :id, 'support', :number, now(), now(), 'en', 'waiting', 0)",
    "INSERT INTO attempt (id, callback, agent, number, ordinal, claimed_at, state, cause, tech_cause)"
    " VALUES (:id, :id, 'alice', :number, 1, now(), 'claimed', 0, 0)",
    "INSERT INTO agent (id, presence, activity, idle_since, misses, calls, rest_until, wrap_up_until)"
    " VALUES (:id, 'available', 'idle', now(), 0, 0, 'epoch', 'epoch')",
)
"""What callbackd wrote when its tables were those of the first migration."""


async def test_an_older_callbackd_writes_into_newer_tables_and_its_rows_are_read(postgres):
    fresh = engine_for(await postgres.fresh_database())
    await upgrade(fresh, "0001")
    for n, revision in enumerate(("0001", "head")):
        await upgrade(fresh, revision)
        async with fresh.begin() as connection:
            for statement in _AS_BEFORE:
                row = {"id": f"id-{n}", "leg": f"leg-{n}", "number": f"+44207946010{n}"}
                await connection.execute(text(statement), row)
    rows = await open_rows(fresh)
    assert len([row for row in rows if row.id == "id-0"]) == len([row for row in rows if row.id == "id-1"]) == 4
    await fresh.dispose()


_DIALING = (
    "INSERT INTO entry (id, queue, arrived_at, priority, callback, language, state, not_before)"
    " VALUES (:id, 'support', now(), 0, :id, 'en', 'dialing', 'epoch')",
    "INSERT INTO callback (id, entry, queue, number, created_at, expires_at, language, state, attempts_made, attempt)"
    " VALUES (:id, :id, 'support', :number, now(), now(), 'en', 'dialing', 1, :id)",
    "INSERT INTO attempt (id, callback, agent, number, ordinal, claimed_at, state, cause, tech_cause)"
    " VALUES (:id, :id, 'alice', :number, 1, now(), 'dialing', 0, 0)",
)
"""What callbackd wrote of a customer who is being dialled, with the tables of the fourth migration."""
_STATES = "SELECT state FROM entry UNION ALL SELECT state FROM callback UNION ALL SELECT state FROM attempt"


async def test_the_old_spelling_is_read_whether_it_was_stored_before_or_after_the_migration(postgres):
    fresh = engine_for(await postgres.fresh_database())
    for n, revision in enumerate(("0004", "head")):
        await upgrade(fresh, revision)
        async with fresh.begin() as connection:
            stored = (await connection.execute(text(_STATES))).scalars().all()
            assert stored == ["dialling"] * 3 * n
            for statement in _DIALING:
                await connection.execute(text(statement), {"id": f"id-{n}", "number": f"+44207946010{n}"})
    rows = await open_rows(fresh)
    read = [row.state for row in rows if isinstance(row, Entry | Callback | Attempt)]
    assert read == [*[EntryState.DIALLING] * 2, *[CallbackState.DIALLING] * 2, *[AttemptState.DIALLING] * 2]
    async with fresh.begin() as connection:
        await connection.run_sync(lambda sync: command.downgrade(alembic_config(sync), "0004"))
        assert (await connection.execute(text(_STATES))).scalars().all() == ["dialing"] * 6
    await fresh.dispose()


async def test_migrating_twice_at_once_is_safe(engine):
    await asyncio.gather(upgrade(engine), upgrade(engine))


async def test_a_database_of_a_newer_version_is_used_as_it_is(engine):
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await upgrade(engine)
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one() == "9999"


async def test_a_user_who_may_not_make_tables_learns_what_to_grant(postgres):
    url = make_url(await postgres.fresh_database())
    async with await psycopg.AsyncConnection.connect(
        url.set(drivername="postgresql").render_as_string(), autocommit=True
    ) as admin:
        await admin.execute("REVOKE ALL ON SCHEMA public FROM public")
        await admin.execute("DROP ROLE IF EXISTS stranger")
        await admin.execute("CREATE ROLE stranger")
    engine = engine_for(url.render_as_string())
    event.listen(engine.sync_engine, "connect", _as_stranger)
    with pytest.raises(CannotMigrate, match="GRANT CREATE ON SCHEMA"):
        await upgrade(engine)
    await engine.dispose()


def _as_stranger(connection, _):
    cursor = connection.cursor()
    cursor.execute("SET SESSION ROLE stranger")
    cursor.close()
    connection.commit()


async def test_a_slow_migration_is_not_cut_off(engine, monkeypatch):
    def slowly(connection, _):
        connection.execute(text("SELECT pg_sleep(0.3)"))

    monkeypatch.setattr("callbackd.db.migrate.carry_out", slowly)
    monkeypatch.setitem(SESSION, "statement_timeout", "100ms")
    hasty = engine_for(engine.url.render_as_string())
    await upgrade(hasty)
    await hasty.dispose()


async def test_only_the_latest_state_of_a_life_is_written(journal, engine):
    entry = an_entry()
    assert await journal.commit([Changed(None, entry), Changed(None, replace(entry, state=EntryState.RINGING))]) == []
    assert await open_rows(engine) == [replace(entry, state=EntryState.RINGING)]


async def test_a_closed_row_is_never_reopened(journal, engine):
    entry = an_entry()
    await journal.commit([Changed(None, closed(entry))])
    await journal.commit([Changed(None, entry)])
    assert await open_rows(engine) == []
    assert journal.dropped == 0


async def test_a_row_that_the_tables_refuse_does_not_take_the_others_with_it(journal, engine):
    held_by_nobody = an_entry(1, leg=None)
    assert (
        await journal.commit([Changed(None, held_by_nobody), Changed(None, an_entry(2)), Decided(NOW, "x", "y", "z")])
        == []
    )
    assert await open_rows(engine) == [an_entry(2)]
    assert journal.dropped == 1
    assert await count(engine, tables.decision) == 1


POISON = {
    "a NUL": Decided(NOW, "x", "y", "a\0b"),
    "half a character": Decided(NOW, "x", "y", "\udc80"),
    "what JSON has no word for": Decided(NOW, "x", "y", "z", {"a": float("nan")}),
    "what is no value at all": Decided(NOW, "x", "y", "z", {"a": cast(str, object())}),
    "a number too large": Changed(None, an_entry(1, priority=2**40)),
    "a year too late": Changed(None, an_entry(1, not_before=1e15)),
    "no time": Changed(None, an_entry(1, not_before=float("inf"))),
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON.keys())
async def test_a_row_that_no_table_accepts_costs_only_itself(journal, engine, poison):
    assert await journal.commit([Changed(None, an_entry(2)), poison, Decided(NOW, "a", "b", "c")]) == []
    assert await open_rows(engine) == [an_entry(2)]
    assert await count(engine, tables.decision) == 1
    assert journal.dropped == 1


async def test_our_own_fault_is_loud_costs_its_row_and_does_not_make_the_database_count_as_away(journal, engine):
    ours = Decided(NOW, "x", "y", "z", {"a": cast(str, object())})
    with capture_logs() as lines:
        assert await journal.commit([Changed(None, an_entry(2)), ours]) == []
    assert [(line["event"], line["log_level"]) for line in lines] == [("row_not_written", "critical")]
    assert "TypeError" in repr(lines[0]["exc_info"])
    assert await open_rows(engine) == [an_entry(2)]


async def test_poison_among_many_is_found(journal, engine):
    bad = {7, 193}
    rows = [Decided(NOW, "x", "y", "a\0b" if n in bad else "fine") for n in range(200)]
    await journal.commit(rows)
    assert await count(engine, tables.decision) == 198
    assert journal.dropped == 2


async def test_what_waited_for_the_database_for_long_is_written_in_parts(journal, engine, monkeypatch):
    """A quarter of a million rows in one transaction would never end in time, and wait for ever."""
    sizes: list[int] = []

    async def seen(connection, rows):
        sizes.append(len(rows))
        return await pipeline.commit(connection, rows)

    monkeypatch.setattr("callbackd.db.journal.commit", seen)
    assert await journal.commit([Decided(NOW, "x", "y", f"{n}") for n in range(1_000)]) == []
    assert sum(sizes) == await count(engine, tables.decision) == 1_000
    assert max(sizes) <= 250


async def test_rows_before_and_after_a_promise_are_written_in_that_order(journal, engine):
    promise = promised()
    later = replace(promise.entry, priority=7)
    assert await journal.commit([Changed(None, an_entry()), promise, Changed(None, later)]) == [
        PromiseStored(CallbackId("callback-1"))
    ]
    assert await open_rows(engine) == [later, promise.callback]


@pytest.mark.parametrize(
    "nonsense",
    [
        "INSERT INTO entry (id, queue, arrived_at, priority, leg, language, state, not_before) "
        "VALUES ('a', 'q', now(), 0, 'l', 'en', 'dancing', now())",
        "INSERT INTO entry (id, queue, arrived_at, priority, leg, language, state, not_before) "
        "VALUES ('a', 'q', now(), 0, 'l', 'en', 'closed', now())",
        "INSERT INTO callback (id, entry, queue, number, created_at, expires_at, language, state, attempts_made) "
        "VALUES ('c', 'nowhere', 'q', '+442079460101', now(), now(), 'en', 'waiting', 0)",
        "INSERT INTO callback (id, entry, queue, number, created_at, expires_at, language, state, attempts_made) "
        "VALUES ('c', 'e', 'q', '100@evil', now(), now(), 'en', 'waiting', 0)",
        "INSERT INTO callback (id, entry, queue, number, created_at, expires_at, language, state, attempts_made) "
        "VALUES ('c', 'e', 'q', '+442079460101', now(), now(), 'en', 'dialling', 0)",
        "INSERT INTO agent (id, presence, activity, idle_since, misses, calls, rest_until, wrap_up_until) "
        "VALUES ('a', 'available', 'talking', now(), 0, 0, now(), now())",
        "INSERT INTO epoch (id, n, holder) VALUES (2, 1, 'me')",
        "INSERT INTO do_not_call (id, at, why) VALUES ('+442079460101', now(), 'not a tag but the number')",
        f"INSERT INTO do_not_call (id, at, why) VALUES ('{'A' * 64}', now(), 'not as we write it')",
        f"INSERT INTO do_not_call (id, at, why) VALUES ('{'a' * 63}', now(), 'too short')",
        f"INSERT INTO do_not_call (id, at, why) VALUES ('{'a' * 64}', now(), NULL)",
    ],
)
async def test_the_tables_refuse_nonsense(engine, nonsense):
    with pytest.raises(IntegrityError):
        async with engine.begin() as connection:
            await connection.execute(text(nonsense))


moments = st.integers(0, 4_000_000_000_000_000).map(lambda microseconds: round(microseconds / 1e6, 6))
words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
numbers = st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True)
small = st.integers(-(2**31), 2**31 - 1)


def optional(strategy):
    return st.none() | strategy


def open_states(states):
    return st.sampled_from([state for state in states if state.value != "closed"])


@st.composite
def open_lives(draw):
    """A place with its promise, an attempt and an agent, none of them over, of any content that the tables allow."""
    id = draw(st.uuids()).hex
    state = draw(open_states(EntryState))
    talking = state is EntryState.TALKING
    entry = Entry(
        id,
        draw(words),
        draw(moments),
        draw(small),
        leg=id if talking else draw(optional(st.just(id))),
        callback=id,
        number=draw(words),
        language=draw(words),
        state=state,
        not_before=draw(moments),
        agent=draw(words) if talking else draw(optional(words)),
        bridge=draw(optional(words)),
        connected_at=draw(moments) if talking else draw(optional(moments)),
    )
    state, number = draw(open_states(CallbackState)), "+1" + str(int(id[:10], 16))
    callback = Callback(
        id,
        entry.id,
        draw(words),
        number,
        draw(moments),
        draw(moments),
        draw(words),
        state,
        attempts_made=draw(st.integers(0, 99)),
        attempt=draw(words) if state is CallbackState.DIALLING else None,
    )
    state = draw(open_states(AttemptState))
    attempt = Attempt(
        id,
        callback.id,
        draw(words),
        number,
        draw(st.integers(1, 99)),
        draw(moments),
        state,
        answered_at=draw(optional(moments)),
        cause=draw(small),
        tech_cause=draw(small),
    )
    agent = Agent(
        id,
        draw(st.sampled_from(Presence)),
        draw(words),
        draw(st.sampled_from(Activity)),
        draw(words),
        draw(optional(words)),
        draw(moments),
        draw(small),
        draw(small),
        draw(moments),
        draw(moments),
    )
    return [entry, callback, attempt, agent]


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lives=open_lives())
async def test_saved_rows_are_loaded_equal(journal, engine, lives):
    await journal.commit([Changed(None, row) for row in lives])
    assert journal.dropped == 0
    loaded = {(type(row), row.id): row for row in await open_rows(engine)}
    assert [loaded[type(row), row.id] for row in lives] == lives


async def test_the_tables_accept_whatever_the_domain_decides(journal, engine):
    """A day's worth of lives: promised, busy, tried again, kept; served, abandoned."""
    centre = Centre(settings([queue()], [agent("alice")]))
    centre.calls("leg-1", ANNA)
    centre.takes_callback("leg-1")
    centre.calls("leg-2", BEN)
    centre.logs_in("alice")
    centre.hangs_up(centre.last(DialCustomer).leg, Ending.BUSY, cause=17, tech_cause=486)
    centre.answers("alice")
    centre.hangs_up("leg-2")
    centre.wait(300)
    leg = centre.customer_answers()
    centre.presses(leg, "1")
    centre.answers("alice")
    centre.hangs_up(leg)
    centre.calls("leg-3", "anonymous")
    centre.hangs_up("leg-3")
    wanted = [Changed, StorePromise, ClaimAttempt, Decided]
    answers = [
        answer for said in centre.said if type(said) in wanted for answer in await journal.commit([said]) if answer
    ]
    assert [type(answer) for answer in answers] == [PromiseStored, AttemptClaimed, AttemptClaimed]
    assert journal.dropped == 0
    learned = sorted(centre.remembered.values(), key=lambda row: row.id)
    assert await open_rows(engine) == [*centre.agents.values(), *learned]
    assert await count(engine, tables.quote) == len(centre.quotes) > 0
    assert await count(engine, tables.decision) == len(centre.all(Decided))


async def test_open_quotes_and_learned_figures_are_loaded_as_saved_but_not_settled_quotes(journal, engine):
    told = Quote(
        QuoteId("quote-1"), EntryId("entry-1"), QueueName("support"), QuoteKind.WAIT, NOW, 420.0, 3, 201.5, 377.7, 190.1
    )
    over = replace(
        told, id=QuoteId("quote-2"), said_s=None, came_s=33.25, outcome=QuoteOutcome.CAME, closed_at=NOW + 33.25
    )
    learned = Remembered("patience support", NOW, {"hung_up": [0.5, 1 / 3], "forgotten_at": 0.1 + 0.2})
    assert await journal.commit([Changed(None, told), Changed(None, over), Changed(None, learned)]) == []
    assert await open_rows(engine) == [told, learned]
    late = replace(over, outcome=QuoteOutcome.UNKNOWN, came_s=None)
    assert await journal.commit([Changed(None, late)]) == []
    async with engine.connect() as connection:
        outcomes = await connection.scalars(select(tables.quote.c.outcome).order_by(tables.quote.c.id))
        assert list(outcomes) == [None, QuoteOutcome.CAME], "what came true stays so"


async def test_promises_and_attempts_are_loaded_equal(journal, engine):
    promise = promised()
    await journal.commit([promise])
    wanted = claim(promise)
    assert await journal.commit([wanted]) == [AttemptClaimed(AttemptId("attempt-1"))]
    assert await open_rows(engine) == [wanted.entry, wanted.callback, wanted.attempt]


# --- the do-not-call list -------------------------------------------------------------------------------------------

LISTED = Blocked("a" * 64, NOW, "the customer pressed 9")
LATER = replace(LISTED, at=NOW + 60, why="by letter")
OTHER = Blocked("b" * 64, NOW, "by letter")


async def test_the_list_is_loaded_as_it_was_saved(journal, engine):
    assert await journal.commit([Changed(None, OTHER), Changed(None, LISTED), Changed(None, an_entry())]) == []
    assert await open_rows(engine) == [an_entry(), LISTED, OTHER]


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ([Changed(None, LISTED), Changed(LISTED, None)], [OTHER]),
        ([Changed(None, LISTED), Changed(LISTED, None), Changed(None, LATER)], [LATER, OTHER]),
        ([Changed(LISTED, None)], [OTHER]),
        ([Changed(LISTED, None), Changed(None, LISTED), Changed(LISTED, None)], [OTHER]),
    ],
    ids=["unblocked", "blocked again", "unblocked without need", "unblocked again"],
)
@pytest.mark.parametrize("together", [True, False], ids=["in one step", "step by step"])
async def test_the_last_word_on_a_number_stands(journal, engine, words, left, together):
    await journal.commit([Changed(None, OTHER)])
    for step in [words] if together else [[word] for word in words]:
        assert await journal.commit(step) == []
    assert await open_rows(engine) == left
    assert journal.dropped == 0


async def test_the_tables_accept_whatever_the_domain_writes_about_blocked_numbers(journal, engine):
    """Key 9, a number blocked from outside, one unblocked: all of it is there again at the next start."""
    centre = Centre(settings([queue()], [agent("alice")]))
    centre.calls("leg-1", ANNA)
    centre.takes_callback("leg-1")
    centre.logs_in("alice")
    leg = centre.customer_answers()
    centre.presses(leg, "9")
    centre.hangs_up(leg)
    centre.hear(NumberBlocked(BEN, "by\0 letter"))
    centre.hear(NumberBlocked("+442079460103", "by letter"))
    centre.hear(NumberUnblocked("+442079460103"))
    wanted = [Changed, StorePromise, ClaimAttempt, Decided]
    for said in centre.said:
        if type(said) in wanted:
            await journal.commit([said])
    assert journal.dropped == 0
    listed = sorted(centre.blocked.values(), key=lambda row: row.id)
    assert len(listed) == 2
    assert await open_rows(engine) == [*centre.agents.values(), *listed]


# --- promises and intents -------------------------------------------------------------------------------------------


async def test_a_number_gets_one_promise_no_matter_who_asks(journal, engine):
    answers = await journal.commit([promised(1), promised(2)])
    assert answers[0] == PromiseStored(CallbackId("callback-1"))
    assert isinstance(answers[1], PromiseNotStored)
    assert answers[1].reason == "already promised"
    assert await count(engine, tables.callback) == 1


async def test_a_refused_promise_leaves_its_entry_alone(journal, engine):
    await journal.commit([promised(1), Changed(None, an_entry(2))])
    await journal.commit([promised(2)])
    assert an_entry(2) in await open_rows(engine)


async def test_a_place_that_is_closed_is_not_promised(journal, engine):
    await journal.commit([Changed(None, closed(an_entry()))])
    assert await journal.commit([promised()]) == [PromiseNotStored(CallbackId("callback-1"), "the place is closed")]
    assert await count(engine, tables.callback) == 0


async def test_a_place_that_is_closed_is_not_dialled_for(journal, engine):
    promise = promised()
    await journal.commit([promise, Changed(None, closed(promise.entry))])
    assert await journal.commit([claim(promise)]) == [AttemptNotClaimed(AttemptId("attempt-1"), "the place is closed")]
    assert promise.callback in await open_rows(engine)


async def test_a_promise_can_be_moved_to_another_time(journal, engine):
    await journal.commit([first := promised()])
    moved = at_another_time(first)
    assert await journal.commit([moved]) == [PromiseStored(CallbackId("callback-1"))]
    assert await open_rows(engine) == [moved.entry, moved.callback]


async def test_a_promise_that_is_being_dialled_is_not_moved(journal, engine):
    await journal.commit([first := promised()])
    wanted = claim(first)
    await journal.commit([wanted])
    answer = await journal.commit([at_another_time(first)])
    assert answer == [PromiseNotStored(CallbackId("callback-1"), "the promise is no longer waiting")]
    assert await open_rows(engine) == [wanted.entry, wanted.callback, wanted.attempt]


async def test_a_number_is_dialled_once_at_a_time(journal, engine):
    await journal.commit([promised(1, ANNA), promised(2, BEN)])
    await journal.commit([claim(promised(1, ANNA))])
    same_number = replace(
        claim(promised(2, BEN), 2), attempt=replace(claim(promised(2)).attempt, id=AttemptId("attempt-2"))
    )
    assert await journal.commit([same_number]) == [
        AttemptNotClaimed(AttemptId("attempt-2"), "the number is being dialled already")
    ]
    assert promised(2, BEN).callback in await open_rows(engine)


async def test_twenty_claims_at_once_give_one_attempt(engine, right):
    promise = promised()
    await Journal(engine, right).commit([promise])
    answers = await asyncio.gather(*(Journal(engine, right).commit([claim(promise, n)]) for n in range(20)))
    assert sum(isinstance(answer[0], AttemptClaimed) for answer in answers) == 1
    assert await count(engine, tables.attempt) == 1


async def test_a_closed_promise_is_not_claimed(journal):
    promise = promised()
    over = replace(promise.callback, state=CallbackState.CLOSED, outcome=CallbackOutcome.CANCELLED, closed_at=NOW)
    await journal.commit([promise])
    await journal.commit([Changed(None, over)])
    assert await journal.commit([claim(promise)]) == [
        AttemptNotClaimed(AttemptId("attempt-1"), "the promise is no longer waiting")
    ]


async def test_an_attempt_that_ended_makes_room_for_the_next(journal):
    promise = promised()
    await journal.commit([promise])
    first = claim(promise)
    await journal.commit([first])
    over = replace(first.attempt, state=AttemptState.CLOSED, outcome=AttemptOutcome.BUSY, closed_at=NOW)
    waiting = replace(first.callback, state=CallbackState.WAITING, attempt=None)
    await journal.commit([Changed(None, over), Changed(None, waiting)])
    again = replace(first.attempt, id=AttemptId("attempt-2"), ordinal=2)
    second = ClaimAttempt(first.entry, replace(first.callback, attempt=AttemptId("attempt-2"), attempts_made=2), again)
    assert await journal.commit([second]) == [AttemptClaimed(AttemptId("attempt-2"))]


# --- the right to dial ----------------------------------------------------------------------------------------------


async def test_the_second_daemon_learns_which_one_holds_the_right(engine, right):
    with pytest.raises(RightHeld, match=f"pid {os.getpid()} on .*stop it"):
        await Right(engine).take()


async def test_a_claim_by_a_daemon_that_lost_the_right_is_refused(engine, right):
    late = Journal(engine, right)
    promise = promised()
    await late.commit([promise])
    await right.give_up()
    new = Right(engine)
    assert await new.take() == right.epoch + 1
    why = "another callbackd has taken the right to dial"
    assert await late.commit([claim(promise)]) == [AttemptNotClaimed(AttemptId("attempt-1"), why)]
    assert await late.commit([promised(2, BEN)]) == [PromiseNotStored(CallbackId("callback-2"), why)]
    await new.give_up()


async def test_when_two_daemons_take_the_right_at_once_one_gets_it(engine):
    rights = [Right(engine), Right(engine)]
    taken = await asyncio.gather(*(right.take() for right in rights), return_exceptions=True)
    assert [type(answer) for answer in taken if answer != 1] == [RightHeld]
    for right in rights:
        await right.give_up()


async def test_a_daemon_that_lost_the_right_meanwhile_must_be_restarted(engine):
    old, new = Right(engine), Right(engine)
    await old.take()
    await old.give_up()
    await new.take()
    await new.give_up()
    with pytest.raises(RightHeld, match="had the right to dial meanwhile: restart this one"):
        await old.take()
    assert await new.take() == 2 + 2
    await new.give_up()


async def test_the_right_passes_on_at_once_when_it_is_given_up(engine):
    for epoch in range(1, 20):
        right = Right(engine)
        assert await right.take() == epoch
        await right.give_up()


async def test_taking_the_right_twice_takes_it_once(right):
    assert await right.take() == right.epoch


async def test_a_window_is_loaded_as_it_was_last(journal, engine):
    opened = DirectWindow(f"alice {ANNA}", AgentId("alice"), ANNA, NOW, NOW + 100)
    await journal.commit([Changed(None, opened), Changed(None, replace(opened, expires_at=NOW + 200))])
    assert await open_rows(engine) == [replace(opened, expires_at=NOW + 200)]
