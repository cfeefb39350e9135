"""Turns the sections of the file into what the domain and the adapters are made with."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import Any

from callbackd.config.hours import Calling, Hours
from callbackd.config.mistakes import ConfigError
from callbackd.config.sections import Ami, Ari, Config, Menu, Prompts, Queue
from callbackd.domain import settings as domain
from callbackd.domain.ids import QueueName
from callbackd.domain.numbers import e164
from callbackd.prompts.settings import ESPEAK, SHIPPED, Engine, PromptSettings

_DIALLED = re.compile(r"[A-Za-z0-9]+/(\+?[0-9]{6,20})@.+")
"""Matches an endpoint that dials a number over a trunk."""


def settings_of(config: Config, secret: bytes = b"") -> domain.Settings:
    """The domain's settings; ``secret`` is the key of the do-not-call list."""
    site = config.site
    return domain.Settings(
        queues={QueueName(name): _queue(name, queue, config) for name, queue in config.queues.items()},
        agents={agent.id: agent for agent in config.agents.values()},
        menus={name: _menu(name, menu, config) for name, menu in config.menus.items()},
        dialling=config.dialling,
        numbers=replace(config.numbers, region=site.region, own=_own(config), secret=secret),
        limits=replace(config.limits, zone=site.zone),
        keys=config.keys,
        language=site.language,
        ringing=config.ringing,
        line=config.line,
        dead_man=config.dead_man,
        transfers=config.transfers,
        calling=calling_of(config.calling),
        zone=site.zone,
        rosters={agent.id: _roster(agent.roster, agent, config) for agent in config.agents.values() if agent.roster},
        reports=replace(config.reports, thresholds_s=tuple(sorted(set(config.reports.thresholds_s)))),
    )


def _own(config: Config) -> frozenset[str]:
    """Our numbers that nobody listed as such: the one customers are shown, and those of agents who are rung on a
    mobile.

    Calling back the first would ring ourselves, the others an agent as a customer, for as long as somebody pays.
    """
    rules = replace(config.numbers, region=config.site.region)
    rung = [_DIALLED.fullmatch(agent.endpoint) for agent in config.agents.values()]
    shown = [config.dialling.caller_id, *(found[1] for found in rung if found)]
    return frozenset(config.site.own_numbers) | {number for raw in shown if (number := e164(raw, rules))}


def _shared(kind: type, section: Any) -> dict[str, Any]:
    """The fields that the section shares with the domain: those of the class that both are made of."""
    return {field.name: getattr(section, field.name) for field in fields(kind)}


def _queue(name: str, queue: Queue, config: Config) -> domain.Queue:
    return domain.Queue(
        QueueName(name),
        language=queue.language or config.site.language,
        hours=hours_of(config.hours[queue.hours], config.site.zone) if queue.hours else None,
        rules=queue.entry,
        needs=tuple(queue.skills.values()),
        **_shared(domain.QueueRules, queue),
    )


def _menu(name: str, menu: Menu, config: Config) -> domain.Menu:
    return domain.Menu(name, menu.language or config.site.language, **_shared(domain.MenuKeys, menu))


def hours_of(hours: Hours, site_zone: str) -> domain.Hours:
    return domain.Hours(hours.zone or site_zone, hours.week(), **_shared(domain.OpeningDays, hours))


def _roster(name: str, agent: domain.AgentSettings, config: Config) -> domain.Hours:
    """The agent's shifts: by the clock of the first queue that the agent serves, unless they name their own."""
    section = config.queues[agent.queues[0]].hours
    zone = config.hours[section].zone if section else None
    return hours_of(config.hours[name], zone or config.site.zone)


def calling_of(calling: Calling) -> domain.Calling | None:
    """None when customers may be rung at any hour."""
    return None if calling.always else domain.Calling(calling.week(), **_shared(domain.CallingRules, calling))


def prompt_settings(config: Config) -> PromptSettings:
    """The settings of prompts. Raises ``ValueError`` with every mistake, never for a config that was ``read``."""
    section, site = config.prompts, config.site
    spoken = {queue.language or site.language for queue in config.queues.values()} | {site.language}
    spoken |= {menu.language or site.language for menu in config.menus.values()}
    spoken |= {language for menu in config.menus.values() for language in menu.languages.values()}
    return PromptSettings(
        cache=section.cache or config.state_dir / "prompts",
        recordings=section.recordings or config.state_dir / "recordings",
        shipped=section.shipped or SHIPPED,
        languages=tuple(sorted(spoken)),
        default_language=site.language,
        company=site.name,
        texts=section.texts,
        region=site.region,
        engine=_engine(section),
    )


def _engine(section: Prompts) -> Engine:
    return Engine(section.engine or ESPEAK, section.voices, section.engine_timeout_s)


def secret(section: Ari | Ami, name: str) -> str:
    """The section's password, from the file if one is named. Raises ``ConfigError`` when that cannot be read."""
    if section.password_file is None:
        return section.password.get_secret_value() if section.password else ""
    try:
        return section.password_file.read_text(encoding="utf-8").strip()
    except OSError as error:
        mistake = f"{name}.password_file: cannot be read: {error.strerror}; it must be readable by callbackd's user"
        raise ConfigError(section.password_file, [mistake]) from error
