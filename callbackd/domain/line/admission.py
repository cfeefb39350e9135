"""Whether a caller is let into a line, and where callers go who are not (settings.EntryRules)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from callbackd.domain.calendar import hours
from callbackd.domain.settings import EntryRules, Exit, Way


class Obstacle(StrEnum):
    CLOSED = "closed"
    HOLIDAY = "holiday"
    NO_AGENTS = "no_agents"
    ALL_PAUSED = "all_paused"
    FULL = "full"


def closed(opening: hours.Opening) -> Obstacle | None:
    """Why nobody is let in now; None when the queue is open."""
    if opening.open:
        return None
    return Obstacle.HOLIDAY if opening.reason is hours.Reason.HOLIDAY else Obstacle.CLOSED


@dataclass(frozen=True, slots=True)
class Facts:
    """What the door depends on."""

    closed: Obstacle | None
    """``CLOSED`` or ``HOLIDAY`` outside the opening hours."""
    logged_in: bool
    """Whether any agent of the queue is logged in, paused or not."""
    available: bool
    """Whether any agent of the queue is logged in and not paused."""
    places: int
    """How many places there are in the line now."""


@dataclass(frozen=True, slots=True)
class Verdict:
    exit: Exit
    """``Way.WAIT`` lets the caller in."""
    obstacle: Obstacle | None
    reason: str

    @property
    def admitted(self) -> bool:
        return self.exit.way is Way.WAIT


def decide(rules: EntryRules, facts: Facts) -> Verdict:
    """What becomes of a caller: the first obstacle (closed, nobody there, full) whose rule is not to wait decides."""
    for there, obstacle, way_on, reason in (
        (facts.closed is Obstacle.HOLIDAY, Obstacle.HOLIDAY, rules.holiday, "a holiday"),
        (facts.closed is Obstacle.CLOSED, Obstacle.CLOSED, rules.closed, "outside the opening hours"),
        (not facts.logged_in, Obstacle.NO_AGENTS, rules.no_agents, "no agent is logged in"),
        (facts.logged_in and not facts.available, Obstacle.ALL_PAUSED, rules.all_paused, "every agent is paused"),
        (
            rules.max_places is not None and facts.places >= rules.max_places,
            Obstacle.FULL,
            rules.full,
            f"{facts.places} places, as many as allowed",
        ),
    ):
        if there and way_on.way is not Way.WAIT:
            return Verdict(way_on, obstacle, reason)
    return Verdict(Exit(Way.WAIT), None, "nothing stands against it")
