"""PostgreSQL killed, frozen, cut off in the middle of a commit: nothing is lost, nothing counts as stored too early."""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import make_url, select, text

from callbackd.db import engine as reaching
from callbackd.db import tables
from callbackd.db.engine import answers, engine_for
from callbackd.db.journal import Journal
from callbackd.db.load import open_rows
from callbackd.db.migrate import upgrade
from callbackd.db.right import Right, RightHeld
from callbackd.domain.commands import Changed, Decided
from callbackd.domain.events import (
    AttemptClaimed,
    AttemptNotClaimed,
    DatabaseBack,
    DatabaseLost,
    PromiseNotStored,
    PromiseStored,
)
from callbackd.domain.ids import AttemptId, CallbackId
from callbackd.domain.lives.attempt import AttemptOutcome, AttemptState
from callbackd.domain.lives.callback import CallbackOutcome, CallbackState
from callbackd.domain.lives.do_not_call import Blocked
from lab.lives import ANNA, NOW, an_entry, at_another_time, claim, count, promised
from lab.postgres import Postgres
from lab.wire import Wire

pytestmark = pytest.mark.postgres


class Books:
    """A journal at work, as in the daemon, and the events it reports."""

    def __init__(self, url: str) -> None:
        self.engine = engine_for(url)
        self.right = Right(self.engine)
        self.journal = Journal(self.engine, self.right)
        self.told: asyncio.Queue[object] = asyncio.Queue()

    async def hears(self, event: type) -> None:
        async with asyncio.timeout(30):
            assert isinstance(await self.told.get(), event)

    async def commit(self, *writes):
        """What the loop would wait for; in these tests it never waits long."""
        async with asyncio.timeout(2.5):
            return await self.journal.commit(writes)

    def keep(self) -> asyncio.Task[None]:
        self.keeper = asyncio.create_task(self.journal.keep(self.told.put_nowait))
        return self.keeper


@asynccontextmanager
async def opened(url: str):
    books = Books(url)
    await upgrade(books.engine)
    await books.right.take()
    books.keep()
    try:
        yield books
    finally:
        books.keeper.cancel()
        await asyncio.gather(books.keeper, return_exceptions=True)
        await books.right.give_up()
        await books.engine.dispose()


@pytest.fixture
async def books(database_url):
    async with opened(database_url) as books:
        yield books


@pytest.fixture
async def line(database_url, tmp_path):
    """A line to the database that can be cut, and a journal that works over it."""
    url = make_url(database_url)
    name = f".s.PGSQL.{url.query['port']}"
    over_it = url.update_query_dict({"host": str(tmp_path)}).render_as_string()
    async with Wire(tmp_path / name, Path(str(url.query["host"]), name)) as proxy, opened(over_it) as books:
        yield proxy, books


@contextmanager
def frozen(server: Postgres):
    """A server that holds its connections and answers nothing."""
    server.freeze()
    try:
        yield
    finally:
        server.thaw()


# --- killed, frozen -------------------------------------------------------------------------------------------------


async def test_while_the_database_is_away_rows_wait_and_promises_are_refused(private_postgres):
    async with opened(await private_postgres.fresh_database()) as books:
        private_postgres.kill()
        await books.hears(DatabaseLost)
        assert await books.commit(promised()) == [PromiseNotStored(CallbackId("callback-1"), "the database is away")]
        assert await books.commit(claim(promised())) == [
            AttemptNotClaimed(AttemptId("attempt-1"), "the database is away")
        ]
        assert await books.commit(Changed(None, an_entry(2)), Decided(NOW, "a", "b", "c")) == []
        await private_postgres.start()
        await books.hears(DatabaseBack)
        assert await open_rows(books.engine) == [an_entry(2)]
        assert await count(books.engine, tables.decision) == 1
        assert await books.commit(promised(3)) == [PromiseStored(CallbackId("callback-3"))]
        assert books.told.empty()


async def test_a_customer_who_says_never_again_while_the_database_is_away_is_listed_when_it_is_back(private_postgres):
    listed = Blocked("a" * 64, NOW, "the customer pressed 9")
    async with opened(await private_postgres.fresh_database()) as books:
        private_postgres.kill()
        await books.hears(DatabaseLost)
        assert await books.commit(Changed(None, listed), Changed(None, replace(listed, id="b" * 64))) == []
        assert await books.commit(Changed(replace(listed, id="b" * 64), None)) == []
        await private_postgres.start()
        await books.hears(DatabaseBack)
        assert await open_rows(books.engine) == [listed]


async def test_a_server_killed_at_work_loses_and_doubles_nothing(private_postgres):
    async with opened(await private_postgres.fresh_database()) as books:
        for n in range(300):
            if n == 100:
                private_postgres.kill()
            if n == 200:
                await private_postgres.start()
            await books.commit(Changed(None, an_entry(n)), Decided(NOW, f"entry-{n}", "b", "c"))
        await books.hears(DatabaseBack)
        assert {row.id for row in await open_rows(books.engine)} == {f"entry-{n}" for n in range(300)}
        assert await count(books.engine, tables.decision) == 300


