"""Wall time that does not jump: short deadlines must not all come due, or freeze, because somebody set the clock.

It runs by the monotonic clock and drifts towards the wall clock by one part in a hundred. A jump is logged once; the
hours of the day follow the old clock until the difference is made up, or the daemon is restarted.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

JUMP_S = 5.0
_SLEW = 0.01

log = structlog.get_logger("callbackd")


class SteadyClock:
    def __init__(self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._now, self._last = wall(), monotonic()
        self._logged = False

    def __call__(self) -> float:
        """Unix seconds, never less than before."""
        monotonic = self._monotonic()
        passed, self._last = monotonic - self._last, monotonic
        self._now += passed
        off_s = self._wall() - self._now
        if abs(off_s) > JUMP_S and not self._logged:
            why = "restart callbackd if the hours of the day matter before it has caught up"
            log.error("clock_jumped", by_s=round(off_s), why=why)
        self._logged = abs(off_s) > JUMP_S
        self._now += max(-_SLEW * passed, min(_SLEW * passed, off_s))
        return self._now
