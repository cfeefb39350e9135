"""Between Asterisk's event stream and the loop. After each (re)connect the truth is polled and fed in first, by the
front door; what the new stream says meanwhile is held back until then, so that nothing is judged in the wrong order.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from callbackd.app.notify import Notifier
from callbackd.ari.client import Link
from callbackd.domain.events import Event, PbxBack, PbxLost

Poll = Callable[[], Awaitable[tuple[Event, ...] | None]]
"""What Asterisk has now as events, ``LegsSeen`` among them; None when it did not answer."""

_POLL_AGAIN_S = 0.2

log = structlog.get_logger("recovery")


class Recovery:
    """Give ``on_event`` and ``on_link`` to the ARI client. ``replaced`` is set when another daemon took our place."""

    def __init__(
        self,
        decode: Callable[[Any], Event | None],
        poll: Poll,
        post: Callable[[Event], None],
        notifier: Notifier | None = None,
    ) -> None:
        self._notifier = notifier or Notifier("")
        self._decode = decode
        self._poll = poll
        self._post = post
        self._held: list[Event] | None = None
        self._polling: asyncio.Task[None] | None = None
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
        if self._polling:
            self._polling.cancel()
        if link is Link.CONNECTED:
            self._held = []
            self._polling = asyncio.create_task(self._catch_up(), name="resync")
            return
        self._held = None
        self._notifier.status(f"without Asterisk: {why}")
        self._post(PbxLost(why))
        if link is Link.REPLACED:
            self.replaced.set()

    async def _catch_up(self) -> None:
        started = time.monotonic()
        while (polled := await self._poll()) is None:  # noqa: ASYNC110 - nobody tells us when it answers again
            await asyncio.sleep(_POLL_AGAIN_S)
        held, self._held = self._held or [], None
        for event in (*polled, PbxBack(), *held):
            self._post(event)
        self._notifier.ready("works with Asterisk")
        took_s = time.monotonic() - started
        log.info("resynced", events=len(polled), held=len(held), took_ms=round(1000 * took_s, 1))
