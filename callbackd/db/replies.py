"""What was answered to requests that carry a key of their own (Idempotency-Key), so that a repeat gets the same."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from callbackd.db.engine import transaction
from callbackd.db.tables import api_reply

KEPT_S = 86400.0


@dataclass(frozen=True, slots=True)
class Remembered:
    """A request that was begun. ``status`` is None while it has no answer."""

    what: str
    """A hash of the request: another one under the same key is a mistake of the client's."""
    epoch: int
    status: int | None
    head: str
    body: str


async def begin(engine: AsyncEngine, who: str, key: str, what: str, epoch: int, now: float) -> Remembered | None:
    """What is remembered of an earlier request with this key, within a day; None when this one is the first."""
    same = (api_reply.c.who == who) & (api_reply.c.key == key)
    row = {"who": who, "key": key, "what": what, "epoch": epoch, "at": now}
    async with transaction(engine) as connection:
        await connection.execute(delete(api_reply).where(same, api_reply.c.at < now - KEPT_S))
        fresh = insert(api_reply).values(row).on_conflict_do_nothing().returning(api_reply.c.key)
        if (await connection.execute(fresh)).first():
            return None
        columns = (api_reply.c.what, api_reply.c.epoch, api_reply.c.status, api_reply.c.head, api_reply.c.body)
        found = (await connection.execute(select(*columns).where(same))).one()
    return Remembered(*found)


async def finish(engine: AsyncEngine, who: str, key: str, status: int, head: str, body: str) -> None:
    same = (api_reply.c.who == who) & (api_reply.c.key == key)
    async with transaction(engine) as connection:
        await connection.execute(update(api_reply).where(same).values(status=status, head=head, body=body))


async def drop(engine: AsyncEngine, who: str, key: str) -> None:
    """Nothing was done, and the same request may be tried again."""
    same = (api_reply.c.who == who) & (api_reply.c.key == key)
    async with transaction(engine) as connection:
        await connection.execute(delete(api_reply).where(same))
