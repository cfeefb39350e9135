"""How much may be asked for: what the database has counted, against the settings. The first limit reached counts.

The counting is done inside the transaction of the promise itself, so that neither a restart nor a second daemon forgets
anything; see ``docs/decisions/2026-11-30-limits.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

from callbackd.domain.settings import Limits

HOUR_S, DAY_S = 3600.0, 86400.0
_BLOCK_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Requests:
    """Promises that were asked for before this one, by what they have in common with it."""

    number_hour: int = 0
    number_day: int = 0
    caller_day: int = 0
    """For numbers that were not the caller's own."""
    block_hour: int = 0


def block_of(number: str) -> str:
    """The block of ten thousand numbers that a number in E.164 is one of: all but its last four digits."""
    return number[:-_BLOCK_DIGITS]


def too_many(limits: Limits, asked: Requests) -> str | None:
    """Why no more is promised now; None when it may be."""
    for count, limit, what in (
        (asked.number_hour, limits.number_hour, "to this number were asked for within an hour"),
        (asked.number_day, limits.number_day, "to this number were asked for within a day"),
        (asked.caller_day, limits.caller_day, "to other people's numbers were asked for by this caller within a day"),
        (asked.block_hour, limits.block_hour, "to numbers that begin like this one were asked for within an hour"),
    ):
        if count >= limit:
            return f"{count} callbacks {what}, as many as allowed"
    return None
