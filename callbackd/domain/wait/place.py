"""Places in the line as the desks need them: how long they would wait, and what wakes them while they wait."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from callbackd.domain.ids import AgentId, EntryId, QueueName
from callbackd.domain.line import eligibility
from callbackd.domain.line.eligibility import Kind, able_in, kind, wants_one, widens_at
from callbackd.domain.line.order import pausing_before, places
from callbackd.domain.lives.agent import Activity, Agent
from callbackd.domain.lives.entry import Entry, EntryState
from callbackd.domain.settings import Reserve
from callbackd.domain.state import State
from callbackd.domain.timers import Timer
from callbackd.domain.wait import roster
from callbackd.domain.wait.estimator import Ahead, Beginning, Busy, Estimate, Estimator, Learnable, Place, Rank

_ROUNDING = 1e-9
_LOOK_S = 60.0
"""How often the wait is looked at in the last hour before a slot."""
_LONGEST_LEAD_S = 3600.0
"""A slot's promise enters the line at most this much before its time."""


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """What places that are served alike share: the same agents, the same places around them, the same rank."""

    whole: Place
    """What an estimator needs for a place behind all of them."""
    before: Mapping[EntryId, int]
    """How many places of the line are ahead of each of them; for an entry outside the line, all are."""
    queues: frozenset[QueueName]


def place_of(state: State, entry: Entry) -> Place:
    """The entry as estimators see it."""
    line = _Sharing(state, entry, rank_of(state, entry)).line()
    return replace(_place(state, entry, line), back_s=_back_s(state, entry, line))


def _back_s(state: State, entry: Entry, line: _Line) -> tuple[float, ...]:
    return tuple(other.not_before - state.now for other in pausing_before(state, entry, line.queues))


def _place(state: State, entry: Entry, line: _Line) -> Place:
    whole = line.whole
    return replace(
        whole,
        ahead=Beginning(whole.ahead, line.before.get(entry.id, len(whole.ahead))),
        waited_s=max(0.0, state.now - entry.joined_at),
        served=entry.state not in {EntryState.WAITING, EntryState.OUTSIDE},
    )


class _Standing:
    """The places of some lines in the order in which they are served, and the kinds of those that want an agent."""

    def __init__(self, state: State, queues: frozenset[QueueName]) -> None:
        self.kinds = [
            (entry, kind(state, entry) if _wants_an_agent(entry) else None) for entry in places(state, queues)
        ]
        """Each with its kind; None if it wants no agent."""
        self.heads: dict[Kind, Entry] = {}
        """The first place of each kind."""
        for entry, its in self.kinds:
            if its is not None and its not in self.heads:
                self.heads[its] = entry
        self._counted: dict[tuple[float, ...], tuple[Sequence[Ahead], Mapping[EntryId, int]]] = {}

    def counted(self, shares: Mapping[Kind, float]) -> tuple[Sequence[Ahead], Mapping[EntryId, int]]:
        """The places as estimators see them, without the kinds that have no share; and how many are ahead of each."""
        key = tuple(shares[its] for its in self.heads)
        if key not in self._counted:
            ahead: list[Ahead] = []
            before: dict[EntryId, int] = {}
            for entry, its in self.kinds:
                before[entry.id] = len(ahead)
                if its is not None and (share := shares[its]):
                    ahead.append(Ahead(entry.joined_at, entry.live, share, entry.queue))
            self._counted[key] = ahead, before
        return self._counted[key]

    def agrees(self, anew: _Standing) -> bool:
        return (
            self.kinds == anew.kinds
            and self.heads == anew.heads
            and all(
                counted == anew.counted(dict(zip(self.heads, key, strict=True)))
                for key, counted in self._counted.items()
            )
        )


def broken_laws(state: State) -> list[str]:
    """What is kept of the lines and of the staff and is not what a walk along them finds, in words."""
    for queue in state.settings.queues:
        state.lines.of(queue, state.now)
    stale = [queues for queues, kept in state.lines.kept.items() if not kept.agrees(_Standing(state, queues))]
    return [
        *(f"what is kept of the lines of {', '.join(sorted(queues))} is not what a walk finds" for queues in stale),
        *eligibility.broken_laws(state),
    ]


