"""Places in the line as the desks need them: how long they would wait, and what wakes them while they wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from callbackd.domain.ids import EntryId, QueueName
from callbackd.domain.line.eligibility import Terms, eligible, terms, widens_at
from callbackd.domain.line.order import pausing_before, places
from callbackd.domain.lives.agent import Activity, Agent
from callbackd.domain.lives.entry import Entry, EntryState
from callbackd.domain.settings import Reserve
from callbackd.domain.state import State
from callbackd.domain.timers import Timer
from callbackd.domain.wait.estimator import Ahead, Busy, Estimate, Estimator, Learnable, Place, Rank

_LOOK_S = 60.0
"""How often the wait is looked at in the last hour before a slot."""
_LONGEST_LEAD_S = 3600.0
"""A slot's promise enters the line at most this much before its time."""


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """What places that are served alike share: the same agents, the same places around them, the same rank."""

    whole: Place
    """The question of a place behind all of them."""
    before: Mapping[EntryId, int]
    """How many of those in the line each of them has before it; who is not in it has all."""
    queues: frozenset[QueueName]


def place_of(state: State, entry: Entry) -> Place:
    """The entry as estimators see it."""
    line = _line_of(state, entry, rank_of(state, entry))
    return replace(_place(state, entry, line), back_s=_back_s(state, entry, line))


def _back_s(state: State, entry: Entry, line: _Line) -> tuple[float, ...]:
    return tuple(other.not_before - state.now for other in pausing_before(state, entry, line.queues))


def _place(state: State, entry: Entry, line: _Line) -> Place:
    whole = line.whole
    return replace(
        whole,
        ahead=whole.ahead[: line.before.get(entry.id, len(whole.ahead))],
        waited_s=max(0.0, state.now - entry.joined_at),
        served=entry.state not in {EntryState.WAITING, EntryState.OUTSIDE},
    )


def _line_of(state: State, entry: Entry, rank: Rank) -> _Line:
    """Lines that share an agent with the queue of the entry count as one line."""
    team = _team(state, entry)
    shared = {queue for agent in team for queue in state.settings.agents[agent.id].queues} | {entry.queue}
    # An agent whose phone is off, or in use by an own call, takes no work now: as in a pause, nobody knows for how
    # long.
    working = [agent for agent in team if agent.ready]
    shares = {queue: 1.0 if queue == entry.queue else _share(state, working, queue) for queue in shared}
    ahead: list[Ahead] = []
    before: dict[EntryId, int] = {}
    for other in places(state, shared):
        before[other.id] = len(ahead)
        if _wants_an_agent(other):
            ahead.append(_ahead(state, other, shares[other.queue]))
    whole = Place(
        entry.queue,
        tuple(ahead),
        free=sum(1 for agent in working if agent.free(state.now)),
        busy=tuple(_busy(state, agent) for agent in working if not agent.free(state.now)),
        paused=len(team) - len(working),
        rank=rank,
        lines=tuple(sorted(shares.items())),
        computed={},
    )
    return _Line(whole, before, frozenset(shared))


def _wants_an_agent(entry: Entry) -> bool:
    """True for places still needing an agent: waiting, or dialled ahead with none reserved."""
    return entry.state is EntryState.WAITING or (entry.state is EntryState.DIALLING and entry.agent is None)


def rank_of(state: State, entry: Entry) -> Rank:
    """The rank of a place; all are equal when priority is only a head start, as then nobody overtakes by rank alone."""
    if state.settings.line.priority_worth_s is not None:
        return (0, 0)
    return (state.queue_of(entry).priority, entry.priority)


def _team(state: State, entry: Entry) -> list[Agent]:
    """The agents who may be given the place by the time one more call is over, at work or paused: rules widen as it
    waits.

    If that is still too early for any of them, the agents of the queue. Counting only those who may serve it now, the
    sample config's waits were estimated at twice what they were.
    """
    later = _later(state, entry)
    own = [agent for agent in state.team(entry.queue) if agent.staffed]
    able = [agent for agent in own if eligible(state, later, agent)]
    return able or [a for a in own if state.settings.agents[a.id].reserve is Reserve.NO or a.called_in]


