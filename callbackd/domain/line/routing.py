"""The only place where places and agents meet: who is served next, and by whom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from callbackd.domain.ids import AgentId, QueueName
from callbackd.domain.line.eligibility import NOT_OF_THIS_QUEUE, passed_over, penalty
from callbackd.domain.line.order import anybody, places
from callbackd.domain.lives.agent import Agent
from callbackd.domain.lives.conversation import Interrupt, may_interrupt
from callbackd.domain.lives.entry import Entry, EntryState
from callbackd.domain.settings import DialPolicy, Strategy
from callbackd.domain.state import State

Pick = Callable[[State, QueueName, Sequence[Agent]], Sequence[Agent]]


def _longest_idle(_: State, __: QueueName, free: Sequence[Agent]) -> Sequence[Agent]:
    return [min(free, key=lambda agent: (agent.idle_since, agent.id))]


def _ring_all(_: State, __: QueueName, free: Sequence[Agent]) -> Sequence[Agent]:
    return free


def _round_robin(state: State, queue: QueueName, free: Sequence[Agent]) -> Sequence[Agent]:
    order = list(state.settings.agents)
    last = order.index(state.last_rung[queue]) if queue in state.last_rung else -1
    return [min(free, key=lambda agent: (order.index(agent.id) - last - 1) % len(order))]


def _fewest_calls(_: State, __: QueueName, free: Sequence[Agent]) -> Sequence[Agent]:
    return [min(free, key=lambda agent: (agent.calls, agent.idle_since, agent.id))]


def _linear(_: State, __: QueueName, free: Sequence[Agent]) -> Sequence[Agent]:
    return free[:1]


def _random(state: State, _: QueueName, free: Sequence[Agent]) -> Sequence[Agent]:
    return [free[int(state.mint.fraction() * len(free))]]


def _weighted_random(state: State, _: QueueName, free: Sequence[Agent]) -> Sequence[Agent]:
    weights = [state.settings.agents[agent.id].weight for agent in free]
    drawn = state.mint.fraction() * sum(weights)
    return [next((agent for agent, upto in zip(free, accumulate(weights), strict=True) if drawn < upto), free[-1])]


STRATEGIES: dict[Strategy, Pick] = {
    Strategy.RING_ALL: _ring_all,
    Strategy.LONGEST_IDLE: _longest_idle,
    Strategy.ROUND_ROBIN: _round_robin,
    Strategy.FEWEST_CALLS: _fewest_calls,
    Strategy.LINEAR: _linear,
    Strategy.RANDOM: _random,
    Strategy.WEIGHTED_RANDOM: _weighted_random,
}
"""Each picks the agents to be rung together from the free agents of a queue: at least one, in the config's order."""


@dataclass(frozen=True, slots=True)
class Match:
    entry: Entry
    agents: tuple[AgentId, ...]
    reason: str


def next_match(state: State) -> Match | None:
    """The first place in line that may be served now and has a free agent.

    A place is passed over only while no free agent may serve it.
    """
    if not anybody(state):
        return None
    free = free_agents(state)
    for entry in places(state, state.settings.queues) if free else ():
        if not servable(state, entry) and not awaits_agent(state, entry):
            continue
        obstacles = [(agent, passed_over(state, entry, agent)) for agent in free]
        if fit := [agent for agent, obstacle in obstacles if obstacle is None]:
            return _pick(state, entry, fit, _why_not(obstacles))
    return None


def _why_not(obstacles: Sequence[tuple[Agent, str | None]]) -> str:
    """Free agents of the queue who may not serve the place, each with the reason; empty when there are none."""
    reasons = [f"{agent.id} {why}" for agent, why in obstacles if why is not None and why is not NOT_OF_THIS_QUEUE]
    return f"; passed over: {', '.join(reasons)}" if reasons else ""


