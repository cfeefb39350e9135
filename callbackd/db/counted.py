"""Counts what has been asked for and dialled, in PostgreSQL, inside the transaction that adds to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from callbackd.db import tables
from callbackd.domain.calendar import wall
from callbackd.domain.callbacks.limits import DAY_S, HOUR_S, LATE_S, Requests, Spent, block_of
from callbackd.domain.commands import StorePromise

_ONE_AT_A_TIME = 0x6362640002
"""An advisory lock: without it, two transactions that count at the same time would each leave the other out."""


_SPENT = text("""
    SELECT count(*) FILTER (WHERE a.claimed_at >= :today AND a.outcome IS DISTINCT FROM 'not_dialled') AS dials,
           coalesce(sum(used.s) FILTER (WHERE a.claimed_at >= :today), 0)::float AS talk_s,
           coalesce(sum(ceil(used.s / 60) * a.price) FILTER (WHERE a.claimed_at >= :today), 0)::float AS money,
           count(*) FILTER (WHERE a.accepted_at >= :fared) AS answered,
           count(*) FILTER (WHERE a.accepted_at >= :fared
               AND extract(epoch FROM coalesce(a.served_at, a.closed_at, :now) - a.accepted_at) > :late_s) AS late
      FROM attempt a JOIN callback c ON c.id = a.callback JOIN entry e ON e.id = c.entry
     CROSS JOIN LATERAL (SELECT extract(epoch FROM
               coalesce(CASE a.outcome WHEN 'connected' THEN e.closed_at ELSE a.closed_at END, :now) - a.answered_at
           ) AS s) used
     WHERE a.claimed_at >= least(:today, :fared)
""")
"""A call that reached an agent lasts until the place is over; the attempt is over when they hear each other."""
_SENT_OUT = text("""
    SELECT count(*) AS dials,
           coalesce(sum(used.s), 0)::float AS talk_s,
           coalesce(sum(ceil(used.s / 60) * price), 0)::float AS money
      FROM sent_out
     CROSS JOIN LATERAL (SELECT extract(epoch FROM coalesce(closed_at, :now) - claimed_at) AS s) used
     WHERE claimed_at >= :today AND dialled
""")
"""The answer out there is not seen: time counts from the transfer."""


async def spent_before(connection: AsyncConnection, now: float, zone: str, word_at: float = 0.0) -> Spent:
    """What was dialled today by the clock of ``zone``, and how customers fared since ``word_at``, within a day. The
    next transaction that counts waits for our commit."""
    await connection.execute(select(func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
    today, fared = wall.begins(wall.day_of(now, zone), 0, zone), max(now - DAY_S, word_at)
    times = {name: datetime.fromtimestamp(at, UTC) for name, at in (("today", today), ("now", now))}
    since = {"fared": datetime.fromtimestamp(fared, UTC), "late_s": LATE_S}
    dialled = Spent(**(await connection.execute(_SPENT, times | since)).one()._mapping)
    sent = (await connection.execute(_SENT_OUT, times)).one()
    return replace(
        dialled,
        dials=dialled.dials + sent.dials,
        talk_s=dialled.talk_s + sent.talk_s,
        money=dialled.money + sent.money,
    )


def tomorrow(now: float, zone: str) -> float:
    """When the next day begins by the clock of ``zone``."""
    return wall.begins(wall.day_of(now, zone) + timedelta(days=1), 0, zone)


async def requests_before(connection: AsyncConnection, wanted: StorePromise) -> Requests:
    """The earlier requests that count against this promise. The next transaction that counts waits for our commit."""
    await connection.execute(select(func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
    table, callback = tables.request, wanted.callback
    hour, day = (callback.created_at - span_s for span_s in (HOUR_S, DAY_S))
    number, block, asked_by = table.c.number, table.c.block, table.c.asked_by
    counted = select(
        _count(number == callback.number, table.c.at > hour).label("number_hour"),
        _count(number == callback.number, table.c.at > day).label("number_day"),
        _count(asked_by != "", asked_by == wanted.asked_by, table.c.at > day).label("caller_day"),
        _count(block == block_of(callback.number), table.c.at > hour).label("block_hour"),
    )
    return Requests(**(await connection.execute(counted)).one()._mapping)


def _count(*conditions: ColumnElement[bool]) -> Any:
    return select(func.count()).select_from(tables.request).where(*conditions).scalar_subquery()


async def add_request(connection: AsyncConnection, wanted: StorePromise) -> None:
    callback = wanted.callback
    row = {
        "id": callback.id,
        "at": callback.created_at,
        "number": callback.number,
        "block": block_of(callback.number),
        "asked_by": wanted.asked_by,
    }
    await connection.execute(insert(tables.request), [row])
