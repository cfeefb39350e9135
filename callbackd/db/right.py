"""The right to dial: one PostgreSQL session holds an advisory lock, and an epoch grows at each take-over.

The lock says who may act now; the epoch makes a claim by somebody who lost the lock without noticing fail.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from callbackd.db.tables import epoch

LOCK = 0x6362640001
"""Any number would do, as long as every callbackd takes the same."""
_LIMIT_S = 3.0


class RightHeld(Exception):
    """Another daemon holds the right; the text says which one and what to do."""


class Right:
    """Take it before anything else. It lasts as long as its database session."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._session: AsyncConnection | None = None
        self.epoch = 0

    async def take(self) -> int:
        """The new epoch. Raises ``RightHeld``; database trouble comes as SQLAlchemy's exceptions or ``TimeoutError``.

        Taking it again while it is held gives the same epoch.
        """
        if self._session and await self._alive(self._session):
            return self.epoch
        await self.give_up()
        async with asyncio.timeout(_LIMIT_S):
            session = await self._engine.connect()
            try:
                self.epoch = await self._lock(session)
            except BaseException:
                await session.invalidate()
                raise
        self._session = session
        return self.epoch

    async def _lock(self, session: AsyncConnection) -> int:
        if not (await session.execute(select(func.pg_try_advisory_lock(LOCK)))).scalar_one():
            held = (await session.execute(select(epoch.c.holder, epoch.c.since))).first()
            who = f"{held.holder}, since {held.since:%Y-%m-%d %H:%M:%S %Z}" if held else "somebody unknown"
            raise RightHeld(f"another callbackd ({who}) dials for this database: stop it, or give this one its own")
        holder = f"pid {os.getpid()} on {socket.gethostname()}"
        first = insert(epoch).values(id=1, n=1, holder=holder)
        taken = first.on_conflict_do_update(
            index_elements=[epoch.c.id], set_={"n": epoch.c.n + 1, "holder": holder, "since": func.now()}
        )
        n = (await session.execute(taken.returning(epoch.c.n))).scalar_one()
        await session.commit()
        return int(n)

    async def _alive(self, session: AsyncConnection) -> bool:
        try:
            async with asyncio.timeout(_LIMIT_S):
                await session.execute(select(1))
                await session.commit()
        except (DBAPIError, OSError, TimeoutError):
            return False
        return True

    async def still_ours(self, connection: AsyncConnection) -> bool:
        """Asked inside the transaction of a claim: the row is locked until its commit, so nobody takes over between."""
        now = await connection.execute(select(epoch.c.n).with_for_update(read=True))
        return now.scalar_one_or_none() == self.epoch

    async def give_up(self) -> None:
        """Let go, for the next one."""
        if self._session:
            session, self._session = self._session, None
            with suppress(DBAPIError, OSError, TimeoutError):
                async with asyncio.timeout(_LIMIT_S):  # said aloud: a session that merely ends keeps its lock a moment
                    await session.execute(select(func.pg_advisory_unlock(LOCK)))
            await session.invalidate()
            await session.close()
