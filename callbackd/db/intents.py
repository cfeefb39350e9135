"""What must be in PostgreSQL before it is said or dialled, each in its transaction: a promise, the intent to dial."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from sqlalchemy import Table, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from callbackd.db import tables
from callbackd.db.engine import in_words
from callbackd.db.right import Right
from callbackd.db.rows import WRITE, changes, values
from callbackd.domain.callback import CallbackOutcome, CallbackState
from callbackd.domain.commands import ClaimAttempt, Saved, StorePromise
from callbackd.domain.entry import Entry
from callbackd.domain.events import AttemptClaimed, AttemptNotClaimed, Event, PromiseNotStored, PromiseStored

_REFUSALS = {
    "uq_callback_open_number": "already promised",
    "uq_attempt_open_callback": "the promise is being dialled already",
    "uq_attempt_open_number": "the number is being dialled already",
}


class Refused(Exception):
    """The transaction is not to be committed; the text is the reason."""


class Intent(Protocol):
    @property
    def table(self) -> Table: ...
    @property
    def id(self) -> str:
        """In ``table`` under this id it stands when it was committed."""

    async def write(self, connection: AsyncConnection) -> None:
        """Inside its transaction. Raises ``Refused``, or whatever the database says."""

    def done(self) -> Event: ...
    def refused(self, reason: str) -> Event: ...
    def undo(self) -> list[Saved]:
        """Rows that take it back, for when it was refused and may have been committed all the same."""


class Promise:
    """The place passes to the promise, and both are stored together."""

    table = tables.callback

    def __init__(self, wanted: StorePromise, right: Right) -> None:
        self._wanted = wanted
        self._right = right
        self._before: Entry | None = None
        self.id = wanted.callback.id

    async def write(self, connection: AsyncConnection) -> None:
        await _hold_the_right(connection, self._right)
        entry = tables.entry
        before = await connection.execute(select(entry).where(entry.c.id == self._wanted.entry.id).with_for_update())
        for row in before:
            self._before = Entry(**row._mapping)
        if self._before and not self._before.open:
            raise Refused("the place is closed")
        await connection.execute(WRITE[Entry], [values(self._wanted.entry)])
        await connection.execute(insert(self.table), [values(self._wanted.callback)])

    def done(self) -> Event:
        return PromiseStored(self._wanted.callback.id)

    def refused(self, reason: str) -> Event:
        return PromiseNotStored(self._wanted.callback.id, reason)

    def undo(self) -> list[Saved]:
        callback = self._wanted.callback
        withdrawn = replace(
            callback,
            state=CallbackState.CLOSED,
            outcome=CallbackOutcome.CANCELLED,
            closed_at=callback.created_at,
        )
        return [self._before, withdrawn] if self._before else [withdrawn]


class Claim:
    """The intent to dial: the promise goes from waiting to dialing and its attempt is there, or nothing changes."""

    table = tables.attempt

    def __init__(self, wanted: ClaimAttempt, right: Right) -> None:
        self._wanted = wanted
        self._right = right
        self.id = wanted.attempt.id

    async def write(self, connection: AsyncConnection) -> None:
        await _hold_the_right(connection, self._right)
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
        await connection.execute(insert(self.table), [values(self._wanted.attempt)])

    def done(self) -> Event:
        return AttemptClaimed(self._wanted.attempt.id)

    def refused(self, reason: str) -> Event:
        return AttemptNotClaimed(self._wanted.attempt.id, reason)

    def undo(self) -> list[Saved]:
        """Nothing: the domain closes an attempt that was not claimed, and saves it."""
        return []


async def _hold_the_right(connection: AsyncConnection, right: Right) -> None:
    if not await right.still_ours(connection):
        raise Refused("another callbackd has taken the right to dial")


def why_refused(trouble: BaseException) -> str:
    """What a unique index or a check has to say, in our words where it is expected."""
    constraint = None
    if isinstance(trouble, IntegrityError):
        constraint = getattr(getattr(trouble.orig, "diag", None), "constraint_name", None)
    return _REFUSALS.get(constraint or "", f"refused by the tables: {in_words(trouble)}")
