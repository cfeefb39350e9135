"""What must be in PostgreSQL before it is spoken or dialled, each in its own transaction: a promise, an intent to
dial."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol, TypeVar

from sqlalchemy import Select, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from callbackd.db import tables
from callbackd.db.counted import add_request, requests_before, spent_before, tomorrow
from callbackd.db.engine import in_words
from callbackd.db.right import Right
from callbackd.db.rows import WRITE, changes, values
from callbackd.domain.callbacks.limits import NoMore, Spent, may_dial, may_spend, too_many
from callbackd.domain.commands import ClaimAttempt, ClaimTransfer, Saved, StorePromise
from callbackd.domain.events import (
    AttemptClaimed,
    AttemptNotClaimed,
    Event,
    PromiseNotStored,
    PromiseStored,
    TransferClaimed,
    TransferNotClaimed,
)
from callbackd.domain.lives.callback import Callback, CallbackOutcome, CallbackState
from callbackd.domain.lives.entry import Entry
from callbackd.domain.settings import Limits

_REFUSALS = {
    "uq_callback_open_number": "already promised",
    "uq_attempt_open_callback": "the promise is being dialled already",
    "uq_attempt_open_number": "the number is being dialled already",
}


L = TypeVar("L", Entry, Callback)


class Refused(Exception):
    """The transaction must not be committed; the text is the reason."""


class Intent(Protocol):
    @property
    def key(self) -> tuple[str, str]:
        """A table and an id: a row has them exactly if the transaction was committed."""

    def trace(self) -> Select[Any]:
        """A query that finds a row exactly if the transaction was committed."""

    async def write(self, connection: AsyncConnection) -> None:
        """Write the rows inside the transaction. Raises ``Refused``, or whatever the database raises."""

    def done(self) -> Event: ...
    def refused(self, reason: str) -> Event: ...
    def undo(self) -> list[Saved]:
        """Rows that undo it, for when it was refused but may still have been committed."""


class Promise:
    """The place passes to the promise, and both are stored together; or a waiting promise gets another time.

    A promise that is moved to another time stays the same row, and is looked up by that time when no answer came.
    Closing it and storing another would leave a moment with none.
    """

    def __init__(self, wanted: StorePromise, right: Right, limits: Limits | None = None) -> None:
        self._wanted = wanted
        self._right = right
        self._limits = limits
        self._too_many = False
        self._before: list[Saved] = []

    @property
    def key(self) -> tuple[str, str]:
        return "callback", self._wanted.callback.id

    def trace(self) -> Select[Any]:
        """By id and time: the row of a promise that is being moved is there already."""
        callback, table = self._wanted.callback, tables.callback
        same_time = table.c.slot_at.is_not_distinct_from(bindparam(None, callback.slot_at, table.c.slot_at.type))
        return select(table.c.id).where(table.c.id == callback.id).where(same_time)

    async def write(self, connection: AsyncConnection) -> None:
        await _hold_the_right(connection, self._right)
        entry = await self._find(connection, Entry, self._wanted.entry.id)
        callback = await self._find(connection, Callback, self._wanted.callback.id)
        if entry and not entry.open:
            raise Refused("the place is closed")
        if callback and callback.state is not CallbackState.WAITING:
            raise Refused("the promise is no longer waiting")
        if callback is None and not self._wanted.unasked:
            await self._count(connection)
        await connection.execute(WRITE[Entry], [values(self._wanted.entry)])
        write = WRITE[Callback] if callback else insert(tables.callback)
        await connection.execute(write, [values(self._wanted.callback)])

    async def _count(self, connection: AsyncConnection) -> None:
        asked = await requests_before(connection, self._wanted)
        if self._limits and (reason := too_many(self._limits, asked)):
            self._too_many = True
            raise Refused(reason)
        await add_request(connection, self._wanted)

    async def _find(self, connection: AsyncConnection, kind: type[L], id: str) -> L | None:
        """The row as it is now, locked, and remembered for ``undo``."""
        table = tables.TABLES[kind]
        for row in await connection.execute(select(table).where(table.c.id == id).with_for_update()):
            found = kind(**row._mapping)
            self._before.append(found)
            return found
        return None

    def done(self) -> Event:
        return PromiseStored(self._wanted.callback.id)

    def refused(self, reason: str) -> Event:
        return PromiseNotStored(self._wanted.callback.id, reason, self._too_many)

    def undo(self) -> list[Saved]:
        callback = self._wanted.callback
        if any(isinstance(row, Callback) for row in self._before):
            return self._before
        withdrawn = replace(
            callback,
            state=CallbackState.CLOSED,
            outcome=CallbackOutcome.CANCELLED,
            closed_at=callback.created_at,
        )
        return [*self._before, withdrawn]


class Claim:
    """The intent to dial: the promise goes from waiting to dialling and its attempt is stored, or nothing changes."""

    def __init__(self, wanted: ClaimAttempt, right: Right, limits: Limits | None = None) -> None:
        self._wanted = wanted
        self._right = right
        self._limits = limits
        self._spent = Spent()
        self._no_more: NoMore | None = None

    @property
    def key(self) -> tuple[str, str]:
        return "attempt", self._wanted.attempt.id

    def trace(self) -> Select[Any]:
        return select(tables.attempt.c.id).where(tables.attempt.c.id == self._wanted.attempt.id)

    async def write(self, connection: AsyncConnection) -> None:
        await _hold_the_right(connection, self._right)
        if self._limits:
            now, word_at = self._wanted.attempt.claimed_at, self._wanted.word_at
            self._spent = await spent_before(connection, now, self._limits.zone, word_at)
            self._no_more = may_dial(self._limits, self._spent)
        if self._no_more:
            raise Refused(self._no_more.reason)
        callback, table = self._wanted.callback, tables.callback
        claimed = await connection.execute(
            update(table)
            .where(table.c.id == callback.id)
            .where(table.c.state == CallbackState.WAITING)
            .where(table.c.attempts_made == callback.attempts_made - 1)
            .values(**changes(callback))
        )
        if claimed.rowcount != 1:
            raise Refused("the promise is no longer waiting")
        kept = await connection.execute(WRITE[Entry], [values(self._wanted.entry)])
        if kept.rowcount != 1:
            raise Refused("the place is closed")
        await connection.execute(insert(tables.attempt), [values(self._wanted.attempt)])

    def done(self) -> Event:
        spent, dials = self._spent, self._spent.dials + bool(self._limits)
        return AttemptClaimed(self._wanted.attempt.id, dials, spent.talk_s, spent.answered, spent.late, spent.money)

    def refused(self, reason: str) -> Event:
        attempt = self._wanted.attempt
        if self._limits is None or self._no_more is None:
            return AttemptNotClaimed(attempt.id, reason)
        until = 0.0 if self._no_more.stop else tomorrow(attempt.claimed_at, self._limits.zone)
        return AttemptNotClaimed(attempt.id, reason, until, self._no_more.stop)

    def undo(self) -> list[Saved]:
        """Nothing: the domain closes an attempt that was not claimed, and saves it."""
        return []


class SendOut:
    """A caller is sent to an outside number, and counted among what the site dials on a day."""

    def __init__(self, wanted: ClaimTransfer, right: Right, limits: Limits | None = None) -> None:
        self._sent = wanted.sent
        self._right = right
        self._limits = limits
        self._spent = Spent()
        self._no_more: NoMore | None = None

    @property
    def key(self) -> tuple[str, str]:
        return "sent_out", self._sent.id

    def trace(self) -> Select[Any]:
        return select(tables.sent_out.c.id).where(tables.sent_out.c.id == self._sent.id)

    async def write(self, connection: AsyncConnection) -> None:
        await _hold_the_right(connection, self._right)
        if self._limits:
            self._spent = await spent_before(connection, self._sent.claimed_at, self._limits.zone)
            self._no_more = may_spend(self._limits, self._spent)
        if self._no_more:
            raise Refused(self._no_more.reason)
        await connection.execute(insert(tables.sent_out), [values(self._sent)])

    def done(self) -> Event:
        spent, dials = self._spent, self._spent.dials + bool(self._limits)
        return TransferClaimed(self._sent.id, dials, spent.talk_s, spent.money)

    def refused(self, reason: str) -> Event:
        if self._limits is None or self._no_more is None:
            return TransferNotClaimed(self._sent.id, reason)
        return TransferNotClaimed(self._sent.id, reason, tomorrow(self._sent.claimed_at, self._limits.zone))

    def undo(self) -> list[Saved]:
        """It may have been committed, and nobody will be dialled."""
        return [self._sent.over(self._sent.claimed_at, dialled=False)]


async def _hold_the_right(connection: AsyncConnection, right: Right) -> None:
    if not await right.still_ours(connection):
        raise Refused("another callbackd has taken the right to dial")


def why_refused(trouble: BaseException) -> str:
    """Why a unique index or a check refused, in our own words where we expect it."""
    constraint = None
    if isinstance(trouble, IntegrityError):
        constraint = getattr(getattr(trouble.orig, "diag", None), "constraint_name", None)
    return _REFUSALS.get(constraint or "", f"refused by the tables: {in_words(trouble)}")
