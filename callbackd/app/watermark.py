"""What this host knows to be in the database: the newest promise and the newest intent to dial.

A database that does not have them is older than what we did: a backup was restored. Dialling from it would ring people
who were reached already, so nothing is dialled until somebody says so.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import structlog
from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncEngine

from callbackd import private
from callbackd.db import tables
from callbackd.db.engine import transaction

log = structlog.get_logger("callbackd")

_TABLES: dict[str, Table] = {"callback": tables.callback, "attempt": tables.attempt}


class Watermark:
    def __init__(self, state_dir: Path) -> None:
        self.path = state_dir / "newest.json"
        self._newest: dict[str, str] = _read(self.path)

    async def stored(self, table: str, id: str) -> None:
        """It is committed. What cannot be written down is said, and costs the protection only."""
        self._newest[table] = id
        try:
            await asyncio.to_thread(self._write)
        except OSError as trouble:
            log.warning("not_remembered", why=f"{self.path}: {trouble.strerror}; a restored backup may go unnoticed")

    async def missing(self, engine: AsyncEngine) -> list[str]:
        """What the database should have and has not, in words. Raises ``TROUBLE``."""
        found = []
        async with transaction(engine) as connection:
            for name, id in self._newest.items():
                table = _TABLES[name]
                if (await connection.execute(select(table.c.id).where(table.c.id == id))).first() is None:
                    found.append(f"{name} {id}")
        return found

    def _write(self) -> None:
        private.replace(self.path, json.dumps(self._newest).encode())


def _read(path: Path) -> dict[str, str]:
    """A file that cannot be read as ours protects from nothing, and hinders nobody."""
    try:
        told = json.loads(private.read(path))
        return {name: str(told[name]) for name in _TABLES if name in told}
    except (OSError, ValueError, TypeError):
        return {}
