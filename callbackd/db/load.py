"""Turns rows into lives: what was open when the last daemon ended."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from callbackd.db.tables import TABLES
from callbackd.domain.commands import Saved


async def open_rows(engine: AsyncEngine) -> list[Saved]:
    """Open lives, all agents and the do-not-call list, as the domain saved them; in the same order each time."""
    rows: list[Saved] = []
    async with engine.connect() as connection:
        for life, table in TABLES.items():
            wanted = select(table).order_by(table.c.id)
            if "closed_at" in table.c:
                wanted = wanted.where(table.c.closed_at.is_(None))
            rows += [life(**row._mapping) for row in await connection.execute(wanted)]
    return rows
