"""The loop that turns the handle: an event in, its rows committed, its commands out. The only writer of the domain."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import structlog

from callbackd.domain.acd import Acd
from callbackd.domain.commands import Act, Command, Decided, Write
from callbackd.domain.events import Event, TimePassed

_AT_ONCE = 64
"""Events that may share one commit."""

log = structlog.get_logger("acd")


class Committer(Protocol):
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
        """Commit what must be written, then let the rest leave."""
        writes: list[Write] = []
        acts: list[Act] = []
        for command in commands:
            if isinstance(command, Write):
                writes.append(command)
            else:
                acts.append(command)
        for event in await self._journal.commit(writes) if writes else ():
            self._inbox.put_nowait(event)
        for act in acts:
            self._put(act)
        for write in writes:
            if isinstance(write, Decided):
                tell = log.error if write.facts.get("alarm") else log.info
                tell(write.what, subject=write.subject, reason=write.reason, **write.facts)

    async def _wait(self) -> list[Event]:
        """The events that are ready; a ``TimePassed`` if none comes before the domain's next deadline."""
        deadline = self._acd.next_deadline()
        timeout = None if deadline is None else max(0.0, deadline - self._clock())
        try:
            async with asyncio.timeout(timeout):
                first = await self._inbox.get()
        except TimeoutError:
            return [TimePassed()]
        events = [first]
        while not self._inbox.empty() and len(events) < _AT_ONCE:
            events.append(self._inbox.get_nowait())
        return events
