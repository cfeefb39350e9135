"""A circuit breaker for the trunk: when it fails again and again, nobody is dialled over it for a while.

Closed it counts failures in a row. Open it lets nothing through; when its time is over one dial goes through, and what
becomes of that one decides. The failures are the trunk's only: a busy customer is a trunk that works.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Breaker:
    limit: int = 5
    """Failures in a row that open it; 0 never does."""
    first_s: float = 30.0
    longest_s: float = 600.0
    failures: int = 0
    open_s: float = 0.0
    """How long it was opened for last; 0 while closed."""
    opened_at: float = 0.0

    @property
    def closed(self) -> bool:
        return self.open_s == 0.0

    @property
    def until(self) -> float:
        """From when on one dial is let through, when it is not closed."""
        return self.opened_at + self.open_s

    def lets(self, now: float, in_flight: int) -> bool:
        return self.closed or (now >= self.until and in_flight == 0)

    def failed(self, now: float) -> Breaker:
        """After a dial that the trunk did not carry. Opened again it stays so for twice as long, up to a bound."""
        failures = self.failures + 1
        if not self.limit or (self.closed and failures < self.limit):
            return replace(self, failures=failures)
        open_s = self.first_s if self.closed else min(2 * self.open_s, self.longest_s)
        return replace(self, failures=failures, open_s=open_s, opened_at=now)

    def worked(self) -> Breaker:
        return replace(self, failures=0, open_s=0.0, opened_at=0.0)


def trunk_of(endpoint: str) -> str:
    """What an operator calls the trunk, from the template ``PJSIP/{number}@trunk``."""
    return endpoint.rpartition("@")[2] or endpoint