def _standing(state: State, queues: frozenset[QueueName]) -> _Standing:
    """Put together once until a place changes; anew each time while somebody waits for one agent, as that ends by the
    clock."""
    if any(wants_one(state, entry) for entry in state.lines.wanting(state.now)):
        return _Standing(state, queues)
    found = state.lines.kept.get(queues)
    if found is None:
        found = state.lines.kept[queues] = _Standing(state, queues)
    return found


class _Sharing:
    """Lines that share an agent with the entry's queue, and which agents may be given each kind of their places."""

    def __init__(self, state: State, entry: Entry, rank: Rank) -> None:
        self._state, self._entry, self._rank = state, entry, rank
        self._queues = state.sharing(entry.queue)
        self._line = _standing(state, self._queues)
        self._mine = kind(state, entry)
        self._heads = {**self._line.heads}
        self._ready = {agent.id for agent in state.agents.values() if agent.ready}
        self._able: dict[Kind, frozenset[AgentId]] = {}
        # The first of a kind is given an agent first: it decides when those who may not be given it yet may be.
        self._able_s = _able_s(state, self._heads.setdefault(self._mine, entry))
        self._team = [state.agents[id] for id in self._able_s]

    def lines(self) -> Iterator[_Line]:
        """The line with all its agents; and for each kind of place that only some of them may be given, without those.

        That is the line of the remaining agents while the other lines are overloaded: agents who may be given both are
        theirs all the time then, and the remaining ones serve only our places.
        """
        yield self.line()
        mine = {agent.id for agent in self._team if agent.ready}
        for other in list(self._heads):
            if mine & self._who(other) and mine - self._who(other):
                yield self.line(self._who(other))

    def line(self, without: frozenset[AgentId] = frozenset()) -> _Line:
        state, now = self._state, self._state.now
        team = [agent for agent in self._team if agent.id not in without]
        # An agent whose phone is off, or in use by an own call, takes no work now: as in a pause, nobody knows for how
        # long, unless the roster or the agent has said so.
        working = [agent for agent in team if agent.ready]
        away = [agent for agent in team if not agent.ready and not roster.known_away(state, agent)]
        known = roster.known(state, team)
        mine = {agent.id for agent in working}
        shares = {other: _share(self._who(other) - without, mine) for other in self._heads} | {self._mine: 1.0}
        ahead, before = self._line.counted(shares)
        free = {agent.id for agent in working if agent.free(now) and not self._able_s[agent.id]}
        whole = Place(
            self._entry.queue,
            ahead,
            free=len(free),
            busy=tuple(
                _busy(state, agent, self._able_s[agent.id], known.leaves_s.get(agent.id, inf))
                for agent in working
                if agent.id not in free
            ),
            paused=len(away),
            plan=known.plan,
            rank=self._rank,
            lines=tuple(sorted((queue, self._share_of(queue, mine, without)) for queue in self._queues)),
            computed={},
        )
        return _Line(whole, before, self._queues)

    def _who(self, other: Kind) -> frozenset[AgentId]:
        """The agents who are at work and may be given places of a kind."""
        if other not in self._able:
            self._able[other] = frozenset(self._ready & _able_s(self._state, self._heads[other]).keys())
        return self._able[other]

    def _share_of(self, queue: QueueName, mine: set[AgentId], without: frozenset[AgentId]) -> float:
        """The share for a queue as a whole, for callers who may still come."""
        if queue == self._entry.queue:
            return 1.0
        return _share(frozenset(agent.id for agent in self._state.at_work(queue)) - without, mine)


def _able_s(state: State, entry: Entry) -> dict[AgentId, float]:
    """The agents who may be given the place by the time one more call is over, at work or paused, and in how many
    seconds.

    If that is still too early for any of them, the agents of the queue. Counting only those who may serve it now, the
    sample config's waits were estimated at twice what they were.
    """
    able = able_in(state, entry, state.queue_of(entry).expected_handle_s)
    if state.settings.rosters:
        able = {id: in_s for id, in_s in able.items() if _counts(state, state.agents[id])}
    own = (agent for agent in state.team(entry.queue) if _counts(state, agent))
    return able or {a.id: 0.0 for a in own if state.settings.agents[a.id].reserve is Reserve.NO or a.called_in}


def _counts(state: State, agent: Agent) -> bool:
    return agent.staffed or roster.expected(state, agent)


def _share(its: frozenset[AgentId], mine: set[AgentId]) -> float:
    """The share of the agents of other places who are among these, 0 to 1."""
    return len(its & mine) / len(its) if its else 0.0


