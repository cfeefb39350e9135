"""The desk that rings customers: it reserves an agent, stores the intent, and dials when the intent is stored."""

from __future__ import annotations

from dataclasses import replace

from callbackd.domain import numbers
from callbackd.domain.breaker import trunk_of
from callbackd.domain.calendar import hours
from callbackd.domain.callbacks.limits import price_of
from callbackd.domain.commands import ClaimAttempt, DialCustomer, HangUp, Happening
from callbackd.domain.dialler import retry
from callbackd.domain.dialler.budget import Budget
from callbackd.domain.dialler.outcome import Outcomes
from callbackd.domain.events import AttemptClaimed, AttemptNotClaimed
from callbackd.domain.ids import AgentId, AttemptId
from callbackd.domain.lives.attempt import Attempt, AttemptOutcome, AttemptState
from callbackd.domain.lives.callback import Callback, CallbackOutcome
from callbackd.domain.lives.entry import Entry
from callbackd.domain.phrase import CallbackHello, Fixed, Phrase
from callbackd.domain.settings import DialPolicy, Queue
from callbackd.domain.state import State
from callbackd.domain.timers import Timer
from callbackd.domain.wait.place import Places

_DIAL_GRACE_S = 15.0
"""How long after the ring time-out we wait for Asterisk to report the end of a dial."""

_TRIED_DAYS = 30
"""How often the next opening and the next calling hour are tried in turn, before we conclude that none agree."""


