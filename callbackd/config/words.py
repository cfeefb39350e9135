"""Reads what the file writes in another form than the domain's; each function raises ``ValueError`` with the way
out."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from itertools import pairwise
from typing import Any
from zoneinfo import available_timezones

from holidays import list_supported_countries
from pydantic import TypeAdapter, ValidationError

from callbackd.domain.settings import Exit, Slots, Span, Way
from callbackd.prompts.languages import LANGUAGES

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY_MIN = 1440
_SPAN = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})", re.ASCII)
_EXCEPTION = re.compile(
    rf"(?P<day>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})|(({'|'.join(WEEKDAYS)}) )?(?P<hour>[0-9]{{2}}):(?P<minute>[0-9]{{2}})",
    re.ASCII,
)
_EXTENSION = re.compile(r"[A-Za-z0-9*#_.-]{1,40}", re.ASCII)
_DURATION = TypeAdapter(timedelta)


def seconds(value: Any) -> float:
    """The seconds of ``90`` or ``"PT90S"``. A boolean is not a number here."""
    way_out = "write seconds, for example 90, or an ISO 8601 duration, for example 'PT90S'"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(way_out)
    try:
        found = _DURATION.validate_python(value).total_seconds()
    except ValidationError as error:
        raise ValueError(way_out) from error
    if found < 0:
        raise ValueError("a duration cannot be negative")
    return found


# --- when -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shift:
    """A span that may cross midnight: then its end, on the next day, is before its start."""

    start: int
    end: int


def _start_and_end(text: Any) -> tuple[int, int]:
    """Start and end in minutes of the day; the end is after 00:00 and at most 24:00, but possibly before the start."""
    found = _SPAN.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise ValueError(f"write a span as '09:00-17:30', not {text!r}")
    hours, minutes = [int(found[1]), int(found[3])], [int(found[2]), int(found[4])]
    start, end = (hour * 60 + minute for hour, minute in zip(hours, minutes, strict=True))
    if max(minutes) > 59 or start >= DAY_MIN or end > DAY_MIN:
        raise ValueError(f"{text}: the times of a day are 00:00 to 24:00")
    if start == end:
        raise ValueError(f"{text}: has no length; write 00:00-24:00 for the whole day")
    return start, end or DAY_MIN


def written(span: Span) -> str:
    """The span as the file writes it."""
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (span.start, span.end))


def span(text: Any) -> Span:
    start, end = _start_and_end(text)
    if end < start:
        raise ValueError(f"{text}: the end is before the start; time after midnight belongs to the next day")
    return Span(start, end)


def shift(text: Any) -> Shift:
    return Shift(*_start_and_end(text))


def apart(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The spans in order. Raises ``ValueError`` for two that overlap."""
    ordered = sorted(spans)
    for earlier, later in pairwise(ordered):
        if later.start < earlier.end:
            raise ValueError(f"{written(earlier)} and {written(later)} overlap; write them as one")
    return tuple(ordered)


def zone(name: str) -> str:
    if name in available_timezones():
        return name
    near = difflib.get_close_matches(name, available_timezones(), 1)
    way_out = f"did you mean {near[0]!r}?" if near else "write it as Area/City, for example 'Europe/London'"
    raise ValueError(f"no such time zone; {way_out}")


def country(code: str) -> str:
    if code and code not in list_supported_countries():
        raise ValueError("its public holidays are not known; write a country as ISO 3166, for example 'GB'")
    return code


def slot_length(length_s: float) -> float:
    minutes, rest = divmod(length_s, 60)
    if rest or not minutes or minutes % 15 or DAY_MIN % minutes:
        raise ValueError("write whole quarter hours that divide the day: 900, 1800, 2700, 3600, 5400, 7200 …")
    return length_s


def slots_fit(slots: Slots) -> Slots:
    """The same slots. Raises ``ValueError`` for a lead beyond the horizon, and for exceptions that fit no slot."""
    if slots.lead_s > 86400 * max(1, slots.horizon_days):
        raise ValueError("lead_s: reaches beyond horizon_days, so that no time is left; make one of them fit")
    for key in slots.exceptions:
        _exception(key, slots.length_s)
    return slots


def _exception(key: str, length_s: float) -> None:
    found = _EXCEPTION.fullmatch(key)
    if not found:
        raise ValueError(f"exceptions: {key!r}: write '2026-12-24', 'monday 09:00' or '09:00'")
    if found["day"]:
        try:
            date.fromisoformat(found["day"])
        except ValueError as error:
            raise ValueError(f"exceptions: {key!r}: there is no such day") from error
        return
    hour, minute, step = int(found["hour"]), int(found["minute"]), int(length_s // 60)
    if hour > 23 or minute > 59 or (hour * 60 + minute) % step:
        raise ValueError(f"exceptions: {key!r}: no slot starts then; they start every {step} min from midnight")


def in_file(value: Any) -> str:
    """A value as the file writes it, to be shown to people."""
    match value:
        case bool():
            return str(value).lower()
        case Span():
            return f'"{written(value)}"'
        case Exit():
            return f'"{value.way}:{value.to}"' if value.to else f'"{value.way}"'
        case Enum() if isinstance(value, int):
            return str(int(value))
        case float():
            return f"{value:g}"
        case int():
            return str(value)
        case tuple() | frozenset():
            return f"[{', '.join(map(in_file, value))}]"
        case Mapping():
            return "{}" if not value else str(dict(value))
        case _:
            return f'"{value}"'


# --- who --------------------------------------------------------------------------------------------------------------


def language(code: str) -> str:
    if code not in LANGUAGES:
        raise ValueError(f"no such language; callbackd speaks {', '.join(LANGUAGES)}")
    return code


def exit_(text: Any) -> Exit:
    """The exit written as ``wait`` · ``callback`` · ``queue:<name>`` · ``dialplan:<extension>``."""
    way, colon, to = str(text).partition(":")
    if way in (Way.WAIT, Way.CALLBACK) and not colon:
        return Exit(Way(way))
    if way == Way.QUEUE and to:
        return Exit(Way.QUEUE, to)
    if way == Way.DIALPLAN and _EXTENSION.fullmatch(to):
        return Exit(Way.DIALPLAN, to)
    raise ValueError("write 'wait', 'callback', 'queue:<name>' or 'dialplan:<extension>'")


def steps(value: Any) -> list[tuple[float, Any]]:
    """Pairs of (seconds waited, what applies from then on), the times growing."""
    if not isinstance(value, list) or not all(isinstance(step, list) and len(step) == 2 for step in value):
        raise ValueError("write pairs of seconds waited and what applies from then on, for example [[60, 1], [120, 0]]")
    times = [step[0] for step in value]
    if not all(isinstance(at, int | float) and not isinstance(at, bool) and at > 0 for at in times):
        raise ValueError("the first of each pair is a time in seconds, more than 0")
    if sorted(set(times)) != times:
        raise ValueError("the times must grow from step to step")
    return [(float(at), None if then == "any" else then) for at, then in value]
