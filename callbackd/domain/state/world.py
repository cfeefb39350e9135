"""The conditions of the world: what is there, what supervisors have switched, and whether the trunk rests."""

from __future__ import annotations

from dataclasses import dataclass, field

from callbackd.domain.breaker import Breaker
from callbackd.domain.ids import QueueName


@dataclass(slots=True)
class World:
    breaker: Breaker
    database: bool = True
    """Whether it can be written to: without it nothing is promised and nobody is dialled."""
    pbx: bool = True
    pbx_since: float = 0.0
    """When the Asterisk that is there started, as it reported."""
    offering: bool = True
    dialling: bool = True
    draining: bool = False
    next_dial_at: float = 0.0
    """Before this time nobody is dialled, so that due promises do not leave all at once."""
    closed_until: dict[QueueName, float] = field(default_factory=dict)
    """Queues that a supervisor closed early, and until when."""
    crises: dict[QueueName, float] = field(default_factory=dict)
    """Queues whose callers are told what is the matter, since when."""
    generation: int = 0
    """Of the daemon: one more than that of the one before it."""

    def stamp(self) -> tuple[object, ...]:
        """Differs from an earlier one if a condition has changed on which matching depends."""
        return (self.database, self.pbx, self.dialling, self.draining, self.next_dial_at, self.breaker)
