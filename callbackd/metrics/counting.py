"""Counts what changes between two rows of a life, for its queue and its agent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

from callbackd.domain.commands import Changed, Happened, Happening, Saved
from callbackd.domain.ids import AgentId, CallbackId, EntryId, LegId, QueueName
from callbackd.domain.lives.agent import Activity, Agent, Presence
from callbackd.domain.lives.attempt import Attempt, AttemptState
from callbackd.domain.lives.callback import Callback, CallbackOutcome, CallbackState
from callbackd.domain.lives.entry import Entry, EntryOutcome, EntryState
from callbackd.domain.settings import Settings
from callbackd.metrics.repeats import Repeats
from callbackd.metrics.tally import Clocks, Curve, Key, What, microseconds

PATIENT_S = 2.0
"""Seconds that a customer who pressed 1 should wait for the agent's voice at most."""

_PATIENT_US = microseconds(PATIENT_S)

_BUSY = {
    Activity.IDLE: (Key(What.STAFFED_US),),
    Activity.RESERVED: (Key(What.STAFFED_US), Key(What.RESERVED_US)),
    Activity.RINGING: (Key(What.STAFFED_US), Key(What.RINGING_US)),
    Activity.TALKING: (Key(What.STAFFED_US), Key(What.TALKING_US)),
    Activity.WRAP_UP: (Key(What.STAFFED_US), Key(What.WRAPPING_US)),
}
_PAUSED = (Key(What.PAUSED_US),)
_OWN_CALL = (Key(What.OWN_CALLS_US),)
_AWAY = (Key(What.AWAY_US),)
_LIVE = (Key(What.LIVE_WAIT_US),)
_SAVED = (Key(What.SAVED_US),)
OF_TEAM = {*_PAUSED, *_OWN_CALL, *_AWAY, Key(What.MISSED)}.union(*_BUSY.values())
"""What the report of a queue takes from the curves of its agents."""
_REFUSED = {Happening.NO_PROMISE: Key(What.NO_PROMISE), Happening.NO_DIAL: Key(What.NO_DIAL)}
_ENDS_TIMED = {CallbackOutcome.COMPLETED, CallbackOutcome.EXHAUSTED, CallbackOutcome.EXPIRED}


@dataclass(slots=True)
class _Place:
    entry: Entry
    live_since: float
    """When the holder was last known to have come onto the line."""
    rung_at: float | None = None
    """When the first agent's phone rang for that holder."""
    dialled: bool = False


@dataclass(slots=True)
class Handling:
    """One call in an agent's hands, from the answer to the end of the wrap-up: its talk, hold and wrap-up time.

    Times are microseconds. The call is on hold while at least one of its legs holds; two holds at once count once.
    """

    queue: QueueName
    legs: frozenset[LegId]
    connected_us: int
    hold_us: int = 0
    with_hold: bool = False
    ended_us: int | None = None
    disposition: str = ""
    """The disposition that the agent gave before the call was over."""
    _held: set[LegId] = field(default_factory=set)
    _held_us: int = 0

    def hold(self, leg: LegId, now_us: int) -> None:
        if self.ended_us is None and leg in self.legs:
            self._held_us = self._held_us if self._held else now_us
            self._held.add(leg)
            self.with_hold = True

    def unhold(self, leg: LegId, now_us: int) -> None:
        if self._held == {leg}:
            self.hold_us += now_us - self._held_us
        self._held.discard(leg)

    def end(self, now_us: int) -> None:
        """End the call: somebody hung up, and the wrap-up begins. Asterisk reports no end of the hold then."""
        if self._held:
            self.hold_us += now_us - self._held_us
            self._held.clear()
        self.ended_us = now_us

    @property
    def talk_us(self) -> int:
        """Microseconds connected and not on hold; 0 before the end."""
        return 0 if self.ended_us is None else self.ended_us - self.connected_us - self.hold_us


