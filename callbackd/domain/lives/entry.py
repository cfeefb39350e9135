"""An entry: one place in a line, held by a live caller (``leg``) or by a promise (``callback``).

Position, estimate and routing see the place only. The holder changes without the place changing: a caller who takes a
callback leaves ``leg`` empty, a customer who presses 1 fills it again. ``arrived_at`` never changes while an entry is
in a line, not even when another queue takes it over: it is the place.

Outside the line are entries without a place in it: a caller who found the door closed and may choose a time, and a
promise whose time is not near. When they come in they get the place at the end, and ``arrived_at`` is that moment.

Known weak spot: ``DIALLING`` covers everything from the claim to the customer's key; the attempt has the finer steps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from callbackd.domain.ids import AgentId, BridgeId, CallbackId, EntryId, LegId, QueueName
from callbackd.domain.lives.life import Ignored, Move, Table
from callbackd.domain.settings import Need


class EntryState(Enum):
    OUTSIDE = "outside"
    """Not in the line (yet): turned away at the door, or promised for a time that is not near."""
    WAITING = "waiting"
    RINGING = "ringing"
    """One or more agents are being rung for a live holder."""
    DIALLING = "dialling"
    """An agent is reserved and the customer is being rung."""
    TALKING = "talking"
    CLOSED = "closed"


class EntryTrigger(Enum):
    RING = "ring"
    UNANSWERED = "unanswered"
    """The last of the rings is over without an answer."""
    CONNECT = "connect"
    PART = "part"
    """Caller and agent were never brought together: the agent's leg was gone first."""
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
    ENTER = "enter"
    """Into the line: the slot of a promise is near."""
    SCHEDULE = "schedule"
    """A callback at a time is promised: the place in the line, if there was one, is given up for it."""
    CLOSE = "close"


class EntryOutcome(Enum):
    SERVED = "served"
    ABANDONED = "abandoned"
    LEFT = "left"
    """Taken back by the dialplan, for the fallback queue."""
    REFUSED = "refused"
    """Never let in (full, closed, nobody there), and no time was taken."""
    EXIT_KEY = "exit_key"
    EXIT_TIMEOUT = "exit_timeout"
    EXIT_EMPTY = "exit_empty"
    EXHAUSTED = "exhausted"
    """The callback used up its attempts."""
    EXPIRED = "expired"
    CANCELLED = "cancelled"


_O, _W, _R, _D, _T, _C = EntryState
_t = EntryTrigger
_closed = Ignored("the entry is closed")
_promised_first = Ignored("only a place held by a promise is dialled")

