"""The desk that keeps promises: it reserves an agent, stores the intent and dials; only key 1 connects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import assert_never

from callbackd.domain import numbers
from callbackd.domain.agents.floor import Floor
from callbackd.domain.breaker import trunk_of
from callbackd.domain.calendar import hours
from callbackd.domain.callbacks.promise import Promises
from callbackd.domain.commands import Changed, ClaimAttempt, DialCustomer, DropBridge, HangUp, Happening
from callbackd.domain.dialler import look_ahead as lookahead
from callbackd.domain.dialler import retry
from callbackd.domain.dialler.budget import Budget
from callbackd.domain.dialler.trunk import Trunk
from callbackd.domain.events import AttemptClaimed, AttemptNotClaimed, Ending, LegEnded, Party
from callbackd.domain.ids import AgentId, AttemptId, CallbackId, EntryId, LegId
from callbackd.domain.line.order import places
from callbackd.domain.line.routing import other_agent, servable
from callbackd.domain.lives.agent import Activity, Agent
from callbackd.domain.lives.attempt import Attempt, AttemptOutcome, AttemptState
from callbackd.domain.lives.callback import Callback, CallbackOutcome, CallbackState
from callbackd.domain.lives.conversation import ByCustomer, go
from callbackd.domain.lives.dialogue import Dialogue, Stage
from callbackd.domain.lives.entry import Entry, EntryOutcome, EntryState
from callbackd.domain.phrase import CallAgainIn, CallbackHello, Fixed, Phrase
from callbackd.domain.settings import DialPolicy, Queue
from callbackd.domain.speech.speaking import Speech
from callbackd.domain.state import State
from callbackd.domain.timers import Timer
from callbackd.domain.wait.place import Places

_DIAL_GRACE_S = 15.0
"""How long after the ring time-out we wait for Asterisk to report the end of a dial."""

_POSTPONED_LIVES_S = 3600.0
"""A promise that the customer postponed expires no sooner than this after the time chosen."""

_HELD_LIVES_S = 3600.0
"""A promise that waits for the next day's budget expires no sooner than this after the day begins."""

_POSTPONED_WITHIN_S = 600.0
"""A postponed call is on time until this long after the time chosen, which comes in steps of ten minutes."""

ACCEPTED_WAIT_S = 2.0
"""The longest that a customer who answered may wait for an agent (spec/estimates.md, dialling ahead)."""

_LOOK_S = 1.0
"""How soon it is asked again whether a customer is dialled ahead, when the answer was that it is too early."""

_STORING_S = 10.0
"""While a move is being stored, expiry waits this long."""

_TRIED_DAYS = 30
"""How often the next opening and the next calling hour are tried in turn, before we conclude that none agree."""

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


