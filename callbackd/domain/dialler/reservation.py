"""The desk that keeps an agent for a customer who is being dialled, and lets the agent go again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from callbackd.domain.agents.floor import Floor
from callbackd.domain.commands import Changed, HangUp
from callbackd.domain.dialler.outcome import Outcomes
from callbackd.domain.ids import AgentId, AttemptId
from callbackd.domain.line.routing import other_agent
from callbackd.domain.lives.agent import Activity, Agent
from callbackd.domain.lives.attempt import AttemptOutcome, AttemptState
from callbackd.domain.lives.entry import Entry
from callbackd.domain.settings import DialPolicy
from callbackd.domain.speech.speaking import Speech
from callbackd.domain.state import State


class Reservations:
    def __init__(self, state: State, speech: Speech, floor: Floor, outcomes: Outcomes) -> None:
        self._state = state
        self._speech = speech
        self._floor = floor
        self._outcomes = outcomes

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

    def served(self, entry: Entry) -> None:
        """An agent is rung for the place. A customer who holds it waits for nobody but them."""
        callback = self._state.callback_of(entry)
        if callback is None:
            return
        for attempt in list(self._state.attempts.values()):
            if attempt.callback == callback.id and attempt.accepted_at is not None and attempt.served_at is None:
                self._state.put(replace(attempt, served_at=self._state.now))

    def let_go(self, id: AttemptId) -> None:
        """The customer has not picked up by when nearly all do who ever will: nobody is kept for them any more.

        A customer who picks up all the same gets the next free agent.
        """
        state, attempt = self._state, self._state.attempts.get(id)
        if attempt is None or attempt.answered_at is not None:
            return
        entry = state.entries[state.callbacks[attempt.callback].entry]
        state.let_go.add(entry.id)
        if agent := state.reserved_for(attempt):
            state.put(replace(attempt, agent=None))
            state.put(replace(entry, agent=None))
            self._floor.release(agent.id)
            state.note(entry.id, f"{agent.id} released", "the customer will hardly pick up any more")

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
            self._outcomes.over(attempt, AttemptOutcome.CALLED_OFF, reason)
