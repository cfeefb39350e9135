"""The history at a start: adds facts for open rows whose state it does not have.

It lacks rows that are older than the history, and those of a daemon that was killed between a promise and its fact.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, Table, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncEngine

from callbackd.db import tables
from callbackd.domain.commands import Changed, Saved
from callbackd.domain.lives.agent import Agent
from callbackd.domain.lives.callback import Callback
from callbackd.domain.lives.entry import Entry


async def missing(engine: AsyncEngine, rows: Iterable[Saved], now: float) -> list[Changed]:
    """The facts to be added, for the journal: a promise's from the time it was made, a caller's from the arrival."""
    rows = list(rows)
    entries = await _last(engine, tables.entry_fact, "entry", rows, Entry)
    callbacks = await _last(engine, tables.callback_fact, "callback", rows, Callback)
    agents = await _last(engine, tables.agent_fact, "agent", rows, Agent)
    promised = {row.entry: row.created_at for row in rows if isinstance(row, Callback)}
    facts: list[Changed] = []
    for row in rows:
        if isinstance(row, Entry):
            known = entries.get(row.id)
            if known is None:
                facts.append(Changed(None, row, True, row.joined_at or row.arrived_at))
            elif (known.live, known.callback, known.queue) != (row.live, row.callback, row.queue):
                facts.append(Changed(row, row, True, promised.get(row.id, now)))
        elif isinstance(row, Callback) and row.id not in callbacks:
            facts.append(Changed(None, row, True, row.created_at))
        elif isinstance(row, Agent) and row.id not in agents:
            facts.append(Changed(row, row, True, now))
    return facts


async def _last(
    engine: AsyncEngine, table: Table, name: str, rows: list[Saved], kind: type[Saved]
) -> dict[str, Row[Any]]:
    """The last fact about each of these rows that has any."""
    ids = [row.id for row in rows if isinstance(row, kind)]
    last = select(table).ext(distinct_on(table.c[name])).where(table.c[name].in_(ids))
    last = last.order_by(table.c[name], table.c.epoch.desc(), table.c.n.desc())
    async with engine.connect() as connection:
        return {row._mapping[name]: row for row in await connection.execute(last)}
