"""Trying again for ever: how long to pause between two tries, and when to tell the operator what is wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

FIRST_S, LAST_S = 0.1, 2.0
MISCONFIGURED_S = 5.0
"""A wrong password stays wrong until a person has done something."""
REMIND_S = 60.0


class Reconnect:
    """One for each thing that must be reached, asked after each try that failed.

    The pauses double from ``FIRST_S`` to ``LAST_S``. ``tell`` gets a complaint when it is new, and again every
    ``REMIND_S`` while it lasts: a log full of the same line hides the others.
    """

    def __init__(
        self,
        tell: Callable[[str], None],
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell = tell
        self._sleep = sleep
        self._clock = clock
        self.succeeded()

    def succeeded(self) -> None:
        """The next failure will count as a new one: always complained about, and followed by a short pause."""
        self._pause_s = FIRST_S
        self._complaint: str | None = None
        self._told_at = 0.0

    def complain(self, why: str) -> None:
        """The last try failed for the reason ``why``."""
        now = self._clock()
        if why != self._complaint or now - self._told_at >= REMIND_S:
            self._tell(why)
            self._complaint, self._told_at = why, now

    async def pause(self, *, misconfigured: bool = False) -> None:
        """Wait before the next try."""
        pause_s, self._pause_s = self._pause_s, min(2 * self._pause_s, LAST_S)
        await self._sleep(MISCONFIGURED_S if misconfigured else pause_s)
