"""The desk for the end of an attempt: its outcome, and whether its promise is kept, tried again or given up."""

from __future__ import annotations

from dataclasses import replace

from callbackd.domain import numbers
from callbackd.domain.agents.floor import Floor
from callbackd.domain.calendar import hours
from callbackd.domain.callbacks.promise import Promises
from callbackd.domain.commands import DropBridge, HangUp
from callbackd.domain.dialler import retry
from callbackd.domain.dialler.trunk import Trunk
from callbackd.domain.events import Ending, LegEnded
from callbackd.domain.ids import CallbackId
from callbackd.domain.lives.attempt import Attempt, AttemptOutcome, AttemptState
from callbackd.domain.lives.callback import Callback, CallbackOutcome, CallbackState
from callbackd.domain.lives.entry import Entry, EntryOutcome
from callbackd.domain.speech.speaking import Speech
from callbackd.domain.state import State
from callbackd.domain.timers import Timer

_HELD_LIVES_S = 3600.0
"""A promise that waits for the next day's budget expires no sooner than this after the day begins."""

_STORING_S = 10.0
"""While a move is being stored, expiry waits this long."""

_OUTCOMES = {
    Ending.BUSY: AttemptOutcome.BUSY,
    Ending.NO_ANSWER: AttemptOutcome.NO_ANSWER,
    Ending.REJECTED: AttemptOutcome.REJECTED,
    Ending.UNREACHABLE: AttemptOutcome.UNREACHABLE,
    Ending.CONGESTION: AttemptOutcome.CONGESTION,
    Ending.NORMAL: AttemptOutcome.NO_ANSWER,
    Ending.UNKNOWN: AttemptOutcome.UNKNOWN,
}

_GIVEN_UP = {
    CallbackOutcome.EXHAUSTED: EntryOutcome.EXHAUSTED,
    CallbackOutcome.EXPIRED: EntryOutcome.EXPIRED,
    CallbackOutcome.CANCELLED: EntryOutcome.CANCELLED,
}


