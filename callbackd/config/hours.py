"""The operator's words for when: opening hours, calling hours, slots; checked here, turned into the domain's.

A span is written ``"09:00-17:30"``. Opening hours may cross midnight (``"22:00-02:00"``): what lies behind it is the
next weekday's.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any, Self
from zoneinfo import available_timezones

from holidays import list_supported_countries
from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from callbackd.config.fields import Duration, Section, plain
from callbackd.domain import settings as domain
from callbackd.domain.calendar import calling_hours as calling
from callbackd.domain.calendar import slots
from callbackd.domain.settings import Span

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_MIN = 1440
_SPAN = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})", re.ASCII)
_EXCEPTION = re.compile(
    rf"(?P<day>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})|(({'|'.join(WEEKDAYS)}) )?(?P<hour>[0-9]{{2}}):(?P<minute>[0-9]{{2}})",
    re.ASCII,
)


# --- words ------------------------------------------------------------------------------------------------------------


def _known_zone(name: str) -> str:
    if name in available_timezones():
        return name
    near = difflib.get_close_matches(name, available_timezones(), 1)
    way_out = f"did you mean {near[0]!r}?" if near else "write it as Area/City, for example 'Europe/London'"
    raise ValueError(f"no such time zone; {way_out}")


def _start_and_end(text: Any) -> tuple[int, int]:
    """Minutes of the day, the end after midnight and not later than 24:00, but possibly before the start."""
    found = _SPAN.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise ValueError(f"write a span as '09:00-17:30', not {text!r}")
    hours, minutes = [int(found[1]), int(found[3])], [int(found[2]), int(found[4])]
    start, end = (hour * 60 + minute for hour, minute in zip(hours, minutes, strict=True))
    if max(minutes) > 59 or start >= _DAY_MIN or end > _DAY_MIN:
        raise ValueError(f"{text}: the times of a day are 00:00 to 24:00")
    if start == end:
        raise ValueError(f"{text}: has no length; write 00:00-24:00 for the whole day")
    return start, end or _DAY_MIN


def _written(span: Span) -> str:
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (span.start, span.end))


def _within_a_day(text: Any) -> Span:
    start, end = _start_and_end(text)
    if end < start:
        raise ValueError(f"{text}: the end is before the start; what lies behind midnight belongs to the next day")
    return Span(start, end)


def _over_midnight(text: Any) -> tuple[Span, ...]:
    """One span, or two of which the second is the next day's."""
    start, end = _start_and_end(text)
    return (Span(start, end),) if start < end else (Span(start, _DAY_MIN), Span(0, end))


def _apart(spans: Iterable[Span]) -> list[Span]:
    """In order. Raises ``ValueError`` for two that overlap."""
    ordered = sorted(spans)
    for earlier, later in pairwise(ordered):
        if later.start < earlier.end:
            raise ValueError(f"{_written(earlier)} and {_written(later)} overlap; write them as one")
    return ordered


Zone = Annotated[str, AfterValidator(_known_zone)]
DaySpan = Annotated[Span, BeforeValidator(_within_a_day)]
NightSpan = Annotated[tuple[Span, ...], BeforeValidator(_over_midnight)]
DaySpans = Annotated[list[DaySpan], AfterValidator(_apart)]
NightSpans = list[NightSpan]


# --- sections ---------------------------------------------------------------------------------------------------------


class Hours(Section):
    """``[hours.<name>]``: when somebody is there."""

    monday: NightSpans = []
    tuesday: NightSpans = []
    wednesday: NightSpans = []
    thursday: NightSpans = []
    friday: NightSpans = []
    saturday: NightSpans = []
    sunday: NightSpans = []
    zone: Zone | None = None
    """The site's when not set."""
    country: str = ""
    subdivision: str = ""
    holidays: list[date] = []
    days: dict[date, DaySpans] = {}

    @field_validator("country")
    @classmethod
    def _known_country(cls, code: str) -> str:
        if code and code not in list_supported_countries():
            raise ValueError("no public holidays are known of it; write a country as ISO 3166, for example 'GB'")
        return code

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        known = list_supported_countries().get(self.country, [])
        if self.subdivision and self.subdivision not in known:
            raise ValueError(f"subdivision: {self.subdivision!r} is not known; {_choice(self.country, known)}")
        if not any(self.week()) and not any(self.days.values()):
            raise ValueError("never open; give a weekday or one of the days a span")
        return self

    def week(self) -> domain.Week:
        """Each day's spans and what the day before leaves behind midnight. Raises ``ValueError`` where they overlap."""
        own = [getattr(self, day) for day in WEEKDAYS]
        week = []
        for number, day in enumerate(WEEKDAYS):
            left = [span[1] for span in own[number - 1] if len(span) > 1]
            try:
                week.append(tuple(_apart([*left, *(span[0] for span in own[number])])))
            except ValueError as error:
                raise ValueError(f"{day}: {error}") from error
        return tuple(week)


