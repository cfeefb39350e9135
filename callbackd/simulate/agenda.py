"""A virtual clock: what will happen and when, and everything random on the way, from one seed."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from math import inf, log, sqrt
from random import Random


class Agenda:
    def __init__(self, start: float, seed: int) -> None:
        self.now = start
        self.random = Random(seed)  # noqa: S311 - people, not secrets
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = 0

    def later(self, delay_s: float, action: Callable[[], None]) -> None:
        """Do it this many seconds from now; actions due at the same moment happen in the order in which they were
        added."""
        self._order += 1
        heapq.heappush(self._due, (self.now + delay_s, self._order, action))

    def next_at(self) -> float:
        """When the next action is due, Unix seconds; infinity when there is none."""
        return self._due[0][0] if self._due else inf

    def step(self) -> None:
        """Move to the next moment, and let it happen."""
        self.now, _, action = heapq.heappop(self._due)
        action()

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def about(self, mean: float) -> float:
        """A memoryless duration with this mean."""
        return self.random.expovariate(1 / mean)

    def log_normal(self, mean: float, cv: float) -> float:
        """A log-normal duration with this mean, and with this ratio of standard deviation to mean."""
        variance = log(1 + cv * cv)
        return self.random.lognormvariate(log(mean) - variance / 2, sqrt(variance))

    def fresh(self) -> int:
        """A number that has not been used before."""
        self._order += 1
        return self._order