class Counting:
    """Set ``now`` before each step; it never goes back."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.queues = {name: Curve() for name in settings.queues}
        self.team = {id: Curve() for id in settings.agents}
        self.clocks = Clocks()
        self.repeats = Repeats(settings.reports.repeat_days)
        self.now = 0.0
        self._places: dict[EntryId, _Place] = {}
        self._calls: dict[AgentId, Handling] = {}
        self._promises: dict[CallbackId, tuple[QueueName, EntryId]] = {}
        """The queue for which the attempts of each open promise are counted."""

    def kept(self) -> int:
        """How many quarter hours, customers and open lives are in memory; it must not grow with the days."""
        lives = len(self._places) + len(self._calls) + len(self._promises)
        quarters = sum(curve.kept() for curve in (*self.queues.values(), *self.team.values()))
        return quarters + self.repeats.kept() + lives

    @property
    def now_us(self) -> int:
        return microseconds(self.now)

    def know(self, rows: Iterable[Saved]) -> None:
        """Take up rows of an earlier run: their time runs from now on, and nothing of the past is counted."""
        rows = list({(type(row), row.id): row for row in rows}.values())
        promises = {row.id: row for row in rows if isinstance(row, Callback) and row.queue in self.queues}
        self._promises = {row.id: (row.queue, row.entry) for row in promises.values()}
        for row in rows:
            if isinstance(row, Entry) and row.open and row.queue in self.queues:
                promise = promises.get(row.callback) if row.callback else None
                place = _Place(row, self.now if promise else row.arrived_at, bool(promise and promise.attempts_made))
                self._places[row.id] = place
                self._run_entry(place)
        for row in rows:
            if isinstance(row, Agent) and row.id in self.team:
                self._worked(row)
                self._run_agent(row)

    def standing(self, queue: QueueName) -> tuple[int, int]:
        """How many open places have a live holder who waits, and how many have a promise."""
        waiting = [p.entry for p in self._places.values() if p.entry.queue == queue]
        waiting = [entry for entry in waiting if entry.state is not EntryState.TALKING]
        live = sum(entry.live for entry in waiting)
        return live, len(waiting) - live

    # --- events -------------------------------------------------------------------------------------------------------

    def held(self, leg: LegId, on: bool) -> None:
        for call in self._calls.values():
            if on:
                call.hold(leg, self.now_us)
            else:
                call.unhold(leg, self.now_us)

    def disposed(self, endpoint: str, disposition: str) -> None:
        agent = self._settings.agent_at(endpoint)
        if agent is None:
            return
        call = self._calls.get(agent)
        if call and call.ended_us is None:
            call.disposition = disposition
        else:
            self.repeats.disposed(agent, disposition)

    def happened(self, fact: Happened) -> None:
        if fact.queue in self.queues and fact.what in _REFUSED:
            self._count(QueueName(fact.queue), _REFUSED[fact.what])

    # --- rows ---------------------------------------------------------------------------------------------------------

    def changed(self, change: Changed) -> None:
        before = change.before
        match change.after:
            case Entry() as row:
                self._entry(row)
            case Agent() as row:
                self._agent(before if isinstance(before, Agent) else Agent(row.id), row)
            case Callback() as row:
                self._callback(before, row)
            case Attempt() as row:
                self._attempt(before if isinstance(before, Attempt) else None, row)

    def _entry(self, row: Entry) -> None:
        place = self._places.get(row.id)
        if place is None:
            if row.open:
                self._entered(row)
            return
        before, place.entry = place.entry, row
        if row.transferred_to and not before.transferred_to:
            self._count(row.queue, Key(What.SENT_ON), agent=row.agent)
        if row.came_from and not before.came_from:
            self._count(row.queue, Key(What.SENT_HERE))
        if row.queue != before.queue and _caller(before):
            self._count(before.queue, Key(What.OVERFLOWED_OUT))
            self._count(row.queue, Key(What.OVERFLOWED_IN))
        if row.leg and row.leg != before.leg:
            place.live_since, place.rung_at = self.now, None
        if row.state is EntryState.RINGING and place.rung_at is None:
            place.rung_at = self.now
        if row.state is EntryState.TALKING and before.state is not EntryState.TALKING:
            self._answered(place)
        elif not row.open and before.state is EntryState.TALKING:
            if row.agent:
                self._served(row, row.agent)
        elif not row.open and _caller(row):
            self._gone(place)
        self._run_entry(place)
        if not row.open:
            del self._places[row.id]

    def _entered(self, row: Entry) -> None:
        self._count(row.queue, Key(What.ENTERED))
        if row.came_from:
            self._count(row.queue, Key(What.SENT_HERE))
        if last := self.repeats.again(row.number, self.now):
            again = Key(What.REPEAT, last.disposition)
            self._count(row.queue, again, agent=last.agent)
        place = self._places[row.id] = _Place(row, self.now)
        self._run_entry(place)

    def _answered(self, place: _Place) -> None:
        entry, waited_us = place.entry, self.now_us - microseconds(place.live_since)
        count = partial(self._count, entry.queue, agent=entry.agent)
        if entry.callback:
            count(Key(What.CUSTOMERS))
            count(Key(What.CUSTOMER_WAIT_US), waited_us)
            if waited_us > _PATIENT_US:
                count(Key(What.CUSTOMERS_WAITED))
            rung_us = None if place.rung_at is None else microseconds(place.rung_at) - microseconds(place.live_since)
            if rung_us is None or rung_us > _PATIENT_US:
                count(Key(What.CUSTOMERS_TOO_EARLY))
            return
        count(Key(What.ANSWERED))
        count(Key(What.ANSWER_WAIT_US), waited_us)
        for threshold_s in self._settings.reports.thresholds_s:
            if waited_us <= microseconds(threshold_s):
                count(Key(What.WITHIN, threshold_s))

    def _served(self, entry: Entry, agent: AgentId) -> None:
        call = self._calls.get(agent)
        self.repeats.served(entry.number, agent, call.disposition if call else "", self.now)

    def _gone(self, place: _Place) -> None:
        entry = place.entry
        if entry.outcome is not EntryOutcome.ABANDONED:
            self._count(entry.queue, Key(What.EXIT, entry.outcome.value if entry.outcome else ""))
        elif self.now_us - microseconds(place.live_since) < microseconds(self._settings.reports.short_abandon_s):
            self._count(entry.queue, Key(What.ABANDONED_SHORT))
        else:
            self._count(entry.queue, Key(What.ABANDONED))

    def _run_entry(self, place: _Place) -> None:
        """From now on the waiting time runs of the caller on the line, or of the promise off it."""
        entry = place.entry
        keys: tuple[Key, ...] = ()
        if entry.open and entry.state is not EntryState.TALKING:
            if _caller(entry):
                keys = _LIVE
            elif entry.leg is None and entry.state is not EntryState.OUTSIDE and not place.dialled:
                keys = _SAVED
        self.clocks.run(f"entry {entry.id}", self.now_us, self.queues[entry.queue], keys)

    def _agent(self, before: Agent, row: Agent) -> None:
        if row.id not in self.team:
            return
        if row.misses > before.misses:
            self._count(None, Key(What.MISSED), agent=row.id)
        if row.activity is not before.activity:
            self._worked(row)
        self._run_agent(row)

    def _run_agent(self, row: Agent) -> None:
        keys = _BUSY[row.activity]
        if row.activity is Activity.IDLE and row.presence is not Presence.AVAILABLE:
            keys = _PAUSED if row.presence is Presence.PAUSED else ()
        elif row.activity is Activity.IDLE and not row.ready:
            keys = _AWAY if row.away else _OWN_CALL
        self.clocks.run(f"agent {row.id}", self.now_us, self.team[row.id], keys)

    def _worked(self, row: Agent) -> None:
        place = self._places.get(row.entry) if row.entry else None
        if row.activity is Activity.TALKING and place:
            legs = frozenset(leg for leg in (place.entry.leg, row.leg) if leg)
            since = place.entry.connected_at  # known even if we were away at the answer
            self._calls[row.id] = Handling(place.entry.queue, legs, microseconds(since or self.now))
        elif row.activity is Activity.WRAP_UP and row.id in self._calls:
            self._calls[row.id].end(self.now_us)
        elif call := self._calls.pop(row.id, None):
            self._handled(row.id, call)

    def _handled(self, agent: AgentId, call: Handling) -> None:
        if call.ended_us is None:
            return  # it was lost while we were away
        count = partial(self._count, call.queue, agent=agent)
        count(Key(What.HANDLED))
        count(Key(What.TALK_US), call.talk_us)
        count(Key(What.HOLD_US), call.hold_us)
        count(Key(What.WRAP_UP_US), self.now_us - call.ended_us)
        count(Key(What.WITH_HOLD), int(call.with_hold))

    def _callback(self, before: object, row: Callback) -> None:
        """Count a promise when it is stored; when it is stored again, it has been moved to another time."""
        if row.state is not CallbackState.CLOSED:
            if before is None and row.entry in self._places:
                self._count(row.queue, Key(What.PROMISED))
                self._promises[row.id] = (row.queue, row.entry)
            return
        if self._promises.pop(row.id, None) is None or row.outcome is None:
            return
        self._count(row.queue, Key(What.PROMISE, row.outcome.value))
        if (row.slot_at is not None or row.expected_at is not None) and row.outcome in _ENDS_TIMED:
            self._count(row.queue, Key(What.TIMED))
            if row.outcome is CallbackOutcome.COMPLETED and self._on_time(row):
                self._count(row.queue, Key(What.ON_TIME))

    def _on_time(self, row: Callback) -> bool:
        if row.slot_at is None:
            return row.expected_at is not None and self.now <= row.expected_at
        return row.slot_at <= self.now <= row.slot_at + self._settings.queues[row.queue].slots.length_s

    def _attempt(self, before: Attempt | None, row: Attempt) -> None:
        """Count an attempt from the moment its intent is stored: from then on the customer's time passes."""
        if before is None or before.state is AttemptState.CLOSED or row.callback not in self._promises:
            return
        queue, entry = self._promises[row.callback]
        if before.state is AttemptState.CLAIMING:
            if row.state is AttemptState.CLAIMED and (place := self._places.get(entry)):
                place.dialled = True
                self._run_entry(place)
            return
        if _alone(before) and not _alone(row):
            self._count(queue, Key(What.AHEAD_US), self.now_us - microseconds(row.claimed_at))
        if row.state is AttemptState.CLOSED and row.outcome:
            self._count(queue, Key(What.ATTEMPT, row.outcome.value), agent=row.agent)

    def _count(self, queue: QueueName | None, key: Key, count: int = 1, *, agent: AgentId | None = None) -> None:
        if queue is not None:
            self.queues[queue].add(self.now_us, key, count)
        if agent in self.team:
            self.team[agent].add(self.now_us, key, count)


def _caller(entry: Entry) -> bool:
    """Whether a live caller holds the place: not a promise, and not a customer who was called back."""
    return entry.leg is not None and entry.callback is None


def _alone(attempt: Attempt) -> bool:
    """Whether the customer is being dialled and no agent is kept for it."""
    return attempt.agent is None and attempt.state not in {AttemptState.ACCEPTED, AttemptState.CLOSED}
