"""Times at which a callback may be promised: which are free, which one a keyed time means, and how to say it.

Slots start on a grid of the slots' length, counted from midnight on the clock on the wall. In a doubled hour each pass
has its own slots, told apart by their instants: half past one comes twice, and is two slots. In a skipped hour there
are none. Slots never overlap: when a clock change brings the next start nearer, a slot is cut short.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

from callbackd.domain.calendar import hours, wall
from callbackd.domain.phrase import Day
from callbackd.domain.settings import Hours, Slots

_KEYED = re.compile(r"([01][0-9]|2[0-3])([0-5][0-9])")
_WEEKDAYS = (Day.MONDAY, Day.TUESDAY, Day.WEDNESDAY, Day.THURSDAY, Day.FRIDAY, Day.SATURDAY, Day.SUNDAY)
_WEEK_DAYS = len(_WEEKDAYS)


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    start: float
    length_s: float

    @property
    def end(self) -> float:
        return self.start + self.length_s


class Why(StrEnum):
    OFF = "off"
    """The queue promises no times."""
    NO_SUCH_TIME = "no such time"
    """Not a time of the day, or one that the clock skips."""
    TOO_FAR = "too far"
    TOO_SOON = "too soon"
    CLOSED = "closed"
    """Not wholly inside the opening hours, or a slot of capacity 0."""
    CALLING_HOURS = "outside the calling hours"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Refused:
    reason: Why


@dataclass(frozen=True, slots=True)
class Book:
    """A queue's slots, as they stand for one customer."""

    slots: Slots
    hours: Hours | None
    zone: str
    """The clock of the grid and of keyed and spoken times: that of ``hours``, or the site's without hours."""
    booked: Sequence[float] = ()
    """The times promised in one queue, sorted; a time stands once for each promise."""
    allowed: Callable[[float], bool] = lambda at: True
    """Whether this customer may be rung at that time, having chosen it (``calling.allowed``)."""
    closed_until: float | None = None
    """A supervisor has closed until then."""


def free(book: Book, now: float, choices: int | None = None, after: float | None = None) -> list[Slot]:
    """The next free slots in order of time, at most ``choices`` (else as many as the settings say).

    ``after`` leaves out those that start at or before it: what to read out next.
    """
    found: list[Slot] = []
    wanted = book.slots.choices if choices is None else choices
    for slot in _ahead(book, now):
        if len(found) >= wanted:
            break
        if (after is None or slot.start > after) and judge(book, slot, now) is None:
            found.append(slot)
    return found


def at(book: Book, now: float, day: int, hhmm: str) -> Slot | Refused:
    """The slot that a keyed time means: ``hhmm`` lies inside it, ``day`` days from today.

    In a doubled hour the first pass is meant, unless only the second is free.
    """
    keyed = _KEYED.fullmatch(hhmm)
    if not keyed or day < 0:
        return Refused(Why.NO_SUCH_TIME)
    if day > book.slots.horizon_days:
        return Refused(Why.TOO_FAR)
    when = _day(book, now, day)
    meant = wall.passes(when, int(keyed[1]) * 60 + int(keyed[2]), book.zone)
    why = Why.CLOSED if meant else Why.NO_SUCH_TIME
    for slot in _of_day(when, book.slots.length_s, book.zone):
        if any(slot.start <= instant < slot.end for instant in meant):
            refusal = judge(book, slot, now)
            if refusal is None:
                return slot
            why = refusal
    return Refused(why)


def starting(book: Book, start: float) -> Slot | None:
    """The slot that starts then, free or not; None when none does."""
    day = _of_day(wall.day_of(start, book.zone), book.slots.length_s, book.zone)
    return next((slot for slot in day if slot.start == start), None)


def judge(book: Book, slot: Slot, now: float) -> Why | None:
    """Why this slot cannot be promised; None if it can. Asked again when the promise is made."""
    slots = book.slots
    if not slots.enabled:
        return Why.OFF
    if slot.start < now + slots.lead_s:
        return Why.TOO_SOON
    if wall.day_of(slot.start, book.zone) > _day(book, now, slots.horizon_days):
        return Why.TOO_FAR
    capacity = capacity_of(slots, slot.start, book.zone)
    if capacity == 0 or not _staffed(book, slot):
        return Why.CLOSED
    if not book.allowed(slot.start):
        return Why.CALLING_HOURS
    # Promises count by where they lie, so that those made under another slot length are not forgotten.
    taken = bisect_left(book.booked, slot.end) - bisect_left(book.booked, slot.start)
    return Why.FULL if taken >= capacity else None


def capacity_of(slots: Slots, start: float, zone: str) -> int:
    """How many promises the slot at ``start`` holds: the exception for its day counts first, then for its weekday and
    time, then for its time."""
    shown = wall.local(start, zone)
    clock = f"{shown:%H:%M}"
    keys = (shown.date().isoformat(), f"{_WEEKDAYS[shown.weekday()]} {clock}", clock)
    return next((slots.exceptions[key] for key in keys if key in slots.exceptions), slots.capacity)


def spoken(start: float, now: float, zone: str) -> tuple[Day, int]:
    """The day as people say it and the minute of that day. Raises ``ValueError`` outside today and the week after."""
    day = wall.day_of(start, zone)
    ahead = (day - wall.day_of(now, zone)).days
    if not 0 <= ahead <= _WEEK_DAYS:
        raise ValueError(f"{day} cannot be said as a day of the coming week")
    named = {0: Day.TODAY, 1: Day.TOMORROW, _WEEK_DAYS: Day.IN_A_WEEK}
    return named.get(ahead, _WEEKDAYS[day.weekday()]), wall.minute_of(start, zone)


# --- the grid ---------------------------------------------------------------------------------------------------------


def _day(book: Book, now: float, ahead: int) -> date:
    return wall.day_of(now, book.zone) + timedelta(days=ahead)


def _ahead(book: Book, now: float) -> Iterator[Slot]:
    """All slots up to the horizon that are not too soon."""
    soonest = now + book.slots.lead_s
    for ahead in range(book.slots.horizon_days + 1):
        day = _of_day(_day(book, now, ahead), book.slots.length_s, book.zone)
        yield from day[bisect_left(day, soonest, key=_start) :]


def _start(slot: Slot) -> float:
    return slot.start


@lru_cache(maxsize=1024)
def _of_day(day: date, length_s: float, zone: str) -> tuple[Slot, ...]:
    step = int(length_s // 60)
    starts = sorted(start for minute in range(0, wall.DAY_MIN, step) for start in wall.passes(day, minute, zone))
    following = [*starts[1:], wall.ends(day, wall.DAY_MIN, zone)]
    return tuple(Slot(start, min(length_s, end - start)) for start, end in zip(starts, following, strict=True))


def _staffed(book: Book, slot: Slot) -> bool:
    found = hours.opening(book.hours, slot.start, book.closed_until)
    return found.open and (found.until is None or found.until >= slot.end)
