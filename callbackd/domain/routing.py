"""The only place where places and agents meet: who is served next, and by whom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from callbackd.domain.agent import Agent
from callbackd.domain.dialogue import Stage
from callbackd.domain.entry import Entry, EntryState
from callbackd.domain.ids import AgentId, QueueName
from callbackd.domain.line import places
from callbackd.domain.settings import Strategy
from callbackd.domain.state import State

Pick = Callable[[Sequence[Agent]], Sequence[Agent]]


def _longest_idle(free: Sequence[Agent]) -> Sequence[Agent]:
    return [min(free, key=lambda agent: (agent.idle_since, agent.id))]


def _ring_all(free: Sequence[Agent]) -> Sequence[Agent]:
    return free


STRATEGIES: dict[Strategy, Pick] = {Strategy.LONGEST_IDLE: _longest_idle, Strategy.RING_ALL: _ring_all}
"""Each picks from the free agents of a queue (at least one) those to be rung together."""


@dataclass(frozen=True, slots=True)
class Match:
    entry: Entry
    agents: tuple[AgentId, ...]
    reason: str


def next_match(state: State) -> Match | None:
    """The first place in line that may be served now and has a free agent. A place never waits for one behind it."""
    staffed = {queue: free for queue in state.settings.queues if (free := free_agents(state, queue))}
    for entry in places(state, staffed) if staffed else ():
        if not servable(state, entry):
            continue
        queue, free = state.queue_of(entry), staffed[entry.queue]
        strategy = queue.strategy if entry.live else Strategy.LONGEST_IDLE  # one agent is reserved for a customer
        picked = tuple(agent.id for agent in STRATEGIES[strategy](free))
        return Match(entry, picked, f"first in line of {entry.queue}, {strategy.value} of {len(free)} free")
    return None


def servable(state: State, entry: Entry) -> bool:
    """Whether an agent may be given to the entry now."""
    if entry.state is not EntryState.WAITING or not state.pbx:
        return False
    if entry.leg is not None:
        dialogue = state.dialogues.get(entry.leg)
        return dialogue is not None and dialogue.stage is not Stage.STORING
    allowed = state.dialling and state.settings.dialling.enabled and state.database
    if not allowed or len(state.attempts) >= state.settings.dialling.in_flight:
        return False
    # Who still listens to the promise would be found busy.
    return not any(dialogue.entry == entry.id for dialogue in state.dialogues.values())


def free_agents(state: State, queue: QueueName) -> list[Agent]:
    """The queue's agents who can take work now, in the order of the settings."""
    return [
        state.agents[id]
        for id, agent in state.settings.agents.items()
        if queue in agent.queues and state.agents[id].free(state.now)
    ]
