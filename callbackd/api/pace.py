"""How often somebody may ask."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

_MOST = 4096
"""Askers that are remembered; the one who has been silent longest is forgotten, whose allowance is full again."""


@dataclass(slots=True)
class _Left:
    requests: float
    at: float


class Pace:
    """``per_s`` requests a second for each asker, and ``burst`` at once."""

    def __init__(self, per_s: float, burst: float) -> None:
        self._per_s = per_s
        self._burst = burst
        self._left: OrderedDict[str, _Left] = OrderedDict()

    def wait_s(self, who: str, now: float, *, counts: bool = True) -> float:
        """0 when this request may be served; otherwise how long to wait for the next one."""
        left = self._left.setdefault(who, _Left(self._burst, now))
        self._left.move_to_end(who)
        if len(self._left) > _MOST:
            self._left.popitem(last=False)
        left.requests = min(self._burst, left.requests + max(0.0, now - left.at) * self._per_s)
        left.at = now
        if left.requests >= 1.0:
            left.requests -= counts
            return 0.0
        return (1.0 - left.requests) / self._per_s
