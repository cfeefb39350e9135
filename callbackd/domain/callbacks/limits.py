"""How much may be asked for and dialled: what the database has counted, against the settings.

The counting is done inside the transaction of the promise or of the intent to dial, so that neither a restart nor a
second daemon forgets anything; see ``docs/decisions/2026-11-30-limits.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

from callbackd.domain.settings import Limits

HOUR_S, DAY_S = 3600.0, 86400.0
LATE_S = 2.0
"""The longest that a customer who pressed 1 may wait for an agent."""
_BLOCK_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Requests:
    """Promises that were asked for before this one, by what they have in common with it."""

    number_hour: int = 0
    number_day: int = 0
    caller_day: int = 0
    """How many were for numbers other than the caller's own."""
    block_hour: int = 0


def block_of(number: str) -> str:
    """The block of ten thousand numbers to which a number in E.164 belongs: all but its last four digits."""
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


def price_of(number: str, limits: Limits) -> float:
    """What a begun minute to a number in E.164 costs; 0 where no rates are set.

    A number that no rate fits costs the highest: a rate that was forgotten stops the day too early, not too late.
    """
    fitting = [prefix for prefix in limits.rates if number.startswith(prefix)]
    return limits.rates[max(fitting, key=len)] if fitting else max(limits.rates.values(), default=0.0)


@dataclass(frozen=True, slots=True)
class Spent:
    """What was dialled today, and how customers fared within a day."""

    dials: int = 0
    talk_s: float = 0.0
    answered: int = 0
    """Customers who pressed 1."""
    late: int = 0
    """Those of them who had no agent within two seconds."""
    money: float = 0.0
    """What today's calls cost."""


@dataclass(frozen=True, slots=True)
class NoMore:
    reason: str
    stop: bool
    """Whether a supervisor must decide; otherwise the next day does."""


def may_spend(limits: Limits, spent: Spent) -> NoMore | None:
    """Why nobody at all is dialled any more today; None when one more may be."""
    minutes = spent.talk_s / 60
    if spent.dials >= limits.dials_day:
        return NoMore(f"{spent.dials} dials today, {limits.dials_day} allowed", False)
    if minutes >= limits.minutes_day:
        return NoMore(f"{minutes:.0f} minutes used today, {limits.minutes_day:.0f} allowed", False)
    if limits.money_day is not None and spent.money >= limits.money_day:
        return NoMore(f"{spent.money:.2f} {limits.currency} spent today, {limits.money_day:.2f} allowed", False)
    return None


def may_dial(limits: Limits, spent: Spent) -> NoMore | None:
    """Why no customer is dialled any more; None when one more may be."""
    if no_more := may_spend(limits, spent):
        return no_more
    if share_late(limits, spent) > limits.late_stop:
        return NoMore(f"{spent.late} of {spent.answered} customers had no agent within 2 s, and that is too many", True)
    return None


def share_late(limits: Limits, spent: Spent) -> float:
    """The share of customers who waited for an agent; 0 while there are too few to judge."""
    return spent.late / spent.answered if spent.answered >= limits.late_least else 0.0
