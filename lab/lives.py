"""Numbered lives for the tests of the database, and questions to a database."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from callbackd.domain.commands import ClaimAttempt, StorePromise
from callbackd.domain.ids import AgentId, AttemptId, CallbackId, EntryId, LegId, QueueName
from callbackd.domain.lives.attempt import Attempt
from callbackd.domain.lives.callback import Callback, CallbackState
from callbackd.domain.lives.entry import Entry, EntryOutcome, EntryState

NOW = 1_800_000_000.125
ANNA = "+442079460101"
BEN = "+442079460102"


def an_entry(n: int = 1, **changes: Any) -> Entry:
    return replace(
        Entry(EntryId(f"entry-{n}"), QueueName("support"), NOW, leg=LegId(f"leg-{n}"), number=ANNA), **changes
    )


def closed(entry: Entry) -> Entry:
    return replace(entry, state=EntryState.CLOSED, outcome=EntryOutcome.ABANDONED, closed_at=NOW)


def promised(n: int = 1, number: str = ANNA) -> StorePromise:
    callback = Callback(
        CallbackId(f"callback-{n}"), EntryId(f"entry-{n}"), QueueName("support"), number, NOW, NOW + 3600
    )
    return StorePromise(an_entry(n, leg=None, callback=callback.id, number=number), callback)


def at_another_time(promise: StorePromise, slot_at: float = NOW + 7200) -> StorePromise:
    entry = replace(promise.entry, state=EntryState.OUTSIDE, slot_at=slot_at)
    return StorePromise(entry, replace(promise.callback, slot_at=slot_at))


def claim(promise: StorePromise, n: int = 1) -> ClaimAttempt:
    attempt = Attempt(AttemptId(f"attempt-{n}"), promise.callback.id, AgentId("alice"), promise.callback.number, 1, NOW)
    callback = replace(promise.callback, state=CallbackState.DIALLING, attempt=attempt.id, attempts_made=1)
    entry = replace(promise.entry, state=EntryState.DIALLING, agent=AgentId("alice"))
    return ClaimAttempt(entry, callback, attempt)


async def count(engine: AsyncEngine, table: Table) -> int:
    async with engine.connect() as connection:
        return (await connection.execute(select(func.count()).select_from(table))).scalar_one()
