"""The keys of the API: made and revoked by the command line, looked up by the daemon."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from callbackd.access import Key
from callbackd.db.engine import transaction
from callbackd.db.tables import api_key


async def by_hash(engine: AsyncEngine, digest: str) -> Key | None:
    async with transaction(engine) as connection:
        row = (await connection.execute(select(api_key).where(api_key.c.hash == digest))).one_or_none()
    return Key(**row._mapping) if row else None


async def all_keys(engine: AsyncEngine) -> list[Key]:
    """Also those that do not count any more: the audit names them."""
    async with transaction(engine) as connection:
        return [Key(**row._mapping) for row in await connection.execute(select(api_key).order_by(api_key.c.name))]


async def add(engine: AsyncEngine, key: Key) -> None:
    """Raises ``IntegrityError`` when there is, or was, a key of this name."""
    async with transaction(engine) as connection:
        await connection.execute(insert(api_key), [asdict(key)])


async def revoke(engine: AsyncEngine, name: str, now: float) -> bool:
    """Whether there was a key of this name that counted."""
    still = (api_key.c.name == name) & api_key.c.revoked_at.is_(None)
    async with transaction(engine) as connection:
        return (await connection.execute(update(api_key).where(still).values(revoked_at=now))).rowcount > 0
