"""Questions about the past, answered from the tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Float, case, cast, extract, func, literal, select
from sqlalchemy.ext.asyncio import AsyncEngine

from callbackd.db.tables import quote
from callbackd.domain.lives.quote import QuoteKind, QuoteOutcome


class By(StrEnum):
    """What a line of the ledger is about, besides queue and kind."""

    QUEUE = "queue"
    DAY = "day"
    HOUR = "hour"
    """The hour of the day, on whichever day."""


@dataclass(frozen=True, slots=True)
class Held:
    """What callers were told, compared with what happened. Seconds; shares are 0-1, None when there are no cases."""

    queue: str
    kind: QuoteKind
    when: str
    """A date, an hour of the day, or nothing."""
    told: int
    known: int
    """How many of them are known to have come to their turn, or when it would have come."""
    followed: int
    """How many of the known had a caller who had hung up."""
    kept: float | None
    """Of the known with a bound, the share that came within it."""
    within_p80: float | None
    """Of the known with an estimate, the share that came within its P80; 0.8 would be perfect."""
    error_s: float | None
    """Mean wait less the mean estimate: positive when people waited longer."""
    absolute_s: float | None
    """Mean of the absolute error."""


async def ledger(
    engine: AsyncEngine, since: float, until: float, by: By, zone: str, queue_name: str = ""
) -> list[Held]:
    """The lines of the ledger between two times in Unix seconds; days and hours are by the clock of ``zone``."""
    known = quote.c.came_s.is_not(None)
    when = _when(by, zone)
    columns: Sequence[ColumnElement[Any]] = (
        quote.c.queue,
        quote.c.kind,
        when.label("when"),
        func.count().label("told"),
        func.count(quote.c.came_s).label("known"),
        func.count().filter(quote.c.outcome == QuoteOutcome.WOULD_HAVE).label("followed"),
        _share(quote.c.came_s <= quote.c.said_s, known & quote.c.said_s.is_not(None)).label("kept"),
        _share(quote.c.came_s <= quote.c.p80_s, known & quote.c.p80_s.is_not(None)).label("within_p80"),
        func.avg(quote.c.came_s - quote.c.mean_s).label("error_s"),
        func.avg(func.abs(quote.c.came_s - quote.c.mean_s)).label("absolute_s"),
    )
    wanted = select(*columns).where(quote.c.at >= since, quote.c.at < until)
    if queue_name:
        wanted = wanted.where(quote.c.queue == queue_name)
    wanted = wanted.group_by(quote.c.queue, quote.c.kind, when).order_by(quote.c.queue, when, quote.c.kind)
    async with engine.connect() as connection:
        return [Held(**row._mapping) for row in await connection.execute(wanted)]


def _when(by: By, zone: str) -> ColumnElement[str]:
    local = func.timezone(zone, quote.c.at)
    if by is By.DAY:
        return func.to_char(local, "YYYY-MM-DD")
    if by is By.HOUR:
        return func.lpad(cast(extract("hour", local), _TEXT), 2, "0")
    return literal("")


def _share(held: ColumnElement[bool], among: ColumnElement[bool]) -> ColumnElement[float | None]:
    return func.avg(cast(case((held, 1), else_=0), Float)).filter(among)


_TEXT = quote.c.id.type
