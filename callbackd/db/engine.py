"""Reaches PostgreSQL without ever waiting long for it.

There are two kinds of trouble: the database is away, and trying again helps; or it will never accept these rows.
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
"""If an answer takes longer, in seconds, the database counts as away: calls must not wait for it."""

SESSION = {
    "statement_timeout": f"{LIMIT_S:.0f}s",
    "lock_timeout": f"{LIMIT_S:.0f}s",
    # A host that vanished releases the right to dial within a quarter of a minute. On a socket file this has no
    # meaning.
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
"""What the drivers and the operating system raise for outside reasons; ``is_refusal`` tells the two kinds apart.

Anything else that a statement raises is our own fault, and no reason to think that the database is away.
"""


def engine_for(url: str) -> AsyncEngine:
    """An engine with few connections: one each for the loop, the right and the watch, and one to read with.

    ``url`` leads to PostgreSQL itself or to a pooler in session mode: the right to dial is held by a session.
    """
    options = " ".join(f"-c {name}={value}" for name, value in SESSION.items())
    connect = {"connect_timeout": 2, "application_name": "callbackd", "options": options}
    return create_async_engine(
        url, pool_size=3, max_overflow=2, pool_timeout=LIMIT_S, connect_args=connect, use_native_hstore=False
    )


@asynccontextmanager
async def transaction(engine: AsyncEngine, limit_s: float | None = None) -> AsyncIterator[AsyncConnection]:
    """A transaction that is over after ``limit_s`` (default ``LIMIT_S``), whatever the server does.

    Raises ``TROUBLE``; even then the transaction may have been committed.
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

    Cancelling would not do: psycopg then asks the server to stop, and waits ten seconds for a server that hangs.
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
    """Whether the trouble lies in the rows, so that trying again cannot help; otherwise the database is away."""
    return isinstance(trouble, IntegrityError | DataError | psycopg.DataError | psycopg.IntegrityError)


def in_words(trouble: BaseException) -> str:
    """The first line of the message. The lines after it quote rows, including telephone numbers."""
    message = str(getattr(trouble, "orig", None) or trouble) or type(trouble).__name__
    return message.strip().splitlines()[0][:200]


async def answers(engine: AsyncEngine) -> str:
    """Why the database does not answer; empty when it does."""
    try:
        async with transaction(engine) as connection:
            await connection.execute(text("SELECT 1"))
    except TROUBLE as trouble:
        return in_words(trouble)
    return ""
