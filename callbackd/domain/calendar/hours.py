"""Whether somebody is there, until when, and why not.

A day's spans are read off the clock on the wall: on clock-change days they last an hour less or more. Spans that touch,
over midnight too, are one opening. Public holidays come from the ``holidays`` library: those of the whole country, and
of the subdivision where one is set.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

from holidays import country_holidays

from callbackd.domain.calendar import wall
from callbackd.domain.settings import Hours, Span

HORIZON_DAYS = 400
"""Whatever does not change within this many days counts as never changing: a year and any holidays around it."""

_DAY = timedelta(days=1)


class Reason(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    HOLIDAY = "holiday"
    """Closed all day for a holiday, the country's or the house's; ``EntryRules.holiday`` says what follows."""
    CLOSED_EARLY = "closed early"
    """By a supervisor, in what would be opening hours."""


@dataclass(frozen=True, slots=True)
class Opening:
    open: bool
    until: float | None
    """When ``open`` changes; None if not within ``HORIZON_DAYS``."""
    reason: Reason

    def closes_in_s(self, now: float) -> float | None:
        """Seconds from ``now`` until the closing, 0 when it is closed, None when it never closes."""
        if not self.open:
            return 0.0
        return self.until - now if self.until is not None else None


_ALWAYS = Opening(True, None, Reason.OPEN)


def opening(hours: Hours | None, now: float, closed_until: float | None = None) -> Opening:
    """Whether it is open at ``now``. ``hours`` None means always; until ``closed_until`` a supervisor has closed."""
    planned = _planned(hours, now) if hours else _ALWAYS
    if closed_until is None or closed_until <= now:
        return planned
    reason = Reason.CLOSED_EARLY if planned.open else planned.reason
    return Opening(False, next_open(hours, closed_until), reason)


def next_open(hours: Hours | None, now: float, closed_until: float | None = None) -> float | None:
    """``now`` when open, else the next opening; None if there is none within ``HORIZON_DAYS``."""
    found = opening(hours, now, closed_until)
    return now if found.open else found.until


def closes_at(hours: Hours | None, now: float, closed_until: float | None = None) -> float | None:
    """When the present opening ends; None when it never does, and when there is none."""
    found = opening(hours, now, closed_until)
    return found.until if found.open else None


def turns(hours: Hours, now: float, until: float) -> tuple[bool, tuple[float, ...]]:
    """Whether it is open at ``now``, and the moments up to ``until`` at which that turns into its opposite."""
    found = first = opening(hours, now)
    moments = []
    while found.until is not None and found.until <= until:
        moments.append(found.until)
        found = opening(hours, found.until)
    return first.open, tuple(moments)


def open_seconds(hours: Hours | None, start: float, end: float) -> float:
    """Seconds of opening from ``start`` to ``end``; 0 when ``end`` is not later."""
    total, now = 0.0, start
    while now < end:
        found = opening(hours, now)
        until = end if found.until is None else min(end, found.until)
        total += until - now if found.open else 0.0
        now = until
    return total


def holiday(hours: Hours, day: date) -> bool:
    return day in hours.holidays or day in public_holidays(hours.country, hours.subdivision, day.year)


@lru_cache(maxsize=1024)
def public_holidays(country: str, subdivision: str, year: int) -> frozenset[date]:
    """The public holidays of a year; no country is without any. Raises ``NotImplementedError`` for a country or a
    subdivision that the library does not know."""
    if not country:
        return frozenset()
    return frozenset(country_holidays(country, subdiv=subdivision or None, years=year))


# --- a day's plan -----------------------------------------------------------------------------------------------------
# Needed at every event, computed once a day: the answers for a local day, each with the instant from which it holds; of
# two with the same instant the later one counts.


def _planned(hours: Hours, now: float) -> Opening:
    starts, answers = _plan(hours, wall.day_of(now, hours.zone))
    return answers[max(0, bisect_right(starts, now) - 1)]


@lru_cache(maxsize=4096)
def _plan(hours: Hours, day: date) -> tuple[tuple[float, ...], tuple[Opening, ...]]:
    dark = Reason.HOLIDAY if holiday(hours, day) and not _spans(hours, day) else Reason.CLOSED
    answers = []
    now = wall.begins(day, 0, hours.zone)
    for start, end in _openings(hours, day):
        answers += [(now, Opening(False, start, dark)), (start, Opening(True, _joined(hours, day, end), Reason.OPEN))]
        now = end
    answers.append((now, Opening(False, _next_start(hours, day), dark)))
    return tuple(at for at, _ in answers), tuple(answer for _, answer in answers)


@lru_cache(maxsize=8192)
def _openings(hours: Hours, day: date) -> tuple[tuple[float, float], ...]:
    """The day's spans as instants. Spans that touch are joined; a span that the clock skips does not exist."""
    found: list[tuple[float, float]] = []
    for span in _spans(hours, day):
        start, end = wall.begins(day, span.start, hours.zone), wall.ends(day, span.end, hours.zone)
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        elif start < end:
            found.append((start, end))
    return tuple(found)


def _spans(hours: Hours, day: date) -> tuple[Span, ...]:
    if day in hours.days:
        return hours.days[day]
    return () if holiday(hours, day) else hours.week[day.weekday()]


def _joined(hours: Hours, day: date, end: float) -> float | None:
    """When an opening of ``day`` that lasts to ``end`` is really over, however many midnights it crosses."""
    for _ in range(HORIZON_DAYS):
        day += _DAY
        following = _openings(hours, day)
        if not following or following[0][0] > end:
            return end
        end = following[0][1]
    return None


def _next_start(hours: Hours, day: date) -> float | None:
    """The first opening after ``day``."""
    later = (_openings(hours, day + n * _DAY) for n in range(1, HORIZON_DAYS + 1))
    return next((found[0][0] for found in later if found), None)
