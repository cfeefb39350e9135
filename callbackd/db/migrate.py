"""Brings a database to the schema of this version."""

from __future__ import annotations

from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from callbackd.db.engine import in_words

_LOCK = 0x6362640002

log = structlog.get_logger("database")


class CannotMigrate(Exception):
    """The database's user may not make tables; the text names what to grant."""


def scripts() -> Path:
    """The folder of migrations: inside the installed package, or at the top of a checkout."""
    packaged = Path(__file__).with_name("migrations")
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[2] / "migrations"


def alembic_config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


async def upgrade(engine: AsyncEngine, revision: str = "head") -> None:
    """Bring the database to ``revision`` in one transaction: completely or not at all. Two at once wait for each other.

    A database that a newer callbackd has migrated stays as it is: the older one runs on it. Raises ``CannotMigrate``.
    """
    async with engine.begin() as connection:
        # The limit on statements is for calls, which must not wait. Locks on tables keep one: a running daemon needs
        # the tables.
        await connection.execute(text("SET LOCAL statement_timeout = 0"))
        await connection.execute(text("SET LOCAL lock_timeout = '60s'"))
        await connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        await connection.execute(text("SET LOCAL lock_timeout = '3s'"))
        try:
            await connection.run_sync(carry_out, revision)
        except ProgrammingError as error:
            user = engine.url.username or "its user"
            raise CannotMigrate(
                f"the tables cannot be made: {in_words(error)}; let the database belong to {user}, or there "
                f"GRANT CREATE ON SCHEMA public TO {user}"
            ) from error


def carry_out(connection: Connection, revision: str) -> None:
    config = alembic_config(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    there = MigrationContext.configure(connection).get_current_revision()
    if there in known | {None}:
        command.upgrade(config, revision)
    else:
        log.warning("database_is_newer", revision=there, why="migrated by a newer callbackd; used as it is")
