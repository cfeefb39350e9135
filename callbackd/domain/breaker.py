"""A circuit breaker for the trunk: when it fails again and again, nobody is dialled over it for a while.

While closed, it counts failures in a row. While open, it lets nothing through; when its time is over one dial goes
through, and what becomes of it decides. Only the trunk's failures count: a busy customer means a trunk that works. Some
refusals (403, 404) may be the trunk's or the number's; ``Refusals`` waits for what the next numbers get.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from callbackd.domain.ids import CallbackId

_IN_A_ROW_S = 3600.0
"""A refusal that comes later than this after the one before begins a new row."""


@dataclass(frozen=True, slots=True)
class Breaker:
    limit: int = 5
    """How many failures in a row open it; with 0 it never opens."""
    first_s: float = 30.0
    longest_s: float = 600.0
    failures: int = 0
    open_s: float = 0.0
    """For how long it was last opened; 0 while closed."""
    opened_at: float = 0.0

    @property
    def closed(self) -> bool:
        return self.open_s == 0.0

    @property
    def until(self) -> float:
        """When one dial is let through again, if it is not closed."""
        return self.opened_at + self.open_s

    def lets(self, now: float, in_flight: int) -> bool:
        return self.closed or (now >= self.until and in_flight == 0)

    def failed(self, now: float, *, for_sure: bool = False) -> Breaker:
        """The breaker after a dial that the trunk did not carry. Each time it opens again, it stays open for twice as
        long, up to a bound.

        ``for_sure`` when it is otherwise known that the trunk carries nobody: then it opens at once.
        """
        failures = self.failures + 1
        if not self.limit or (self.closed and failures < self.limit and not for_sure):
            return replace(self, failures=failures)
        open_s = self.first_s if self.closed else min(2 * self.open_s, self.longest_s)
        return replace(self, failures=failures, open_s=open_s, opened_at=now)

    def worked(self) -> Breaker:
        return replace(self, failures=0, open_s=0.0, opened_at=0.0)


@dataclass(frozen=True, slots=True)
class Refusals:
    """The same refusal to one number after another: to one it is the number's, to several in a row the trunk's."""

    limit: int = 3
    """How many numbers in a row make it the trunk's; with 0 it never is."""
    said: str = ""
    """The refusal, for example ``SIP 403``."""
    last_at: float = 0.0
    numbers: frozenset[str] = frozenset()
    charged: tuple[CallbackId, ...] = ()
    """The promises that the row has cost an attempt so far, one entry for each attempt."""
    spared: frozenset[str] = frozenset()
    """Numbers whose last attempt was not counted, as the next number was to show whose refusal it was."""

    def another(self, said: str, number: str, now: float) -> Refusals:
        if said != self.said or now > self.last_at + _IN_A_ROW_S:
            return Refusals(self.limit, said, now, frozenset({number}))
        return replace(self, last_at=now, numbers=self.numbers | {number})

    def over(self) -> Refusals:
        """An empty row, after a call that the trunk carried."""
        return Refusals(self.limit)

    @property
    def by_trunk(self) -> bool:
        return 0 < self.limit <= len(self.numbers)


def trunk_of(endpoint: str) -> str:
    """The operator's name of the trunk, taken from the template ``PJSIP/{number}@trunk``."""
    return endpoint.rpartition("@")[2] or endpoint