class Outcomes:
    def __init__(self, state: State, speech: Speech, promises: Promises, floor: Floor, trunk: Trunk) -> None:
        self._state = state
        self._speech = speech
        self._promises = promises
        self._floor = floor
        self._trunk = trunk

    # --- the end of an attempt ------------------------------------------------------------------------------------

    def leg_ended(self, attempt: Attempt, event: LegEnded) -> None:
        """The customer's leg ended before key 1: the cause gives the outcome, unless the phone had been picked up."""
        picked_up = attempt.state is AttemptState.ANSWERED
        outcome = AttemptOutcome.NO_KEY if picked_up else _OUTCOMES[event.ending]
        why = f"cause {event.cause}, SIP {event.tech_cause}"
        attempt, again = replace(attempt, cause=event.cause, tech_cause=event.tech_cause), None
        if picked_up:
            self._trunk.worked(why)
            why += ", after pick-up without a key"
        elif event.perhaps_trunk:
            outcome, again = self._trunk.refused(attempt, outcome, why)
        elif outcome is AttemptOutcome.CONGESTION:
            self._trunk.failed(why)
        elif outcome is not AttemptOutcome.UNKNOWN:
            self._trunk.worked(why)
        self.over(attempt, outcome, why, again)

    def refused_by_pbx(self, attempt: Attempt, reason: str) -> None:
        self._trunk.failed(reason)
        self.over(attempt, AttemptOutcome.NOT_DIALLED, reason)

    def rings_in(self, number: str, group: str) -> None:
        """A customer rings us while we ring them, and would find us calling: our call ends at no cost. They are asked
        what to do, and are not dialled while that question is open."""
        checked = numbers.check(number, self._state.settings.numbers)
        promise = self._state.promised_to(checked.number, group) if isinstance(checked, numbers.Allowed) else None
        attempt = self._state.attempt(promise.attempt) if promise else None
        if promise is None or attempt is None or promise.state is not CallbackState.DIALLING:
            return
        self._speech.end(attempt.leg)
        if attempt.state is not AttemptState.CLAIMING:  # while claiming, nothing has been dialled
            self._state.do(HangUp(attempt.leg, "the customer called us"))
        again = retry.Again(self._state.now, True, "the customer called us")
        self.over(attempt, AttemptOutcome.RANG_IN, again.reason, again)

    def over(self, attempt: Attempt, outcome: AttemptOutcome, reason: str, again: retry.Again | None = None) -> None:
        """Close an attempt that brought no conversation; the promise keeps its place and is tried again, or ends.

        The retry policy decides when, unless the customer did: then ``again`` has the time.
        """
        state = self._state
        state.timers.cancel(Timer.ATTEMPT, attempt.id)
        state.timers.cancel(Timer.TRACE, attempt.id)
        state.timers.cancel(Timer.LET_GO, attempt.id)
        state.let_go.discard(state.callbacks[attempt.callback].entry)
        state.move(attempt.close(outcome, state.now))
        callback = state.callbacks[attempt.callback]
        callback = state.move(callback.fail())
        entry = state.entries[callback.entry]
        if agent := state.reserved_for(attempt):
            self._floor.release(agent.id)
        entry = state.move(entry.dial_over())
        self._retry_or_give_up(entry, callback, outcome, f"{outcome.value}: {reason}", again)

    def customer_lost(
        self,
        entry: Entry,
        callback: Callback,
        reason: str,
        outcome: AttemptOutcome = AttemptOutcome.ABANDONED,
        again: retry.Again | None = None,
    ) -> None:
        """A customer who had pressed 1 was gone before an agent came: the promise is not kept and is tried again."""
        state = self._state
        self._floor.stop_ringing(entry, "the customer is gone")
        self._close_accepted(callback, outcome)
        callback = state.move(callback.fail())
        if entry.bridge:  # the next ring may be hours away, and Asterisk restarted by then
            state.do(DropBridge(entry.bridge))
        entry = state.move(state.entries[entry.id].revert())
        self._retry_or_give_up(entry, callback, outcome, reason, again)

    def accepted_before(self, callback: Callback, at: float) -> bool:
        """Whether the customer who is on the line for this promise had answered by a time."""
        attempts = [a for a in self._state.attempts.values() if a.callback == callback.id]
        return all((attempt.answered_at or attempt.claimed_at) <= at for attempt in attempts)

    def connected(self, entry: Entry) -> None:
        """Customer and agent are connected: the promise is kept."""
        callback = self._state.callback_of(entry)
        if callback is None:
            return
        self._close_accepted(callback, AttemptOutcome.CONNECTED)
        self._state.timers.cancel(Timer.EXPIRE, callback.id)
        late_s = round(self._state.now - callback.created_at, 1)
        self._state.note(callback.id, "promise kept", "customer and agent are connected", after_s=late_s)
        self._state.move(callback.close(CallbackOutcome.COMPLETED, self._state.now))

    def _close_accepted(self, callback: Callback, outcome: AttemptOutcome) -> None:
        for attempt in [a for a in self._state.attempts.values() if a.callback == callback.id]:
            self._state.move(attempt.close(outcome, self._state.now))

    # --- what becomes of the promise ------------------------------------------------------------------------------

    def _retry_or_give_up(
        self,
        entry: Entry,
        callback: Callback,
        outcome: AttemptOutcome,
        reason: str,
        again: retry.Again | None = None,
    ) -> None:
        state = self._state
        settings = state.queue_of(entry).retry
        callback, alike = (callback, 0) if again else retry.counted(callback, outcome)
        answer = again or retry.decide(settings, outcome, callback.attempts_made, state.now, callback.expires_at, alike)
        if isinstance(answer, retry.GiveUp):
            self.give_up(entry, callback, answer.outcome, f"{reason}; {answer.reason}")
            return
        if answer.refund:
            callback = replace(callback, attempts_made=callback.attempts_made - 1)
        callback = replace(callback, cut_off=outcome is AttemptOutcome.CUT_OFF)
        state.put(callback)
        state.put(replace(entry, not_before=answer.at))
        state.timers.set(Timer.RETRY, entry.id, answer.at)
        state.note(entry.id, "customer not reached", f"{reason}; {answer.reason}", refunded=answer.refund)

    def expire(self, id: CallbackId) -> None:
        """End a promise that is too old, unless it aged while the queue was closed. An open attempt goes on."""
        callback = self._state.callbacks.get(id)
        if callback is None:
            return
        entry = self._state.entries[callback.entry]
        if self._promises.is_storing(entry):
            self._state.timers.set(Timer.EXPIRE, id, self._state.now + _STORING_S)
        elif callback.state is CallbackState.WAITING and self._state.world.held_until > self._state.now:
            self.live_until(callback, self._state.world.held_until + _HELD_LIVES_S)
        elif callback.state is CallbackState.WAITING:
            opens, left_s = self._state.opens_at(self._state.queue_of(entry)), self._left_s(entry, callback)
            if opens is not None and left_s > 0:
                self.live_until(callback, opens + left_s)
                return
            self.give_up(entry, callback, CallbackOutcome.EXPIRED, "the promise is too old to be kept")

    def _left_s(self, entry: Entry, callback: Callback) -> float:
        """Seconds left of a promise's life if it ages only in opening hours."""
        queue = self._state.queue_of(entry)
        since = callback.created_at if callback.slot_at is None else callback.slot_at
        return queue.retry.expire_s - hours.open_seconds(queue.hours, since, self._state.now)

    def live_until(self, callback: Callback, at: float) -> Callback:
        """The promise, which now expires at ``at`` or later."""
        if at > callback.expires_at:
            callback = self._state.put(replace(callback, expires_at=at))
            self._state.timers.set(Timer.EXPIRE, callback.id, at)
        return callback

    def give_up(self, entry: Entry, callback: Callback, outcome: CallbackOutcome, reason: str) -> None:
        state = self._state
        state.timers.cancel(Timer.EXPIRE, callback.id)
        state.note(callback.id, f"promise given up: {outcome.value}", reason, attempts=callback.attempts_made)
        state.move(callback.close(outcome, state.now))
        self._speech.close(entry, _GIVEN_UP[outcome], reason)
