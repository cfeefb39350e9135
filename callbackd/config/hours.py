"""The sections of weekdays: ``[hours.<name>]`` and ``[calling]``, the house's hours and the customers'.

A span is written ``"09:00-17:30"``. Opening hours may cross midnight (``"22:00-02:00"``): what lies behind it is the
next weekday's.
"""

from __future__ import annotations

from dataclasses import dataclass

from holidays import list_supported_countries

from callbackd.config.words import DAY_MIN, WEEKDAYS, Shift, apart
from callbackd.domain.settings import CallingRules, DaySpans, OpeningDays, Span, Week, Zone

_WORKDAY, _SATURDAY = (Span(9 * 60, 20 * 60),), (Span(10 * 60, 17 * 60),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours(OpeningDays):
    """When somebody is there, for the queues that name these hours, and the shifts of the agents whose ``roster`` names
    them. A weekday that is not set is closed."""

    monday: tuple[Shift, ...] = ()
    """Opening hours of Mondays."""
    tuesday: tuple[Shift, ...] = ()
    """Opening hours of Tuesdays."""
    wednesday: tuple[Shift, ...] = ()
    """Opening hours of Wednesdays."""
    thursday: tuple[Shift, ...] = ()
    """Opening hours of Thursdays."""
    friday: tuple[Shift, ...] = ()
    """Opening hours of Fridays."""
    saturday: tuple[Shift, ...] = ()
    """Opening hours of Saturdays."""
    sunday: tuple[Shift, ...] = ()
    """Opening hours of Sundays."""
    zone: Zone | None = None
    """The clock they are meant by, an IANA name; not set: ``site.zone``."""

    def __post_init__(self) -> None:
        """Raises ``ValueError`` for hours that contradict each other or are never open."""
        known = list_supported_countries().get(self.country, [])
        if self.subdivision and self.subdivision not in known:
            raise ValueError(f"subdivision: {self.subdivision!r} is not known; {_choice(self.country, known)}")
        if not any(self.week()) and not any(self.days.values()):
            raise ValueError("never open; give a weekday or one of the days a span")

    def week(self) -> Week:
        """Each day's spans, with what the day before left after midnight. Raises ``ValueError`` when they overlap."""
        shifts: list[tuple[Shift, ...]] = [getattr(self, day) for day in WEEKDAYS]
        week = []
        for number, day in enumerate(WEEKDAYS):
            left = [Span(0, shift.end) for shift in shifts[number - 1] if shift.end < shift.start]
            own = [Span(shift.start, shift.end if shift.start < shift.end else DAY_MIN) for shift in shifts[number]]
            try:
                week.append(apart([*left, *own]))
            except ValueError as error:
                raise ValueError(f"{day}: {error}") from error
        return tuple(week)


def _choice(country: str, known: list[str]) -> str:
    if not country:
        return "set the country it belongs to"
    return f"one of {', '.join(known)}" if known else f"{country} has none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling(CallingRules):
    """When customers may be rung, by the clock where their number lives."""

    always: bool = False
    """Whether customers are rung at any hour: for a laboratory, not for people."""
    monday: DaySpans = _WORKDAY
    """Calling hours of Mondays."""
    tuesday: DaySpans = _WORKDAY
    """Calling hours of Tuesdays."""
    wednesday: DaySpans = _WORKDAY
    """Calling hours of Wednesdays."""
    thursday: DaySpans = _WORKDAY
    """Calling hours of Thursdays."""
    friday: DaySpans = _WORKDAY
    """Calling hours of Fridays."""
    saturday: DaySpans = _SATURDAY
    """Calling hours of Saturdays."""
    sunday: DaySpans = ()
    """Calling hours of Sundays."""

    def __post_init__(self) -> None:
        """Raises ``ValueError`` when no hour is left to ring anybody."""
        if not self.always and not any(self.week()):
            raise ValueError("no hour is left to ring anybody; to switch callbacks off, set dialling.enabled = false")

    def week(self) -> Week:
        return tuple(getattr(self, day) for day in WEEKDAYS)
