"""Commands into rows: a step is written down before it is done.

While the database is away rows wait in bounded memory (the newest state of each life, the latest decisions), and
promises and intents are refused at once: nobody is promised or dialled what is not in PostgreSQL.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from typing import Any

import structlog
from sqlalchemy import Table, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert_into
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from callbackd.db import tables
from callbackd.db.right import Right, RightHeld
from callbackd.domain.callback import Callback, CallbackOutcome, CallbackState
from callbackd.domain.commands import ClaimAttempt, Decided, Save, Saved, StorePromise, Write
from callbackd.domain.events import (
    AttemptClaimed,
    AttemptNotClaimed,
    DatabaseBack,
    DatabaseLost,
    Event,
    PromiseNotStored,
    PromiseStored,
)

_LIMIT_S = 3.0
"""A commit that takes longer means that the database is away: calls must not wait for it."""
_RETRY_S = (0.1, 0.2, 0.5, 1.0, 2.0)
_DECISIONS = 20_000
"""Decisions kept in memory while the database is away; the oldest go first."""

_AWAY = (OperationalError, InterfaceError, OSError, TimeoutError)

log = structlog.get_logger("journal")


def engine_for(url: str) -> AsyncEngine:
    """Three connections suffice: the loop's, the watch's, and one to read with."""
    limits = f"-c statement_timeout={int(_LIMIT_S * 1000)} -c lock_timeout={int(_LIMIT_S * 1000)}"
    connect = {"connect_timeout": 3, "application_name": "callbackd", "options": limits}
    return create_async_engine(url, pool_size=3, max_overflow=2, pool_timeout=_LIMIT_S, connect_args=connect)


class Journal:
    """``commit`` is called by one runner only; ``keep`` runs beside it as a task and brings the database back."""

    def __init__(self, engine: AsyncEngine, right: Right) -> None:
        self._engine = engine
        self._right = right
        self._rows: dict[tuple[type, str], Saved] = {}
        self._decisions: deque[Decided] = deque(maxlen=_DECISIONS)
        self._away = False
        self._lost = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self.dropped = 0
        """Decisions lost to the bound, and rows that the tables refused."""

    async def commit(self, writes: Sequence[Write]) -> list[Event]:
        """Write the rows in one transaction, then each promise and each intent in its own."""
        for write in writes:
            self._remember(write)
        async with self._one_at_a_time:
            events: list[Event] = [] if self._away else await self._flush()
            for write in writes:
                if isinstance(write, StorePromise):
                    events += await self._store_promise(write)
                elif isinstance(write, ClaimAttempt):
                    events += await self._claim(write)
        return events

    async def keep(self, post: Callable[[Event], None]) -> None:
        """Whenever the database was lost, try until it is back; then write what waited. Runs until cancelled."""
        while True:
            await self._lost.wait()
            attempt = 0
            while not await self._come_back():
                await asyncio.sleep(_RETRY_S[min(attempt, len(_RETRY_S) - 1)])
                attempt += 1
            post(DatabaseBack())

    # --- rows -----------------------------------------------------------------------------------------------------

    def _remember(self, write: Write) -> None:
        if isinstance(write, Save):
            self._rows[type(write.row), write.row.id] = write.row
        elif isinstance(write, Decided):
            self.dropped += len(self._decisions) == _DECISIONS
            self._decisions.append(write)

    async def _flush(self) -> list[Event]:
        """Write what is remembered. A row that the tables refuse is dropped loudly and the others are written."""
        if not self._rows and not self._decisions:
            return []
        try:
            async with self._transaction() as connection:
                await self._write(connection)
        except IntegrityError:
            return await self._flush_one_by_one()
        except (*_AWAY, DBAPIError) as trouble:
            return self._lose(trouble)
        self._forget()
        return []

    async def _write(self, connection: AsyncConnection) -> None:
        for kind, table in tables.TABLES.items():
            rows = [_values(row) for (of, _), row in self._rows.items() if of is kind]
            if rows:
                await connection.execute(_upsert(table), rows)
        if self._decisions:
            await connection.execute(insert(tables.decision), [_decision(d) for d in self._decisions])

    async def _flush_one_by_one(self) -> list[Event]:
        order = list(tables.TABLES)
        for key in sorted(self._rows, key=lambda key: order.index(key[0])):
            row = self._rows[key]
            try:
                async with self._transaction() as connection:
                    await connection.execute(_upsert(tables.TABLES[key[0]]), [_values(row)])
            except IntegrityError as refusal:
                self.dropped += 1
                log.error("row_refused", table=tables.TABLES[key[0]].name, id=row.id, why=str(refusal.orig))
            except (*_AWAY, DBAPIError) as trouble:
                return self._lose(trouble)
            del self._rows[key]
        return await self._flush()

    def _forget(self) -> None:
        self._rows.clear()
        self._decisions.clear()

    # --- promises and intents -------------------------------------------------------------------------------------

    async def _store_promise(self, write: StorePromise) -> list[Event]:
        callback = write.callback
        if self._away:
            return [PromiseNotStored(callback.id, "the database is away")]
        try:
            async with self._transaction() as connection:
                await connection.execute(_upsert(tables.entry), [_values(write.entry)])
                await connection.execute(insert(tables.callback), [_values(callback)])
        except IntegrityError as refusal:
            return [PromiseNotStored(callback.id, f"refused by the tables: {_first_line(refusal)}")]
        except (*_AWAY, DBAPIError) as trouble:
            if await self._is_there(tables.callback, callback.id):
                return [PromiseStored(callback.id)]
            self._rows[Callback, callback.id] = _withdrawn(callback)  # it may be there all the same: no promise then
            return [PromiseNotStored(callback.id, _first_line(trouble)), *self._lose(trouble)]
        return [PromiseStored(callback.id)]

    async def _claim(self, write: ClaimAttempt) -> list[Event]:
        attempt = write.attempt
        if self._away:
            return [AttemptNotClaimed(attempt.id, "the database is away")]
        try:
            async with self._transaction() as connection:
                if refusal := await self._claim_in(connection, write):
                    await connection.rollback()
                    return [AttemptNotClaimed(attempt.id, refusal)]
        except IntegrityError as error:
            return [AttemptNotClaimed(attempt.id, f"refused by the tables: {_first_line(error)}")]
        except (*_AWAY, DBAPIError) as trouble:
            if await self._is_there(tables.attempt, attempt.id):
                return [AttemptClaimed(attempt.id)]
            return [AttemptNotClaimed(attempt.id, _first_line(trouble)), *self._lose(trouble)]
        return [AttemptClaimed(attempt.id)]

    async def _claim_in(self, connection: AsyncConnection, write: ClaimAttempt) -> str:
        """The claim inside its transaction; why not, or an empty string."""
        callback, table = write.callback, tables.callback
        if not await self._right.still_ours(connection):
            return "another callbackd has taken the right to dial"
        claimed = await connection.execute(
            update(table)
            .where(table.c.id == callback.id)
            .where(table.c.state == CallbackState.WAITING)
            .where(table.c.attempts_made == callback.attempts_made - 1)
            .values(**_changing(callback))
        )
        if claimed.rowcount != 1:
            return "the promise is no longer waiting"
        await connection.execute(_upsert(tables.entry), [_values(write.entry)])
        await connection.execute(insert(tables.attempt), [_values(write.attempt)])
        return ""

    async def _is_there(self, table: Table, id: str) -> bool:
        """After a commit nobody answered: whether it went through."""
        try:
            async with self._transaction() as connection:
                found = await connection.execute(select(table.c.id).where(table.c.id == id))
                return found.first() is not None
        except (*_AWAY, DBAPIError):
            return False

    # --- there or away --------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        async with asyncio.timeout(_LIMIT_S), self._engine.begin() as connection:
            yield connection

    def _lose(self, trouble: BaseException) -> list[Event]:
        self._away = True
        self._lost.set()
        reason = _first_line(trouble)
        log.error("database_lost", why=reason, rows_waiting=len(self._rows))
        return [DatabaseLost(reason)]

    async def _come_back(self) -> bool:
        async with self._one_at_a_time:
            try:
                await self._right.take()
            except RightHeld as held:
                log.error("right_to_dial_held", why=str(held))
                return False
            except (*_AWAY, DBAPIError):
                return False
            waited = len(self._rows)
            if await self._flush():
                return False
            self._away = False
            self._lost.clear()
            log.info("database_back", rows_written=waited, dropped=self.dropped)
            return True


def _values(row: Saved) -> dict[str, Any]:
    return {field.name: getattr(row, field.name) for field in fields(row)}


def _changing(row: Saved) -> dict[str, Any]:
    return {name: value for name, value in _values(row).items() if name != "id"}


def _decision(decided: Decided) -> dict[str, Any]:
    return _values_of(decided) | {"facts": dict(decided.facts)}


def _values_of(decided: Decided) -> dict[str, Any]:
    return {"at": decided.at, "subject": decided.subject, "what": decided.what, "reason": decided.reason}


def _upsert(table: Table) -> Any:
    """Insert or update; a row that is closed stays as it is, whatever comes late."""
    statement = upsert_into(table)
    changes = {column.name: statement.excluded[column.name] for column in table.c if not column.primary_key}
    unless_closed = table.c.closed_at.is_(None) if "closed_at" in table.c else None
    return statement.on_conflict_do_update(index_elements=[table.c.id], set_=changes, where=unless_closed)


def _withdrawn(callback: Callback) -> Callback:
    closed = {"state": CallbackState.CLOSED, "outcome": CallbackOutcome.CANCELLED, "closed_at": callback.created_at}
    return replace(callback, **closed)  # type: ignore[arg-type]


def _first_line(trouble: BaseException) -> str:
    said = str(getattr(trouble, "orig", None) or trouble) or type(trouble).__name__
    return said.strip().splitlines()[0][:200]


async def answers(engine: AsyncEngine) -> str:
    """Empty when the database answers, else why it does not."""
    try:
        async with asyncio.timeout(_LIMIT_S), engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    except (*_AWAY, DBAPIError) as trouble:
        return _first_line(trouble)
    return ""
