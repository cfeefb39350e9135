"""A house whose daemon reaches Asterisk and PostgreSQL over lines that fail on demand."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import insert
from sqlalchemy.engine import URL, make_url

from callbackd.db import tables
from callbackd.db.journal import engine_for
from callbackd.db.migrate import upgrade
from callbackd.db.rows import values
from callbackd.domain.ids import Mint, QueueName
from callbackd.domain.lives.callback import Callback
from callbackd.domain.lives.entry import Entry
from lab.daemon import QUICK_OFFER, Daemon
from lab.house import House
from lab.phones import AgentPhone, Behaviour
from lab.postgres import Postgres
from lab.slots import Slot
from lab.wire import Wire

QUICK_RETRY = {
    "support": {
        "wrap_up_s": 0,
        "ring_s": 4,
        "offer": QUICK_OFFER,
        "announcements": {"every_s": 5},
        "slots": {"enabled": False},
        "retry": {"max_attempts": 3, "no_answer_gap_s": 1, "no_key_gap_s": 1, "congestion_gap_s": 1, "busy_gap_s": 1},
    }
}
"""A queue that retries its customers after a second, whatever went wrong."""


@dataclass(frozen=True)
class Footprint:
    """What a daemon holds: open files, sockets other than those of the two lines, tasks."""

    files: int
    sockets: int
    tasks: int


@dataclass
class Wired(House):
    """``ari`` and ``db`` are the daemon's lines."""

    ari: Wire
    db: Wire
    postgres: Postgres
    at_rest: Footprint
    """The daemon's footprint right after the start."""

    async def agent(self, name: str, behaviour: Behaviour | None = None, *, logs_in: bool = True) -> AgentPhone:
        """An agent's phone, logged in, which does not wait for the prompt that confirms the code."""
        phone = await self.stage.agent(name, behaviour=behaviour)
        if logs_in:
            since = len(self.daemon.lines)
            call = await phone.dial("*50", answered=True)
            await self.daemon.said("available", subject=name, since=since)
            await call.hangup()
        return phone

    async def footprint(self) -> Footprint:
        """The daemon's footprint now."""
        return await footprint(self.daemon, self.ari, self.db)


async def footprint(daemon: Daemon, *lines: Wire) -> Footprint:
    links = list(_open_files(daemon))
    sockets = sum(link.startswith("socket:") for link in links)
    others = sockets - sum(line.connections for line in lines)
    return Footprint(len(links) - sockets, others, await daemon.tasks())


def _open_files(daemon: Daemon) -> Iterator[str]:
    for entry in Path(f"/proc/{daemon.pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            yield str(entry.readlink())


async def promise(url: str, numbers: Sequence[str], ahead_s: float = 0.0) -> None:
    """Store promises as if an earlier run had made them, in this order: no test must wait for an offer to be spoken.

    ``ahead_s`` is the number of seconds by which the daemon's clock is ahead.
    """
    engine, mint, since = engine_for(url), Mint(os.urandom(16)), time.time() + ahead_s - 60 - len(numbers)
    try:
        await upgrade(engine)
        async with engine.begin() as connection:
            for n, number in enumerate(numbers):
                at = since + n
                callback_id, queue = mint.callback(at), QueueName("support")
                entry = Entry(mint.entry(at), queue, at, callback=callback_id, number=number, joined_at=at)
                callback = Callback(callback_id, entry.id, queue, number, at, at + 86_400)
                await connection.execute(insert(tables.entry), [values(entry)])
                await connection.execute(insert(tables.callback), [values(callback)])
    finally:
        await engine.dispose()


def database_line(slot: Slot, url: URL) -> Wire:
    place, name = slot.dir / "line", f".s.PGSQL.{url.query['port']}"
    place.mkdir()
    return Wire(place / name, Path(str(url.query["host"]), name))


def over(line: Wire, url: str) -> str:
    assert isinstance(line.here, Path)
    return make_url(url).update_query_dict({"host": str(line.here.parent)}).render_as_string()
