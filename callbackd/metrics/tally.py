"""Counts by quarter hour for one queue or one agent: how often and for how long.

Durations are whole microseconds and are split where a quarter hour ends, so sums are exact: the quarters add up to the
total in whatever order things were added, and a replay gives the same to the last digit.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

QUARTER_S = 900
"""A quarter hour of Unix time, in seconds; the clocks of all zones differ from it by whole quarters."""
_QUARTER_US = QUARTER_S * 1_000_000
QUARTERS_PER_DAY = 96


class What(Enum):
    """What is counted; names with ``_us`` are times. ``report.Report`` has the definitions."""

    ENTERED = "entered"
    OVERFLOWED_IN = "overflowed_in"
    OVERFLOWED_OUT = "overflowed_out"
    ANSWERED = "answered"
    ANSWER_WAIT_US = "answer_wait_us"
    WITHIN = "within"
    """By threshold in seconds."""
    ABANDONED = "abandoned"
    ABANDONED_SHORT = "abandoned_short"
    EXIT = "exit"
    """By the outcome of the entry."""
    LIVE_WAIT_US = "live_wait_us"
    SAVED_US = "saved_us"

    PROMISED = "promised"
    PROMISE = "promise"
    """By the outcome of the callback."""
    TIMED = "timed"
    ON_TIME = "on_time"
    CUSTOMERS = "customers"
    CUSTOMER_WAIT_US = "customer_wait_us"
    CUSTOMERS_WAITED = "customers_waited"
    CUSTOMERS_TOO_EARLY = "customers_too_early"
    AHEAD_US = "ahead_us"
    ATTEMPT = "attempt"
    """By its outcome."""

    HANDLED = "handled"
    TALK_US = "talk_us"
    HOLD_US = "hold_us"
    WRAP_UP_US = "wrap_up_us"
    WITH_HOLD = "with_hold"
    SENT_ON = "sent_on"
    SENT_HERE = "sent_here"
    NO_PROMISE = "no_promise"
    NO_DIAL = "no_dial"
    REPEAT = "repeat"
    """By the disposition of the call before."""

    MISSED = "missed"
    STAFFED_US = "staffed_us"
    PAUSED_US = "paused_us"
    OWN_CALLS_US = "own_calls_us"
    AWAY_US = "away_us"
    RESERVED_US = "reserved_us"
    RINGING_US = "ringing_us"
    TALKING_US = "talking_us"
    WRAPPING_US = "wrapping_us"


@dataclass(frozen=True, slots=True)
class Key:
    what: What
    kind: str | float = ""
    """Which kind, for a ``What`` that is counted by kind."""


Tally = Counter[Key]


def microseconds(at: float) -> int:
    return round(at * 1_000_000)


def quarter_of(at: float) -> int:
    """The quarter hour of Unix time in which a moment lies; its first moment belongs to it."""
    return microseconds(at) // _QUARTER_US


def pieces(since_us: int, until_us: int) -> Iterator[tuple[int, int]]:
    """The time between two moments, as (quarter, microseconds in it)."""
    while since_us < until_us:
        quarter = since_us // _QUARTER_US
        end_us = min((quarter + 1) * _QUARTER_US, until_us)
        yield quarter, end_us - since_us
        since_us = end_us


class Curve:
    """The tallies of one queue or agent over time. A quarter in which nothing happened takes no memory."""

    def __init__(self) -> None:
        self._quarters: defaultdict[int, Tally] = defaultdict(Counter)

    def add(self, at_us: int, key: Key, count: int = 1) -> None:
        self._quarters[at_us // _QUARTER_US][key] += count

    def add_time(self, since_us: int, until_us: int, keys: Iterable[Key]) -> None:
        for quarter, length_us in pieces(since_us, until_us):
            for key in keys:
                self._quarters[quarter][key] += length_us

    def total(self, first: int, end: int) -> Tally:
        """The sum over the quarters from ``first`` up to but not including ``end``."""
        total: Tally = Counter()
        for quarter in range(max(first, self._first()), min(end, self._end())):
            total.update(self._quarters.get(quarter, {}))
        return total

    def _first(self) -> int:
        return min(self._quarters, default=0)

    def _end(self) -> int:
        return max(self._quarters, default=0) + 1

    def kept(self) -> int:
        """How many quarters are in memory."""
        return len(self._quarters)

    def forget(self, before: int) -> None:
        for quarter in [quarter for quarter in self._quarters if quarter < before]:
            del self._quarters[quarter]


class Clocks:
    """What is going on at this moment, for whom it is counted, and since when."""

    def __init__(self) -> None:
        self._running: dict[str, tuple[int, Curve, tuple[Key, ...]]] = {}

    def run(self, subject: str, now_us: int, curve: Curve | None = None, keys: tuple[Key, ...] = ()) -> None:
        """From now on ``subject``'s time counts as ``keys`` of ``curve``, or as nothing; until now as before."""
        if before := self._running.pop(subject, None):
            since_us, was, as_keys = before
            was.add_time(since_us, now_us, as_keys)
        if curve is not None and keys:
            self._running[subject] = (now_us, curve, keys)

    def settle(self, now_us: int) -> None:
        """Count what has run up to now; it runs on."""
        for subject, (_, curve, keys) in list(self._running.items()):
            self.run(subject, now_us, curve, keys)