async def test_a_frozen_server_holds_the_loop_up_once_and_shortly(private_postgres, monkeypatch):
    monkeypatch.setattr(reaching, "LIMIT_S", 0.5)
    async with opened(await private_postgres.fresh_database()) as books:
        with frozen(private_postgres):
            assert [type(event) for event in await books.commit(Changed(None, an_entry(1)))] == [DatabaseLost]
            async with asyncio.timeout(0.1):
                for n in range(2, 20):
                    assert await books.journal.commit([Changed(None, an_entry(n))]) == []
        await books.hears(DatabaseBack)
        assert len(await open_rows(books.engine)) == 19


async def test_a_promise_to_a_frozen_server_is_refused_in_time_and_taken_back(private_postgres, monkeypatch):
    monkeypatch.setattr(reaching, "LIMIT_S", 0.5)
    async with opened(await private_postgres.fresh_database()) as books:
        await books.commit(Changed(None, an_entry()))
        with frozen(private_postgres):
            answer = await books.commit(promised())
            assert answer == [
                PromiseNotStored(CallbackId("callback-1"), "no answer in time"),
                DatabaseLost("no answer in time"),
            ]
        await books.hears(DatabaseBack)
        assert await open_rows(books.engine) == [an_entry()]


async def test_a_table_that_somebody_locked_counts_as_away_after_the_limit(books, monkeypatch):
    monkeypatch.setattr(reaching, "LIMIT_S", 0.5)
    async with books.engine.begin() as blocker:
        await blocker.execute(text("LOCK TABLE entry IN ACCESS EXCLUSIVE MODE"))
        assert [type(event) for event in await books.commit(Changed(None, an_entry()))] == [DatabaseLost]
    await books.hears(DatabaseBack)
    assert await open_rows(books.engine) == [an_entry()]


async def test_rows_of_a_killed_daemon_are_there_whatever_else_was_killed(private_postgres):
    url = await private_postgres.fresh_database()
    daemon = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.db.busy_daemon", url, stdout=asyncio.subprocess.PIPE
    )
    assert daemon.stdout
    async with asyncio.timeout(60):
        while int(said := await daemon.stdout.readline()) < 200:
            pass
    daemon.kill()
    private_postgres.kill()
    rest = (await daemon.stdout.read()).split()
    await private_postgres.start()
    async with opened(url) as books:
        there = {row.id for row in await open_rows(books.engine)}
        written = int(rest[-1] if rest else said)
        assert {f"entry-{n}" for n in range(written + 1)} <= there
        assert books.right.epoch == 2


# --- cut in the middle of a commit ----------------------------------------------------------------------------------


async def test_a_promise_whose_reply_was_lost_is_found(line):
    proxy, books = line
    proxy.lose_reply(b"COMMIT")
    assert await books.commit(promised()) == [PromiseStored(CallbackId("callback-1"))]
    assert proxy.failed.is_set()


async def test_a_promise_that_never_reached_the_database_does_not_exist(line):
    proxy, books = line
    await books.commit(Changed(None, an_entry()))
    proxy.lose_request(b"COMMIT")
    answer = await books.commit(promised())
    assert [type(event) for event in answer] == [PromiseNotStored, DatabaseLost]
    await books.hears(DatabaseBack)
    assert await open_rows(books.engine) == [an_entry()]
    assert await books.commit(promised(2)) == [PromiseStored(CallbackId("callback-2"))]


async def test_a_promise_nobody_can_look_up_is_refused_and_taken_back(line):
    proxy, books = line
    await books.commit(Changed(None, an_entry()))
    proxy.lose_reply(b"COMMIT", then_close=True)
    answer = await books.commit(promised())
    assert [type(event) for event in answer] == [PromiseNotStored, DatabaseLost]
    proxy.open = True
    await books.hears(DatabaseBack)
    assert await open_rows(books.engine) == [an_entry()], "the caller holds the place as before"
    async with books.engine.connect() as connection:
        state = (await connection.execute(select(tables.callback.c.state, tables.callback.c.outcome))).one()
    assert tuple(state) == (CallbackState.CLOSED, CallbackOutcome.CANCELLED)
    assert await books.commit(promised(2)) == [PromiseStored(CallbackId("callback-2"))]


async def test_a_moved_promise_that_never_arrived_stays_at_its_old_time(line):
    proxy, books = line
    await books.commit(first := promised())
    proxy.lose_request(b"COMMIT")
    answer = await books.commit(at_another_time(first))
    assert [type(event) for event in answer] == [PromiseNotStored, DatabaseLost]
    await books.hears(DatabaseBack)
    assert await open_rows(books.engine) == [first.entry, first.callback]