def _wants_an_agent(entry: Entry) -> bool:
    """True for places still needing an agent: waiting, or dialled ahead with none reserved."""
    return entry.state is EntryState.WAITING or (entry.state is EntryState.DIALLING and entry.agent is None)


def rank_of(state: State, entry: Entry) -> Rank:
    """The rank of a place; all are equal when priority is only a head start, as then nobody overtakes by rank alone."""
    if state.settings.line.priority_worth_s is not None:
        return (0, 0)
    return (state.queue_of(entry).priority, entry.priority)


def _busy(state: State, agent: Agent, able_s: float, leaves_s: float) -> Busy:
    settings = state.settings.agents[agent.id]
    queue, since = state.offered_at.get(agent.id, (None, state.now))
    if agent.activity is Activity.IDLE:
        return Busy(ends_s=max(0.0, agent.rest_until - state.now, able_s), agent=agent.id, leaves_s=leaves_s)
    if agent.activity is Activity.WRAP_UP:
        return Busy(ends_s=max(0.0, agent.wrap_up_until - state.now, able_s), agent=agent.id, leaves_s=leaves_s)
    of_queue_s = state.settings.queues[queue].wrap_up_s if queue else 0.0
    least_s = of_queue_s if settings.wrap_up_s is None else settings.wrap_up_s
    return Busy(state.now - since, least_s, None, able_s, queue, agent.id, leaves_s)


class Places:
    """Desks ask and teach the estimator through this, so that an estimate is computed once per step and place."""

    def __init__(self, state: State, estimator: Estimator) -> None:
        self._state = state
        self._estimator = estimator
        self._known: dict[EntryId, tuple[Entry, Estimate | None]] = {}
        self._lines: dict[tuple[Kind, Rank], tuple[_Line, ...]] = {}
        self._known_at: object = None

    @property
    def judged(self) -> bool:
        return self._estimator.judged

    def estimate(self, entry: Entry) -> Estimate | None:
        """The wait still ahead; for an entry outside, what it would be at the end of the line."""
        lines = self._lines_of(entry)
        known = self._known.get(entry.id)
        if known is None or known[0] is not entry:
            known = self._known[entry.id] = entry, self._soonest(entry, lines)
        return known[1]

    def _soonest(self, entry: Entry, lines: Iterable[_Line]) -> Estimate | None:
        state, estimator = self._state, self._estimator
        ways = [estimator.estimate(_place(state, entry, line), state.now) for line in lines]
        return min((way for way in ways if way), key=lambda way: way.mean_s, default=None)

    def _lines_of(self, entry: Entry) -> tuple[_Line, ...]:
        """What the entry shares with others, put together once until something changes."""
        now = (self._state.now, self._state.stamp())
        if now != self._known_at:
            self._known, self._lines, self._known_at = {}, {}, now
        state, rank = self._state, rank_of(self._state, entry)
        alike = (kind(state, entry), rank)
        if alike not in self._lines:
            self._lines[alike] = tuple(_Sharing(state, entry, rank).lines())
        return self._lines[alike]

    def learn(self, event: Learnable) -> None:
        """Hand an event to the estimator; estimates computed before are not used again."""
        self._known_at = None
        self._estimator.on_event(event, self._state.now)

    def chance(self, entry: Entry, trunk: str, wait_s: float, least: float = 0.0) -> float | None:
        """The chance, 0-1, that a customer who is dialled now and answers waits at most ``wait_s`` for an agent.

        It covers all the times that customers behind this trunk take to answer; None when there is no honest estimate.
        Once it is sure to be below ``least``, what is left of it is not asked for: quick customers are, first.
        """
        line, chance, rest = self._lines_of(entry)[0], 0.0, 1.0
        place = replace(_place(self._state, entry, line), back_s=_back_s(self._state, entry, line))
        for after_s, share in self._estimator.answer_times(trunk):
            in_time = self._estimator.chance(place, after_s + wait_s, self._state.now)
            if in_time is None:
                return None
            chance, rest = chance + share * in_time, rest - share
            if chance + rest < least - _ROUNDING:
                break
        return chance

    def picks_up_s(self, trunk: str) -> float:
        """After this many seconds hardly anybody behind this trunk picks up who has not."""
        return self._estimator.picks_up_s(trunk)

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
        """Let a promise at a time enter the line if it must, so that its turn comes at that time; else look again
        later.

        It gets the place at the end of the line like everybody who comes now, so it enters early by their wait.
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
