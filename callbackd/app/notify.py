"""What we send to systemd (sd_notify): that we are ready, what we do in one sentence, and that everything moves.

The watchdog is fed only while every part that must move has moved. A part that hangs silently is worse than one that
fails: callers hear nothing, and nobody is alarmed. Unfed, systemd ends us, and the next start takes the calls up.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any

import structlog

TELL_EVERY_S = 1.0

log = structlog.get_logger("callbackd")


class Notifier:
    """Sends nothing without NOTIFY_SOCKET, that is, outside systemd."""

    def __init__(self, address: str | None = None, watchdog_us: str | None = None) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "") if address is None else address
        self._status = self._doing = self._sent = ""
        given = os.environ.get("WATCHDOG_USEC", "") if watchdog_us is None else watchdog_us
        self.watchdog_s = int(given) / 1e6 if given.isdigit() and self._address else 0.0
        """Seconds within which systemd wants to be fed; 0 when it does not want to be."""

    def ready(self, status: str) -> None:
        self._send("READY=1")
        self.status(status)

    def status(self, status: str) -> None:
        """Show how we are."""
        self._status = status
        self._say()

    def doing(self, doing: str) -> None:
        """Show what we are doing, after how we are."""
        self._doing = doing
        self._say()

    def _say(self) -> None:
        line = "; ".join(filter(None, (self._status, self._doing)))
        if line != self._sent:
            self._sent = line
            self._send(f"STATUS={line}")

    def reloading(self) -> None:
        """We are reloading; ``ready`` is to be called again when that is over."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}\nSTATUS=reloading")

    def stopping(self) -> None:
        self._send("STOPPING=1\nSTATUS=stopping")

    def feed(self) -> None:
        self._send("WATCHDOG=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as telling:
            telling.setblocking(False)
            telling.sendto(text.encode(), address)


async def keep_telling(notifier: Notifier, doing: Callable[[], str]) -> None:
    """Keep ``systemctl status`` showing what we do now, until cancelled."""
    while True:
        notifier.doing(doing())
        await asyncio.sleep(TELL_EVERY_S)


def stuck_parts(moved: Mapping[str, Callable[[], float]], now: float, patience_s: float) -> list[str]:
    """The parts that have not moved for ``patience_s``. Idle ones move only when they are poked."""
    return [part for part, moved_at in moved.items() if now - moved_at() > patience_s]


class Watchdog:
    """``moved`` returns for each part when it last moved, by the loop's clock; ``poke`` makes idle parts move."""

    def __init__(
        self,
        notifier: Notifier,
        moved: Mapping[str, Callable[[], float]],
        poke: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        self._notifier = notifier
        self._moved = moved
        self._poke = poke
        self._stuck: list[str] = []

    async def run(self) -> None:
        """Feed until cancelled. Never returns; does nothing when systemd does not want to be fed."""
        every_s = self._notifier.watchdog_s / 4
        async with asyncio.TaskGroup() as pokes:  # a poke that waits for an answer must not keep us from looking
            while every_s:
                pokes.create_task(self._poke(), name="poke")
                await asyncio.sleep(every_s)
                self.look(asyncio.get_running_loop().time(), 3 * every_s)
            await asyncio.Event().wait()

    def look(self, now: float, patience_s: float) -> None:
        """Feed, or log once which parts have not moved for ``patience_s``."""
        stuck = stuck_parts(self._moved, now, patience_s)
        if not stuck:
            self._notifier.feed()
        elif stuck != self._stuck:
            log.error("stuck", parts=", ".join(stuck), why=f"no move for {patience_s:.0f} s; the watchdog is not fed")
        self._stuck = stuck
