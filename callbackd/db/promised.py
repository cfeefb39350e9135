"""Callbacks as people look for them: one by its id, pages of them by number, queue and state, newest first."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from callbackd.db.engine import transaction
from callbackd.db.tables import callback, entry
from callbackd.domain.lives.callback import Callback
from callbackd.domain.lives.entry import Entry

Found = tuple[Callback, Entry]


async def one(engine: AsyncEngine, id: str) -> Found | None:
    async with transaction(engine) as connection:
        rows = [Callback(**r._mapping) for r in await connection.execute(select(callback).where(callback.c.id == id))]
        found = await _with_places(connection, rows)
    return found[0] if found else None


async def page(
    engine: AsyncEngine, number: str | None, queue: str | None, *, is_open: bool | None, before: str, limit: int
) -> list[Found]:
    """At most ``limit`` callbacks, those whose id comes before ``before``; ids sort by when they were made."""
    wanted = select(callback).order_by(callback.c.id.desc()).limit(limit)
    if before:
        wanted = wanted.where(callback.c.id < before)
    if number is not None:
        wanted = wanted.where(callback.c.number == number)
    if queue is not None:
        wanted = wanted.where(callback.c.queue == queue)
    if is_open is not None:
        wanted = wanted.where(callback.c.closed_at.is_(None) if is_open else callback.c.closed_at.is_not(None))
    async with transaction(engine) as connection:
        rows = [Callback(**row._mapping) for row in await connection.execute(wanted)]
        return await _with_places(connection, rows)


async def _with_places(connection: AsyncConnection, callbacks: list[Callback]) -> list[Found]:
    wanted = select(entry).where(entry.c.id.in_([row.entry for row in callbacks]))
    places = {row.id: Entry(**row._mapping) for row in await connection.execute(wanted)}
    return [(row, places[row.entry]) for row in callbacks]
