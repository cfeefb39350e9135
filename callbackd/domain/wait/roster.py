"""Who comes and who goes in the hours ahead, as far as it is known: by the roster, and by what agents said in pausing.

Nobody is held to it. What agents do counts: somebody who is at work outside the roster is at work, and somebody who
should be there and is not may come at any moment, as from a pause.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf

from callbackd.domain.calendar import hours
from callbackd.domain.ids import AgentId
from callbackd.domain.lives.agent import Agent, Presence
from callbackd.domain.settings import Queue, Reserve
from callbackd.domain.state import State

HORIZON_S = 4 * 3600.0
"""What lies further ahead changes no wait."""
_EARLY_S = 300.0
"""A break that begins this much before its time is still the one in the roster."""
_ABSENT_S = 900.0
"""Somebody who is not there this long after a shift began does not come."""
_GAP_S = 2 * 3600.0
"""When nobody is there for longer, they have gone home, and are not in a break."""

Plan = tuple[tuple[float, int], ...]
"""(in how many seconds, by how many the agents at work change), in order of time."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a team."""

    plan: Plan
    leaves_s: Mapping[AgentId, float]
    """In how many seconds each agent who is at work goes, where that is known."""


def known(state: State, team: Iterable[Agent]) -> Known:
    """When the agents of a team come and go.

    The last agent, after whom nobody comes, does not go: people whose shift is over serve those who still wait, and how
    late they stay nobody knows. Whether a promise can be kept until then is for ``staffed_s``.
    """
    team = list(team)
    if not state.settings.rosters and all(agent.back_at is None for agent in team):
        return Known((), {})
    changes = sorted((in_s, change, agent.id) for agent in team for in_s, change in _changes(state, agent))
    at_work = sum(agent.ready for agent in team) + sum(change for _, change, _ in changes)
    if changes and at_work <= 0 and changes[-1][1] < 0:
        changes.pop()
    leaves_s: dict[AgentId, float] = {}
    for in_s, change, id in changes:
        if change < 0 and state.agents[id].ready:
            leaves_s.setdefault(id, in_s)
    return Known(tuple((in_s, change) for in_s, change, _ in changes), leaves_s)


def _changes(state: State, agent: Agent) -> list[tuple[float, int]]:
    """When an agent will come (1) and go (-1), in seconds from now."""
    works = agent.ready
    if not (works or known_away(state, agent)):
        return []
    found = []
    for at, there in _turns(state, agent):
        if there is not works and at - state.now <= HORIZON_S:
            found.append((at - state.now, 1 if there else -1))
            works = there
    return found


def known_away(state: State, agent: Agent) -> bool:
    """Whether it is known when this agent, who takes no work now, comes or comes no more today."""
    said = agent.presence is Presence.PAUSED and agent.back_at is not None and agent.back_at > state.now
    return said or off(state, agent)


def off(state: State, agent: Agent, early_s: float = 0.0) -> bool:
    """Whether the roster has the agent in a break or at home now, or within ``early_s``."""
    there, turns = state.rostered(agent.id)
    return there is False or (there is True and bool(turns) and turns[0] - state.now <= early_s)


def on_break(state: State, agent: Agent) -> bool:
    """Whether a pause that begins now is the roster's, and teaches nothing about other pauses."""
    return off(state, agent, _EARLY_S)


def expected(state: State, agent: Agent) -> bool:
    """Whether somebody who is logged out will come within the horizon, or is only a little late."""
    if agent.staffed or (roster := state.settings.rosters.get(agent.id)) is None:
        return False
    if any(change > 0 for _, change in _changes(state, agent)):
        return True
    return not off(state, agent) and not hours.opening(roster, state.now - _ABSENT_S).open


def _turns(state: State, agent: Agent) -> list[tuple[float, bool]]:
    """When the agent will be at work, and when not, in order of time; an agent's own word comes before the roster."""
    there, turns = state.rostered(agent.id)
    found = [(at, there is (n % 2 == 1)) for n, at in enumerate(turns)]
    if agent.presence is Presence.PAUSED and agent.back_at is not None:
        return [(agent.back_at, True), *(turn for turn in found if turn[0] > agent.back_at)]
    return found


def staffed_s(state: State, queue: Queue) -> float | None:
    """Seconds until the last of the queue's agents goes home by the roster; None when it does not say.

    It does only where each agent of the queue has one; agents in reserve count when they are called in.
    """
    shifts: list[tuple[float, float]] = []
    for agent in state.team(queue.name):
        if agent.called_in or state.settings.agents[agent.id].reserve is Reserve.NO:
            there, turns = state.rostered(agent.id)
            if there is None:
                return None
            edges = [*([state.now] if there else []), *turns, inf]
            shifts += zip(edges[::2], edges[1::2], strict=False)
    end = state.now
    for begins, ends in sorted(shifts):
        if begins > end + _GAP_S:
            break
        end = max(end, ends)
    return end - state.now if state.now < end < inf else None