TABLE: Table[EntryState, EntryTrigger] = {
    (_O, _t.RING): Ignored("not in the line"),
    (_O, _t.UNANSWERED): Ignored("not in the line"),
    (_O, _t.CONNECT): Ignored("not in the line"),
    (_O, _t.PART): Ignored("not in the line"),
    (_O, _t.PROMISE): _W,
    (_O, _t.DIAL): Ignored("not in the line"),
    (_O, _t.DIAL_OVER): Ignored("not in the line"),
    (_O, _t.ACCEPT): Ignored("not in the line"),
    (_O, _t.REVERT): Ignored("not in the line"),
    (_O, _t.REJOIN): _W,
    (_O, _t.ENTER): _W,
    (_O, _t.SCHEDULE): _O,
    (_O, _t.CLOSE): _C,
    (_W, _t.RING): _R,
    (_W, _t.UNANSWERED): Ignored("nobody is being rung"),
    (_W, _t.CONNECT): Ignored("nobody was rung for it"),
    (_W, _t.PART): Ignored("nobody was connected"),
    (_W, _t.PROMISE): _W,
    (_W, _t.DIAL): _D,
    (_W, _t.DIAL_OVER): Ignored("nobody is being dialled"),
    (_W, _t.ACCEPT): Ignored("nobody is being dialled"),
    (_W, _t.REVERT): _W,
    (_W, _t.REJOIN): _W,
    (_W, _t.ENTER): Ignored("in the line already"),
    (_W, _t.SCHEDULE): _O,
    (_W, _t.CLOSE): _C,
    (_R, _t.RING): _R,
    (_R, _t.UNANSWERED): _W,
    (_R, _t.CONNECT): _T,
    (_R, _t.PART): Ignored("nobody was connected"),
    (_R, _t.PROMISE): Ignored("an agent is being rung for the live caller"),
    (_R, _t.DIAL): _promised_first,
    (_R, _t.DIAL_OVER): _promised_first,
    (_R, _t.ACCEPT): _promised_first,
    (_R, _t.REVERT): _W,
    (_R, _t.REJOIN): Ignored("the holder is on the line already"),
    (_R, _t.ENTER): Ignored("in the line already"),
    (_R, _t.SCHEDULE): Ignored("an agent is being rung for the live caller"),
    (_R, _t.CLOSE): _C,
    (_D, _t.RING): Ignored("the customer has not accepted yet"),
    (_D, _t.UNANSWERED): Ignored("no agent is being rung"),
    (_D, _t.CONNECT): Ignored("the customer has not accepted yet"),
    (_D, _t.PART): Ignored("nobody was connected"),
    (_D, _t.PROMISE): Ignored("it is a promise already"),
    (_D, _t.DIAL): Ignored("the customer is being dialled already"),
    (_D, _t.DIAL_OVER): _W,
    (_D, _t.ACCEPT): _W,
    (_D, _t.REVERT): Ignored("the promise holds the place"),
    (_D, _t.REJOIN): Ignored("the attempt must end first"),
    (_D, _t.ENTER): Ignored("in the line already"),
    (_D, _t.SCHEDULE): Ignored("the attempt must end first"),
    (_D, _t.CLOSE): _C,
    (_T, _t.RING): Ignored("the caller is talking"),
    (_T, _t.UNANSWERED): Ignored("another agent was faster"),
    (_T, _t.CONNECT): Ignored("the caller is talking"),
    (_T, _t.PART): _W,
    (_T, _t.PROMISE): Ignored("the caller is talking"),
    (_T, _t.DIAL): Ignored("the customer is talking"),
    (_T, _t.DIAL_OVER): Ignored("the customer is talking"),
    (_T, _t.ACCEPT): Ignored("the customer is talking"),
    (_T, _t.REVERT): Ignored("the promise was kept"),
    (_T, _t.REJOIN): Ignored("the customer is talking"),
    (_T, _t.ENTER): Ignored("the caller is talking"),
    (_T, _t.SCHEDULE): Ignored("the caller is talking"),
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
    """In E.164 if known to be valid, else as the network claimed it."""
    language: str = "en"
    state: EntryState = EntryState.WAITING
    outcome: EntryOutcome | None = None
    not_before: float = 0.0
    """A promise is not dialled earlier: a pause after an attempt, or the next hour when the customer may be rung."""
    joined_at: float = 0.0
    """When it came into this line; ``arrived_at`` may be older, from another line."""
    slot_at: float | None = None
    """The customer was promised a call at this time and is not dialled before."""
    promised_at: float | None = None
    """Of a caller who rang in and waits live: the time that was promised, or when a turn was. The promise stands again
    if the caller goes before talking to an agent."""
    needs: tuple[Need, ...] = ()
    """Skills wanted besides the queue's."""
    wanted: AgentId | None = None
    """The one agent this customer waits for, until ``wanted_until``."""
    wanted_until: float = 0.0
    agent: AgentId | None = None
    """The agent who is reserved for this entry, rung for it, or talks with it; None while several are rung."""
    bridge: BridgeId | None = None
    connected_at: float | None = None
    transferred_to: str = ""
    """Where the agent sent the caller, as it was dialled; this ended the conversation here."""
    came_from: EntryId | None = None
    """The entry whose agent sent the caller here."""
    closed_at: float | None = None

    @property
    def live(self) -> bool:
        return self.leg is not None

    @property
    def open(self) -> bool:
        return self.state is not EntryState.CLOSED

    # --- its moves; the table decides which are allowed ---------------------------------------------------------------

    def ring(self, agent: AgentId | None, bridge: BridgeId) -> Move[Entry]:
        """``agent`` is None when several are rung together."""
        return self._by(EntryTrigger.RING, replace(self, agent=agent, bridge=bridge))

    def unanswered(self) -> Move[Entry]:
        return self._by(EntryTrigger.UNANSWERED, replace(self, agent=None))

    def connect(self, agent: AgentId, now: float) -> Move[Entry]:
        return self._by(EntryTrigger.CONNECT, replace(self, agent=agent, connected_at=now))

    def part(self) -> Move[Entry]:
        return self._by(EntryTrigger.PART, replace(self, agent=None, connected_at=None, bridge=None))

    def promise(self, callback: CallbackId, number: str) -> Move[Entry]:
        return self._by(EntryTrigger.PROMISE, self._held_by(callback, number))

    def schedule(self, callback: CallbackId, number: str, slot_at: float) -> Move[Entry]:
        held = self._held_by(callback, number)
        return self._by(EntryTrigger.SCHEDULE, replace(held, slot_at=slot_at, not_before=0.0))

    def dial(self, agent: AgentId | None) -> Move[Entry]:
        """``agent`` is None when the customer is dialled before an agent is free."""
        return self._by(EntryTrigger.DIAL, replace(self, agent=agent))

    def dial_over(self) -> Move[Entry]:
        return self._by(EntryTrigger.DIAL_OVER, replace(self, agent=None))

    def accept(self, leg: LegId) -> Move[Entry]:
        return self._by(EntryTrigger.ACCEPT, replace(self, leg=leg, agent=None))

    def revert(self) -> Move[Entry]:
        return self._by(EntryTrigger.REVERT, replace(self, leg=None, agent=None, bridge=None))

    def rejoin(self, leg: LegId, now: float, promised_at: float | None) -> Move[Entry]:
        """The caller holds the promise's place. One who had chosen a time has none yet, and takes the one at the
        end."""
        arrived_at = now if self.state is EntryState.OUTSIDE else self.arrived_at
        held = replace(self, leg=leg, callback=None, not_before=0.0, slot_at=None, arrived_at=arrived_at, joined_at=now)
        return self._by(EntryTrigger.REJOIN, replace(held, promised_at=promised_at))

    def enter(self, now: float) -> Move[Entry]:
        return self._by(EntryTrigger.ENTER, replace(self, arrived_at=now, joined_at=now))

    def close(self, outcome: EntryOutcome, now: float) -> Move[Entry]:
        return self._by(EntryTrigger.CLOSE, replace(self, outcome=outcome, closed_at=now))

    def _held_by(self, callback: CallbackId, number: str) -> Entry:
        return replace(self, leg=None, agent=None, bridge=None, callback=callback, number=number, promised_at=None)

    def _by(self, trigger: EntryTrigger, changed: Entry) -> Move[Entry]:
        target = TABLE[self.state, trigger]
        return Move(self, trigger.value, target if isinstance(target, Ignored) else replace(changed, state=target))