def _later(state: State, entry: Entry) -> Entry:
    """The entry as it will be when a call that begins now is over."""
    return replace(entry, arrived_at=entry.arrived_at - state.queue_of(entry).expected_handle_s)


def _share(state: State, working: list[Agent], queue: QueueName) -> float:
    """The share of a queue's agents at work who are among these, 0 to 1."""
    its = {agent.id for agent in state.at_work(queue)}
    return len(its.intersection(agent.id for agent in working)) / len(its) if its else 0.0


def _ahead(state: State, entry: Entry, share: float) -> Ahead:
    return Ahead(max(0.0, state.now - entry.joined_at), entry.live, share)


def _busy(state: State, agent: Agent) -> Busy:
    settings = state.settings.agents[agent.id]
    queue, since = state.offered_at.get(agent.id, (None, state.now))
    if agent.activity is Activity.IDLE:
        return Busy(ends_s=max(0.0, agent.rest_until - state.now))
    if agent.activity is Activity.WRAP_UP:
        return Busy(ends_s=max(0.0, agent.wrap_up_until - state.now))
    of_queue_s = state.settings.queues[queue].wrap_up_s if queue else 0.0
    return Busy(state.now - since, of_queue_s if settings.wrap_up_s is None else settings.wrap_up_s)


class Places:
    """Desks ask and teach the estimator through this, so that an estimate is computed once per step and place."""

    def __init__(self, state: State, estimator: Estimator) -> None:
        self._state = state
        self._estimator = estimator
        self._known: dict[EntryId, tuple[Entry, Estimate | None]] = {}
        self._lines: dict[tuple[Terms, Terms, Rank], _Line] = {}
        self._known_at: object = None

    def estimate(self, entry: Entry) -> Estimate | None:
        """The wait still ahead; for an entry outside, what it would be at the end of the line."""
        line = self._line(entry)
        known = self._known.get(entry.id)
        if known is None or known[0] is not entry:
            place = _place(self._state, entry, line)
            known = entry, self._estimator.estimate(place, self._state.now)
            self._known[entry.id] = known
        return known[1]

    def _line(self, entry: Entry) -> _Line:
        """What the entry shares with others, put together once until something changes."""
        now = (self._state.now, self._state.stamp())
        if now != self._known_at:
            self._known, self._lines, self._known_at = {}, {}, now
        state, rank = self._state, rank_of(self._state, entry)
        alike = (terms(state, entry), terms(state, _later(state, entry)), rank)
        if alike not in self._lines:
            self._lines[alike] = _line_of(state, entry, rank)
        return self._lines[alike]

    def learn(self, event: Learnable) -> None:
        """Hand an event to the estimator; estimates computed before are not used again."""
        self._known_at = None
        self._estimator.on_event(event, self._state.now)

    def chance(self, entry: Entry, trunk: str, wait_s: float) -> float | None:
        """That a customer who is dialled now and answers waits no longer than ``wait_s`` for an agent, 0-1.

        Over all the times that customers behind this trunk take to answer; None when nothing honest can be said.
        """
        line, chance = self._line(entry), 0.0
        place = replace(_place(self._state, entry, line), back_s=_back_s(self._state, entry, line))
        for after_s, share in self._estimator.answer_times(trunk):
            in_time = self._estimator.chance(place, after_s + wait_s, self._state.now)
            if in_time is None:
                return None
            chance += share * in_time
        return chance

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
        state.note(entry.id, "enters the line", f"a wait of {lead_s:.0f} s lies before its time", slot_at=slot_at)
        entry = state.move(entry.enter(state.now))
        if slot_at > state.now:
            state.timers.set(Timer.RETRY, entry.id, slot_at)
        self.watch(entry)
