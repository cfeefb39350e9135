"""Every deadline of the domain in one place: one question, ``next_at``, and what has come due."""

from __future__ import annotations

import heapq
from enum import StrEnum


class Timer(StrEnum):
    """What a deadline is about; the id beside it is whose."""

    ANNOUNCE = "announce"  # leg: speak to a waiting caller
    REPLY = "reply"  # leg: no key after a menu or between digits
    PLAYBACK = "playback"  # playback: Asterisk never said that it ended
    DEAD_MAN = "dead_man"  # leg: show Asterisk that we live
    ALONE = "alone"  # leg: the other leg of the talk was taken away, and this one was not
    RING = "ring"  # leg: the end of a ring was not reported
    ATTEMPT = "attempt"  # attempt: the end of a dial was not reported
    ACCEPTED = "accepted"  # entry: its customer has pressed 1 and waited for an agent for as long as may be
    LET_GO = "let_go"  # attempt: its customer would have picked up by now, who ever does
    LOOK = "look"  # queue: whether a customer is dialled ahead by now, as calls end by the clock alone
    TRACE = "trace"  # attempt: look again what became of it
    PACE = "pace"  # site: the next customer may be dialled
    REST = "rest"  # agent: may be rung again
    DEVICE = "device"  # agent: the phone's state must be of other calls than ours by now
    WRAP_UP = "wrap_up"  # agent
    RETRY = "retry"  # entry: its promise may be dialled again
    EXPIRE = "expire"  # callback
    WIDEN = "widen"  # entry: more agents may be given it
    MAX_WAIT = "max_wait"  # entry: it has been in the line for as long as it may
    ENTER = "enter"  # entry: its slot comes near
    EMPTY = "empty"  # queue: nobody has been at work for a while
    CLOSING = "closing"  # queue


Key = tuple[Timer, str]


class Timers:
    """A heap with lazy deletion; equal times come out in the order in which they were set, so replays agree."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Key]] = []
        self._current: dict[Key, tuple[float, int]] = {}
        self._set = 0

    def set(self, timer: Timer, whose: str, at: float) -> None:
        """Wake at ``at``; this replaces a deadline that was set for the same purpose."""
        self._set += 1
        self._current[(timer, whose)] = (at, self._set)
        heapq.heappush(self._heap, (at, self._set, (timer, whose)))

    def cancel(self, timer: Timer, whose: str) -> None:
        self._current.pop((timer, whose), None)

    def is_set(self, timer: Timer, whose: str) -> bool:
        return (timer, whose) in self._current

    def when(self, timer: Timer, whose: str) -> float | None:
        """The deadline that is set, if one is."""
        found = self._current.get((timer, whose))
        return found[0] if found else None

    def next_at(self) -> float | None:
        self._drop_stale()
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> Key | None:
        """The earliest deadline that has come, which is removed; None when there is none."""
        self._drop_stale()
        if not self._heap or self._heap[0][0] > now:
            return None
        key = heapq.heappop(self._heap)[2]
        del self._current[key]
        return key

    def _drop_stale(self) -> None:
        while self._heap and self._current.get(self._heap[0][2]) != self._heap[0][:2]:
            heapq.heappop(self._heap)
