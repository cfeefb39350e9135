"""Gets the database ready before anything else begins: started or waited for, with the tables of this version."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from callbackd.config.sections import Config
from callbackd.db.embedded import Embedded
from callbackd.db.engine import answers, engine_for, in_words
from callbackd.db.migrate import upgrade
from callbackd.db.url import normalise

_AGAIN_S = 1.0

log = structlog.get_logger("callbackd")


class DatabaseGone(Exception):
    """The database answered, and died before its rows were read. Nothing had begun: start again."""


@dataclass(frozen=True, slots=True)
class Database:
    engine: AsyncEngine
    reading: AsyncEngine
    """Another, for people and programs that ask: whatever they do, the loop need not wait for a connection."""
    keeping: asyncio.Task[None] | None
    """The task that brings our own PostgreSQL back when it dies; None when the database is the operator's."""


@contextmanager
def starting() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, ConnectionError, TimeoutError) as trouble:
        raise DatabaseGone(f"PostgreSQL went away while we were starting: {in_words(trouble)}") from trouble


@asynccontextmanager
async def database(config: Config, stopping: asyncio.Event) -> AsyncIterator[Database]:
    """The database, started if it is ours, waited for if it is the operator's. Not ready if ``stopping`` came first."""
    async with AsyncExitStack() as stack:
        keeping = None
        if config.database.url == "embedded":
            embedded = await stack.enter_async_context(Embedded(config.state_dir))
            keeping = asyncio.create_task(embedded.keep(), name="embedded")
            stack.callback(keeping.cancel)
            url = embedded.url
        else:
            url = normalise(config.database.url)
        engine = engine_for(url)
        reading = engine_for(url)
        stack.push_async_callback(engine.dispose)
        stack.push_async_callback(reading.dispose)
        logged = ""
        while (why := await answers(engine)) and not stopping.is_set():
            if why != logged:
                log.warning("database_waiting", why=f"no PostgreSQL: {why}; waiting for it, see [database] url")
                logged = why
            with suppress(TimeoutError):
                async with asyncio.timeout(_AGAIN_S):
                    await stopping.wait()
        if not stopping.is_set():
            with starting():
                await upgrade(engine)
        yield Database(engine, reading, keeping)
