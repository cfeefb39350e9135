"""Whether a queue is open now: its hours, and what a supervisor decided for today."""

from __future__ import annotations

from callbackd.domain.calendar import hours
from callbackd.domain.line.admission import Obstacle
from callbackd.domain.settings import Queue
from callbackd.domain.state import State


def obstacle(state: State, queue: Queue) -> Obstacle | None:
    """Why nobody is let in now, None when the queue is open."""
    opening = hours.opening(queue.hours, state.now, state.closed_until.get(queue.name))
    if opening.open:
        return None
    return Obstacle.HOLIDAY if opening.reason is hours.Reason.HOLIDAY else Obstacle.CLOSED


def closes_in_s(state: State, queue: Queue) -> float | None:
    """Seconds until the queue closes, 0 when it is closed, None when it never does."""
    opening = hours.opening(queue.hours, state.now, state.closed_until.get(queue.name))
    if not opening.open:
        return 0.0
    return opening.until - state.now if opening.until is not None else None


def opens_at(state: State, queue: Queue) -> float | None:
    """When the queue opens next, ``now`` when it is open; None when it never will."""
    return hours.next_open(queue.hours, state.now, state.closed_until.get(queue.name))
