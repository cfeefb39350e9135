"""An entry: one place in a line, held by a live caller (``leg``) or by a promise (``callback``).

Position, estimate and routing see the place only. The holder changes without the place changing: a caller who takes a
callback leaves ``leg`` empty, a customer who presses 1 fills it again. ``arrived_at`` never changes: it is the place.

Known weak spot: ``DIALING`` covers everything from the claim to the customer's key; the attempt knows the finer steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from callbackd.domain.ids import AgentId, BridgeId, CallbackId, EntryId, LegId, QueueName
from callbackd.domain.life import Ignored, Table


class EntryState(Enum):
    WAITING = "waiting"
    RINGING = "ringing"
    """One or more agents are being rung for a live holder."""
    DIALING = "dialing"
    """An agent is reserved and the customer is being rung."""
    TALKING = "talking"
    CLOSED = "closed"


class EntryTrigger(Enum):
    RING = "ring"
    UNANSWERED = "unanswered"
    """The last of the rings is over without an answer."""
    CONNECT = "connect"
    PROMISE = "promise"
    """The live caller's place passes to a stored callback."""
    DIAL = "dial"
    DIAL_OVER = "dial_over"
    """The attempt ended without the customer accepting."""
    ACCEPT = "accept"
    """The customer pressed 1 and holds the place live."""
    REVERT = "revert"
    """The customer who had accepted went before an agent came: the promise holds the place again."""
    REJOIN = "rejoin"
    """The customer rang in and holds the promise's place live."""
    CLOSE = "close"


class EntryOutcome(Enum):
    SERVED = "served"
    ABANDONED = "abandoned"
    LEFT = "left"
    """Taken back by the dialplan, for the fallback queue."""
    EXHAUSTED = "exhausted"
    """The callback used up its attempts."""
    EXPIRED = "expired"
    CANCELLED = "cancelled"


_W, _R, _D, _T, _C = EntryState
_t = EntryTrigger
_closed = Ignored("the entry is closed")
_promised_first = Ignored("only a place held by a promise is dialled")

TABLE: Table[EntryState, EntryTrigger] = {
    (_W, _t.RING): _R,
    (_W, _t.UNANSWERED): Ignored("nobody is being rung"),
    (_W, _t.CONNECT): Ignored("nobody was rung for it"),
    (_W, _t.PROMISE): _W,
    (_W, _t.DIAL): _D,
    (_W, _t.DIAL_OVER): Ignored("nobody is being dialled"),
    (_W, _t.ACCEPT): Ignored("nobody is being dialled"),
    (_W, _t.REVERT): _W,
    (_W, _t.REJOIN): _W,
    (_W, _t.CLOSE): _C,
    (_R, _t.RING): _R,
    (_R, _t.UNANSWERED): _W,
    (_R, _t.CONNECT): _T,
    (_R, _t.PROMISE): Ignored("an agent is being rung for the live caller"),
    (_R, _t.DIAL): _promised_first,
    (_R, _t.DIAL_OVER): _promised_first,
    (_R, _t.ACCEPT): _promised_first,
    (_R, _t.REVERT): _W,
    (_R, _t.REJOIN): Ignored("the holder is on the line already"),
    (_R, _t.CLOSE): _C,
    (_D, _t.RING): Ignored("the customer has not accepted yet"),
    (_D, _t.UNANSWERED): Ignored("no agent is being rung"),
    (_D, _t.CONNECT): Ignored("the customer has not accepted yet"),
    (_D, _t.PROMISE): Ignored("it is a promise already"),
    (_D, _t.DIAL): Ignored("the customer is being dialled already"),
    (_D, _t.DIAL_OVER): _W,
    (_D, _t.ACCEPT): _W,
    (_D, _t.REVERT): Ignored("the promise holds the place"),
    (_D, _t.REJOIN): Ignored("the attempt must end first"),
    (_D, _t.CLOSE): _C,
    (_T, _t.RING): Ignored("the caller is talking"),
    (_T, _t.UNANSWERED): Ignored("another agent was faster"),
    (_T, _t.CONNECT): Ignored("the caller is talking"),
    (_T, _t.PROMISE): Ignored("the caller is talking"),
    (_T, _t.DIAL): Ignored("the customer is talking"),
    (_T, _t.DIAL_OVER): Ignored("the customer is talking"),
    (_T, _t.ACCEPT): Ignored("the customer is talking"),
    (_T, _t.REVERT): Ignored("the promise was kept"),
    (_T, _t.REJOIN): Ignored("the customer is talking"),
    (_T, _t.CLOSE): _C,
    **{(_C, trigger): _closed for trigger in EntryTrigger},
}


@dataclass(frozen=True, slots=True)
class Entry:
    id: EntryId
    queue: QueueName
    arrived_at: float
    priority: int = 0
    leg: LegId | None = None
    """The live holder, None while a promise holds the place."""
    callback: CallbackId | None = None
    number: str = ""
    """E.164 when known to be valid, else what the network claimed."""
    language: str = "en"
    state: EntryState = EntryState.WAITING
    outcome: EntryOutcome | None = None
    not_before: float = 0.0
    """A promise is not dialled earlier (the pause after an attempt)."""
    agent: AgentId | None = None
    """Who is reserved for, or talks with, this entry; None while several are rung."""
    bridge: BridgeId | None = None
    connected_at: float | None = None
    closed_at: float | None = None

    @property
    def live(self) -> bool:
        return self.leg is not None

    @property
    def open(self) -> bool:
        return self.state is not EntryState.CLOSED
