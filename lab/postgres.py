"""One real PostgreSQL for a test session or a demo, and a fresh database in it within milliseconds.

As a pytest plugin (``pytest_plugins = ["lab.postgres"]`` in the top conftest) it provides the fixtures
``database_url`` and ``module_database_url``, an empty database for a test or a module, and ``private_postgres``, a
server for one test, which may be killed.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Self

import psycopg
import pytest_asyncio
from sqlalchemy.engine import make_url

from callbackd.db.embedded import Embedded
from callbackd.db.journal import engine_for
from callbackd.db.migrate import upgrade
from lab.owned import Owned

_PREFIX = "callbackd-test-database-"
_ROOMY_BYTES = 4_000_000_000
_QUIT_S = 3.0
"""How long an old server has to end, at SIGQUIT and again at SIGKILL: each start of pytest waits for it."""
_LOOK_EVERY_S = 0.02


def place() -> Path:
    """Where test databases go: into memory if there is plenty, because tests wait for the disk more than for all
    else."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOMY_BYTES
    return memory if roomy else Path(tempfile.gettempdir())


class Postgres:
    """A server in a temporary directory: ``async with Postgres() as postgres``; gone afterwards."""

    def __init__(self, where: Path | None = None) -> None:
        self._where = where or place()
        self._owned = Owned.new(self._where, _PREFIX)
        self.state_dir = self._owned.path
        self.embedded = Embedded(self.state_dir)
        self._numbers = itertools.count(1)
        self._template: str | None = None

    async def __aenter__(self) -> Self:
        await sweep(self._where)
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.embedded.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.embedded.pid, signal.SIGQUIT)  # Without the checkpoint, which nobody will read.
        await self.embedded.stop()
        self._owned.remove()

    async def start(self) -> None:
        """Also after ``kill``: the databases are still there, under the same URLs."""
        await self.embedded.start()

    def kill(self) -> None:
        """SIGKILL, as the kernel sends when memory runs out. Returns when the server is dead; its sessions follow."""
        assert self.embedded.pid is not None
        os.kill(self.embedded.pid, signal.SIGKILL)
        os.waitid(os.P_PID, self.embedded.pid, os.WEXITED | os.WNOWAIT)

    def freeze(self) -> None:
        """Make it hold its connections and answer nothing, until ``thaw``."""
        signal_all(self.state_dir, signal.SIGSTOP)

    def thaw(self) -> None:
        signal_all(self.state_dir, signal.SIGCONT)

    async def fresh_database(self) -> str:
        """The URL of an empty database that nobody else has."""
        return await self._copy("template0")

    async def migrated_database(self) -> str:
        """The URL of a new database with all tables: a copy, so that not every daemon has to make its own tables."""
        if self._template is None:
            url = await self.fresh_database()
            engine = engine_for(url)
            await upgrade(engine)
            await engine.dispose()
            self._template = make_url(url).database
        return await self._copy(str(self._template))

    async def _copy(self, template: str) -> str:
        name = f"test_{next(self._numbers)}"
        await self._admin(f"CREATE DATABASE {name} TEMPLATE {template}")
        return make_url(self.embedded.url).set(database=name).render_as_string()

    async def drop(self, url: str) -> None:
        """Remove the database, cutting off all connections to it."""
        await self._admin(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    async def _admin(self, statement: str) -> None:
        where = make_url(self.embedded.url).set(drivername="postgresql").render_as_string()
        async with await psycopg.AsyncConnection.connect(where, autocommit=True) as admin:
            await admin.execute(statement.encode())


def processes(state_dir: Path) -> list[int]:
    """The pids of the server and of its sessions, which work in the directory of its data and outlive a killed
    server."""
    data = state_dir.resolve() / "postgresql/data"
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is somebody else's
            if (process / "cwd").readlink() == data:
                found.append(int(process.name))
    return found


def signal_all(state_dir: Path, number: signal.Signals) -> None:
    for pid in processes(state_dir):
        with suppress(ProcessLookupError):
            os.kill(pid, number)


async def sweep(where: Path) -> None:
    """End and remove the servers of test runs that were killed. One that cannot be ended is left to the next run."""
    for left in Owned.orphans(where, _PREFIX):
        try:
            await _end(left.path)
            left.remove()
        except OSError:  # TimeoutError is one
            left.let_go()


async def _end(state_dir: Path) -> None:
    """Its rows are nobody's any more. It may be stopped, as a test that was killed left it."""
    for request in (signal.SIGQUIT, signal.SIGKILL):
        signal_all(state_dir, signal.SIGCONT)
        signal_all(state_dir, request)
        with suppress(TimeoutError):
            async with asyncio.timeout(_QUIT_S):
                while processes(state_dir):
                    await asyncio.sleep(_LOOK_EVERY_S)
            return
    raise TimeoutError


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres() -> AsyncIterator[Postgres]:
    async with Postgres() as server:
        yield server


@pytest_asyncio.fixture
async def database_url(postgres: Postgres) -> AsyncIterator[str]:
    url = await postgres.fresh_database()
    yield url
    await postgres.drop(url)


@pytest_asyncio.fixture(scope="module")
async def module_database_url(postgres: Postgres) -> AsyncIterator[str]:
    url = await postgres.fresh_database()
    yield url
    await postgres.drop(url)


@pytest_asyncio.fixture
async def private_postgres() -> AsyncIterator[Postgres]:
    async with Postgres() as server:
        yield server
