"""From the embedded database to a PostgreSQL of your own, by the commands of docs/operate.md: not an old backup."""

# ruff: noqa: ASYNC221 - nothing else is to be done meanwhile.

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from callbackd.app.watermark import Watermark
from callbackd.db.binaries import find
from callbackd.db.embedded import NAME, Embedded
from callbackd.db.engine import engine_for
from callbackd.db.journal import Journal
from callbackd.db.migrate import upgrade
from callbackd.db.right import Right
from lab.lives import claim, promised
from tests.db.test_embedded import a_directory

pytestmark = pytest.mark.postgres

STEPS = Path(__file__).parents[2] / "docs/operate.md"
DUMP = ["pg_dump", "--no-owner", "--no-privileges"]


async def house_with_a_dialled_promise(directory: Path, url: str) -> None:
    engine = engine_for(url)
    await upgrade(engine)
    right = Right(engine)
    await right.take()
    journal, promise = Journal(engine, right, Watermark(directory).stored), promised()
    await journal.commit([promise])
    await journal.commit([claim(promise)])
    await right.give_up()
    await engine.dispose()


def run(directory: Path, *command: str) -> bytes:
    """The output of a command, run as the user who owns the database's files."""
    owner = (directory / "postgresql/data").owner()
    as_owner = ["runuser", "-u", owner, "--"] if os.geteuid() == 0 else []
    return subprocess.run([*as_owner, *command], stdout=subprocess.PIPE, check=True, cwd="/").stdout


@contextmanager
def alone(postgresql: Path) -> Iterator[None]:
    """The embedded server without callbackd."""
    pg_ctl = find(lambda _: None)["pg_ctl"]
    data, home = str(postgresql / "data"), postgresql
    options = f"-k {home}/run -c listen_addresses= -c hba_file={home}/hba.conf -c ident_file={home}/ident.conf"
    run(postgresql.parent, pg_ctl, "-D", data, "-l", "/dev/null", "-o", options, "-w", "start")
    try:
        yield
    finally:
        run(postgresql.parent, pg_ctl, "-D", data, "-w", "stop")


def libpq(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


async def test_what_the_embedded_database_holds_is_moved_whole_and_believed(postgres):
    own = await postgres.fresh_database()
    with a_directory() as directory:
        embedded = Embedded(directory)
        await embedded.start()
        try:
            await house_with_a_dialled_promise(directory, embedded.url)
        finally:
            await embedded.stop()
        with alone(directory / "postgresql"):
            dump = run(directory, *DUMP, "-U", NAME, "-h", str(directory / "postgresql/run"), NAME)
        into = ["psql", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", f"--dbname={libpq(own)}"]
        subprocess.run(into, input=dump, capture_output=True, check=True)
        engine = engine_for(own)
        await upgrade(engine)
        assert await Watermark(directory).missing(engine) == [], "the new database is not taken for an old backup"
        async with engine.connect() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM callback"))).scalar() == 1
        await engine.dispose()


def test_the_step_is_written_down():
    assert " ".join(DUMP) in STEPS.read_text()
