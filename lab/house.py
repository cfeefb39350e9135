"""A whole call centre as a test holds it: Asterisk, callbackd, phones, and the rows of the database."""

from __future__ import annotations

import asyncio
import contextlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from callbackd.db.journal import engine_for
from lab.asterisk import Asterisk
from lab.daemon import Daemon
from lab.phones import AgentPhone, Behaviour, Caller, Stage

ANNA, BEN, CORA, DAN = (f"+4420794601{n:02d}" for n in range(1, 5))


@dataclass
class House:
    """What a test holds in its hands."""

    asterisk: Asterisk
    daemon: Daemon
    stage: Stage
    database_url: str

    async def agent(self, name: str, behaviour: Behaviour | None = None, *, logs_in: bool = True) -> AgentPhone:
        """An agent's phone, switched on, which has dialled the login code."""
        phone = await self.stage.agent(name, behaviour=behaviour)
        if logs_in:
            await self.dials_code(phone, "*50")
        return phone

    async def dials_code(self, phone: AgentPhone, code: str) -> None:
        """Dial the code, hear the voice that confirms it, and hang up."""
        call = await phone.dial(code, answered=True)
        await call.hears_voice()
        assert await call.is_over(within=15) == "them"

    async def calls(self, number: str | None, to: str = "8001", **how: Any) -> Caller:
        caller = self.stage.caller(number, **how)
        await caller.dial(to, answered=True)
        return caller

    async def joins(self, number: str | None, to: str = "8001", **how: Any) -> Caller:
        """A caller who has called and is in the line."""
        since = len(self.daemon.lines)
        caller = await self.calls(number, to, **how)
        await self.daemon.said("joined the line", since=since)
        return caller

    async def hears_offer(self, caller: Caller) -> None:
        """Wait until the caller is spoken to for the second time: greeting first, then position, wait and the offer."""
        await self.daemon.said("announced", offer=True)
        await caller.hears_voice(since=self.stage.now(), within=10)

    async def asks_for_callback(self, caller: Caller) -> None:
        """The caller presses the key and confirms the number."""
        await self.hears_offer(caller)
        await caller.press("1")
        await caller.hears_voice(since=self.stage.now())
        await caller.press("1")

    async def takes_callback(self, caller: Caller, *, hears_out: bool = False) -> None:
        """The caller presses the key, confirms the number, hears the promise and hangs up, or is hung up on after
        it."""
        await self.asks_for_callback(caller)
        await self.daemon.said("promised a callback")
        await caller.hears_voice(since=self.stage.now())
        if hears_out:
            assert await caller.is_over(within=30) == "them"
        else:
            await caller.hangup()

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        """The rows that the database returns."""
        engine = engine_for(self.database_url)
        try:
            async with engine.connect() as connection:
                return [dict(row) for row in (await connection.execute(text(sql))).mappings()]
        finally:
            await engine.dispose()

    async def row(self, sql: str) -> dict[str, Any]:
        """The first row that the database returns, once there is one: rows of live calls are written after the act."""
        async with asyncio.timeout(10):
            while not (rows := await self.rows(sql)):
                await asyncio.sleep(0.02)
        return rows[0]


def until(clock: str) -> float:
    """Seconds from now to this time of day, UTC, tomorrow: ``11:59:30``."""
    hour, minute, second = map(int, clock.split(":"))
    then = datetime.now(UTC).replace(hour=hour, minute=minute, second=second, microsecond=0) + timedelta(days=1)
    return (then - datetime.now(UTC)).total_seconds()


async def nothing_is_left(asterisk: Asterisk, daemon: Daemon) -> None:
    """Assert that no channel and no bridge remains when all phones have hung up. Only a living daemon can ensure
    that."""
    if daemon.pid is None or asterisk.pid is None:
        return
    left = ""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(20):
            while left := await _left(asterisk):
                await asyncio.sleep(0.1)
    assert not left, f"left over in Asterisk:\n{left}\n{daemon.story()}"


async def _left(asterisk: Asterisk) -> str:
    """Channels and bridges, one per line, without the headings."""
    channels = await asterisk.cli("core show channels concise")
    bridges = await asterisk.cli("bridge show all")
    # A bridge in which callers wait stays even when it is empty.
    taken = [line for line in bridges.split("\n")[1:] if not re.match(r"callbackd-hold-\w+\s+\S+\s+0\b", line)]
    return "\n".join([*channels.split("\n"), *taken]).strip()
