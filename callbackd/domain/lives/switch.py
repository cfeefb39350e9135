"""A switch as somebody left it: kept, so that a restart turns nothing back on or off."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Switch:
    id: str
    """``offering``, ``dialling``, ``crisis <queue>``, ``closed <queue>``."""
    on: bool
    at: float
    who: str
    until: float | None = None
    """For a queue that is closed early: until when."""