def _choice(country: str, known: list[str]) -> str:
    if not country:
        return "set the country it belongs to"
    return f"one of {', '.join(known)}" if known else f"{country} has none"


class Calling(Section):
    """``[calling]``: when customers may be rung, by the clock where they live."""

    always: bool = False
    monday: DaySpans = [Span(9 * 60, 20 * 60)]
    tuesday: DaySpans = [Span(9 * 60, 20 * 60)]
    wednesday: DaySpans = [Span(9 * 60, 20 * 60)]
    thursday: DaySpans = [Span(9 * 60, 20 * 60)]
    friday: DaySpans = [Span(9 * 60, 20 * 60)]
    saturday: DaySpans = [Span(10 * 60, 17 * 60)]
    sunday: DaySpans = []
    chosen: DaySpan = Span(8 * 60, 21 * 60)
    holidays: bool = True

    @model_validator(mode="after")
    def _some_hour(self) -> Self:
        if not self.always and not any(getattr(self, day) for day in WEEKDAYS):
            raise ValueError("no hour is left to ring anybody; to switch callbacks off, set dialling.enabled = false")
        return self


class Slots(Section):
    """``[queues.<name>.slots]``: times at which a callback may be promised."""

    enabled: bool = True
    length_s: Duration = timedelta(minutes=30)
    capacity: int = Field(2, ge=1, le=10_000)
    exceptions: dict[str, Annotated[int, Field(ge=0, le=10_000)]] = {}
    lead_s: Duration = timedelta(hours=1)
    horizon_days: int = Field(7, ge=0, le=7)
    choices: int = Field(3, ge=1, le=3)

    @field_validator("length_s")
    @classmethod
    def _on_the_grid(cls, length: timedelta) -> timedelta:
        minutes, rest = divmod(length.total_seconds(), 60)
        if rest or not minutes or minutes % 15 or _DAY_MIN % minutes:
            raise ValueError("write whole quarter hours that divide the day: 900, 1800, 2700, 3600, 5400, 7200 …")
        return length

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.lead_s > timedelta(days=max(1, self.horizon_days)):
            raise ValueError("lead_s: reaches beyond horizon_days, so that no time is left; make one of them fit")
        for key in self.exceptions:
            _exception(key, self.length_s)
        return self


def _exception(key: str, length: timedelta) -> None:
    """Raises ``ValueError`` for a key that no slot can have."""
    found = _EXCEPTION.fullmatch(key)
    if not found:
        raise ValueError(f"exceptions: {key!r}: write '2026-12-24', 'monday 09:00' or '09:00'")
    if found["day"]:
        try:
            date.fromisoformat(found["day"])
        except ValueError as error:
            raise ValueError(f"exceptions: {key!r}: there is no such day") from error
        return
    hour, minute, step = int(found["hour"]), int(found["minute"]), int(length.total_seconds() // 60)
    if hour > 23 or minute > 59 or (hour * 60 + minute) % step:
        raise ValueError(f"exceptions: {key!r}: no slot starts then; they start every {step} min from midnight")


# --- into the domain's words ------------------------------------------------------------------------------------------


def hours_of(section: Hours, site_zone: str) -> domain.Hours:
    days: Mapping[date, tuple[Span, ...]] = {day: tuple(spans) for day, spans in section.days.items()}
    return domain.Hours(
        zone=section.zone or site_zone,
        week=section.week(),
        country=section.country,
        subdivision=section.subdivision,
        holidays=frozenset(section.holidays),
        days=days,
    )


def calling_of(section: Calling) -> domain.Calling | None:
    if section.always:
        return None
    week = tuple(tuple(getattr(section, day)) for day in WEEKDAYS)
    return domain.Calling(week, section.chosen, section.holidays)


def slots_of(section: Slots) -> domain.Slots:
    return domain.Slots(**plain(section))


def ever_free(queue: domain.Slots, hours: domain.Hours | None, rung: domain.Calling | None) -> bool:
    """Whether a slot lies inside opening and calling hours at all, for customers by the queue's own clock.

    Asked of the policies themselves, in a week without holidays and clock changes and on each day with own hours.
    """
    zone = "UTC"
    at_home = replace(rung, holidays=False) if rung else None
    book = slots.Book(
        replace(queue, lead_s=0.0, horizon_days=6, exceptions=_weekly(queue.exceptions)),
        replace(hours, zone=zone, country="", subdivision="", holidays=frozenset()) if hours else None,
        zone,
        allowed=lambda at: calling.allowed(at_home, "", at, chosen=True, zone=zone).yes,
    )
    weeks = [date(2001, 1, 1), *(hours.days if hours else ())]
    midnights = (datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() for day in weeks)
    return any(slots.free(book, midnight, choices=1) for midnight in midnights)


def _weekly(exceptions: Mapping[str, int]) -> dict[str, int]:
    return {key: capacity for key, capacity in exceptions.items() if ":" in key}
