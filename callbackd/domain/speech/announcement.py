"""What a waiting caller hears: position and a wait that is kept in four of five cases, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf

from callbackd.domain.phrase import CallWithin, Phrase, Position, WaitAboveHour, WaitBelow
from callbackd.domain.settings import Announcements
from callbackd.domain.wait.estimator import Estimate

_STEPS_MIN = (*range(1, 11), 15, 20, 25, 30, 40, 50, 60)
ABOVE_HOUR = 61
"""Stands for "more than an hour" where minutes are compared."""


@dataclass(frozen=True, slots=True)
class Announcement:
    phrases: tuple[Phrase, ...]
    reason: str
    bound_s: float | None = None
    """The wait that is spoken; infinity for "more than an hour", None when none is."""


def rounded_up(seconds: float) -> int:
    """Minutes as they are spoken: the next step above, ``ABOVE_HOUR`` beyond the last one."""
    minutes = max(1, ceil(seconds / 60))
    return next((step for step in _STEPS_MIN if step >= minutes), ABOVE_HOUR)


def compose(settings: Announcements, position: int, estimate: Estimate | None, told_s: float | None) -> Announcement:
    """Position and wait for one announcement. A wait is spoken again only when it is better than the one before."""
    phrases: tuple[Phrase, ...] = (Position(position),) if settings.position else ()
    if not settings.wait or estimate is None:
        return Announcement(phrases, "waits are not told" if estimate else "wait unknown")
    if not estimate.to_tell:
        return Announcement(phrases, "everybody is paused: no number is told")
    minutes = rounded_up(estimate.p80_s if estimate.bound_s is None else estimate.bound_s)
    bound_s = inf if minutes == ABOVE_HOUR else 60.0 * minutes
    if told_s is not None and bound_s >= told_s:
        return Announcement(phrases, f"{bound_s / 60:g} min is no better than the {told_s / 60:g} told before")
    wait = WaitAboveHour() if minutes == ABOVE_HOUR else WaitBelow(minutes)
    return Announcement((*phrases, wait), f"P80 is {estimate.p80_s:.0f} s", bound_s)


def promised_s(estimate: Estimate | None) -> float | None:
    """Within what time a turn is promised: 1.5 x P80 was kept in 96.5 % of cases and more (spec/estimates.md).

    Rounded up as it is spoken; None when no time is spoken.
    """
    if estimate is None:
        return None
    minutes = rounded_up(1.5 * estimate.p80_s)
    return None if minutes == ABOVE_HOUR else 60.0 * minutes


def promised_wait(within_s: float | None) -> tuple[Phrase, ...]:
    """The part of the spoken promise that names a time; empty when none is promised."""
    return () if within_s is None else (CallWithin(round(within_s / 60)),)
