"""The ledger: the waits and times that callers were told, compared with what happened, for people and the estimator.

A caller who hangs up is followed to the moment when the turn would have come: when an agent who might have served them
serves somebody behind them, or is free. Counting only those who stay to the end would teach what the lucky ones saw.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from math import inf

from callbackd.domain.ids import EntryId, QueueName
from callbackd.domain.line.eligibility import eligible, widens_at
from callbackd.domain.line.order import across, position
from callbackd.domain.lives.entry import Entry
from callbackd.domain.lives.quote import Quote, QuoteKind, QuoteOutcome
from callbackd.domain.state import State
from callbackd.domain.state.index import Order
from callbackd.domain.timers import Timer
from callbackd.domain.wait.estimator import Estimate, Told, TurnCame
from callbackd.domain.wait.place import Places

_FOLLOWED_S = 4 * 3600.0
"""A caller who hung up is followed for this long. Longer waits teach nothing: there was a night in them."""
_APART_S = 60.0
"""Forecasts for one queue within this time see the same line, and have the same error."""


@dataclass(frozen=True, slots=True)
class _Forecast:
    """An estimate for a place at a time, whether it was spoken or not."""

    queue: QueueName
    at: float
    estimate: Estimate | None
    quote: Quote | None = None
    apart: bool = False
    """See ``TurnCame``."""


@dataclass(frozen=True, slots=True)
class _Ghost:
    """The place of somebody who hung up, as if they had stayed."""

    entry: Entry
    order: tuple[int, Order]
    gone_at: float
    forecasts: list[_Forecast]


class Ledger:
    def __init__(self, state: State, places: Places) -> None:
        self._state = state
        self._places = places
        self._open: defaultdict[EntryId, list[_Forecast]] = defaultdict(list)
        self._ghosts: list[_Ghost] = []
        self._taught_at: dict[QueueName, float] = {}
        """For each queue, when the last forecast was made from which we learn."""

    def open(self) -> frozenset[EntryId]:
        """The entries with a forecast or a quote that has not ended."""
        return frozenset(id for id, forecasts in self._open.items() if forecasts)

    # --- what is said ---------------------------------------------------------------------------------------------

    def forecast(self, entry: Entry) -> None:
        """Note an estimate that is not spoken, to learn from it; none when nothing would be learned.

        That is decided now and not when the turn comes, so that short waits are not preferred.
        """
        now = self._state.now
        apart = now - self._taught_at.get(entry.queue, -inf) >= _APART_S
        if not (apart or self._places.judged):
            return
        estimate = self._places.estimate(entry)
        if estimate and estimate.mean_s > 0:
            self._open[entry.id].append(_Forecast(entry.queue, now, estimate, apart=apart))
            self._taught_at[entry.queue] = now if apart else self._taught_at[entry.queue]

    def quote(self, entry: Entry, kind: QuoteKind, at: float, said_s: float | None, estimate: Estimate | None) -> None:
        """Note that somebody is told a bound, in seconds from ``at``; infinity for "more than an hour"."""
        state = self._state
        quote = Quote(
            state.mint.quote(state.now),
            entry.id,
            entry.queue,
            kind,
            at,
            None if said_s == inf else said_s,
            position(state, entry),
            estimate.mean_s if estimate else None,
            estimate.p80_s if estimate else None,
            estimate.model_s if estimate else None,
        )
        state.put(quote)
        self._open[entry.id].append(_forecast(quote))

    def quoted_s(self, entry: Entry) -> float | None:
        """The lowest wait spoken for this place in this line; infinity for "more than an hour", None if none was."""
        quotes = (forecast.quote for forecast in self._open.get(entry.id, ()))
        waits = [quote.said_s for quote in quotes if quote and quote.kind is QuoteKind.WAIT]
        return min((inf if said_s is None else said_s for said_s in waits), default=None)

    def take_up(self, quotes: list[Quote]) -> None:
        """Take up open quotes of an earlier run; nobody saw how those ended whose place is gone."""
        for quote in quotes:
            if quote.entry in self._state.entries:
                self._open[quote.entry].append(_forecast(quote))
            else:
                self._close(quote, None, QuoteOutcome.UNKNOWN)

    # --- what comes of it -----------------------------------------------------------------------------------------

    def came(self, entry: Entry) -> None:
        """The turn has come: an agent is connected, or the customer is dialled. It has also come for those who were
        ahead and hung up."""
        self._settle(self._open.pop(entry.id, []), QuoteOutcome.CAME)
        self._let_go([ghost for ghost in self._ghosts if self._before(ghost, entry)], QuoteOutcome.WOULD_HAVE)

    def _before(self, ghost: _Ghost, entry: Entry) -> bool:
        """Whether the caller who hung up would have been given the agent whom the entry is given."""
        state = self._state
        agent = state.agent(entry.agent)
        takes = ghost.entry.queue == entry.queue if agent is None else eligible(state, ghost.entry, agent)
        return takes and ghost.order < across(state, entry)

    def hung_up(self, entry: Entry) -> None:
        if forecasts := self._open.pop(entry.id, None):
            state = self._state
            self._ghosts.append(_Ghost(entry, across(state, entry), state.now, forecasts))
            self._wake_for(entry)

    def widened(self, id: EntryId) -> None:
        """More agents may be given the place now: if its holder has hung up, look whether one of them is free."""
        for ghost in self._ghosts:
            if ghost.entry.id == id:
                self._wake_for(ghost.entry)

    def _wake_for(self, entry: Entry) -> None:
        if (at := widens_at(self._state, entry)) is not None:
            self._state.timers.set(Timer.WIDEN, entry.id, at)

    def left(self, entry: Entry) -> None:
        """The place left this line in another way; nobody can say when its turn would have come here."""
        self._settle(self._open.pop(entry.id, []), QuoteOutcome.UNKNOWN)

    def forget(self) -> None:
        """Before each step: stop following callers who hung up long ago, whatever the step brings.

        Otherwise, after a night without events, the first agent who logs in would settle the quotes of the evening.
        """
        old = self._state.now - _FOLLOWED_S
        if self._ghosts and self._ghosts[0].gone_at < old:
            self._let_go([ghost for ghost in self._ghosts if ghost.gone_at < old], QuoteOutcome.UNKNOWN)

    def look(self) -> None:
        """After each step: an agent who is free, and would have been given to somebody who hung up, is free for them.

        Every place in the line that may be given that agent has been.
        """
        state = self._state
        if not self._ghosts or not state.world.pbx:
            return
        free = [agent for agent in state.unoccupied() if agent.free(state.now) and not state.settles(agent.id)]
        came = [ghost for ghost in self._ghosts if any(eligible(state, ghost.entry, agent) for agent in free)]
        self._let_go(came, QuoteOutcome.WOULD_HAVE)

    def _let_go(self, ghosts: list[_Ghost], outcome: QuoteOutcome) -> None:
        for ghost in ghosts:
            self._ghosts.remove(ghost)
            self._settle(ghost.forecasts, outcome)

    def _settle(self, forecasts: list[_Forecast], outcome: QuoteOutcome) -> None:
        state = self._state
        for forecast in forecasts:
            came_s = None if outcome is QuoteOutcome.UNKNOWN else max(0.0, state.now - forecast.at)
            if forecast.quote:
                self._close(forecast.quote, came_s, outcome)
            if came_s is not None and came_s <= _FOLLOWED_S:
                self._teach(forecast, came_s)

    def _teach(self, forecast: _Forecast, came_s: float) -> None:
        quote = forecast.quote
        if forecast.estimate:
            self._places.learn(TurnCame(forecast.queue, forecast.estimate, came_s, forecast.apart))
        if quote and quote.kind is QuoteKind.WAIT and quote.said_s is not None:
            self._places.learn(Told(forecast.queue, quote.said_s, came_s))

    def _close(self, quote: Quote, came_s: float | None, outcome: QuoteOutcome) -> None:
        self._state.put(replace(quote, came_s=came_s, outcome=outcome, closed_at=self._state.now))


def _forecast(quote: Quote) -> _Forecast:
    return _Forecast(quote.queue, quote.at, None, quote)
