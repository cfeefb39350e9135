"""Reports over any time, from the history: past quarter hours are read from a cache, the rest is counted from the
facts.

The cache can be dropped at any time and is made again, also when a setting has changed on which figures depend.
"""

from __future__ import annotations

import json
from collections import Counter

from sqlalchemy import ColumnElement, delete, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from callbackd.db import tables
from callbackd.db.tally import Amount, count, counted_by
from callbackd.domain.ids import AgentId, QueueName
from callbackd.domain.lives.entry import EntryState
from callbackd.domain.settings import Settings
from callbackd.metrics.counting import OF_TEAM
from callbackd.metrics.report import Report, make
from callbackd.metrics.tally import QUARTERS_PER_DAY, Key, Tally, What, quarter_of

_AT_ONCE = 7 * QUARTERS_PER_DAY
"""How many quarter hours are counted in one query."""
_LOCK = 0x6362640003


async def report(
    engine: AsyncEngine,
    settings: Settings,
    since: float,
    until: float,
    *,
    queue: QueueName | None = None,
    agent: AgentId | None = None,
    now: float | None = None,
) -> Report:
    """The report of the quarter hours from the one that ``since`` lies in to the last that begins before ``until``.

    It is about a queue or an agent, or with neither about the house. Whatever goes on at ``now`` is counted up to then.
    """
    if queue is not None and agent is not None:
        raise ValueError("a report is about a queue or about an agent, not both")
    first, end = quarter_of(since), -quarter_of(-until)
    team = [a.id for a in settings.agents.values() if queue is None or queue in a.queues]
    async with engine.connect() as connection:
        rolled = await _rolled(connection, settings, first, end)
        tally: Tally = Counter()
        if rolled:
            tally += await _read(connection, rolled, queue, agent, team)
        for begin, over in _left(first, end, rolled):
            for amount in await count(connection, settings, begin, over, now):
                if _counts(amount, queue, agent, team):
                    tally[_key(amount.what, amount.kind)] += amount.amount
    return make(tally, first, end, settings.reports.thresholds_s)


async def roll_up(engine: AsyncEngine, settings: Settings, until: float) -> int:
    """How many quarter hours were counted: those that are over at ``until`` and had not been counted yet.

    When a setting has changed by which they are counted, all from the beginning of the history.
    """
    end = quarter_of(until)
    async with engine.begin() as connection:
        await connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        since, done = await _range(connection, settings)
        if done is None:
            await connection.execute(delete(tables.quarter))
            since = done = await _beginning(connection, end)
        end_now = max(done, min(end, done + _AT_ONCE))
        if amounts := await count(connection, settings, done, end_now) if end_now > done else ():
            rows = [{name: getattr(amount, name) for name in Amount.__slots__} for amount in amounts]
            await connection.execute(insert(tables.quarter), rows)
        await connection.execute(delete(tables.rolled))
        row = {"id": 1, "since": since, "until": end_now, "counted_by": _by(settings)}
        await connection.execute(insert(tables.rolled), [row])
    return end_now - done


async def rebuild(engine: AsyncEngine, settings: Settings, until: float) -> int:
    """How many quarter hours were counted, after dropping them all."""
    async with engine.begin() as connection:
        await connection.execute(delete(tables.rolled))
    counted = 0
    while done := await roll_up(engine, settings, until):
        counted += done
    return counted


async def standing(engine: AsyncEngine, queue: QueueName) -> tuple[int, int]:
    """How many open places live callers who wait hold now, and how many promises do, those at a chosen time
    included."""
    entry = tables.entry
    waits = (entry.c.queue == queue) & entry.c.closed_at.is_(None) & (entry.c.state != EntryState.TALKING)
    live, promised = (func.count().filter(held) for held in (entry.c.leg.is_not(None), entry.c.leg.is_(None)))
    async with engine.connect() as connection:
        row = (await connection.execute(select(live, promised).where(waits))).one()
    return row[0], row[1]


def _by(settings: Settings) -> str:
    return json.dumps(counted_by(settings), sort_keys=True)


async def _range(connection: AsyncConnection, settings: Settings) -> tuple[int, int | None]:
    """Which quarter hours are counted by these settings; the second is None when none are."""
    row = (await connection.execute(select(tables.rolled))).one_or_none()
    return (row.since, row.until) if row and row.counted_by == _by(settings) else (0, None)


async def _beginning(connection: AsyncConnection, otherwise: int) -> int:
    """The quarter hour of the first fact."""
    firsts = [await connection.scalar(select(func.min(table.c.at))) for table in tables.FACTS.values()]
    return min((quarter_of(at) for at in firsts if at is not None), default=otherwise)


async def _rolled(connection: AsyncConnection, settings: Settings, first: int, end: int) -> tuple[int, int] | None:
    since, until = await _range(connection, settings)
    if until is None:
        return None
    begin, over = max(first, since), min(end, until)
    return (begin, over) if over > begin else None


def _left(first: int, end: int, rolled: tuple[int, int] | None) -> list[tuple[int, int]]:
    """The ranges that are not in the cache. Before it begins there is no history."""
    begin = rolled[1] if rolled else first
    return [(begin, end)] if end > begin else []


async def _read(
    connection: AsyncConnection,
    rolled: tuple[int, int],
    queue: QueueName | None,
    agent: AgentId | None,
    team: list[AgentId],
) -> Tally:
    table = tables.quarter
    wanted = (
        select(table.c.what, table.c.kind, func.sum(table.c.amount).label("amount"))
        .where(table.c.quarter >= rolled[0], table.c.quarter < rolled[1], _wanted(queue, agent, team))
        .group_by(table.c.what, table.c.kind)
    )
    return Counter({_key(row.what, row.kind): int(row.amount) for row in await connection.execute(wanted)})


_TEAM_WORDS = tuple(sorted(key.what.value for key in OF_TEAM))


def _wanted(queue: QueueName | None, agent: AgentId | None, team: list[AgentId]) -> ColumnElement[bool]:
    table = tables.quarter
    if agent is not None:
        return table.c.agent == agent
    of_queue = table.c.queue != "" if queue is None else table.c.queue == queue
    return or_(of_queue, table.c.agent.in_(team) & table.c.what.in_(_TEAM_WORDS))


def _counts(amount: Amount, queue: QueueName | None, agent: AgentId | None, team: list[AgentId]) -> bool:
    """The same as ``_wanted``."""
    if agent is not None:
        return amount.agent == agent
    of_queue = amount.queue != "" if queue is None else amount.queue == queue
    return of_queue or (amount.agent in team and amount.what in _TEAM_WORDS)


def _key(what: str, kind: str) -> Key:
    return Key(What(what), float(kind) if what == What.WITHIN.value else kind)
