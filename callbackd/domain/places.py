"""Places in the line as the desks need them: what they would wait, and what wakes them while they wait."""

from __future__ import annotations

from callbackd.domain.eligibility import widens_at
from callbackd.domain.entry import Entry, EntryState, EntryTrigger
from callbackd.domain.ewt import Estimate, Estimator, place_of
from callbackd.domain.state import State
from callbackd.domain.timers import Timer

_LOOK_S = 60.0
"""How often the wait is looked at in the last hour before a slot."""
_LONGEST_LEAD_S = 3600.0
"""A slot's promise enters the line at most this much before its time."""


class Places:
    def __init__(self, state: State, estimator: Estimator) -> None:
        self._state = state
        self._estimator = estimator

    def estimate(self, entry: Entry) -> Estimate | None:
        """The wait still ahead; for an entry outside, what it would be at the end of the line."""
        return self._estimator.estimate(place_of(self._state, entry), self._state.now)

    def chance(self, entry: Entry, within_s: float) -> float | None:
        """That the entry's turn comes within this time, 0-1; None when nothing honest can be said."""
        return self._estimator.chance(place_of(self._state, entry), within_s, self._state.now)

    def watch(self, entry: Entry) -> None:
        """Wake when the wait alone lets more agents be given the entry, and when it has waited as long as it may."""
        state = self._state
        if entry.state is EntryState.OUTSIDE:
            return
        if (at := widens_at(state, entry)) is not None:
            state.timers.set(Timer.WIDEN, entry.id, at)
        longest_s = state.queue_of(entry).rules.max_wait_s
        if entry.live and longest_s is not None:
            state.timers.set(Timer.MAX_WAIT, entry.id, max(entry.joined_at + longest_s, state.now))

    def look(self, entry: Entry) -> None:
        """Whether a promise at a time must enter the line now, so that its turn comes at that time; else look again.

        It stands at the end of the line like everybody who comes now, so it enters early by what they would wait.
        """
        state = self._state
        if entry.state is not EntryState.OUTSIDE or entry.slot_at is None or entry.leg:
            return
        estimate = self.estimate(entry)
        lead_s = min(estimate.p50_s, _LONGEST_LEAD_S) if estimate else 0.0
        if state.now + lead_s >= entry.slot_at:
            self._enter(entry, entry.slot_at, lead_s)
        elif entry.slot_at - _LONGEST_LEAD_S > state.now:
            state.timers.set(Timer.ENTER, entry.id, entry.slot_at - _LONGEST_LEAD_S)
        else:
            state.timers.set(Timer.ENTER, entry.id, min(entry.slot_at - lead_s, state.now + _LOOK_S))

    def _enter(self, entry: Entry, slot_at: float, lead_s: float) -> None:
        state = self._state
        state.decide(entry.id, "enters the line", f"a wait of {lead_s:.0f} s lies before its time", slot_at=slot_at)
        entry = state.move_entry(entry, EntryTrigger.ENTER, arrived_at=state.now, joined_at=state.now)
        if slot_at > state.now:
            state.timers.set(Timer.RETRY, entry.id, slot_at)
        self.watch(entry)
