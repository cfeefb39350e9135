"""Which agents may be given a place: skills that relax, penalties that widen, the reserve, and the one who is wanted.

With the wait all of this only widens, so nobody becomes harder to serve by waiting. Waits count from ``arrived_at``, so
the wait in another queue counts for a caller who came from there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from math import inf

from callbackd.domain.ids import AgentId, QueueName
from callbackd.domain.line.order import standing
from callbackd.domain.lives.agent import Agent, Presence
from callbackd.domain.lives.entry import Entry
from callbackd.domain.settings import Need, Penalties, Reserve
from callbackd.domain.state import State

_WRITTEN = re.compile(r"([a-z][a-z0-9_-]{0,31})(?::([1-9][0-9]{0,2}))?", re.ASCII)


NOT_OF_THIS_QUEUE = "does not serve this queue"


def eligible(state: State, entry: Entry, agent: Agent) -> bool:
    """Whether this agent may serve the entry now, free or not."""
    return passed_over(state, entry, agent) is None


def passed_over(state: State, entry: Entry, agent: Agent) -> str | None:
    """Why this agent may not serve the entry now, in words for the log; None when the agent is eligible."""
    if wants_one(state, entry):
        return None if agent.id == entry.wanted else f"the place waits for {entry.wanted}"
    if entry.queue not in state.settings.agents[agent.id].queues:
        return NOT_OF_THIS_QUEUE
    return _not_yet(state, entry, agent, state.now - entry.arrived_at)


def _not_yet(state: State, entry: Entry, agent: Agent, waited_s: float) -> str | None:
    """Why an agent of the queue may not be given the place after a wait."""
    return (
        _lacks(state, entry, agent, waited_s)
        or _too_high(state, entry, agent, waited_s)
        or _in_reserve(state, entry, agent, waited_s)
    )


def wants_one(state: State, entry: Entry) -> bool:
    """Whether the entry waits for one agent alone."""
    return entry.wanted is not None and state.now < entry.wanted_until and entry.wanted in state.agents


def needs(state: State, entry: Entry) -> tuple[Need, ...]:
    """The queue's needs, which the config has checked, and the caller's own, lowered to what its best agent has: a slip
    in the dialplan, or another queue's line, must not keep a caller for ever.
    """
    own = (replace(need, level=min(need.level, _best(state, entry.queue, need.skill))) for need in entry.needs)
    return (*state.queue_of(entry).needs, *own)


def beyond(state: State, entry: Entry) -> list[str]:
    """Skills which this caller needs at a level that no agent of the queue has."""
    return [need.skill for need in entry.needs if need.level > _best(state, entry.queue, need.skill)]


def _best(state: State, queue: QueueName, skill: str) -> int:
    agents = state.settings.agents.values()
    return max((agent.skills.get(skill, 0) for agent in agents if queue in agent.queues), default=0)


def level(need: Need, waited_s: float) -> int:
    """The level that suffices after a wait."""
    return next((then for after_s, then in reversed(need.relax) if waited_s >= after_s), need.level)


def limit(penalties: Penalties, waited_s: float) -> int | None:
    """The highest penalty that is rung after a wait, None for any."""
    return next((then for after_s, then in reversed(penalties.widen) if waited_s >= after_s), penalties.limit)


def penalty(state: State, queue: QueueName, agent: Agent) -> int:
    """0 where penalties do not count because too few agents are at work."""
    own = state.settings.agents[agent.id].penalties.get(queue, 0)
    if own and len(state.at_work(queue)) < state.settings.queues[queue].penalties.ignore_below:
        return 0
    return own


def widens_at(state: State, entry: Entry) -> float | None:
    """When more agents may be given this place without anything else happening; None when never again."""
    return min(_widenings(state, entry), default=None)


def _widenings(state: State, entry: Entry) -> set[float]:
    """When more agents may be given this place from now on by the wait alone."""
    times = {entry.arrived_at + after_s for after_s in _steps_s(state, entry)}
    times |= {entry.wanted_until} if entry.wanted else set()
    return {at for at in times if at > state.now}


def _steps_s(state: State, entry: Entry) -> list[float]:
    """The waits after which more agents may be given this place."""
    queue = state.queue_of(entry)
    steps_s = [after_s for need in needs(state, entry) for after_s, _ in need.relax]
    steps_s += [after_s for after_s, _ in queue.penalties.widen]
    return [*steps_s, queue.reserves.waited_s] if queue.reserves.waited_s is not None else steps_s


def able_in(state: State, entry: Entry, within_s: float) -> dict[AgentId, float]:
    """In how many seconds each agent of the queue who is logged in, or has a roster, may be given the place by the wait
    alone; those who may in that time, the first of them first.

    An agent who is free and may not be given the place yet is no free agent to it.
    """
    one, now = entry.wanted if wants_one(state, entry) else None, state.now
    after = _able_after_s(state, entry)
    if one is None and entry.arrived_at + max(after.values(), default=0.0) <= now:
        return dict.fromkeys(after, 0.0)
    able: dict[AgentId, float] = {}
    for id, after_s in after.items():
        at = max(entry.arrived_at + after_s, now if one is None else entry.wanted_until)
        if id == one or at <= now:
            able[id] = 0.0
        elif at - now <= within_s:
            able[id] = at - now
    return dict(sorted(able.items(), key=lambda item: item[1])) if any(able.values()) else able


def _able_after_s(state: State, entry: Entry) -> Mapping[AgentId, float]:
    """After what wait each agent of the queue who is logged in, or has a roster, may be given a place of this kind;
    infinity for never.

    As the wait only widens, one number says it. It is kept until the staff changes.
    """
    alike = _alike(state, entry)
    if alike not in state.of_staff:
        state.of_staff[alike] = _walk_staff(state, entry)
    return state.of_staff[alike]


def _alike(state: State, entry: Entry) -> Kind:
    """What those waits depend on besides the staff."""
    places = state.queue_of(entry).reserves.places
    crowded = places is not None and standing(state, entry.queue) >= places
    return (entry.queue, entry.needs, entry.callback is None, crowded)


def _walk_staff(state: State, entry: Entry) -> dict[AgentId, float]:
    waits_s = sorted({0.0, *_steps_s(state, entry)})
    return {
        agent.id: next((s for s in waits_s if not _not_yet(state, entry, agent, s)), inf)
        for agent in state.team(entry.queue)
        if agent.staffed or agent.id in state.settings.rosters
    }


def broken_laws(state: State) -> list[str]:
    """What is kept of the staff and is not what asking each agent finds, in words."""
    kinds = {_alike(state, entry): entry for entry in state.entries.values()}
    return [
        f"what is kept of the agents for places like {entry.id} is not what they answer"
        for alike, entry in kinds.items()
        if alike in state.of_staff and state.of_staff[alike] != _walk_staff(state, entry)
    ]


Kind = tuple[object, ...]


def kind(state: State, entry: Entry) -> Kind:
    """All of a place that eligibility depends on, but for how long it has waited."""
    return (entry.queue, entry.needs, entry.callback is None, entry.wanted if wants_one(state, entry) else None)


def _lacks(state: State, entry: Entry, agent: Agent, waited_s: float) -> str | None:
    skills = state.settings.agents[agent.id].skills
    for need in needs(state, entry):
        if (has := skills.get(need.skill, 0)) < (wanted := level(need, waited_s)):
            return f"has {need.skill} at level {has}, {wanted} is wanted"
    return None


def _too_high(state: State, entry: Entry, agent: Agent, waited_s: float) -> str | None:
    upto = limit(state.queue_of(entry).penalties, waited_s)
    if upto is None or (own := penalty(state, entry.queue, agent)) <= upto:
        return None
    return f"has penalty {own}, up to {upto} is rung"


def _in_reserve(state: State, entry: Entry, agent: Agent, waited_s: float) -> str | None:
    """Why an agent in reserve is not called in. People in reserve have other work: they get only what a person or the
    queue's rule (``reserves``) calls them in for, by the wait of a place or the length of the line. So the reserve is a
    widening and not a mode, which somebody would have to remember to switch off."""
    reserve = state.settings.agents[agent.id].reserve
    if reserve is Reserve.NO:
        return None
    if reserve is Reserve.CALLBACKS and entry.callback is None:
        return "is in reserve for callbacks only"
    rule = state.queue_of(entry).reserves
    called_in = (
        agent.called_in
        or (rule.waited_s is not None and waited_s >= rule.waited_s)
        or (rule.places is not None and standing(state, entry.queue) >= rule.places)
    )
    return None if called_in else "is in reserve and not called in"


def somebody(state: State, queue: QueueName, *, paused_too: bool) -> bool:
    """Whether anybody who may serve the queue is logged in; reserves count when they are called in.

    An agent whose phone is off counts as paused: it may be back at any moment.
    """
    wanted = {Presence.AVAILABLE, Presence.PAUSED} if paused_too else {Presence.AVAILABLE}
    return any(
        agent.presence in wanted
        and (paused_too or not agent.away)
        and (agent.called_in or state.settings.agents[agent.id].reserve is Reserve.NO)
        for agent in state.team(queue)
    )


def read_needs(written: str) -> tuple[tuple[Need, ...], str]:
    """Skills as the dialplan writes them for a caller: ``polish:2+vip`` wants Polish at level 2 and vip at level 1.

    Returns what is wanted, and the parts that could not be read, joined by +: a typing mistake must not lose a caller.
    """
    found, unreadable = [], []
    for part in filter(None, written.split("+")):
        if match := _WRITTEN.fullmatch(part):
            found.append(Need(match[1], int(match[2] or 1)))
        else:
            unreadable.append(part)
    return tuple(found), "+".join(unreadable)[:100]
