"""What this host knows to be in the database: the newest promise and the newest intent to dial.

A database without them is older than what we did: a backup was restored. Dialling from it would ring people who have
been reached already, so nobody is dialled until an operator allows it.
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
        """Remember a row that was committed. A file that cannot be written is logged; it costs only this protection."""
        self._newest[table] = id
        try:
            await asyncio.to_thread(self._write)
        except OSError as trouble:
            log.warning("not_remembered", why=f"{self.path}: {trouble.strerror}; a restored backup may go unnoticed")

    async def missing(self, engine: AsyncEngine) -> list[str]:
        """The rows that the database should have and does not, in words. Raises ``TROUBLE``."""
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
    """The newest ids by table. Empty for a file that cannot be read: it protects nobody, and stands in nobody's way."""
    try:
        stored = json.loads(private.read(path))
        return {name: str(stored[name]) for name in _TABLES if name in stored}
    except (OSError, ValueError, TypeError):
        return {}