def _pick(state: State, entry: Entry, fit: Sequence[Agent], why_not: str) -> Match:
    """The match for an entry, from those who may serve it: the lowest penalty first, then the queue's strategy."""
    queue = state.queue_of(entry)
    lowest = min(penalty(state, queue.name, agent) for agent in fit)
    first = [agent for agent in fit if penalty(state, queue.name, agent) == lowest]
    strategy = queue.strategy
    if strategy is Strategy.RING_ALL and not entry.live:
        strategy = Strategy.LONGEST_IDLE  # one agent is reserved for a customer
    picked = tuple(agent.id for agent in STRATEGIES[strategy](state, queue.name, first))
    return Match(entry, picked, f"first in line of {entry.queue}, {strategy.value} of {len(first)} free{why_not}")


def awaits_agent(state: State, entry: Entry) -> bool:
    """Whether the entry's customer is being dialled with nobody reserved, and the next free agent is to be kept.

    Otherwise a caller behind would take the agent on whom the dial was counting, or who comes for one who left.
    """
    ahead = entry.state is EntryState.DIALLING and entry.agent is None and entry.id not in state.let_go
    return ahead and state.queue_of(entry).dial is not DialPolicy.CUSTOMER_FIRST


def other_agent(state: State, entry: Entry) -> AgentId | None:
    """A free agent who may serve the entry, whatever is ahead of it: one was reserved for it already."""
    fit = [agent for agent in free_agents(state) if passed_over(state, entry, agent) is None]
    return _pick(state, entry, fit, "").agents[0] if fit else None


def servable(state: State, entry: Entry) -> bool:
    """Whether an agent may be given to the entry now."""
    return _held_up(state, entry) is None


def _held_up(state: State, entry: Entry) -> str | None:
    """Why no agent may be given to the entry now, in words for the log; None when one may."""
    if entry.state is not EntryState.WAITING or not state.world.pbx or entry.not_before > state.now:
        return f"the first in line is {entry.state.value}" if state.world.pbx else "Asterisk is away"
    if entry.leg is not None:
        dialogue = state.dialogues.get(entry.leg)
        heard = dialogue is not None and may_interrupt(Interrupt.AGENT, dialogue)
        return None if heard else "the first in line hears what is not interrupted"
    if entry.slot_at is not None and entry.slot_at > state.now:
        # In the line early, so that the agent is there at the time; the customer is not rung before.
        return "the first in line is called at a later time"
    if not may_dial(state):
        return "the first in line is a customer, and nobody may be dialled now"
    # A customer who still listens to the promise, or talks with us on another call, would be found busy. The next in
    # line gets that agent, and the promise keeps its place for the next one.
    on_the_line = state.listens(entry.id) or state.on_the_line(entry.number)
    return "the first in line is a customer who is on the line with us" if on_the_line else None


def not_rung(state: State) -> dict[AgentId, str]:
    """Why free agents are not rung though somebody waits in their queues, in words; the others are left out.

    Asked after matching, about the first place that waits for an agent; once for agents of the same queues.
    """
    first: dict[tuple[QueueName, ...], Entry | None] = {}
    reasons: dict[AgentId, str] = {}
    for agent in free_agents(state) if anybody(state) else ():
        queues = state.settings.agents[agent.id].queues
        if queues not in first:
            first[queues] = next((e for e in places(state, queues) if e.state is EntryState.WAITING), None)
        entry = first[queues]
        if entry and (why := passed_over(state, entry, agent) or _held_up(state, entry)):
            reasons[agent.id] = why
    return reasons


def may_dial(state: State) -> bool:
    """Whether any customer may be dialled now: switches, database, pace, the day's budget, the trunk."""
    dialling, in_flight = state.settings.dialling, len(state.attempts)
    if not (state.world.dialling and dialling.enabled and state.world.database) or state.world.draining:
        return False
    if in_flight >= dialling.in_flight or state.now < max(state.world.next_dial_at, state.world.held_until):
        return False
    return state.world.breaker.lets(state.now, in_flight)


def free_agents(state: State) -> list[Agent]:
    """The agents who can take work now, in the order of the settings."""
    return [agent for agent in state.unoccupied() if agent.free(state.now) and not state.settles(agent.id)]
