"""Whether a callback is proposed to a caller, of which kind, and why, or why not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from callbackd.domain.settings import Offer
from callbackd.domain.wait.estimator import Estimate


@dataclass(frozen=True, slots=True)
class Answer:
    turn: bool
    """A call when it is the caller's turn."""
    time: bool
    """A call at a time."""
    reason: str

    @property
    def yes(self) -> bool:
        return self.turn or self.time


@dataclass(frozen=True, slots=True)
class Asked:
    """The facts an offer depends on; durations in seconds."""

    estimate: Estimate | None
    waited_s: float
    open_promises: int
    switched_on: bool
    unkeepable: str = ""
    """Why no promise could be kept now; empty when it could be."""
    times: Callable[[], bool] = lambda: False
    """Whether a slot is free; asked only when it matters."""
    lot: float | None = None
    """The caller's lot, 0-1, drawn once; None for callers who asked, for whom none is drawn."""
    places: int = 1
    """Places in the line, the caller's included."""
    live: int = 1
    """How many callers wait live, this one included."""
    since_offer_s: float | None = None
    """How long ago the last offer was made to this caller; None when there was none, or a key asks."""
    handle_s: float = 0.0
    """Average handle time."""
    staffed_s: float | None = None
    """Time until closing, 0 when closed already; None when the queue never closes."""
    ringable: bool = True
    """Whether the customer may be rung now and when the turn should have come."""


def decide(settings: Offer, asked: Asked) -> Answer:
    """Whether a callback is offered, and why. Obstacles come first, then thresholds, then what can be kept; the first
    that applies is the reason."""
    if no := _obstacle(settings, asked):
        return Answer(False, False, no)
    why = _threshold(settings, asked)
    if why is None:
        return Answer(False, False, "the wait is short")
    insolvent = _insolvent(settings, asked)
    if insolvent is None:
        return Answer(True, asked.times(), why)
    if asked.times():
        return Answer(False, True, f"{why}; only times: {insolvent}")
    return Answer(False, False, f"{insolvent}, and no time is free")


def _obstacle(settings: Offer, asked: Asked) -> str | None:
    if not settings.enabled:
        return "the queue makes no offers"
    if not asked.switched_on:
        return "offers are switched off"
    if asked.unkeepable:
        return asked.unkeepable
    if asked.open_promises >= settings.max_open_promises:
        return f"{asked.open_promises} promises are open, as many as allowed"
    if _left_out(settings.share, asked.lot):
        return f"the lot: {settings.share:.0%} of callers are offered one"
    if asked.live <= settings.min_live:
        return f"{asked.live} wait live, and {settings.min_live} are to be kept"
    if asked.since_offer_s is not None and asked.since_offer_s < settings.every_s:
        return f"offered {asked.since_offer_s:.0f} s ago, repeated after {settings.every_s:.0f} s"
    return None


def _left_out(share: float, lot: float | None) -> bool:
    """Whether the lot goes against the caller. Callers who asked need no lot, unless the share is 0."""
    return share == 0 if lot is None else lot >= share


def _threshold(settings: Offer, asked: Asked) -> str | None:
    """Why the wait is worth an offer; None when it is not."""
    wait_s = asked.estimate.p80_s if asked.estimate else None
    if settings.estimated_wait_s is not None and wait_s is None:
        return "the wait is unknown: nobody works in this queue now"
    if settings.estimated_wait_s is not None and wait_s is not None and wait_s >= settings.estimated_wait_s:
        return f"the estimated wait of {wait_s:.0f} s reaches {settings.estimated_wait_s:.0f} s"
    if settings.waited_s is not None and asked.waited_s >= settings.waited_s:
        return f"waited {asked.waited_s:.0f} s, at least {settings.waited_s:.0f} s"
    if settings.line_length is not None and asked.places >= settings.line_length:
        return f"{asked.places} places in the line, at least {settings.line_length}"
    return None


def _insolvent(settings: Offer, asked: Asked) -> str | None:
    """Why a turn could not be kept before closing; None when it can.

    1.5 x P80 + AHT must not reach past closing: with that rule no simulated promise was still open then
    (spec/estimates.md, promises and staffing).
    """
    if not asked.ringable:
        return "it will be no time to ring there"
    if asked.staffed_s is None:
        return None
    if asked.staffed_s <= 0:
        return "the queue is closed"
    if asked.staffed_s < settings.last_s:
        return f"closing in {asked.staffed_s:.0f} s, and no turn is promised in the last {settings.last_s:.0f} s"
    if not settings.solvent:
        return None
    if asked.estimate is None:
        return "nobody works in this queue now, so no turn can be promised before closing"
    wanted_s = 1.5 * asked.estimate.p80_s + asked.handle_s
    if wanted_s > asked.staffed_s:
        return f"the turn may take {wanted_s:.0f} s, and closing is in {asked.staffed_s:.0f} s"
    return None
