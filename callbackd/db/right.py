"""The right to dial: one PostgreSQL session holds an advisory lock, and an epoch grows at each take-over.

The lock decides who may act now; the epoch makes a claim fail if its daemon has lost the lock without noticing.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from contextlib import suppress
from typing import Any

from sqlalchemy import Select, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from callbackd.db.engine import LIMIT_S, TROUBLE, cut_off
from callbackd.db.tables import epoch

LOCK = 0x6362640001
"""Any number would do, as long as every callbackd uses the same."""

_PATIENCE_S = (0.0, 0.05, 0.1, 0.2, 0.4)
"""Seconds before each try: the session of a daemon that was just killed keeps its lock for a moment."""

_STANDBY_S = 0.1
"""A standby's pause between two rounds of tries."""

_LOCKED_BY = text(
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND classid::bigint << 32 | objid::bigint = :lock"
)


class RightHeld(Exception):
    """Another daemon holds the right, or held it meanwhile; the text names it and what to do."""


class Right:
    """Take it before anything else. It lasts as long as its database session. One ``Journal`` writes under it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._session: AsyncConnection | None = None
        self._backend = 0
        # The run tells two daemons apart even if their hosts and pids are the same, as in containers.
        self._holder = f"pid {os.getpid()} on {socket.gethostname()}, run {secrets.token_hex(3)}"
        self.epoch = 0

    async def take(self) -> int:
        """The epoch, a new one unless we still held the right. Raises ``RightHeld``, or ``TROUBLE``.

        Also raises ``RightHeld`` when we retake the right after a loss and another daemon had it in between: then what
        we believe is out of date.
        """
        if await self.alive():
            return self.epoch
        await self._let_go()
        async with asyncio.timeout(LIMIT_S):
            session = await self._engine.connect()
            await session.execution_options(isolation_level="AUTOCOMMIT")
        try:
            with cut_off(session, asyncio.get_running_loop().time() + LIMIT_S):
                await self._lock(session)
                await self._begin_epoch(session)
        except BaseException:
            await session.invalidate()
            await session.close()
            raise
        self._session = session
        return self.epoch

    async def take_when_free(self, stopping: asyncio.Event) -> bool:
        """Whether we got the right, after waiting for its holder to end as a hot standby does; False when ``stopping``
        came first."""
        while not stopping.is_set():
            with suppress(RightHeld, *TROUBLE):
                await self.take()
                return True
            with suppress(TimeoutError):
                async with asyncio.timeout(_STANDBY_S):
                    await stopping.wait()
        return False

    async def alive(self) -> bool:
        """Whether the session that holds the lock is still there and answers."""
        return await self._ask(select(1))

    async def still_ours(self, connection: AsyncConnection) -> bool:
        """Whether we still have it, asked inside the transaction of a claim: the row stays locked until the commit, so
        nobody can take over in between."""
        now = await connection.execute(select(epoch.c.n).with_for_update(read=True))
        return now.scalar_one_or_none() == self.epoch

    async def give_up(self) -> None:
        """Release the right for the next daemon."""
        await self._ask(select(func.pg_advisory_unlock(LOCK)))
        await self._let_go()

    async def _ask(self, question: Select[Any]) -> bool:
        """Whether the database answered in time."""
        if self._session is None:
            return False
        try:
            with cut_off(self._session, asyncio.get_running_loop().time() + LIMIT_S):
                await self._session.execute(question)
        except TROUBLE:
            return False
        return True

    async def _lock(self, session: AsyncConnection) -> None:
        for pause_s in _PATIENCE_S:
            await asyncio.sleep(pause_s)
            if (await session.execute(select(func.pg_try_advisory_lock(LOCK)))).scalar_one():
                return
        if not await self._end_our_old_session(session):
            holder = await _holder(session)
            raise RightHeld(f"another callbackd ({holder}) dials for this database: stop it, or give this one its own")

    async def _end_our_old_session(self, session: AsyncConnection) -> bool:
        """Whether we ended our own old session: after a cut line the server may keep it, and the lock with it, until it
        notices."""
        backend = (await session.execute(_LOCKED_BY, {"lock": LOCK})).scalar_one_or_none()
        if backend is None or backend != self._backend:
            return False
        await session.execute(select(func.pg_terminate_backend(backend)))
        await session.execute(select(func.pg_advisory_lock(LOCK)))
        return True

    async def _begin_epoch(self, session: AsyncConnection) -> None:
        first = insert(epoch).values(id=1, n=1, holder=self._holder)
        nobody_between = epoch.c.holder == self._holder if self.epoch else None
        taken = first.on_conflict_do_update(
            index_elements=[epoch.c.id],
            # When the same daemon retakes the right, the epoch grows by two: odd and even tell its playbacks from those
            # of the daemon before it.
            set_={"n": epoch.c.n + (2 if self.epoch else 1), "holder": self._holder, "since": func.now()},
            where=nobody_between,
        )
        n = (await session.execute(taken.returning(epoch.c.n))).scalar_one_or_none()
        if n is None:
            raise RightHeld(
                f"another callbackd ({await _holder(session)}) had the right to dial meanwhile: restart this one, "
                "what it believes is out of date"
            )
        self._backend = (await session.execute(select(func.pg_backend_pid()))).scalar_one()
        self.epoch = n

    async def _let_go(self) -> None:
        if self._session:
            session, self._session = self._session, None
            await session.invalidate()
            await session.close()


async def _holder(session: AsyncConnection) -> str:
    held = (await session.execute(select(epoch.c.holder, epoch.c.since))).first()
    return f"{held.holder}, since {held.since:%Y-%m-%d %H:%M:%S %Z}" if held else "its name is not written down yet"
