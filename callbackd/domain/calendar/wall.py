"""The clock on the wall of a place: from local days and minutes to instants and back, on clock-change days too.

When the clock goes forward some minutes of a day never come; when it goes back some come twice.
"""

from __future__ import annotations

from datetime import date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY_MIN = 1440
_zone = lru_cache(maxsize=1024)(ZoneInfo)


def local(at: float, zone: str) -> datetime:
    return datetime.fromtimestamp(at, _zone(zone))


def day_of(at: float, zone: str) -> date:
    return local(at, zone).date()


def minute_of(at: float, zone: str) -> int:
    """Minutes after midnight as the wall shows them, 0 to 1439."""
    shown = local(at, zone)
    return shown.hour * 60 + shown.minute


def passes(day: date, minute: int, zone: str) -> tuple[float, ...]:
    """The instants at which the wall shows this minute (0 to 1439) of ``day``: usually one, none when the clock skips
    it, two when it is doubled."""
    first, second = _readings(day, minute, zone)
    if first > second:
        return ()
    return (first,) if first == second else (first, second)


def begins(day: date, minute: int, zone: str) -> float:
    """The first instant at which the wall shows ``minute`` or later; for a skipped minute, the end of the gap."""
    first, second = _readings(day, minute, zone)
    return first if first <= second else _change(second, first, zone)


def ends(day: date, minute: int, zone: str) -> float:
    """When the wall shows less than ``minute`` (1 to 1440) for the last time: in a doubled hour, in the second pass."""
    first, second = _readings(day, minute - 1, zone)
    return second + 60.0 if first <= second else _change(second, first, zone)


def _readings(day: date, minute: int, zone: str) -> tuple[float, float]:
    """The instants by the offsets before and after a change; in that order unless the minute is skipped (PEP 495)."""
    shown = datetime.combine(day, time(minute // 60, minute % 60), _zone(zone))
    return shown.timestamp(), shown.replace(fold=1).timestamp()


def _change(before: float, after: float, zone: str) -> float:
    """The second at which the offset changes, which lies between the two."""
    low, high = int(before), int(after)
    offset = local(low, zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if local(middle, zone).utcoffset() == offset else (low, middle)
    return float(high)
