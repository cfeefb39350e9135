"""The conditions of the world: what is there, what supervisors have switched, and whether the trunk rests."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from callbackd.domain.breaker import Breaker, Refusals
from callbackd.domain.ids import QueueName


@dataclass(slots=True)
class World:
    breaker: Breaker
    refusals: Refusals
    """Refusals in a row that may be the trunk's or the numbers'."""
    database: bool = True
    """Whether it can be written to: without it nothing is promised and nobody is dialled."""
    pbx: bool = True
    """Whether Asterisk is connected: without it nobody is rung or dialled."""
    pbx_since: float = 0.0
    """When the present Asterisk started, by its own account."""
    offering: bool = True
    dialling: bool = True
    draining: bool = False
    next_dial_at: float = 0.0
    """Nobody is dialled before this time: promises that fall due together are dialled one after the other."""
    held_until: float = 0.0
    """The day's budget is used up: nobody is dialled before this time."""
    slow: bool = False
    """Too many customers waited for an agent: nobody is dialled before one is free."""
    stopped: bool = False
    """Far too many customers waited: ``dialling`` was switched off for that, and not by a supervisor."""
    told: dict[str, tuple[date, float]] = field(default_factory=dict)
    """By kind of budget, the share of the day's that the last alarm was about."""
    closed_until: dict[QueueName, float] = field(default_factory=dict)
    """Queues that a supervisor closed early, and until when."""
    crises: dict[QueueName, float] = field(default_factory=dict)
    """Queues with a crisis announcement, and since when."""
    generation: int = 0
    """The generation of this daemon: one more than its predecessor's."""

    def stamp(self) -> tuple[object, ...]:
        """A value that differs as soon as a condition changes on which matching depends."""
        return (
            self.database,
            self.pbx,
            self.dialling,
            self.draining,
            self.next_dial_at,
            self.held_until,
            self.slow,
            self.breaker,
        )
