"""Checks across sections, for mistakes that show only when fields are compared: a sentence for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

from callbackd.config.build import calling_of, hours_of, prompt_settings
from callbackd.config.sections import Config, Queue
from callbackd.domain import settings as domain
from callbackd.domain.calendar import calling_hours as calling
from callbackd.domain.calendar import slots
from callbackd.domain.settings import Exit, Way

_NO_KEYS = {"1": "takes the callback", "2": "chooses a time for it"}


def contradictions(config: Config) -> Iterator[str]:
    """A sentence for every mistake in a file whose fields are each right by themselves."""
    if config.fallback.take_over and not config.ami.enabled:
        yield "fallback.take_over: callers are fetched by AMI; set ami.enabled = true, or this to false"
    if config.limits.money_day is not None and not config.limits.rates:
        yield "limits.money_day: nothing is known to cost anything; add [limits.rates], or leave money_day out"
    yield from _of_agents(config)
    yield from _of_passwords(config)
    for name, queue in config.queues.items():
        yield from _of_offer(name, queue)
        yield from _of_hours(config, name, queue)
    if config.database.standby and config.database.url == "embedded":
        yield "database.standby: a standby shares its database; set database.url to the one that both use"
    for name, queue in config.queues.items():
        yield from _of_rules(config, name, queue)
        yield from _of_skills(config, name, queue)
        yield from _of_penalties(name, queue)
    yield from _of_direct(config)
    yield from _circles(config)
    yield from _of_menus(config)
    try:
        prompt_settings(config)
    except ValueError as error:
        yield f"prompts: {error}"


def _of_agents(config: Config) -> Iterator[str]:
    for name, agent in config.agents.items():
        for queue in agent.queues:
            if queue not in config.queues:
                yield f"agents.{name}.queues: there is no queue {queue!r}; add [queues.{queue}] or take it out"
        if agent.roster is not None and agent.roster not in config.hours:
            yield f"agents.{name}.roster: there is no {agent.roster!r}; add [hours.{agent.roster}] or take it out"
        for twin, other in config.agents.items():
            for phone in sorted({agent.endpoint, *agent.phones} & {other.endpoint, *other.phones}):
                if twin < name:
                    yield f"agents.{name}: {phone} is the phone of agents.{twin} too; each phone belongs to one agent"
        for other_queue in agent.penalties:
            if other_queue not in agent.queues:
                yield (
                    f"agents.{name}.penalties.{other_queue}: the agent does not serve {other_queue!r}; "
                    f"add it to agents.{name}.queues or take it out"
                )


def _of_passwords(config: Config) -> Iterator[str]:
    for name, section in (("ari", config.ari), ("ami", config.ami)):
        if section.password and section.password_file:
            yield f"{name}: password and password_file are both set; keep one"
        needed = name == "ari" or config.ami.enabled
        if needed and not section.password and not section.password_file:
            yield f"{name}.password: is missing; set it, or password_file for one kept in a file"


def _of_offer(name: str, queue: Queue) -> Iterator[str]:
    offer = queue.offer
    thresholds: list[object] = [offer.estimated_wait_s, offer.waited_s, offer.line_length]
    if offer.enabled and all(threshold is None for threshold in thresholds):
        yield f"queues.{name}.offer: enabled, but without estimated_wait_s, waited_s and line_length it never comes"


def _of_hours(config: Config, name: str, queue: Queue) -> Iterator[str]:
    if queue.hours is not None and queue.hours not in config.hours:
        yield f"queues.{name}.hours: there is no {queue.hours!r}; add [hours.{queue.hours}] or take it out"
        return
    hours = hours_of(config.hours[queue.hours], config.site.zone) if queue.hours else None
    if not queue.slots.enabled or _ever_free(queue.slots, hours, calling_of(config.calling)):
        return
    found = "inside the calling hours" if hours is None else f"inside [hours.{queue.hours}] and the calling hours"
    yield f"queues.{name}.slots: no slot ever lies {found}; change these or length_s, or set enabled = false"


def _ever_free(queue: domain.Slots, hours: domain.Hours | None, rung: domain.Calling | None) -> bool:
    """Whether any slot lies inside opening and calling hours, for customers by the queue's own clock.

    The policies themselves decide, for a week without holidays and clock changes and for each day with its own hours.
    """
    zone = "UTC"
    at_home = replace(rung, holidays=False) if rung else None
    book = slots.Book(
        replace(queue, lead_s=0.0, horizon_days=6, exceptions=_weekly(queue.exceptions)),
        replace(hours, zone=zone, country="", subdivision="", holidays=frozenset()) if hours else None,
        zone,
        allowed=lambda at: calling.allowed(at_home, "", at, chosen=True, zone=zone).yes,
    )
    weeks = [date(2001, 1, 1), *(hours.days if hours else ())]
    midnights = (datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() for day in weeks)
    return any(slots.free(book, midnight, choices=1) for midnight in midnights)


def _weekly(exceptions: Mapping[str, int]) -> dict[str, int]:
    return {key: capacity for key, capacity in exceptions.items() if ":" in key}


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
    for field in fields(queue.entry):
        value = getattr(queue.entry, field.name)
        if isinstance(value, Exit):
            yield field.name, value


def _of_direct(config: Config) -> Iterator[str]:
    windows = [*(queue.direct for queue in config.queues.values()), *(a.direct for a in config.agents.values())]
    if not config.ami.enabled and any(direct and direct.type for direct in windows):
        yield "ami.enabled: direct callback sees agents' own calls by AMI; enable it, or set direct.type = 0"


def _circles(config: Config) -> Iterator[str]:
    """A sentence for each circle of queues that hand callers round and round, about its first queue."""
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
    """The queues on a way from ``start`` back to itself; empty when there is none."""
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


def _of_menus(config: Config) -> Iterator[str]:
    for name, menu in config.menus.items():
        where = f"menus.{name}"
        if name in config.queues:
            yield f"{where}: a queue has this name too, and the dialplan tells them apart by it; rename one"
        if not menu.choices and not menu.languages:
            yield f"{where}: asks nothing; set choices or languages, or send callers straight to {menu.otherwise!r}"
        if menu.otherwise not in config.queues:
            yield f"{where}.otherwise: there is no queue {menu.otherwise!r}, only {', '.join(config.queues)}"
        for key, to in menu.choices.items():
            if to not in config.queues and to not in config.menus:
                yield f"{where}.choices.{key}: there is no queue and no menu {to!r}; add it or take the key out"
        if menu.choices:
            yield from _wordless(config, name)


def _wordless(config: Config, name: str) -> Iterator[str]:
    """A sentence for each language that callers may have chosen by then and in which no prompt explains the keys."""
    prompt = f"menu-{name}"
    for language in sorted(_languages(config)):
        if prompt not in config.prompts.texts.get(language, {}) and not _recorded(config, language, prompt):
            yield (
                f"menus.{name}: nobody tells callers what the keys mean; set prompts.texts.{language}.{prompt}, "
                f"or record {language}/{prompt}.wav"
            )


def _languages(config: Config) -> set[str]:
    chosen = {language for menu in config.menus.values() for language in menu.languages.values()}
    return chosen | {menu.language or config.site.language for menu in config.menus.values()}


def _recorded(config: Config, language: str, prompt: str) -> bool:
    folder: Path = (config.prompts.recordings or config.state_dir / "recordings") / language
    try:
        return any(folder.glob(f"{prompt}.*"))
    except OSError:
        return False
