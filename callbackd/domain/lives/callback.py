"""A callback: the promise to ring a customer. Its place in the line is its entry; this is what was promised.

The state is where it stands, the outcome how it ended. It ends as ``COMPLETED`` when customer and agent hear each
other, not when the customer's phone is picked up: machines answer, too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from callbackd.domain.ids import AttemptId, CallbackId, EntryId, QueueName
from callbackd.domain.lives.life import Ignored, Move, Table


class CallbackState(Enum):
    WAITING = "waiting"
    DIALLING = "dialling"
    """An attempt is open: claimed, ringing, or answered without the key yet."""
    ACCEPTED = "accepted"
    """The customer pressed 1 and waits for the agent to pick up."""
    CLOSED = "closed"


class CallbackTrigger(Enum):
    CLAIM = "claim"
    ACCEPT = "accept"
    FAIL = "fail"
    """The attempt ended without a conversation; another may follow."""
    CLOSE = "close"


class CallbackOutcome(Enum):
    COMPLETED = "completed"
    EXHAUSTED = "exhausted"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REJOINED = "rejoined"
    """The customer rang in and waited live at the same place."""


_w, _d, _a, _c = CallbackState
_t = CallbackTrigger

TABLE: Table[CallbackState, CallbackTrigger] = {
    (_w, _t.CLAIM): _d,
    (_w, _t.ACCEPT): Ignored("no attempt is open"),
    (_w, _t.FAIL): Ignored("no attempt is open"),
    (_w, _t.CLOSE): _c,
    (_d, _t.CLAIM): Ignored("an attempt is open"),
    (_d, _t.ACCEPT): _a,
    (_d, _t.FAIL): _w,
    (_d, _t.CLOSE): _c,
    (_a, _t.CLAIM): Ignored("the customer is on the line"),
    (_a, _t.ACCEPT): Ignored("the customer has accepted"),
    (_a, _t.FAIL): _w,
    (_a, _t.CLOSE): _c,
    **{(_c, trigger): Ignored("the callback is closed") for trigger in CallbackTrigger},
}


@dataclass(frozen=True, slots=True)
class Callback:
    id: CallbackId
    entry: EntryId
    queue: QueueName
    number: str
    """E.164, with +."""
    created_at: float
    expires_at: float
    language: str = "en"
    state: CallbackState = CallbackState.WAITING
    outcome: CallbackOutcome | None = None
    group: str = "default"
    """The group of its queue: there is at most one open promise per number and group."""
    slot_at: float | None = None
    """The time that was promised, None when it was "your turn"."""
    expected_at: float | None = None
    """The time by which the customer was told to expect the call; the promise is on time if they talk by then."""
    times_busy: int = 0
    times_no_answer: int = 0
    times_no_key: int = 0
    cut_off: bool = False
    """The last attempt was answered and our side failed: the next call begins with an apology."""
    attempts_made: int = 0
    """Attempts that count against the limit; one that never left this host is refunded."""
    attempt: AttemptId | None = None
    """The open attempt, if any."""
    closed_at: float | None = None

    # --- its moves; the table decides which are allowed ---------------------------------------------------------------

    def claim(self, attempt: AttemptId, made: int) -> Move[Callback]:
        """``made`` is the number of attempts, this one included."""
        return self._by(CallbackTrigger.CLAIM, replace(self, attempt=attempt, attempts_made=made))

    def accept(self) -> Move[Callback]:
        return self._by(CallbackTrigger.ACCEPT, replace(self, attempt=None))

    def fail(self) -> Move[Callback]:
        return self._by(CallbackTrigger.FAIL, replace(self, attempt=None))

    def close(self, outcome: CallbackOutcome, now: float) -> Move[Callback]:
        return self._by(CallbackTrigger.CLOSE, replace(self, outcome=outcome, closed_at=now))

    def _by(self, trigger: CallbackTrigger, changed: Callback) -> Move[Callback]:
        target = TABLE[self.state, trigger]
        return Move(self, trigger.value, target if isinstance(target, Ignored) else replace(changed, state=target))
