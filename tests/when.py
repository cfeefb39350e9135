"""Instants and weeks as a table writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from callbackd.domain.settings import Span, Week

LONDON, ZAGREB, NEW_YORK = "Europe/London", "Europe/Zagreb", "America/New_York"
KOLKATA, LORD_HOWE = "Asia/Kolkata", "Australia/Lord_Howe"
HOUR = 3600.0


def utc(text: str) -> float:
    """``"2027-03-28 01:00"``, the clock of Greenwich without summer time."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def local(text: str, zone: str) -> float:
    """The same by the clock of a zone; in a doubled hour its first pass."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def spans(text: str) -> tuple[Span, ...]:
    """``"09:00-12:00 13:00-24:00"``."""
    return tuple(Span(*(_minute(clock) for clock in part.split("-"))) for part in text.split())


def week(weekdays: str = "", saturday: str = "", sunday: str = "") -> Week:
    return (spans(weekdays),) * 5 + (spans(saturday), spans(sunday))


def _minute(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)
