"""Commands leave here: in order within one lane, in parallel between lanes. The loop never waits for Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import structlog

from callbackd.domain.commands import Act, lanes
from callbackd.domain.events import Event

Perform = Callable[[Act], Awaitable[Iterable[Event]]]

log = structlog.get_logger("outbox")


@dataclass(eq=False)
class _Errand:
    act: Act
    begun: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Outbox:
    """One short-lived task per command. ``perform`` returns the events that came of it; they are posted back."""

    def __init__(self, perform: Perform, post: Callable[[Event], None]) -> None:
        self._perform = perform
        self._post = post
        self._last: dict[str, _Errand] = {}
        """The youngest command of each lane; when it is over, so are all before it in that lane."""
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, act: Act) -> None:
        """Carry the command out as soon as its lanes are free, unless the last one waiting there is the same."""
        of = lanes(act)
        before = {errand for lane in of if (errand := self._last.get(lane))}
        if any(errand.act == act and not errand.begun for errand in before):
            return
        errand = _Errand(act)
        self._last.update(dict.fromkeys(of, errand))
        task = asyncio.create_task(self._run(errand, before), name=f"{type(act).__name__} {of[0]}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, errand: _Errand, before: Iterable[_Errand]) -> None:
        for earlier in before:
            await earlier.over.wait()
        errand.begun = True
        try:
            for event in await self._perform(errand.act):
                self._post(event)
        except Exception:  # a bug in one command must not silence the call's later commands
            log.exception("command_failed", lane=lanes(errand.act)[0], command=type(errand.act).__name__)
        finally:
            errand.over.set()
            for lane in lanes(errand.act):
                if self._last.get(lane) is errand:
                    del self._last[lane]

    async def drain(self, limit_s: float) -> None:
        """Wait until everything has left, for at most ``limit_s`` seconds."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=limit_s)