async def test_a_moved_promise_whose_reply_was_lost_is_found_at_its_new_time(line):
    proxy, books = line
    await books.commit(first := promised())
    proxy.lose_reply(b"COMMIT")
    assert await books.commit(at_another_time(first)) == [PromiseStored(CallbackId("callback-1"))]


async def test_an_intent_whose_reply_was_lost_is_found(line):
    proxy, books = line
    await books.commit(promised())
    proxy.lose_reply(b"COMMIT")
    assert await books.commit(claim(promised())) == [AttemptClaimed(AttemptId("attempt-1"))]
    assert await count(books.engine, tables.attempt) == 1


async def test_an_intent_that_cannot_be_looked_up_is_not_dialled_and_ends_as_the_domain_decides(line):
    proxy, books = line
    wanted = claim(promised())
    await books.commit(promised())
    proxy.lose_reply(b"COMMIT", then_close=True)
    answer = await books.commit(wanted)
    assert [type(event) for event in answer] == [AttemptNotClaimed, DatabaseLost]
    over = replace(wanted.attempt, state=AttemptState.CLOSED, outcome=AttemptOutcome.NOT_DIALLED, closed_at=NOW)
    await books.commit(Changed(None, over), Changed(None, promised().callback), Changed(None, promised().entry))
    proxy.open = True
    await books.hears(DatabaseBack)
    assert await open_rows(books.engine) == [promised().entry, promised().callback]
    again = replace(wanted, attempt=replace(wanted.attempt, id=AttemptId("attempt-2")))
    again = replace(again, callback=replace(again.callback, attempt=AttemptId("attempt-2")))
    assert await books.commit(again) == [AttemptClaimed(AttemptId("attempt-2"))]


async def test_history_whose_reply_was_lost_is_written_once(line):
    proxy, books = line
    proxy.lose_reply(b"COMMIT")
    answer = await books.commit(Changed(None, an_entry()), Decided(NOW, "a", "b", "c"))
    assert [type(event) for event in answer] == [DatabaseLost]
    await books.hears(DatabaseBack)
    assert await count(books.engine, tables.decision) == 1
    assert await open_rows(books.engine) == [an_entry()]


async def test_a_line_cut_again_and_again_costs_nothing(line):
    proxy, books = line
    for n in range(20):
        await books.commit(Changed(None, an_entry(n)), Decided(NOW, f"entry-{n}", "b", "c"))
        proxy.cut_all()
        await books.commit(Changed(None, an_entry(n, priority=1)))
        while not isinstance(await books.told.get(), DatabaseBack):
            pass  # in between, the loss of the session that holds the right may be noticed and reported
    assert await open_rows(books.engine) == sorted((an_entry(n, priority=1) for n in range(20)), key=lambda e: e.id)
    assert await count(books.engine, tables.decision) == 20


# --- the right goes with its session --------------------------------------------------------------------------------


@pytest.fixture
def watchful(monkeypatch):
    monkeypatch.setattr("callbackd.db.journal.WATCH_S", 0.05)


async def test_the_session_of_the_right_is_missed_and_taken_again(watchful, books):
    epoch = books.right.epoch
    async with books.engine.begin() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        )
    await books.hears(DatabaseLost)
    await books.hears(DatabaseBack)
    assert books.right.epoch == epoch + 2
    assert await books.commit(promised(), claim(promised())) == [
        PromiseStored(CallbackId("callback-1")),
        AttemptClaimed(AttemptId("attempt-1")),
    ]


async def test_our_own_session_that_the_server_still_believes_in_is_no_stranger(watchful, line):
    proxy, books = line
    epoch = books.right.epoch
    proxy.cut_all(ghosts=True)
    await books.hears(DatabaseLost)
    await books.hears(DatabaseBack)
    assert books.right.epoch == epoch + 2


async def test_a_daemon_that_lost_the_right_ends(watchful, line, database_url):
    proxy, books = line
    proxy.open = False
    proxy.cut_all()
    await books.hears(DatabaseLost)
    engine = engine_for(database_url)
    new = Right(engine)
    await new.take()
    await books.commit(Changed(None, an_entry()))
    proxy.open = True
    with pytest.raises(RightHeld, match="another callbackd"):
        await books.keeper
    assert await open_rows(engine) == [], "what the old one believes is not written over the new one's rows"
    await new.give_up()
    await engine.dispose()


# --- the end --------------------------------------------------------------------------------------------------------


async def test_waiting_rows_are_written_at_the_end_if_possible(line):
    proxy, books = line
    proxy.open = False
    proxy.cut_all()
    await books.commit(Changed(None, an_entry()))
    books.keeper.cancel()
    proxy.open = True
    await books.journal.close()
    assert await open_rows(books.engine) == [an_entry()]


async def test_a_database_that_is_not_there_is_described(tmp_path):
    engine = engine_for(f"postgresql+psycopg://callbackd@/callbackd?host={tmp_path}")
    assert "No such file" in await answers(engine)
    assert ANNA not in await answers(engine)
    await engine.dispose()
