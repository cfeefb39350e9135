"""What becomes of a promise after an attempt that brought no conversation."""

from __future__ import annotations

from dataclasses import dataclass

from callbackd.domain.attempt import AttemptOutcome
from callbackd.domain.callback import CallbackOutcome
from callbackd.domain.settings import Retry

_o = AttemptOutcome


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


def decide(settings: Retry, outcome: AttemptOutcome, made: int, now: float, expires_at: float) -> Again | GiveUp:
    """``made`` counts this attempt. The trouble of our own side is refunded; the customer's is not."""
    refund = outcome in {_o.NOT_DIALLED, _o.CONGESTION}
    counted = made - refund
    gap_s = _gap_s(settings, outcome)
    if counted >= settings.max_attempts:
        return GiveUp(CallbackOutcome.EXHAUSTED, f"{outcome.value}, and {counted} attempts are all that are allowed")
    if now + gap_s >= expires_at:
        return GiveUp(CallbackOutcome.EXPIRED, f"{outcome.value}, and the promise expires before the next attempt")
    return Again(now + gap_s, refund, f"{outcome.value}: again in {gap_s:.0f} s")


def postpone(made: int, minutes: int, now: float) -> Again:
    """The customer wants to be called later: no attempt is used up, whatever the settings say of failures."""
    return Again(now + 60 * minutes, True, f"postponed by {minutes} min after attempt {made}")


def _gap_s(settings: Retry, outcome: AttemptOutcome) -> float:
    if outcome in {_o.NOT_DIALLED, _o.CONGESTION}:
        return settings.congestion_gap_s
    if outcome in {_o.BUSY, _o.REJECTED}:
        return settings.busy_gap_s
    if outcome in {_o.NO_KEY, _o.ABANDONED}:
        return settings.no_key_gap_s
    return settings.no_answer_gap_s
