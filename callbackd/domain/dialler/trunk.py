"""The desk that judges the trunk. The trunk's own trouble gives it a rest and costs nobody an attempt; a number's
trouble does neither."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from callbackd.domain.breaker import Refusals, trunk_of
from callbackd.domain.dialler import retry
from callbackd.domain.lives.attempt import Attempt, AttemptOutcome, AttemptState
from callbackd.domain.lives.entry import EntryState
from callbackd.domain.state import State
from callbackd.domain.timers import Timer


class Trunk:
    def __init__(self, state: State) -> None:
        self._state = state

    def worked(self, why: str) -> None:
        """A call was carried: it rang, was busy, or was answered."""
        state, before = self._state, self._state.world.breaker
        state.world.breaker, state.world.refusals = before.worked(), state.world.refusals.over()
        if not before.closed:
            state.note(self._name(), "trunk works again", why)

    def failed(self, why: str, *, for_sure: str = "") -> None:
        """Count a call that was not carried. ``for_sure`` is what makes it certain that the trunk carries nobody."""
        state, before = self._state, self._state.world.breaker
        state.world.breaker = after = before.failed(state.now, for_sure=bool(for_sure))
        if after.open_s and after.opened_at != before.opened_at:
            state.timers.set(Timer.PACE, "breaker", after.until)
            row = for_sure or f"{after.failures} dials in a row failed"
            reason = f"{row}, the last with {why}; one is tried after the rest"
            state.alarm(self._name(), "trunk rests", reason, until=after.until)

    def refused(self, attempt: Attempt, outcome: AttemptOutcome, why: str) -> tuple[AttemptOutcome, retry.Again | None]:
        """Judge a refusal that may be the number's or the trunk's; as the trunk's it costs nobody an attempt.

        Returns the outcome, and when to try again if the retry policy is not to decide.
        """
        state = self._state
        said = f"SIP {attempt.tech_cause}" if attempt.tech_cause else f"cause {attempt.cause}"
        row = state.world.refusals.another(said, attempt.number, state.now)
        gap_s = state.queue_of(state.entries[state.callbacks[attempt.callback].entry]).retry.congestion_gap_s
        if row.by_trunk:
            state.world.refusals = replace(row, charged=())
            self.failed(why, for_sure=f"{len(row.numbers)} different numbers in a row were refused alike")
            self._give_back(row, outcome)
            return AttemptOutcome.CONGESTION, None
        if self._is_last(attempt, outcome) and self._another_will_tell(row, attempt.number, gap_s):
            state.world.refusals = replace(row, spared=row.spared | {attempt.number})
            return outcome, retry.Again(state.now + gap_s, True, "the next number tells whether it is the trunk's")
        state.world.refusals = replace(row, charged=(*row.charged, attempt.callback))
        return outcome, None

    def _is_last(self, attempt: Attempt, outcome: AttemptOutcome) -> bool:
        """Whether the promise would end with this attempt."""
        state, callback = self._state, self._state.callbacks[attempt.callback]
        settings = state.queue_of(state.entries[callback.entry]).retry
        callback, alike = retry.counted(callback, outcome)
        made, expires_at = callback.attempts_made, callback.expires_at
        return isinstance(retry.decide(settings, outcome, made, state.now, expires_at, alike), retry.GiveUp)

    def _another_will_tell(self, row: Refusals, number: str, within_s: float) -> bool:
        """Whether a number outside the row is about to be dialled, which will show. No number is spared twice for
        that."""
        until = self._state.now + within_s
        return (row.limit > 0 and number not in row.spared) and any(
            entry.leg is None
            and entry.number not in row.numbers
            and entry.state in {EntryState.WAITING, EntryState.DIALLING}
            and max(entry.not_before, entry.slot_at or 0.0) <= until
            for entry in self._state.entries.values()
        )

    def _give_back(self, row: Refusals, outcome: AttemptOutcome) -> None:
        """It was the trunk's all along: the earlier numbers of the row get their attempts back."""
        state = self._state
        for id, attempts in Counter(row.charged).items():
            callback = state.callbacks.get(id)
            attempt = state.attempt(callback.attempt) if callback else None
            if callback and (attempt is None or attempt.state is not AttemptState.CLAIMING):
                state.put(retry.taken_back(callback, outcome, attempts))
                state.note(id, "attempts given back", f"{row.said} was the trunk's", attempts=attempts)

    def _name(self) -> str:
        return trunk_of(self._state.settings.dialling.endpoint)
