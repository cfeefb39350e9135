"""Reports over any time, from the history: past quarter hours are read from a cache, the rest is counted from the
facts.

The cache also has the sums of whole hours and days of Unix time, so that a month is read in a few thousand rows. It can
be dropped at any time and is made again, also when a setting has changed on which figures depend.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from sqlalchemy import ColumnElement, FromClause, delete, func, insert, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from callbackd.db import tables
from callbackd.db.tally import COLUMNS, amounts, counted_by, prepare
from callbackd.domain.ids import AgentId, QueueName
from callbackd.domain.lives.entry import EntryState
from callbackd.domain.settings import Settings
from callbackd.metrics.counting import OF_TEAM
from callbackd.metrics.report import Report, make
from callbackd.metrics.tally import QUARTERS_PER_DAY, Key, Tally, What, quarter_of

_AT_ONCE = 7 * QUARTERS_PER_DAY
"""How many quarter hours are counted in one query."""
_SPANS = (QUARTERS_PER_DAY, 4, 1)
"""How many quarter hours of Unix time a row of the cache covers; it begins at a whole multiple of them."""
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
        await prepare(connection)
        tally: Tally = Counter()
        rolled = await _rolled(connection, settings, first, end)
        for span in _spans(*rolled):
            tally += await _sum(
                connection, tables.quarter, _within(*span) & _wanted(tables.quarter, queue, agent, team)
            )
        if rolled[1] < end:
            counted = amounts(settings, rolled[1], end, now).subquery()
            tally += await _sum(connection, counted, _wanted(counted, queue, agent, team))
    return make(tally, first, end, settings.reports.thresholds_s)


async def roll_up(engine: AsyncEngine, settings: Settings, until: float) -> int:
    """How many quarter hours were counted: those that are over at ``until`` and had not been counted yet.

    When a setting has changed by which they are counted, all from the beginning of the history.
    """
    end = quarter_of(until)
    async with engine.begin() as connection:
        await prepare(connection)
        await connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        since, done = await _range(connection, settings)
        if done is None:
            await connection.execute(delete(tables.quarter))
            since = done = await _beginning(connection, end)
        end_now = max(done, min(end, done + _AT_ONCE))
        if end_now > done:
            await _keep(connection, 1, amounts(settings, done, end_now).subquery())
            await sum_up(connection, since, done, end_now)
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


async def _rolled(connection: AsyncConnection, settings: Settings, first: int, end: int) -> tuple[int, int]:
    """The range that is in the cache; from its end on the facts are counted. Before the cache there is no history."""
    since, until = await _range(connection, settings)
    begin = max(first, since)
    return (begin, max(begin, min(end, until))) if until is not None else (first, first)


def _spans(begin: int, over: int, spans: tuple[int, ...] = _SPANS) -> Iterator[tuple[int, int, int]]:
    """The range in the longest spans that the cache has: how long they are, where the first begins, where the last
    ends."""
    span, *shorter = spans
    first, last = -(-begin // span) * span, over // span * span
    if first < last:
        yield span, first, last
        parts = [(begin, first), (last, over)]
    else:
        parts = [(begin, over)]
    for part in parts if shorter else ():
        yield from _spans(*part, tuple(shorter))


async def sum_up(connection: AsyncConnection, since: int, done: int, end: int) -> None:
    """Keep the hours and days that are complete now, and were not before quarter hours were added from ``done`` on."""
    for span, of in zip(reversed(_SPANS[:-1]), reversed(_SPANS[1:]), strict=True):
        begin, over = max(-(-since // span), done // span) * span, end // span * span
        await _keep(connection, span, select(tables.quarter).where(_within(of, begin, over)).subquery())


def _within(span: int, begin: int, over: int) -> ColumnElement[bool]:
    """Matches the rows of the cache of this length in a range."""
    table = tables.quarter.c
    return (table.quarters == span) & (table.quarter >= begin) & (table.quarter < over)


async def _keep(connection: AsyncConnection, span: int, counted: FromClause) -> None:
    """Keep the sums of these amounts by spans. Nothing is kept for 0."""
    about = (counted.c.queue, counted.c.agent, counted.c.what, counted.c.kind)
    begins = (counted.c.quarter // span * span).label("begins")
    total = func.sum(counted.c.amount)
    sums = select(literal(span), begins, *about, total).group_by("begins", *about).having(total != 0)
    await connection.execute(insert(tables.quarter).from_select(("quarters", *COLUMNS), sums))


async def _sum(connection: AsyncConnection, counted: FromClause, wanted: ColumnElement[bool]) -> Tally:
    what, kind = counted.c.what, counted.c.kind
    sums = select(what, kind, func.sum(counted.c.amount)).where(wanted).group_by(what, kind)
    return Counter({_key(*key): int(amount) for *key, amount in await connection.execute(sums)})


_TEAM_WORDS = tuple(sorted(key.what.value for key in OF_TEAM))


def _wanted(
    counted: FromClause, queue: QueueName | None, agent: AgentId | None, team: list[AgentId]
) -> ColumnElement[bool]:
    """Matches the amounts that a report is about."""
    of = counted.c
    if agent is not None:
        return of.agent == agent
    of_queue = of.queue != "" if queue is None else of.queue == queue
    return or_(of_queue, of.agent.in_(team) & of.what.in_(_TEAM_WORDS))


def _key(what: str, kind: str) -> Key:
    return Key(What(what), float(kind) if what == What.WITHIN.value else kind)
