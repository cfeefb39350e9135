"""Between Asterisk's event stream and the loop. After each (re)connect Asterisk is polled and the answer is fed in
first, by the front door; events of the new stream are held back until then, so that nothing is judged out of order.

An event can be lost without the stream breaking. So we compare ourselves with Asterisk every now and then; if a
difference lasts, the stream cannot be trusted, and Asterisk is polled as after a reconnect.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NoReturn

import structlog

from callbackd.app.notify import Notifier
from callbackd.ari.client import Link
from callbackd.domain.events import Event, PbxBack, PbxLost

Poll = Callable[[], Awaitable[tuple[Event, ...] | None]]
"""What Asterisk has now, as events with ``LegsSeen`` among them; None when it did not answer."""

Differences = Callable[[Iterable[Event]], frozenset[str]]
"""Where the polled events and our own state differ, in words."""

LOOK_EVERY_S = 30.0
"""A caller whose arrival was never reported hears music for this long at most; their dead-man switch is twice as
long."""
SURE_S = 3.0
"""The event behind a difference that lasts this long is not on its way to us."""
_POLL_AGAIN_S = 0.2

log = structlog.get_logger("recovery")


def report_laws(broken_laws: Callable[[], list[str]]) -> None:
    """Log an error for each invariant of the domain that does not hold. Calls go on in any case."""
    try:
        broken = broken_laws()
    except Exception:
        log.exception("laws_not_asked", why="a fault in asking for the invariants; calls are not affected")
        return
    for law in broken:
        log.error("law_broken", law=law, why="a fault of callbackd; calls go on; please report it with this log")


class Recovery:
    """Give ``on_event`` and ``on_link`` to the ARI client. ``replaced`` is set when another daemon took our place."""

    def __init__(
        self,
        decode: Callable[[Any], Event | None],
        poll: Poll,
        post: Callable[[Event], None],
        notifier: Notifier | None = None,
        differences: Differences = lambda _: frozenset(),
        caught_up: Iterable[Callable[[], None]] = (),
        broken_laws: Callable[[], list[str]] = list,
    ) -> None:
        """``caught_up`` are called each time the missed events have been posted; ``broken_laws`` at each look."""
        self._broken_laws = broken_laws
        self._caught_up = tuple(caught_up)
        self._differences = differences
        self._connected = False
        self._notifier = notifier or Notifier("")
        self._decode = decode
        self._poll = poll
        self._post = post
        self._held: list[Event] | None = None
        self._polling: asyncio.Task[None] | None = None
        self._failures: asyncio.Queue[BaseException] = asyncio.Queue()
        self.replaced = asyncio.Event()

    def on_event(self, raw: dict[str, Any]) -> None:
        event = self._decode(raw)
        if event is None:
            return
        if self._held is None:
            self._post(event)
        else:
            self._held.append(event)

    def on_link(self, link: Link, why: str) -> None:
        self._connected = link is Link.CONNECTED
        if self._polling:
            self._polling.cancel()
        if self._connected:
            self._start_catching_up()
            return
        self._held = None
        self._notifier.status(f"without Asterisk: {why}")
        self._post(PbxLost(why))
        if link is Link.REPLACED:
            self.replaced.set()

    async def failed(self) -> NoReturn:
        """Wait until cancelled. Raises what polling failed with; otherwise no event would ever be posted again."""
        raise await self._failures.get()

    async def compare(self) -> None:
        """Look for events that never came, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            report_laws(self._broken_laws)
            if lasting := await self._lasting():
                log.error("events_missed", differences=sorted(lasting), why="the event stream lost them; polled")
                self._post(PbxLost("events were missed"))
                self._start_catching_up()

    async def _lasting(self) -> frozenset[str]:
        if not (found := await self._look()):
            return found
        await asyncio.sleep(SURE_S)
        return found & await self._look()

    async def _look(self) -> frozenset[str]:
        """The differences; none while the stream is broken or being caught up with, as that will mend them."""
        polled = await self._poll() if self._works() else None
        return self._differences(polled) if polled and self._works() else frozenset()

    def _works(self) -> bool:
        return self._connected and self._held is None

    def _start_catching_up(self) -> None:
        self._held = []
        self._polling = asyncio.create_task(self._catch_up(), name="resync")
        self._polling.add_done_callback(self._over)

    def _over(self, polling: asyncio.Task[None]) -> None:
        if not polling.cancelled() and (failure := polling.exception()):
            self._failures.put_nowait(failure)

    async def _catch_up(self) -> None:
        started = time.monotonic()
        while (polled := await self._poll()) is None:  # noqa: ASYNC110 - nothing announces that it answers again
            await asyncio.sleep(_POLL_AGAIN_S)
        held, self._held = self._held or [], None
        for event in (*polled, PbxBack(), *held):
            self._post(event)
        self._notifier.ready("works with Asterisk")
        for call in self._caught_up:
            call()
        took_s = time.monotonic() - started
        log.info("resynced", events=len(polled), held=len(held), took_ms=round(1000 * took_s, 1))
