"""A number that is never called again: a line of the do-not-call list. Without the key nobody can see whose it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Blocked:
    id: str
    """``numbers.tag`` of the number; the number itself is not kept."""
    at: float
    why: str
