"""What becomes of a promise after an attempt that brought no conversation."""

from __future__ import annotations

from dataclasses import dataclass, replace

from callbackd.domain.lives.attempt import AttemptOutcome
from callbackd.domain.lives.callback import Callback, CallbackOutcome
from callbackd.domain.settings import Retry

_o = AttemptOutcome
_OURS = {_o.NOT_DIALLED, _o.CONGESTION, _o.CALLED_OFF}
_BUSY = {_o.BUSY, _o.REJECTED}
_NO_KEY = {_o.NO_KEY, _o.ABANDONED}
_UNCOUNTED = _OURS | {_o.DECLINED, _o.CUT_OFF}
"""These have no limit of their own. Every outcome outside these sets counts as "no answer"."""


@dataclass(frozen=True, slots=True)
class Again:
    at: float
    refund: bool
    """Whether the attempt does not count, because nobody's telephone rang."""
    reason: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    outcome: CallbackOutcome
    reason: str


def decide(
    settings: Retry, outcome: AttemptOutcome, made: int, now: float, expires_at: float, alike: int = 0
) -> Again | GiveUp:
    """When the customer is dialled again, or how the promise ends.

    ``made`` counts the attempts, ``alike`` those that ended for the same kind of cause, both including this one.
    Failures on our side are refunded; failures on the customer's side are not.
    """
    if outcome is AttemptOutcome.DECLINED:
        return GiveUp(CallbackOutcome.CANCELLED, "the customer does not want to be called")
    refund = outcome in _OURS
    used = made - refund
    gap_s = _gap_s(settings, outcome)
    if used >= settings.max_attempts:
        return GiveUp(CallbackOutcome.EXHAUSTED, f"{outcome.value}, and all {used} attempts are used")
    most_alike = _most_alike(settings, outcome)
    if most_alike is not None and alike >= most_alike:
        reason = f"{_ordinal(alike)} time {outcome.value}; {most_alike} {'is' if most_alike == 1 else 'are'} allowed"
        return GiveUp(CallbackOutcome.EXHAUSTED, reason)
    if now + gap_s >= expires_at:
        return GiveUp(CallbackOutcome.EXPIRED, f"{outcome.value}, and the promise expires before the next attempt")
    return Again(now + gap_s, refund, f"{outcome.value}: again in {gap_s:.0f} s")


def postpone(made: int, minutes: int, now: float) -> Again:
    """The customer was reached and wants to be called later: no attempt is used up, whatever the settings are for
    failures."""
    return Again(now + 60 * minutes, True, f"postponed by {minutes} min after attempt {made}")


def counted(callback: Callback, outcome: AttemptOutcome) -> tuple[Callback, int]:
    """The callback with this outcome counted by its kind, and that count; 0 for kinds that have no limit."""
    if outcome in _BUSY:
        return replace(callback, times_busy=callback.times_busy + 1), callback.times_busy + 1
    if outcome in _NO_KEY:
        return replace(callback, times_no_key=callback.times_no_key + 1), callback.times_no_key + 1
    if outcome in _UNCOUNTED:
        return callback, 0
    return replace(callback, times_no_answer=callback.times_no_answer + 1), callback.times_no_answer + 1


def taken_back(callback: Callback, outcome: AttemptOutcome, attempts: int) -> Callback:
    """The callback as if this many attempts with this outcome had not been made."""
    callback = replace(callback, attempts_made=max(0, callback.attempts_made - attempts))
    if outcome in _BUSY:
        return replace(callback, times_busy=max(0, callback.times_busy - attempts))
    return replace(callback, times_no_answer=max(0, callback.times_no_answer - attempts))


def _ordinal(n: int) -> str:
    """The ordinal in words, up to the twenty attempts that the settings allow at most."""
    return {1: "first", 2: "second", 3: "third"}.get(n, f"{n}th")


def _most_alike(settings: Retry, outcome: AttemptOutcome) -> int | None:
    if outcome in _UNCOUNTED:
        return None
    if outcome in _BUSY:
        return settings.max_busy
    return settings.max_no_key if outcome in _NO_KEY else settings.max_no_answer


def _gap_s(settings: Retry, outcome: AttemptOutcome) -> float:
    if outcome in _OURS:
        return settings.congestion_gap_s
    if outcome is AttemptOutcome.CUT_OFF:
        return settings.cut_off_gap_s
    if outcome in _BUSY:
        return settings.busy_gap_s
    if outcome in _NO_KEY:
        return settings.no_key_gap_s
    return settings.no_answer_gap_s
