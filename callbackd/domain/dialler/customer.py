"""The desk for customers who have picked up: the menu, what their keys mean, and the wait for an agent after key 1."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from callbackd.domain.agents.floor import Floor
from callbackd.domain.commands import HangUp
from callbackd.domain.dialler import retry
from callbackd.domain.dialler.outcome import Outcomes
from callbackd.domain.dialler.reservation import Reservations
from callbackd.domain.dialler.trunk import Trunk
from callbackd.domain.events import Party
from callbackd.domain.ids import AttemptId, EntryId, LegId
from callbackd.domain.lives.attempt import Attempt, AttemptOutcome, AttemptState
from callbackd.domain.lives.callback import CallbackState
from callbackd.domain.lives.conversation import ByCustomer, go
from callbackd.domain.lives.dialogue import Dialogue, Stage
from callbackd.domain.lives.entry import EntryState
from callbackd.domain.phrase import CallAgainIn, Fixed
from callbackd.domain.speech.speaking import Speech
from callbackd.domain.state import State
from callbackd.domain.timers import Timer

_POSTPONED_LIVES_S = 3600.0
"""A promise that the customer postponed expires no sooner than this after the time chosen."""

_POSTPONED_WITHIN_S = 600.0
"""A postponed call is on time until this long after the time chosen, which comes in steps of ten minutes."""


class Customer:
    def __init__(
        self,
        state: State,
        speech: Speech,
        floor: Floor,
        trunk: Trunk,
        outcomes: Outcomes,
        reservations: Reservations,
    ) -> None:
        self._state = state
        self._speech = speech
        self._floor = floor
        self._trunk = trunk
        self._outcomes = outcomes
        self._reservations = reservations
        self._last_ring: set[EntryId] = set()
        """Customers who have waited for too long, and for whom an agent is being rung for the last time."""

    def picked_up(self, attempt: Attempt) -> None:
        self._state.move(attempt.answered(self._state.now))
        self._state.let_go.discard(self._state.callbacks[attempt.callback].entry)

    def entered(self, leg: LegId, id: AttemptId | None) -> None:
        """The customer has heard who is calling: read the menu. Only key 1 shows that a person is there."""
        state, attempt = self._state, self._state.attempt(id)
        if leg in state.dialogues or state.entry_of(leg):
            return  # reported twice; or they accepted before we were away, and are in the line
        if attempt is None or attempt.leg != leg:
            state.note(leg, "customer's leg sent away", "no open attempt belongs to it")
            self._speech.leave(
                Dialogue(leg, Party.CUSTOMER, Stage.LEAVING, state.settings.language), Fixed.CALLBACK_SORRY
            )
            return
        if attempt.state in {AttemptState.CLAIMED, AttemptState.DIALLING, AttemptState.RINGING}:
            attempt = state.move(attempt.answered(state.now))
        state.let_go.discard(state.callbacks[attempt.callback].entry)
        state.timers.cancel(Timer.ATTEMPT, attempt.id)
        state.timers.cancel(Timer.TRACE, attempt.id)
        self._trunk.worked("a customer answered")
        callback = state.callbacks[attempt.callback]
        dialogue = Dialogue(
            leg,
            Party.CUSTOMER,
            Stage.INVITED,
            callback.language,
            queue=callback.queue,
            entry=callback.entry,
            attempt=attempt.id,
            number=callback.number,
        )
        if not state.world.pbx:
            self._speech.stop_leftovers(leg)  # found after a gap: the menu of the daemon before us may still play
        # The dialplan's time-out began with the answer, and customers who hesitate hear the menu twice.
        state.timers.set(Timer.DEAD_MAN, leg, state.now)
        self._speech.say(dialogue, Fixed.CALLBACK_MENU)

    def obey(self, dialogue: Dialogue, act: ByCustomer, digit: str) -> None:
        """Do what the customer's key means, or the silence."""
        attempt = self._state.attempt(dialogue.attempt)
        if attempt is None:  # it ended meanwhile, and there is nothing left to answer
            self._speech.leave(replace(dialogue, entry=None), Fixed.GOODBYE)
            return
        match act:
            case ByCustomer.ACCEPT:
                self._accept(dialogue, attempt)
            case ByCustomer.LATER:
                self._speech.say(go(dialogue, Stage.POSTPONING), Fixed.POSTPONE_MENU)
            case ByCustomer.POSTPONE:
                self._postpone(dialogue, attempt, 10 * int(digit))
            case ByCustomer.POSTPONE_LEAST:
                self._postpone(dialogue, attempt, 10)
            case ByCustomer.NO_LONGER:
                self._outcomes.over(attempt, AttemptOutcome.DECLINED, "the customer pressed 3: no longer needed")
                self._speech.leave(replace(dialogue, entry=None), Fixed.CALLBACK_CANCELLED)
            case ByCustomer.NOBODY:
                self._no_person(dialogue, attempt)
            case _:
                assert_never(act)

    def _no_person(self, dialogue: Dialogue, attempt: Attempt) -> None:
        """No key came after the last reading of the menu: as far as we know, a machine answered."""
        self._outcomes.over(attempt, AttemptOutcome.NO_KEY, f"no key after {dialogue.tries} readings")
        again = attempt.callback in self._state.callbacks
        self._speech.leave(replace(dialogue, entry=None), Fixed.CALLBACK_LATER if again else Fixed.GOODBYE)

    def _postpone(self, dialogue: Dialogue, attempt: Attempt, minutes: int) -> None:
        """The customer wants to be called later: the place is kept, and the promise lives beyond the time chosen."""
        state, callback = self._state, self._state.callbacks[attempt.callback]
        again = retry.postpone(callback.attempts_made, minutes, state.now)
        expires_at = max(callback.expires_at, again.at + _POSTPONED_LIVES_S)
        state.put(replace(callback, expires_at=expires_at, expected_at=again.at + _POSTPONED_WITHIN_S))
        state.timers.set(Timer.EXPIRE, callback.id, expires_at)
        self._outcomes.over(attempt, AttemptOutcome.POSTPONED, again.reason, again)
        self._speech.leave(replace(dialogue, entry=None), CallAgainIn(minutes))

    def _accept(self, dialogue: Dialogue, attempt: Attempt) -> None:
        """A person is there: the customer holds the place live, and the reserved agent is rung."""
        state, callback = self._state, self._state.callbacks[attempt.callback]
        entry = state.entries[callback.entry]
        state.move(attempt.accepted(state.now))
        state.move(callback.accept())
        entry = state.move(entry.accept(dialogue.leg))
        state.note(entry.id, "customer accepted", "pressed 1", agent=attempt.agent)
        state.timers.set(Timer.DEAD_MAN, dialogue.leg, state.now)
        state.timers.set(Timer.ACCEPTED, entry.id, state.now + state.settings.dialling.accepted_wait_s)
        self._speech.to_waiting(dialogue, Fixed.CONNECTING)
        if agent := state.reserved_for(attempt):
            self._floor.ring(entry, (agent.id,), "reserved for this customer")
            self._reservations.served(entry)

    def waited_too_long(self, id: EntryId) -> None:
        """A customer who pressed 1 still has no agent: an apology, and the promise is kept for later.

        An agent who is being rung just now may answer any moment; only one such ring is waited for.
        """
        state, entry = self._state, self._state.entry(id)
        callback, waited_for = state.callback_of(entry), id in self._last_ring
        self._last_ring.discard(id)
        if entry is None or callback is None or callback.state is not CallbackState.ACCEPTED or entry.leg is None:
            return
        if entry.state is EntryState.TALKING:
            return
        if entry.state is EntryState.RINGING and not waited_for:
            self._last_ring.add(id)
            state.timers.set(Timer.ACCEPTED, id, state.now + state.queue_of(entry).ring_s)
            return
        reason = f"no agent came within {state.settings.dialling.accepted_wait_s:.0f} s"
        dialogue, leg, gaps = state.dialogue(entry.leg), entry.leg, state.queue_of(entry).retry
        again = retry.Again(state.now + max(gaps.cut_off_gap_s, gaps.congestion_gap_s), True, "the promise is kept")
        state.note(entry.id, "called off after key 1", reason)
        callback = self._outcomes.live_until(callback, again.at + _POSTPONED_LIVES_S)
        self._outcomes.customer_lost(entry, callback, reason, AttemptOutcome.CALLED_OFF, again)
        state.put(replace(state.callbacks[callback.id], cut_off=True))
        if dialogue:
            self._speech.leave(replace(dialogue, entry=None), Fixed.CALLBACK_SORRY)
        else:
            state.do(HangUp(leg, reason))
