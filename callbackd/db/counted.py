"""What has been asked for, counted in PostgreSQL inside the transaction that adds to it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from callbackd.db import tables
from callbackd.domain.commands import StorePromise
from callbackd.domain.limits import DAY_S, HOUR_S, Requests, block_of

_ONE_AT_A_TIME = 0x6362640002
"""A lock of its own: two transactions that count at the same time would each leave the other out."""


async def requests_before(connection: AsyncConnection, wanted: StorePromise) -> Requests:
    """What was asked for before this promise, and has to do with it. Whoever counts next waits for our commit."""
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
