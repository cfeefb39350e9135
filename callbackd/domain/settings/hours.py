"""When somebody is there, when customers may be rung, and at what times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated

from annotated_types import Ge, Le

from callbackd.domain.settings.values import Country, Means, Seconds, Zone


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Part of a local day: minutes after midnight as the clock on the wall shows them, ``0 <= start < end <= 1440``."""

    start: int
    end: int


DaySpans = tuple[Span, ...]
"""A day's spans, in order, none overlapping."""
Week = tuple[DaySpans, ...]
"""Seven days from Monday, each with its spans in order; a day without spans is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningDays:
    """Days that are not like their weekday."""

    country: Country = ""
    """The country whose public holidays are closed, ISO 3166; empty: none."""
    subdivision: str = ""
    """The country's region with holidays of its own, for example ``SCT``."""
    holidays: frozenset[date] = frozenset()
    """The house's own holidays, closed all day."""
    days: Mapping[date, DaySpans] = field(default_factory=dict, hash=False)
    """Days with hours of their own, holidays or not; empty spans are closed."""


@dataclass(frozen=True, slots=True)
class Hours(OpeningDays):
    """When somebody is there. One day's hours: ``days`` first, then holidays (closed all day), then the week."""

    zone: Zone
    """IANA name, for example ``Europe/London``."""
    week: Week


@dataclass(frozen=True, slots=True, kw_only=True)
class CallingRules:
    """Whom the calling hours' week does not bind, and when it does not hold."""

    chosen: Span = Span(8 * 60, 21 * 60)
    """A time that the customer chose may lie here, on any day that has calling hours."""
    holidays: bool = True
    """Whether nobody is rung on a public holiday of the number's country."""


@dataclass(frozen=True, slots=True)
class Calling(CallingRules):
    """When customers may be rung, by the clock where they live."""

    week: Week


@dataclass(frozen=True, slots=True)
class Slots:
    """Times at which a callback may be promised."""

    enabled: bool = True
    """Whether times are proposed at all."""
    length_s: Annotated[Seconds, Means("quarter hours that divide the day")] = 1800.0
    """A whole number of quarter hours that divides the day."""
    capacity: Annotated[int, Ge(1), Le(10_000)] = 2
    """Promises per slot."""
    exceptions: Mapping[str, Annotated[int, Ge(0), Le(10_000)]] = field(default_factory=dict)
    """Other capacities: by ``"2026-12-24"`` for a day, by ``"monday 09:00"``, ``"09:00"`` for a start; 0 closes."""
    lead_s: Seconds = 3600.0
    """How long before its start a slot can be taken at the latest."""
    horizon_days: Annotated[int, Ge(0), Le(7)] = 7
    """How many days ahead may be booked, today not counted."""
    choices: Annotated[int, Ge(1), Le(3)] = 3
    """How many times are read out."""
