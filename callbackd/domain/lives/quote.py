"""A quote: a wait or a time that somebody was told, and what came of it. The ledger is made of quotes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from callbackd.domain.ids import EntryId, QueueName, QuoteId


class QuoteKind(Enum):
    WAIT = "wait"
    """ "Less than N minutes", told to a caller who waits."""
    TURN = "turn"
    """ "We call you within N minutes", told with a promise."""
    SLOT = "slot"
    """A call at a chosen time."""


class QuoteOutcome(Enum):
    CAME = "came"
    """An agent was connected, or the customer was dialled."""
    WOULD_HAVE = "would_have"
    """The holder had hung up; the turn would have come now."""
    UNKNOWN = "unknown"
    """The place went another way: to a callback at another time, another queue, the dialplan."""


@dataclass(frozen=True, slots=True)
class Quote:
    id: QuoteId
    entry: EntryId
    queue: QueueName
    kind: QuoteKind
    at: float
    """When it was told; for a slot, when the slot begins."""
    said_s: float | None
    """The bound that was told, from ``at`` on; None for "more than an hour" and for "when it is your turn"."""
    position: int
    """Position in the queue, 1 for the next."""
    mean_s: float | None = None
    p80_s: float | None = None
    """The estimate behind it, None when there was none."""
    model_s: float | None = None
    came_s: float | None = None
    """Seconds from ``at`` to the turn; None while it has not come, and when nobody knows."""
    outcome: QuoteOutcome | None = None
    closed_at: float | None = None

    @property
    def kept(self) -> bool | None:
        """Whether the bound held; None when there was none, or nobody knows yet."""
        return None if self.said_s is None or self.came_s is None else self.came_s <= self.said_s


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the estimator had learned about a subject by some time, to be taken up after a restart."""

    id: str
    at: float
    learned: dict[str, object]
