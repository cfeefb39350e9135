"""An attempt: one dialling of one customer, written down before the telephone rings (spec: dialling protocol).

``CLAIMED`` is the intent. Whatever crashes after it, the attempt is judged by what Asterisk and its event log know
about its channel, whose id is ``cbd-`` + the attempt's id. Only ``NOT_DIALLED`` is refunded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from callbackd.domain.ids import AgentId, AttemptId, CallbackId, LegId, leg_of
from callbackd.domain.lives.life import Ignored, Move, Table


class AttemptState(Enum):
    CLAIMING = "claiming"
    """The intent is on its way to the database; nobody has been dialled."""
    CLAIMED = "claimed"
    """The intent is stored and the request to dial is out."""
    DIALLING = "dialling"
    RINGING = "ringing"
    ANSWERED = "answered"
    ACCEPTED = "accepted"
    CLOSED = "closed"


class AttemptTrigger(Enum):
    STORED = "stored"
    DIALLED = "dialled"
    RANG = "rang"
    ANSWERED = "answered"
    ACCEPTED = "accepted"
    CLOSE = "close"


class AttemptOutcome(Enum):
    CONNECTED = "connected"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    NO_KEY = "no_key"
    """Answered, but nobody pressed 1: a machine, a child, silence."""
    POSTPONED = "postponed"
    """The customer asked to be called later."""
    DECLINED = "declined"
    """The customer asked never to be called again."""
    RANG_IN = "rang_in"
    """The customer called us while we were calling."""
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    CONGESTION = "congestion"
    ABANDONED = "abandoned"
    """The customer pressed 1 and hung up before an agent was there."""
    CUT_OFF = "cut_off"
    """Answered, and our side failed before anything was settled."""
    CALLED_OFF = "called_off"
    """No agent was there: the one reserved left before anybody answered, or none came in time after key 1."""
    NOT_DIALLED = "not_dialled"
    UNKNOWN = "unknown"


_claiming, _claimed, _dialling, _ringing, _answered, _accepted, _closed = AttemptState
_t = AttemptTrigger
_later = Ignored("a later fact is known already")
_not_stored = Ignored("nothing is dialled before the intent is stored")

TABLE: Table[AttemptState, AttemptTrigger] = {
    (_claiming, _t.STORED): _claimed,
    (_claiming, _t.DIALLED): _not_stored,
    (_claiming, _t.RANG): _not_stored,
    (_claiming, _t.ANSWERED): _not_stored,
    (_claiming, _t.ACCEPTED): _not_stored,
    (_claimed, _t.STORED): _later,
    (_claimed, _t.DIALLED): _dialling,
    (_claimed, _t.RANG): _ringing,
    (_claimed, _t.ANSWERED): _answered,
    (_claimed, _t.ACCEPTED): _accepted,
    (_dialling, _t.STORED): _later,
    (_dialling, _t.DIALLED): _later,
    (_dialling, _t.RANG): _ringing,
    (_dialling, _t.ANSWERED): _answered,
    (_dialling, _t.ACCEPTED): _accepted,
    (_ringing, _t.STORED): _later,
    (_ringing, _t.DIALLED): _later,
    (_ringing, _t.RANG): _later,
    (_ringing, _t.ANSWERED): _answered,
    (_ringing, _t.ACCEPTED): _accepted,
    (_answered, _t.STORED): _later,
    (_answered, _t.DIALLED): _later,
    (_answered, _t.RANG): _later,
    (_answered, _t.ANSWERED): _later,
    (_answered, _t.ACCEPTED): _accepted,
    (_accepted, _t.STORED): _later,
    (_accepted, _t.DIALLED): _later,
    (_accepted, _t.RANG): _later,
    (_accepted, _t.ANSWERED): _later,
    (_accepted, _t.ACCEPTED): _later,
    **{(state, _t.CLOSE): _closed for state in AttemptState if state is not _closed},
    **{(_closed, trigger): Ignored("the attempt is closed") for trigger in AttemptTrigger},
}


@dataclass(frozen=True, slots=True)
class Attempt:
    id: AttemptId
    callback: CallbackId
    agent: AgentId | None
    """The agent reserved for the customer; None when the customer is dialled before an agent is free."""
    number: str
    """E.164, with +."""
    ordinal: int
    """1 for the first attempt of its callback."""
    claimed_at: float
    state: AttemptState = AttemptState.CLAIMING
    outcome: AttemptOutcome | None = None
    answered_at: float | None = None
    accepted_at: float | None = None
    """When the customer pressed 1."""
    served_at: float | None = None
    """When an agent was rung for the customer who had pressed 1."""
    closed_at: float | None = None
    cause: int = 0
    tech_cause: int = 0
    price: float = 0.0
    """What a begun minute costs."""

    @property
    def leg(self) -> LegId:
        return leg_of(self.id)

    # --- its moves; the table decides which are allowed ---------------------------------------------------------------

    def stored(self) -> Move[Attempt]:
        return self._by(AttemptTrigger.STORED, self)

    def dialled(self) -> Move[Attempt]:
        return self._by(AttemptTrigger.DIALLED, self)

    def rang(self) -> Move[Attempt]:
        return self._by(AttemptTrigger.RANG, self)

    def answered(self, now: float) -> Move[Attempt]:
        return self._by(AttemptTrigger.ANSWERED, replace(self, answered_at=now))

    def accepted(self, now: float) -> Move[Attempt]:
        return self._by(AttemptTrigger.ACCEPTED, replace(self, accepted_at=now))

    def close(self, outcome: AttemptOutcome, now: float) -> Move[Attempt]:
        return self._by(AttemptTrigger.CLOSE, replace(self, outcome=outcome, closed_at=now))

    def _by(self, trigger: AttemptTrigger, changed: Attempt) -> Move[Attempt]:
        target = TABLE[self.state, trigger]
        return Move(self, trigger.value, target if isinstance(target, Ignored) else replace(changed, state=target))
