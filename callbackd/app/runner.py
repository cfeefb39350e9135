"""The loop that turns the handle: an event in, its rows committed, its commands out. The only writer of the domain.

Rows that nothing waits for are committed after the commands have left, together with those that come meanwhile; which
do not wait says ``commands.written_first``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from math import inf
from typing import Protocol

import structlog

from callbackd.domain.acd import Acd
from callbackd.domain.commands import (
    Act,
    Answered,
    Changed,
    Command,
    Decided,
    Happened,
    Question,
    Write,
    written_first,
)
from callbackd.domain.events import Event, TimePassed

_AT_ONCE = 64
"""Events that may share one commit."""
_WRITTEN_WITHIN_S = 0.05
"""Rows that nothing waits for are committed within this time. It is what a crash may cost of the history of calls."""

log = structlog.get_logger("acd")


class Committer(Protocol):
    def note(self, write: Changed | Happened | Answered | Decided) -> None:
        """Remember what the next commit is to write."""

    async def commit(self, writes: Sequence[Write]) -> list[Event]:
        """What became of promises, of intents, and of the database itself, as events. Writes the rows."""


Watch = Callable[[Event, Sequence[Command], float], None]
"""Called with each step: the event, the commands that came of it, and when (Unix seconds)."""


class Runner:
    def __init__(
        self,
        acd: Acd,
        journal: Committer,
        inbox: asyncio.Queue[Event],
        put: Callable[[Act], None],
        clock: Callable[[], float] = time.time,
        watching: Sequence[Watch] = (),
    ) -> None:
        """Events are put into ``inbox``, only from the event loop's thread.

        ``put`` takes a command that may leave now, ``clock`` returns Unix seconds, ``watching`` are called at each
        step.
        """
        self._acd = acd
        self._journal = journal
        self._inbox = inbox
        self._put = put
        self._clock = clock
        self._watching = watching
        self._unlogged: list[Decided] = []
        self._write_at: float | None = None
        """When what the journal has noted is due, in seconds of asyncio's clock; None when nothing waits."""
        self.moved_at = 0.0
        """When the loop last turned, in seconds of asyncio's clock; the watchdog reads it."""

    async def run(self) -> None:
        """Turn until cancelled."""
        while True:
            await self.turn(await self._wait())

    async def turn(self, events: Iterable[Event]) -> None:
        commands: list[Command] = []
        for event in events:
            now = self._clock()
            step = self._acd.handle(event, now)
            for watch in self._watching:
                watch(event, step, now)
            commands.extend(step)
        await self.obey(commands)
        self.moved_at = asyncio.get_running_loop().time()

    async def obey(self, commands: Iterable[Command]) -> None:
        """Commit what must be written first, then let the rest leave, then commit what is due."""
        commands = list(commands)
        writes = [command for command in commands if isinstance(command, Write)]
        self._unlogged += [write for write in writes if isinstance(write, Decided)]
        if any(map(written_first, commands)):
            await self.write(writes)
        elif writes:
            self._later(writes)
        for command in commands:
            if isinstance(command, Act):
                self._put(command)
        if self._write_at is not None and asyncio.get_running_loop().time() >= self._write_at:
            await self.write()

    def _later(self, writes: Iterable[Write]) -> None:
        for write in writes:
            if not isinstance(write, Question):
                self._journal.note(write)
        if self._write_at is None:
            self._write_at = asyncio.get_running_loop().time() + _WRITTEN_WITHIN_S

    async def write(self, writes: Sequence[Write] = ()) -> None:
        """Commit these and all that waits, and then log what was decided."""
        self._write_at = None
        for event in await self._journal.commit(writes):
            self._inbox.put_nowait(event)
        unlogged, self._unlogged = self._unlogged, []
        for decided in unlogged:
            tell = log.error if decided.facts.get("alarm") else log.info
            tell(decided.what, subject=decided.subject, reason=decided.reason, **decided.facts)

    async def _wait(self) -> list[Event]:
        """The events that are ready; none when rows are due, ``TimePassed`` at the domain's next deadline."""
        deadline, loop = self._acd.next_deadline(), asyncio.get_running_loop()
        wakes_at = inf if deadline is None else loop.time() + max(0.0, deadline - self._clock())
        until = min(wakes_at, inf if self._write_at is None else self._write_at)
        try:
            async with asyncio.timeout_at(None if until == inf else until):
                first = await self._inbox.get()
        except TimeoutError:
            return [TimePassed()] if until == wakes_at else []
        events = [first]
        while not self._inbox.empty() and len(events) < _AT_ONCE:
            events.append(self._inbox.get_nowait())
        return events
