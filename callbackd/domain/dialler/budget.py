"""The desk that watches what dialling costs and how customers fare: it warns, slows down, and stops. The database
counts."""

from __future__ import annotations

from callbackd.domain.calendar import wall
from callbackd.domain.callbacks.limits import Spent, share_late
from callbackd.domain.events import AttemptClaimed, AttemptNotClaimed
from callbackd.domain.lives.quote import Remembered
from callbackd.domain.state import State
from callbackd.domain.timers import Timer

_TOLD_AT = (0.5, 0.8, 1.0)
_WORD = "dialling goes on"


class Budget:
    def __init__(self, state: State) -> None:
        self._state = state

    def claimed(self, event: AttemptClaimed) -> None:
        """As ``spent``; and slow down when customers have waited."""
        self.spent(event.dials, event.talk_s, event.money)
        self._slow(Spent(event.dials, event.talk_s, event.answered, event.late))

    def spent(self, dials: int, talk_s: float, money: float) -> None:
        """Raise an alarm when much of the day's budget is used up."""
        limits = self._state.settings.limits
        self._tell("dials", dials, limits.dials_day)
        self._tell("minutes", talk_s / 60, limits.minutes_day)
        if limits.money_day is not None:
            self._tell("money", money, limits.money_day)

    def refused(self, event: AttemptNotClaimed) -> bool:
        """Whether it was refused for the budget, or for customers who had waited: then the promise waits at no cost."""
        state = self._state
        if event.stop:
            state.world.dialling, state.world.stopped = False, True
            state.alarm("dialling", "stopped", f"{event.reason}; a supervisor can let it go on")
        elif event.until:
            self.held(event.reason, event.until)
        return event.stop or event.until > 0

    def held(self, reason: str, until: float) -> None:
        """The day's budget is used up: nobody is dialled before the next."""
        state = self._state
        if state.world.held_until != until:
            state.world.held_until = until
            state.timers.set(Timer.PACE, "budget", until)
            state.alarm("dialling", "held for today", reason, until=until)

    def word(self) -> None:
        """A supervisor lets dialling go on: what happened before that no longer counts, even after a restart."""
        if self._state.world.stopped:
            self._state.world.stopped = False
            self._state.put(Remembered(_WORD, self._state.now, {}))

    @property
    def word_at(self) -> float:
        word = self._state.remembered.get(_WORD)
        return word.at if word else 0.0

    def _tell(self, what: str, used: float, limit: float) -> None:
        state, today = self._state, wall.day_of(self._state.now, self._state.settings.limits.zone)
        day, told = state.world.told.get(what, (today, 0.0))
        reached = max((share for share in _TOLD_AT if used >= share * limit), default=0.0) if used else 0.0
        if reached > (told if day == today else 0.0):
            state.alarm("budget", f"{reached:.0%} of the day's {what} used", f"{round(used, 2):g} of {limit:g}")
            state.world.told[what] = (today, reached)

    def _slow(self, spent: Spent) -> None:
        state, limits = self._state, self._state.settings.limits
        slow = share_late(limits, spent) > limits.late_slow
        if slow != state.world.slow:
            state.world.slow = slow
            reason = f"{spent.late} of {spent.answered} customers had no agent within 2 s"
            what = "nobody is dialled before an agent is free" if slow else "as the queues have it again"
            state.note("dialling", what, reason)
