"""Whether a customer may be rung at a time: by the clock where they live, of which their number is all we know.

A number of several zones (mobiles in large countries) may be rung when all of them allow it; a number of unknown zone
goes by the site's clock. Holidays are those of the number's whole country: a number does not show its region.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from holidays import list_supported_countries
from phonenumbers import NumberParseException, timezone

from callbackd.domain.calendar import hours, wall
from callbackd.domain.settings import Calling, Hours, Span, Week

_SEARCH = 100
"""Openings looked at, weeks of them, before zones that never allow the same hour are given up."""


@dataclass(frozen=True, slots=True)
class Permission:
    yes: bool
    reason: str


def allowed(calling: Calling | None, number: str, at: float, *, chosen: bool, zone: str) -> Permission:
    """Whether ``number`` (E.164) may be rung then; ``chosen`` if the customer chose the time; ``zone`` is the
    site's."""
    if calling is None:
        return Permission(True, "customers may be rung at any hour")
    for clock in _clocks(calling, number, chosen, zone):
        found = hours.opening(clock, at)
        if not found.open:
            why = "a holiday" if found.reason is hours.Reason.HOLIDAY else "outside the calling hours"
            return Permission(False, f"it is {wall.local(at, clock.zone):%a %H:%M} in {clock.zone}: {why}")
    return Permission(True, "inside the calling hours")


def next_allowed(calling: Calling | None, number: str, at: float, *, chosen: bool, zone: str) -> float | None:
    """``at`` if allowed, else the next instant that is; None if no day has such an hour."""
    clocks = _clocks(calling, number, chosen, zone) if calling else ()
    for _ in range(_SEARCH):
        later = at
        for clock in clocks:
            opens = hours.next_open(clock, later)
            if opens is None:
                return None
            later = opens
        if later == at:
            return at
        at = later
    return None


@lru_cache(maxsize=4096)
def _clocks(calling: Calling, number: str, chosen: bool, zone: str) -> tuple[Hours, ...]:
    """The calling hours in each zone where the number may be."""
    zones, country = _home(number)
    week = _stretched(calling.week, calling.chosen) if chosen else calling.week
    closed_in = country if calling.holidays and country in list_supported_countries() else ""
    return tuple(Hours(name, week, country=closed_in) for name in zones or (zone,))


def _home(number: str) -> tuple[tuple[str, ...], str]:
    """Where the number may be and its country, as far as they can be known."""
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        return (), ""
    zones = tuple(name for name in timezone.time_zones_for_number(parsed) if name != timezone.UNKNOWN_TIMEZONE)
    return zones, phonenumbers.region_code_for_number(parsed) or ""


def _stretched(week: Week, chosen: Span) -> Week:
    return tuple(tuple(sorted((*spans, chosen))) if spans else () for spans in week)
