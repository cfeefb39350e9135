"""Commands leave here: in order within one lane, in parallel between lanes. The loop never waits for Asterisk."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable

import structlog

from callbackd.domain.commands import Act
from callbackd.domain.events import Event

Perform = Callable[[Act], Awaitable[Iterable[Event]]]

log = structlog.get_logger("outbox")


class Outbox:
    """One short-lived task per busy lane. ``perform`` tells what came of a command as events; those are posted back."""

    def __init__(self, perform: Perform, post: Callable[[Event], None]) -> None:
        self._perform = perform
        self._post = post
        self._lanes: dict[str, deque[Act]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, act: Act) -> None:
        lane = self._lanes.get(act.lane)
        if lane is not None:
            if not lane or lane[-1] != act:  # what is about to be asked anyway is not asked twice in a row
                lane.append(act)
            return
        self._lanes[act.lane] = deque([act])
        task = asyncio.create_task(self._work(act.lane), name=f"lane {act.lane}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, name: str) -> None:
        lane = self._lanes[name]
        while lane:
            act = lane.popleft()
            try:
                for event in await self._perform(act):
                    self._post(event)
            except Exception:  # a bug in one command must not silence the call's later commands
                log.exception("command_failed", lane=name, command=type(act).__name__)
        del self._lanes[name]

    async def drain(self, limit_s: float) -> None:
        """Wait until everything has left, at most ``limit_s``."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=limit_s)