class Dial:
    def __init__(self, state: State, places: Places, outcomes: Outcomes) -> None:
        self._state = state
        self._places = places
        self._outcomes = outcomes
        self.budget = Budget(state)

    def claim(self, entry: Entry, agent_id: AgentId | None, reason: str) -> None:
        """Begin an attempt: reserve the agent, if there is one, and have the intent stored. Nothing rings yet."""
        state, callback = self._state, self._state.promise_of(entry)
        checked = state.callable(callback.number)
        if isinstance(checked, numbers.Refused):
            self._outcomes.give_up(
                entry, callback, CallbackOutcome.CANCELLED, f"the number may not be dialled: {checked.reason}"
            )
            return
        at = self._ringable_at(entry, callback)
        if at is None or at > state.now:
            self._wait_for_hour(entry, callback, at)
            return
        made = callback.attempts_made + 1
        attempt = Attempt(
            state.mint.attempt(state.now),
            callback.id,
            agent_id,
            checked.number,
            made,
            state.now,
            price=price_of(checked.number, state.settings.limits),
        )
        if agent_id:
            state.move(state.agents[agent_id].reserve(entry.id))
            state.offered_at[agent_id] = (entry.queue, state.now)
        entry = state.move(entry.dial(agent_id), saved=True)
        callback = state.move(callback.claim(attempt.id, made), saved=True)
        state.put(attempt, saved=True)
        self._pace()
        what = f"{agent_id} reserved, intent to dial" if agent_id else "intent to dial before an agent is free"
        state.note(entry.id, what, reason, attempt=attempt.id, ordinal=made)
        state.store(ClaimAttempt(entry, callback, attempt, self.budget.word_at))

    def _pace(self) -> None:
        """Put the next dial off, at the set pace. Agents who are free meanwhile go to live callers: so promises due at
        opening and callers take turns, without a rule for that."""
        state, per_s = self._state, self._state.settings.dialling.per_s
        if per_s:
            state.world.next_dial_at = state.now + 1 / per_s
            state.timers.set(Timer.PACE, "site", state.world.next_dial_at)

    def _ringable_at(self, entry: Entry, callback: Callback) -> float | None:
        """The next time at which the customer may be rung and the queue is open; None when there is none."""
        state, queue, at = self._state, self._state.queue_of(entry), self._state.now
        chosen, early = callback.slot_at is not None, state.world.closed_until.get(queue.name)
        for _ in range(_TRIED_DAYS):
            opens = hours.next_open(queue.hours, at, early)
            rings = state.rings_at(callback.number, opens, chosen=chosen) if opens is not None else None
            if rings is None or rings == opens:
                return rings
            at = rings
        return None

    def _wait_for_hour(self, entry: Entry, callback: Callback, at: float | None) -> None:
        """Put the promise off to an hour at which it can be kept; it lives longer by the time until then."""
        state = self._state
        if at is None:
            reason = "there is no hour at which the customer may be rung and the queue is open"
            self._outcomes.give_up(entry, callback, CallbackOutcome.EXPIRED, reason)
            return
        state.put(replace(entry, not_before=at))
        state.timers.set(Timer.RETRY, entry.id, at)
        self._outcomes.live_until(callback, callback.expires_at + (at - state.now))
        state.note(entry.id, "put off to a later hour", "the queue is closed, or nobody may be rung now", until=at)

    def opened_again(self, queue: Queue, instead_of: float) -> None:
        """The queue opens earlier than the time its promises wait for: they wait no longer."""
        state = self._state
        for entry in [e for e in state.entries.values() if e.queue == queue.name and e.not_before == instead_of]:
            state.timers.cancel(Timer.RETRY, entry.id)
            state.put(replace(entry, not_before=state.now))

    def claimed(self, event: AttemptClaimed) -> None:
        """The intent is committed: dial."""
        state, attempt = self._state, self._state.attempts.get(event.attempt)
        if attempt is None or attempt.state is not AttemptState.CLAIMING:
            return
        self.budget.claimed(event)
        self.dial(state.move(attempt.stored()))

    def not_claimed(self, event: AttemptNotClaimed) -> None:
        attempt = self._state.attempts.get(event.attempt)
        if attempt and attempt.state is AttemptState.CLAIMING:
            waits = self.budget.refused(event)
            if waits:
                entry = self._state.entry(self._state.callbacks[attempt.callback].entry)
                self._state.happened(Happening.NO_DIAL, entry=entry, text=event.reason)
            again = retry.Again(self._state.now, True, "as soon as dialling goes on") if waits else None
            reason = f"the intent was not stored: {event.reason}"
            self._outcomes.over(attempt, AttemptOutcome.NOT_DIALLED, reason, again)

    def dial(self, attempt: Attempt) -> None:
        """Ask Asterisk to dial. It may be asked again: under the same id nobody is rung twice."""
        state = self._state
        callback, ring_s = state.callbacks[attempt.callback], state.settings.dialling.ring_s
        state.timers.set(Timer.ATTEMPT, attempt.id, state.now + ring_s + _DIAL_GRACE_S)
        if state.settings.queues[callback.queue].dial is DialPolicy.LOOK_AHEAD:
            picks_up_s = self._places.picks_up_s(trunk_of(state.settings.dialling.endpoint))
            state.timers.set(Timer.LET_GO, attempt.id, attempt.claimed_at + picks_up_s)
        hello: tuple[Phrase, ...] = (CallbackHello(callback.queue),)
        if callback.cut_off:
            hello = (*hello, Fixed.CUT_OFF_BEFORE)
        state.do(
            DialCustomer(
                attempt.leg,
                attempt.id,
                attempt.number,
                ring_s,
                hello,
                (Fixed.CALLBACK_SORRY,),
                callback.language,
                callback.queue,
            )
        )

    def stuck(self, id: AttemptId) -> None:
        """Asterisk never reported the end of a dial: we end it ourselves and count it as dialled."""
        attempt = self._state.attempts.get(id)
        if attempt and not self._state.world.pbx:  # without Asterisk we can neither see nor stop it
            self._state.timers.set(Timer.ATTEMPT, id, self._state.now + _DIAL_GRACE_S)
        elif attempt:
            self._state.do(HangUp(attempt.leg, "no end of the dial was reported"))
            self._outcomes.over(attempt, AttemptOutcome.UNKNOWN, "no end of the dial was reported in time")

    def accepted_by_pbx(self, attempt: Attempt) -> None:
        self._state.move(attempt.dialled())

    def ringing(self, attempt: Attempt) -> None:
        self._state.move(attempt.rang())
