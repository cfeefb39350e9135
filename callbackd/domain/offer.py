"""Whether a callback is proposed to a caller, and why, or why not."""

from __future__ import annotations

from dataclasses import dataclass

from callbackd.domain.ewt import Estimate
from callbackd.domain.settings import Offer


@dataclass(frozen=True, slots=True)
class Answer:
    yes: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The facts an offer depends on."""

    estimate: Estimate | None
    waited_s: float
    open_promises: int
    database: bool
    switched_on: bool


def decide(settings: Offer, asked: Asked) -> Answer:
    """Obstacles first, then the thresholds; the first that applies is the reason."""
    if not settings.enabled:
        return Answer(False, "the queue makes no offers")
    if not asked.switched_on:
        return Answer(False, "offers are switched off")
    if not asked.database:
        return Answer(False, "the database is away: a promise could not be kept")
    if asked.open_promises >= settings.max_open_promises:
        return Answer(False, f"{asked.open_promises} promises are open, as many as allowed")
    wait_s = asked.estimate.p80_s if asked.estimate else None
    if settings.estimated_wait_s is not None and wait_s is None:
        return Answer(True, "the wait is unknown: nobody works in this queue now")
    if settings.estimated_wait_s is not None and wait_s is not None and wait_s >= settings.estimated_wait_s:
        return Answer(True, f"the estimated wait of {wait_s:.0f} s reaches {settings.estimated_wait_s:.0f} s")
    if settings.waited_s is not None and asked.waited_s >= settings.waited_s:
        return Answer(True, f"waited {asked.waited_s:.0f} s, at least {settings.waited_s:.0f} s")
    return Answer(False, "the wait is short")
