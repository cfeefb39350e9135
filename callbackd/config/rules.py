"""The sections about who may wait and who may serve, and what is wrong when they contradict one another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field

from callbackd.config.fields import Duration, Section, seconds
from callbackd.domain import settings as domain
from callbackd.domain.settings import Exit, Way

if TYPE_CHECKING:
    from callbackd.config.file import Config, Queue

_EXTENSION = re.compile(r"[A-Za-z0-9*#_.-]{1,40}", re.ASCII)
_NO_KEYS = {"1": "takes the callback", "2": "chooses a time for it"}


def _exit(value: Any) -> Any:
    """``wait`` · ``callback`` · ``queue:<name>`` · ``dialplan:<extension>``."""
    if isinstance(value, Exit):
        return value
    way, colon, to = str(value).partition(":")
    if way in (Way.WAIT, Way.CALLBACK) and not colon:
        return Exit(Way(way))
    if way == Way.QUEUE and to:
        return Exit(Way.QUEUE, to)
    if way == Way.DIALPLAN and _EXTENSION.fullmatch(to):
        return Exit(Way.DIALPLAN, to)
    raise ValueError("write 'wait', 'callback', 'queue:<name>' or 'dialplan:<extension>'")


def _steps(value: Any) -> Any:
    """Pairs of (seconds waited, what then applies), the time growing."""
    if not isinstance(value, list) or not all(isinstance(step, list) and len(step) == 2 for step in value):
        raise ValueError("write pairs of seconds waited and what applies from then on, for example [[60, 1], [120, 0]]")
    times = [step[0] for step in value]
    if not all(isinstance(at, int | float) and not isinstance(at, bool) and at > 0 for at in times):
        raise ValueError("the first of each pair is a time in seconds, more than 0")
    if sorted(set(times)) != times:
        raise ValueError("the times must grow from step to step")
    return [(float(at), None if then == "any" else then) for at, then in value]


Leave = Annotated[Exit, BeforeValidator(_exit)]
_WAIT, _CALLBACK = Exit(Way.WAIT), Exit(Way.CALLBACK)


class EntryRules(Section):
    max_places: int | None = Field(None, ge=1)
    full: Leave = _CALLBACK
    closed: Leave = _CALLBACK
    holiday: Leave = _CALLBACK
    no_agents: Leave = _WAIT
    all_paused: Leave = _WAIT
    max_wait_s: Annotated[Duration, Field(ge=timedelta(seconds=1))] | None = None
    max_wait: Leave = _CALLBACK
    empty_after_s: Duration | None = None
    empty_when_paused: bool = False
    empty: Leave = _CALLBACK
    key: str = Field("", pattern=r"^[0-9*#]?$")
    key_exit: Leave = _CALLBACK


class Skill(Section):
    level: int = Field(1, ge=1, le=100)
    relax: Annotated[list[tuple[float, int]], BeforeValidator(_steps)] = []


class Penalties(Section):
    limit: int | None = Field(None, ge=0)
    widen: Annotated[list[tuple[float, int | None]], BeforeValidator(_steps)] = []
    ignore_below: int = Field(0, ge=0)


class Reserves(Section):
    waited_s: Duration | None = None
    places: int | None = Field(None, ge=1)


class Direct(Section):
    type: domain.DirectType = domain.DirectType.OFF
    window_s: Annotated[Duration, Field(gt=timedelta(0))] = seconds(3600)
    wait_s: Duration = seconds(30)
    wait_when_gone: bool = False
    priority: int = Field(0, ge=-1000, le=1000)


def need(skill: str, section: Skill) -> domain.Need:
    return domain.Need(skill, section.level, tuple(section.relax))


def mistakes(config: Config) -> Iterator[str]:
    """What only shows when the fields are held against one another, a sentence each."""
    for name, queue in config.queues.items():
        yield from _of_rules(config, name, queue)
        yield from _of_skills(config, name, queue)
        yield from _of_penalties(name, queue)
    for name, agent in config.agents.items():
        for other in agent.penalties:
            if other not in agent.queues:
                yield (
                    f"agents.{name}.penalties.{other}: the agent does not serve {other!r}; "
                    f"add it to agents.{name}.queues or take it out"
                )
    windows = [*(queue.direct for queue in config.queues.values()), *(a.direct for a in config.agents.values())]
    if not config.ami.enabled and any(direct and direct.type for direct in windows):
        yield "ami.enabled: direct callback sees agents' own calls by AMI; enable it, or set direct.type = 0"
    yield from _circles(config)


def _of_rules(config: Config, name: str, queue: Queue) -> Iterator[str]:
    rules = queue.entry
    for field, exit_ in _exits(queue):
        if exit_.way is Way.QUEUE and exit_.to not in config.queues:
            yield f"queues.{name}.entry.{field}: there is no queue {exit_.to!r}; known are {', '.join(config.queues)}"
    if rules.max_wait_s is not None and rules.max_wait.way is Way.WAIT:
        yield (
            f"queues.{name}.entry.max_wait: 'wait' does nothing after max_wait_s; "
            "name another way, or leave max_wait_s out"
        )
    if rules.empty_after_s is not None and rules.empty.way is Way.WAIT:
        yield (
            f"queues.{name}.entry.empty: 'wait' does nothing when the queue is empty; "
            "name another way, or leave empty_after_s out"
        )
    if rules.key in _NO_KEYS:
        yield f"queues.{name}.entry.key: {rules.key!r} {_NO_KEYS[rules.key]}; choose another digit"
    if rules.key and rules.key_exit.way is Way.WAIT:
        yield f"queues.{name}.entry.key_exit: 'wait' leads nowhere; name another way, or leave the key out"


def _of_skills(config: Config, name: str, queue: Queue) -> Iterator[str]:
    known = {skill for agent in config.agents.values() for skill in agent.skills}
    for skill, wanted in queue.skills.items():
        field = f"queues.{name}.skills.{skill}"
        levels = [wanted.level, *(level for _, level in wanted.relax)]
        best = max((a.skills.get(skill, 0) for a in config.agents.values() if name in a.queues), default=0)
        if skill not in known:
            yield f"{field}: no agent has the skill {skill!r}; add it to an agent's skills, or take it out here"
        elif best < min(levels):
            yield (
                f"{field}: level {min(levels)} is wanted in the end, and the queue's best agent has {best}; "
                "lower it, or relax it to 0"
            )
        if any(later >= earlier for earlier, later in pairwise(levels)):
            yield f"{field}.relax: the levels {levels} must fall from step to step"


def _of_penalties(name: str, queue: Queue) -> Iterator[str]:
    limits = [queue.penalties.limit, *(limit for _, limit in queue.penalties.widen)]
    numbers = [float("inf") if limit is None else limit for limit in limits]
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        shown = ["any" if limit is None else limit for limit in limits]
        yield f"queues.{name}.penalties.widen: the limits {shown} must grow from step to step"


def _exits(queue: Queue) -> Iterator[tuple[str, Exit]]:
    for field in type(queue.entry).model_fields:
        value = getattr(queue.entry, field)
        if isinstance(value, Exit):
            yield field, value


def _circles(config: Config) -> Iterator[str]:
    """Queues that hand callers round: each circle is told once, at its first queue."""
    edges = {
        name: {exit_.to: field for field, exit_ in _exits(queue) if exit_.way is Way.QUEUE}
        for name, queue in config.queues.items()
    }
    for name in edges:
        if (circle := _way_back(edges, name)) and name == min(circle):
            way = " -> ".join([*circle, name])
            yield (
                f"queues.{name}.entry.{edges[name][circle[1] if len(circle) > 1 else name]}: callers would go round "
                f"in a circle, {way}; let one of them end in 'callback', 'wait' or 'dialplan:…'"
            )


def _way_back(edges: Mapping[str, Mapping[str, str]], start: str) -> list[str]:
    """The queues of a way from ``start`` back to itself, empty when there is none."""
    ways = [[start]]
    seen = set()
    while ways:
        way = ways.pop()
        for to in edges.get(way[-1], {}):
            if to == start:
                return way
            if to not in seen:
                seen.add(to)
                ways.append([*way, to])
    return []
