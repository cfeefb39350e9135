"""Fetches callers who went to the fallback queue while we were away back to their places, if the operator wants that.

ARI cannot move a channel that is not in our application; AMI's Redirect can. The callers enter by the same door as all
others, and the place that their channel carries is theirs again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from callbackd.ami.client import Ami, Outcome
from callbackd.ari.fallback import Stranded

INBOUND_CONTEXT = "callbackd-inbound"
LOOK_AGAIN_S = 5.0
"""Callers to whom a prompt was being played when they were handed over move only when it ends, perhaps after our first
look."""
AGAIN_S = 0.5
_TRIES = 20
"""The manager interface connects a little later than ARI."""

log = structlog.get_logger("callbackd")


class FetchBack:
    """Call ``begin`` after each (re)connect and keep ``run`` as a task.

    ``find`` returns the callers to be fetched, None when Asterisk did not answer.
    """

    def __init__(self, find: Callable[[], Awaitable[tuple[Stranded, ...] | None]], ami: Ami) -> None:
        self._find = find
        self._ami = ami
        self._wanted = asyncio.Event()

    def begin(self) -> None:
        self._wanted.set()

    async def run(self) -> None:
        """Fetch until cancelled: one by one, so that the first in line is the first for whom an agent is found."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            for pause_s in (0.0, LOOK_AGAIN_S):
                await asyncio.sleep(pause_s)
                for caller in await self._find() or ():
                    await self._fetch(caller)

    async def _fetch(self, caller: Stranded) -> None:
        for _ in range(_TRIES):
            result = await self._ami.ask(
                "Redirect", Channel=caller.channel, Context=INBOUND_CONTEXT, Exten=caller.queue, Priority=1
            )
            if result.outcome is not Outcome.NOT_SENT:
                break
            await asyncio.sleep(AGAIN_S)
        if result.outcome is Outcome.DONE:
            log.info("fetched_back", channel=caller.channel, queue=caller.queue, since=caller.since)
            return
        why = f"{result.reason}; manager.conf must give our user write = call"
        log.error("not_fetched_back", channel=caller.channel, queue=caller.queue, why=why)
