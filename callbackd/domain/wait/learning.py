"""Passes what changes between two rows of a life to the ledger and to the estimator, at O(1) per change."""

from __future__ import annotations

from collections.abc import Iterable

from callbackd.domain.breaker import trunk_of
from callbackd.domain.commands import Changed, Saved
from callbackd.domain.ids import AgentId, EntryId
from callbackd.domain.lives.agent import Agent, Presence
from callbackd.domain.lives.attempt import Attempt, AttemptOutcome, AttemptState
from callbackd.domain.lives.entry import Entry, EntryOutcome, EntryState
from callbackd.domain.lives.quote import Remembered
from callbackd.domain.state import State
from callbackd.domain.wait import roster
from callbackd.domain.wait.estimator import Estimator, Held, Joined, Reached, Worked
from callbackd.domain.wait.ledger import Ledger
from callbackd.domain.wait.place import Places, rank_of

_REMEMBER_S = 60.0
"""What was learned is stored at most once in this time."""
_NOT_RUNG = {
    AttemptOutcome.NOT_DIALLED,
    AttemptOutcome.CALLED_OFF,
    AttemptOutcome.UNKNOWN,
    AttemptOutcome.CONGESTION,
    AttemptOutcome.UNREACHABLE,
}
"""Outcomes of attempts that say nothing about the customer."""


class Learning:
    def __init__(self, state: State, estimator: Estimator, places: Places, ledger: Ledger) -> None:
        self._state = state
        self._estimator = estimator
        self._places = places
        self._ledger = ledger
        self._live_since: dict[EntryId, float] = {}
        self._told_at: dict[AgentId, float] = {}
        """The time up to which the estimator knows what each agent did."""
        self._remembered_at = 0.0
        self._learned = False

    def know(self) -> None:
        """Take up the lives of an earlier run, before any step; time on the line before our start teaches nothing."""
        self._told_at = dict.fromkeys(self._state.agents, self._state.now)
        self._remembered_at = self._state.now

    def see(self, changes: Iterable[Changed]) -> None:
        """Learn from one step of the door, once it is over."""
        self._ledger.forget()
        for change in changes:
            match change.after:
                case Entry() as row:
                    self._entry(row, change.before)
                case Agent() as row:
                    self._agent(row, change.before)
                case Attempt() as row:
                    self._attempt(row, change.before)
        self._ledger.look()
        self._remembered_at = self._remembered_at or self._state.now
        if self._learned and self._state.now - self._remembered_at >= _REMEMBER_S:
            self._remember()

    # --- places ---------------------------------------------------------------------------------------------------

    def _entry(self, row: Entry, before: Saved | None) -> None:
        before = before if isinstance(before, Entry) else None
        stood = before is not None and before.state is not EntryState.OUTSIDE
        if before is not None and row.queue != before.queue:
            self._ledger.left(before)
            stood = False
        if row.open and row.state is not EntryState.OUTSIDE and not stood:
            self._joined(row)
        self._hold(row)
        if before is None or row.state is before.state:
            return
        if row.state in {EntryState.TALKING, EntryState.DIALLING}:
            self._ledger.came(row)
        elif row.outcome is EntryOutcome.ABANDONED:
            self._ledger.hung_up(row)
        elif row.state is EntryState.CLOSED:
            self._ledger.left(row)

    def _joined(self, row: Entry) -> None:
        self._learn(Joined(row.queue, rank_of(self._state, row)))
        now = self._state.entries.get(row.id)
        if now and now.state is EntryState.WAITING:  # else an agent is rung for it already
            self._ledger.forecast(now)

    def _hold(self, row: Entry) -> None:
        """How long somebody stays on the line: until an agent talks with them, they hang up, or a promise stands in."""
        waits = row.open and row.live and row.state in {EntryState.WAITING, EntryState.RINGING}
        since = self._live_since.get(row.id)
        if waits and since is None:
            self._live_since[row.id] = self._state.now
        elif not waits and since is not None:
            del self._live_since[row.id]
            hung_up, connected = row.outcome is EntryOutcome.ABANDONED, row.state is EntryState.TALKING
            self._learn(Held(row.queue, self._state.now - since, hung_up, connected))

    # --- people ---------------------------------------------------------------------------------------------------

    def _agent(self, row: Agent, before: Saved | None) -> None:
        now = self._state.now
        since, self._told_at[row.id] = self._told_at.get(row.id, now), now
        presence = before.presence if isinstance(before, Agent) else row.presence
        if presence is Presence.LOGGED_OUT or now <= since:
            return
        if roster.on_break(self._state, row):
            return  # it was known before, and says nothing about other pauses
        changed = row.presence not in {presence, Presence.LOGGED_OUT}
        self._learn(Worked(presence is Presence.PAUSED, now - since, changed))

    def _attempt(self, row: Attempt, before: Saved | None) -> None:
        state = self._state
        if isinstance(before, Attempt) and before.state is row.state:
            return
        took_s = state.now - row.claimed_at
        trunk = trunk_of(state.settings.dialling.endpoint)
        picked_s = row.answered_at - row.claimed_at if row.answered_at is not None else None
        if row.state is AttemptState.ACCEPTED:
            self._learn(Reached(trunk, took_s, took_s, picked_s))
        elif row.state is AttemptState.CLOSED and row.outcome not in _NOT_RUNG | {AttemptOutcome.CONNECTED}:
            self._learn(Reached(trunk, None, took_s, picked_s))

    # --- memory ---------------------------------------------------------------------------------------------------

    def _learn(self, event: Joined | Held | Worked | Reached) -> None:
        self._learned = True
        self._places.learn(event)

    def _remember(self) -> None:
        now = self._state.now
        self._learned, self._remembered_at = False, now
        for subject, memory in self._estimator.memories().items():
            self._state.put(Remembered(subject, now, dict(memory)))
