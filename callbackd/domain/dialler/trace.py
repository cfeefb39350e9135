"""The desk for dials of unknown fate: it looks at Asterisk, then at its event log, and judges once.

Whether a request had no reply, the daemon was killed, or Asterisk was: the attempt stays open and is never repeated
under another id. What Asterisk knows about it decides whether it counts.
"""

from __future__ import annotations

from callbackd.domain.commands import TraceAttempt
from callbackd.domain.dialler.dial import Dial
from callbackd.domain.dialler.outcome import Outcomes
from callbackd.domain.events import AttemptTraced, Finding
from callbackd.domain.ids import AttemptId, LegId
from callbackd.domain.lives.attempt import Attempt, AttemptOutcome, AttemptState
from callbackd.domain.speech.speaking import Speech
from callbackd.domain.state import State
from callbackd.domain.timers import Timer

SAME_ID_S = 60.0
"""For this long after the intent, a dial that Asterisk does not know is requested again, under the same id."""
_AGAIN_S = 5.0
"""Seconds between two looks at an attempt that is not settled."""

_UNSETTLED = {AttemptState.CLAIMED, AttemptState.DIALLING, AttemptState.RINGING, AttemptState.ANSWERED}


class Trace:
    def __init__(self, state: State, speech: Speech, dial: Dial, outcomes: Outcomes) -> None:
        self._state = state
        self._speech = speech
        self._dial = dial
        self._outcomes = outcomes

    def unknown(self, attempt: Attempt, reason: str) -> None:
        """There was no reply to the request: the customer may have been dialled, or may still be dialled."""
        self._state.note(attempt.id, "unknown whether it was dialled", reason)
        self._look(attempt)

    def all_open(self) -> None:
        """Look at every attempt that somebody may have answered: there was a gap in Asterisk's events."""
        for attempt in self._open():
            self._look(attempt)

    def look_again(self, id: AttemptId) -> None:
        attempt = self._state.attempts.get(id)
        if attempt and attempt.state in _UNSETTLED:
            self._look(attempt)

    def _look(self, attempt: Attempt) -> None:
        state = self._state
        state.timers.set(Timer.TRACE, attempt.id, state.now + _AGAIN_S)
        if state.world.pbx:
            state.do(TraceAttempt(attempt.leg, attempt.id))

    def _open(self) -> list[Attempt]:
        return [a for a in self._state.attempts.values() if a.state in _UNSETTLED]

    def is_open(self, leg: LegId) -> bool:
        """Whether this is the leg of an attempt that a trace will judge, so that its absence alone says nothing."""
        attempt = self._state.attempt_of(leg)
        return attempt is not None and attempt.state in _UNSETTLED

    def traced(self, event: AttemptTraced) -> None:
        state, attempt = self._state, self._state.attempts.get(event.attempt)
        if attempt is None or attempt.state not in _UNSETTLED:
            return  # settled meanwhile
        if attempt.leg in state.dialogues:
            if event.trace is not Finding.ALIVE:
                self._left_the_menu(attempt)
            return
        if event.trace is Finding.ALIVE:
            state.move(attempt.dialled())
            return  # looked at again until its end or its answer is reported
        state.timers.cancel(Timer.TRACE, attempt.id)
        if event.trace is Finding.ANSWERED or attempt.state is AttemptState.ANSWERED:
            self._outcomes.over(attempt, AttemptOutcome.CUT_OFF, "it was answered, and our side failed")
        elif event.trace is Finding.NOTHING and attempt.state in {AttemptState.CLAIMED, AttemptState.DIALLING}:
            self._never_made(attempt)
        else:
            self._outcomes.over(
                attempt, AttemptOutcome.UNKNOWN, f"its channel is gone; the event log has: {event.trace}"
            )

    def _left_the_menu(self, attempt: Attempt) -> None:
        """The customer's leg is gone from the menu: they hung up, unless Asterisk ended first."""
        self._speech.end(attempt.leg)
        if attempt.claimed_at <= self._state.world.pbx_since:
            self._outcomes.over(attempt, AttemptOutcome.CUT_OFF, "Asterisk ended while the customer listened")
        else:
            self._outcomes.over(attempt, AttemptOutcome.NO_KEY, "gone without a key")

    def _never_made(self, attempt: Attempt) -> None:
        """Asterisk does not know the attempt. One that was restarted since cannot: then it counts as dialled."""
        state = self._state
        if attempt.claimed_at <= state.world.pbx_since + 1.0:  # Asterisk reports its start in whole seconds
            reason = "Asterisk was restarted meanwhile and cannot tell: it counts as dialled"
            self._outcomes.over(attempt, AttemptOutcome.UNKNOWN, reason)
        elif state.world.dialling and not state.world.draining and state.now - attempt.claimed_at < SAME_ID_S:
            state.note(attempt.id, "asked for again", "Asterisk never made its channel; the same id rings only once")
            self._dial.dial(attempt)
            state.timers.set(Timer.TRACE, attempt.id, state.now + _AGAIN_S)
        else:
            self._outcomes.over(attempt, AttemptOutcome.NOT_DIALLED, "Asterisk never made its channel")