class Dial:
    def __init__(self, state: State, speech: Speech, places: Places, promises: Promises, floor: Floor) -> None:
        self._state = state
        self._speech = speech
        self._places = places
        self._promises = promises
        self._floor = floor
        self._trunk = Trunk(state)
        self.budget = Budget(state)
        self._last_ring: set[EntryId] = set()
        """Customers who have waited for too long, and for whom an agent is being rung for the last time."""

    # --- intent, then the telephone -------------------------------------------------------------------------------

    def claim(self, entry: Entry, agent_id: AgentId | None, reason: str) -> None:
        """Begin an attempt: reserve the agent, if there is one, and have the intent stored. Nothing rings yet."""
        state, callback = self._state, self._state.promise_of(entry)
        checked = state.callable(callback.number)
        if isinstance(checked, numbers.Refused):
            self._give_up(
                entry, callback, CallbackOutcome.CANCELLED, f"the number may not be dialled: {checked.reason}"
            )
            return
        at = self._ringable_at(entry, callback)
        if at is None or at > state.now:
            self._wait_for_hour(entry, callback, at)
            return
        made = callback.attempts_made + 1
        attempt = Attempt(state.mint.attempt(state.now), callback.id, agent_id, checked.number, made, state.now)
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
            self._give_up(entry, callback, CallbackOutcome.EXPIRED, reason)
            return
        state.put(replace(entry, not_before=at))
        state.timers.set(Timer.RETRY, entry.id, at)
        self._live_until(callback, callback.expires_at + (at - state.now))
        state.note(entry.id, "put off to a later hour", "the queue is closed, or nobody may be rung now", until=at)

    def opened_again(self, queue: Queue, instead_of: float) -> None:
        """The queue opens earlier than the time its promises wait for: they wait no longer."""
        state = self._state
        for entry in [e for e in state.entries.values() if e.queue == queue.name and e.not_before == instead_of]:
            state.timers.cancel(Timer.RETRY, entry.id)
            state.put(replace(entry, not_before=state.now))

    def _live_until(self, callback: Callback, at: float) -> Callback:
        """The promise, which now expires at ``at`` or later."""
        if at > callback.expires_at:
            callback = self._state.put(replace(callback, expires_at=at))
            self._state.timers.set(Timer.EXPIRE, callback.id, at)
        return callback

    # --- before an agent is free --------------------------------------------------------------------------------------

    def ahead(self) -> tuple[Entry, str] | None:
        """The next promise to be dialled before an agent is free for it, and why; None when no policy wants one."""
        state = self._state
        for queue in state.settings.queues.values() if not state.world.slow else ():
            entry = self._candidate(queue)
            if entry and servable(state, entry) and self._may_dial_another(queue):
                trunk = trunk_of(state.settings.dialling.endpoint)
                chance = self._places.chance(entry, trunk, ACCEPTED_WAIT_S)
                answer = lookahead.decide(queue.dial, chance, queue.waiting_share)
                if answer.yes:
                    return entry, answer.reason
                if queue.dial is DialPolicy.LOOK_AHEAD and chance is not None:
                    state.timers.set(Timer.LOOK, queue.name, state.now + _LOOK_S)
        return None

    def _candidate(self, queue: Queue) -> Entry | None:
        """The queue's promise that its policy would have dialled next before an agent is free, if there is one.

        Customer-first lets live callers be served before it: the promise must be at the head of the line. Look-ahead
        leaves those before it to the estimate, which counts them.
        """
        match queue.dial:
            case DialPolicy.AGENT_FIRST:
                return None
            case DialPolicy.CUSTOMER_FIRST:
                head = next(self._unserved(queue), None)
                return None if head is None or head.live else head
            case DialPolicy.LOOK_AHEAD:
                return next((entry for entry in self._unserved(queue) if not entry.live), None)
            case _:
                assert_never(queue.dial)

    def _unserved(self, queue: Queue) -> Iterator[Entry]:
        """The places of the queue for which nothing is being done yet, the next one first."""
        return (entry for entry in places(self._state, [queue.name]) if entry.state is EntryState.WAITING)

    def _may_dial_another(self, queue: Queue) -> bool:
        """Whether fewer customers are being dialled without an agent than agents are at work."""
        called = sum(1 for attempt in self._state.attempts.values() if attempt.agent is None)
        return called < len(self._state.at_work(queue.name))

    def reserve(self, entry: Entry, agent_id: AgentId) -> None:
        """Keep an agent, who became free, for a customer who was dialled ahead and has not accepted yet."""
        state = self._state
        attempt = state.attempt(state.promise_of(entry).attempt)
        if attempt is None:
            return
        state.move(state.agents[agent_id].reserve(entry.id))
        state.offered_at[agent_id] = (entry.queue, state.now)
        state.put(replace(attempt, agent=agent_id), saved=attempt.state is AttemptState.CLAIMING)
        state.put(replace(entry, agent=agent_id))
        state.note(entry.id, f"{agent_id} reserved", "free while the customer is being dialled")

    def let_go(self, id: AttemptId) -> None:
        """The customer has not picked up by when nearly all do who ever will: nobody is kept for them any more.

        A customer who picks up all the same gets the next free agent.
        """
        state, attempt = self._state, self._state.attempts.get(id)
        if attempt is None or attempt.answered_at is not None:
            return
        entry = state.entries[state.callbacks[attempt.callback].entry]
        state.let_go.add(entry.id)
        agent = state.agent(attempt.agent)
        if agent and agent.activity is Activity.RESERVED and agent.entry == entry.id:
            state.put(replace(attempt, agent=None))
            state.put(replace(entry, agent=None))
            self._floor.release(agent.id)
            state.note(entry.id, f"{agent.id} released", "the customer will hardly pick up any more")

    def claimed(self, event: AttemptClaimed) -> None:
        """The intent is committed: dial."""
        state, attempt = self._state, self._state.attempts.get(event.attempt)
        if attempt is None or attempt.state is not AttemptState.CLAIMING:
            return
        self.budget.claimed(event)
        self.dial(state.move(attempt.stored()))

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

    def not_claimed(self, event: AttemptNotClaimed) -> None:
        attempt = self._state.attempts.get(event.attempt)
        if attempt and attempt.state is AttemptState.CLAIMING:
            waits = self.budget.refused(event)
            if waits:
                entry = self._state.entry(self._state.callbacks[attempt.callback].entry)
                self._state.happened(Happening.NO_DIAL, entry=entry, text=event.reason)
            again = retry.Again(self._state.now, True, "as soon as dialling goes on") if waits else None
            self.over(attempt, AttemptOutcome.NOT_DIALLED, f"the intent was not stored: {event.reason}", again)

    def accepted_by_pbx(self, attempt: Attempt) -> None:
        self._state.move(attempt.dialled())

    def refused_by_pbx(self, attempt: Attempt, reason: str) -> None:
        self._trunk.failed(reason)
        self.over(attempt, AttemptOutcome.NOT_DIALLED, reason)

    def ringing(self, attempt: Attempt) -> None:
        self._state.move(attempt.rang())

    def picked_up(self, attempt: Attempt) -> None:
        self._state.move(attempt.answered(self._state.now))
        self._state.let_go.discard(self._state.callbacks[attempt.callback].entry)

    # --- the customer ---------------------------------------------------------------------------------------------

    def customer_entered(self, leg: LegId, id: AttemptId | None) -> None:
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
                self.over(attempt, AttemptOutcome.DECLINED, "the customer pressed 3: no longer needed")
                self._speech.leave(replace(dialogue, entry=None), Fixed.CALLBACK_CANCELLED)
            case ByCustomer.NOBODY:
                self._no_person(dialogue, attempt)
            case _:
                assert_never(act)

    def _no_person(self, dialogue: Dialogue, attempt: Attempt) -> None:
        """No key came after the last reading of the menu: as far as we know, a machine answered."""
        self.over(attempt, AttemptOutcome.NO_KEY, f"no key after {dialogue.tries} readings")
        again = attempt.callback in self._state.callbacks
        self._speech.leave(replace(dialogue, entry=None), Fixed.CALLBACK_LATER if again else Fixed.GOODBYE)

    def _postpone(self, dialogue: Dialogue, attempt: Attempt, minutes: int) -> None:
        """The customer wants to be called later: the place is kept, and the promise lives beyond the time chosen."""
        state, callback = self._state, self._state.callbacks[attempt.callback]
        again = retry.postpone(callback.attempts_made, minutes, state.now)
        expires_at = max(callback.expires_at, again.at + _POSTPONED_LIVES_S)
        state.put(replace(callback, expires_at=expires_at, expected_at=again.at + _POSTPONED_WITHIN_S))
        state.timers.set(Timer.EXPIRE, callback.id, expires_at)
        self.over(attempt, AttemptOutcome.POSTPONED, again.reason, again)
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
        agent = state.agent(attempt.agent)
        if agent and agent.activity is Activity.RESERVED and agent.entry == entry.id:
            self._floor.ring(entry, (agent.id,), "reserved for this customer")
            self.served(entry)

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
        callback = self._live_until(callback, again.at + _POSTPONED_LIVES_S)
        self.customer_lost(entry, callback, reason, AttemptOutcome.CALLED_OFF, again)
        state.put(replace(state.callbacks[callback.id], cut_off=True))
        if dialogue:
            self._speech.leave(replace(dialogue, entry=None), Fixed.CALLBACK_SORRY)
        else:
            state.do(HangUp(leg, reason))

    # --- the reserved agent leaves --------------------------------------------------------------------------------

    def see(self, changes: Sequence[Changed]) -> None:
        """The facts of a step: who is reserved and cannot be rung any more, is replaced."""
        for change in changes:
            agent = self._state.agent(change.after.id) if isinstance(change.after, Agent) else None
            if agent and agent.activity is Activity.RESERVED and not agent.ready:
                self._left(agent)

    def _left(self, agent: Agent) -> None:
        """Another agent is reserved; else a ring that nobody has answered ends, and costs the customer nothing."""
        state, entry = self._state, self._state.entry(agent.entry)
        callback = state.callback_of(entry)
        attempt = state.attempt(callback.attempt) if callback else None
        self._floor.release(agent.id)
        if entry is None or attempt is None:
            return
        attempt = state.put(replace(attempt, agent=None), saved=attempt.state is AttemptState.CLAIMING)
        entry = state.put(replace(entry, agent=None))
        reason = f"{agent.id}, who was reserved, cannot be rung any more"
        if other := other_agent(state, entry):
            state.note(entry.id, f"{other} instead of {agent.id}", reason)
            self.reserve(entry, other)
        elif attempt.state is AttemptState.ANSWERED:
            state.note(entry.id, "nobody reserved", f"{reason}; the next free agent is for the customer")
        elif state.queue_of(entry).dial is DialPolicy.AGENT_FIRST or not state.at_work(entry.queue):
            state.note(entry.id, "called off", reason)
            self._speech.end(attempt.leg)
            if attempt.state is not AttemptState.CLAIMING:  # while claiming, nothing has been dialled
                state.do(HangUp(attempt.leg, reason))
            self.over(attempt, AttemptOutcome.CALLED_OFF, reason)

    def served(self, entry: Entry) -> None:
        """An agent is rung for the place. A customer who holds it waits for nobody but them."""
        callback = self._state.callback_of(entry)
        if callback is None:
            return
        for attempt in list(self._state.attempts.values()):
            if attempt.callback == callback.id and attempt.accepted_at is not None and attempt.served_at is None:
                self._state.put(replace(attempt, served_at=self._state.now))

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
        agent = state.agent(attempt.agent)
        if agent and agent.activity is Activity.RESERVED and agent.entry == entry.id:
            self._floor.release(agent.id)
        entry = state.move(entry.dial_over())
        self._retry_or_give_up(entry, callback, outcome, f"{outcome.value}: {reason}", again)

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

    def stuck(self, id: AttemptId) -> None:
        """Asterisk never reported the end of a dial: we end it ourselves and count it as dialled."""
        attempt = self._state.attempts.get(id)
        if attempt and not self._state.world.pbx:  # without Asterisk we can neither see nor stop it
            self._state.timers.set(Timer.ATTEMPT, id, self._state.now + _DIAL_GRACE_S)
        elif attempt:
            self._state.do(HangUp(attempt.leg, "no end of the dial was reported"))
            self.over(attempt, AttemptOutcome.UNKNOWN, "no end of the dial was reported in time")

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
            self._give_up(entry, callback, answer.outcome, f"{reason}; {answer.reason}")
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
            self._live_until(callback, self._state.world.held_until + _HELD_LIVES_S)
        elif callback.state is CallbackState.WAITING:
            opens, left_s = self._state.opens_at(self._state.queue_of(entry)), self._left_s(entry, callback)
            if opens is not None and left_s > 0:
                self._live_until(callback, opens + left_s)
                return
            self._give_up(entry, callback, CallbackOutcome.EXPIRED, "the promise is too old to be kept")

    def _left_s(self, entry: Entry, callback: Callback) -> float:
        """Seconds left of a promise's life if it ages only in opening hours."""
        queue = self._state.queue_of(entry)
        since = callback.created_at if callback.slot_at is None else callback.slot_at
        return queue.retry.expire_s - hours.open_seconds(queue.hours, since, self._state.now)

    def _give_up(self, entry: Entry, callback: Callback, outcome: CallbackOutcome, reason: str) -> None:
        state = self._state
        state.timers.cancel(Timer.EXPIRE, callback.id)
        state.note(callback.id, f"promise given up: {outcome.value}", reason, attempts=callback.attempts_made)
        state.move(callback.close(outcome, state.now))
        self._speech.close(entry, _GIVEN_UP[outcome], reason)
