"""Reaching PostgreSQL without ever waiting long for it.

Trouble comes in two kinds: a database that is away, where trying again helps, and rows that it will never take.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    DisconnectionError,
    IntegrityError,
    PendingRollbackError,
    ResourceClosedError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

LIMIT_S = 3.0
"""What takes longer means that the database is away: calls must not wait for it."""

SESSION = {
    "statement_timeout": f"{LIMIT_S:.0f}s",
    "lock_timeout": f"{LIMIT_S:.0f}s",
    # A host that vanished lets go of the right to dial within a quarter of a minute. No meaning on a socket file.
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}

TROUBLE = (
    DBAPIError,
    DisconnectionError,
    PendingRollbackError,
    ResourceClosedError,
    PoolTimeout,
    psycopg.Error,
    OSError,
    TimeoutError,
)
"""What the drivers and the operating system raise for reasons outside; ``is_refusal`` tells the two kinds apart.

Anything else that a statement raises is a fault of ours, and no reason to think that the database is away.
"""


def engine_for(url: str) -> AsyncEngine:
    """Few connections suffice: the loop's, the right's, the watch's, and one to read with.

    ``url`` leads to PostgreSQL itself or to a pooler in session mode: the right to dial is held by a session.
    """
    options = " ".join(f"-c {name}={value}" for name, value in SESSION.items())
    connect = {"connect_timeout": 2, "application_name": "callbackd", "options": options}
    return create_async_engine(
        url, pool_size=3, max_overflow=2, pool_timeout=LIMIT_S, connect_args=connect, use_native_hstore=False
    )


@asynccontextmanager
async def transaction(engine: AsyncEngine, limit_s: float | None = None) -> AsyncIterator[AsyncConnection]:
    """A transaction that is over after ``limit_s`` (``LIMIT_S``), whatever the server does.

    Raises ``TROUBLE``; after any of it the transaction may have been committed all the same.
    """
    until = asyncio.get_running_loop().time() + (LIMIT_S if limit_s is None else limit_s)
    async with asyncio.timeout_at(until):
        connection = await engine.connect()
    try:
        with cut_off(connection, until):
            async with connection.begin():
                yield connection
    finally:
        await connection.close()


@contextmanager
def cut_off(connection: AsyncConnection, at: float) -> Iterator[None]:
    """Shut the connection's socket at the loop's time ``at``, and raise ``TimeoutError`` then.

    Cancelling would not do: psycopg asks the server to stop first, and waits ten seconds for one that hangs.
    """
    loop = asyncio.get_running_loop()
    timer = loop.call_at(at, _shut, _driver(connection))
    try:
        yield
    except (SQLAlchemyError, psycopg.Error) as trouble:
        if loop.time() >= at:
            raise TimeoutError("no answer in time") from trouble
        raise
    finally:
        timer.cancel()


def _driver(connection: AsyncConnection) -> Any:
    sync = connection.sync_connection
    return sync.connection.driver_connection if sync else None


def _shut(driver: Any) -> None:
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(driver.fileno())) as twin:
        twin.shutdown(socket.SHUT_RDWR)


def is_refusal(trouble: BaseException) -> bool:
    """Whether it lies in the rows, so that trying again cannot help; else the database is away."""
    return isinstance(trouble, IntegrityError | DataError | psycopg.DataError | psycopg.IntegrityError)


def in_words(trouble: BaseException) -> str:
    """The first line of what was said. The lines after it quote rows, telephone numbers among them."""
    said = str(getattr(trouble, "orig", None) or trouble) or type(trouble).__name__
    return said.strip().splitlines()[0][:200]


async def answers(engine: AsyncEngine) -> str:
    """Empty when the database answers, else why it does not."""
    try:
        async with transaction(engine) as connection:
            await connection.execute(text("SELECT 1"))
    except TROUBLE as trouble:
        return in_words(trouble)
    return ""
