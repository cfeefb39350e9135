"""The operator's file: TOML in, the domain's ``Settings`` and the adapters' addresses out.

All mistakes are reported at once, each with the field, what is wrong with its value and the way out. Unknown keys are
mistakes. Durations are seconds (``90``) or ISO 8601 (``"PT90S"``).
"""

from __future__ import annotations

import difflib
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from callbackd.config import hours as when
from callbackd.config import menus as config_menus
from callbackd.config import prompts as config_prompts
from callbackd.config import rules as config_rules
from callbackd.config.fields import E164, Duration, Language, Name, Prefix, Region, Section
from callbackd.config.fields import plain as _plain
from callbackd.config.fields import seconds as _s
from callbackd.config.menus import Menu
from callbackd.config.prompts import Prompts
from callbackd.config.rules import Direct, EntryRules, Penalties, Reserves, Skill
from callbackd.domain import settings as domain
from callbackd.domain.ids import AgentId, QueueName


class ConfigError(Exception):
    """The file cannot be used. ``mistakes`` holds one sentence for each, all of them."""

    def __init__(self, path: Path, mistakes: list[str]) -> None:
        self.path = path
        self.mistakes = mistakes
        super().__init__(f"{path}: " + "; ".join(mistakes))


class Site(Section):
    name: str = Field("", max_length=80)
    """As the greeting says it; without one callers are greeted without."""
    region: Region = "GB"
    language: Language = "en"
    own_numbers: list[E164] = []
    zone: when.Zone = "UTC"


class Database(Section):
    url: str = "embedded"
    standby: bool = False


class AriSection(Section):
    url: str = Field("http://127.0.0.1:8088/ari", pattern=r"^https?://[^/?#]+/[^?#]*$")
    user: str = "callbackd"
    password: SecretStr | None = None
    password_file: Path | None = None
    app: str = Field("callbackd", pattern=r"^[A-Za-z0-9_-]{1,32}$")
    event_log: Path | None = None


class AmiSection(Section):
    enabled: bool = False
    host: str = "127.0.0.1"
    port: int = Field(5038, ge=1, le=65535)
    user: str = "callbackd"
    password: SecretStr | None = None
    password_file: Path | None = None


class Log(Section):
    format: Literal["json", "console"] = "json"
    level: Literal["debug", "info", "warning", "error"] = "info"
    record: Path | None = None
    """Folder for a record of all events, which ``callbackd simulate --day`` reads; nothing is recorded without it."""


class Dialling(Section):
    enabled: bool = True
    endpoint: str = Field("PJSIP/{number}@trunk", pattern=r"^PJSIP/\{number\}@[A-Za-z0-9_.-]{1,64}$")
    caller_id: str = Field("", pattern=r"^(\+?[0-9]{3,15})?$")
    plus: bool = True
    ring_s: Duration = _s(30)
    key_s: Duration = _s(10)
    menu_readings: int = Field(2, ge=1, le=5)
    in_flight: int = Field(5, ge=1, le=100)
    per_s: float = Field(1.0, gt=0, le=20)
    breaker_failures: int = Field(5, ge=0, le=100)
    breaker_open_s: Annotated[Duration, Field(gt=timedelta(0), le=timedelta(minutes=10))] = _s(30)
    answer_s: Duration = _s(12)


class Numbers(Section):
    allowed_regions: list[Region] = []
    deny_prefixes: list[Prefix] = []


class Reports(Section):
    short_abandon_s: Duration = _s(5)
    thresholds_s: list[Annotated[Duration, Field(gt=timedelta(0))]] = Field(
        [_s(20), _s(30), _s(60)], min_length=1, max_length=8
    )
    repeat_days: int = Field(7, ge=1, le=90)
    days_kept: int = Field(8, ge=1, le=60)


class Announcements(Section):
    first_after_s: Duration = _s(0)
    every_s: Annotated[Duration, Field(ge=timedelta(seconds=5))] = _s(45)
    position: bool = True
    wait: bool = True
    min_gap_s: Duration = _s(10)


class Offer(Section):
    enabled: bool = True
    estimated_wait_s: Duration | None = _s(120)
    waited_s: Duration | None = _s(300)
    line_length: int | None = Field(None, ge=1)
    max_open_promises: int = Field(100, ge=0)
    every_s: Duration = _s(0)
    share: float = Field(1.0, ge=0, le=1)
    min_live: int = Field(0, ge=0)
    solvent: bool = True
    last_s: Duration = _s(0)
    at_closing: bool = True
    call_back_lost: bool = False


class Retry(Section):
    max_attempts: int = Field(3, ge=1, le=20)
    busy_gap_s: Duration = _s(300)
    no_answer_gap_s: Duration = _s(900)
    no_key_gap_s: Duration = _s(900)
    congestion_gap_s: Duration = _s(60)
    cut_off_gap_s: Annotated[Duration, Field(ge=timedelta(minutes=2))] = _s(120)
    max_busy: int | None = Field(None, ge=1)
    max_no_answer: int | None = Field(None, ge=1)
    max_no_key: int | None = Field(None, ge=1)
    expire_s: Duration = _s(24 * 3600)


class Queue(Section):
    strategy: domain.Strategy = domain.Strategy.LONGEST_IDLE
    priority: int = Field(0, ge=-1000, le=1000)
    ring_s: Annotated[Duration, Field(gt=timedelta(0), le=timedelta(minutes=5))] = _s(15)
    wrap_up_s: Duration = _s(10)
    music: str = Field("default", pattern=r"^[A-Za-z0-9_-]{1,64}$")
    language: Language | None = None
    expected_handle_s: Annotated[Duration, Field(gt=timedelta(0))] = _s(240)
    wrap_up_extend_s: Annotated[Duration, Field(gt=timedelta(0))] = _s(60)
    group: Name = "default"
    dial: domain.DialPolicy = domain.DialPolicy.AGENT_FIRST
    waiting_share: float = Field(0.03, ge=0, le=1)
    entry: EntryRules = EntryRules()
    skills: dict[Name, Skill] = {}
    penalties: Penalties = Penalties()
    reserves: Reserves = Reserves()
    direct: Direct = Direct()
    hours: Name | None = None
    """A section of ``[hours]``; always open when not set."""
    announcements: Announcements = Announcements()
    offer: Offer = Offer()
    retry: Retry = Retry()
    slots: when.Slots = when.Slots()


class AgentSection(Section):
    # Any dial string: a phone, or a mobile through the trunk. Several at once (&) would ring two people for one call.
    endpoint: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9]{1,15}/[A-Za-z0-9_.@+*#:/-]{1,128}$")
    phones: list[Annotated[str, Field(pattern=r"^PJSIP/[A-Za-z0-9_.-]{1,64}$")]] = []
    queues: list[Name] = Field(min_length=1)
    name: str = Field("", max_length=80)
    weight: float = Field(1.0, gt=0, le=1000)
    skills: dict[Name, Annotated[int, Field(ge=1, le=100)]] = {}
    penalties: dict[Name, Annotated[int, Field(ge=0, le=1000)]] = {}
    reserve: domain.Reserve = domain.Reserve.NO
    accept_key: str = Field("", pattern=r"^[0-9*#]?$")
    accept_s: Annotated[Duration, Field(gt=timedelta(0))] = _s(10)
    wrap_up_s: Duration | None = None
    direct: Direct | None = None


class Agents(Section):
    rona_limit: int = Field(3, ge=0, le=100)
    miss_rest_s: Duration = _s(5)


class Line(Section):
    priority_worth_s: Annotated[Duration, Field(gt=timedelta(0))] | None = None


class DeadMan(Section):
    # Asterisk takes no sign of life while it plays, so the switch must outlast the longest that is ever said in a row.
    waiting_s: Annotated[Duration, Field(ge=timedelta(seconds=60))] = _s(60)
    talking_s: Annotated[Duration, Field(ge=timedelta(minutes=10))] = _s(4 * 3600)
    fallback_context: str = Field("callbackd-fallback", pattern=r"^[A-Za-z0-9_-]{1,79}$")
    exit_context: str = Field("callbackd-exits", pattern=r"^[A-Za-z0-9_-]{1,79}$")


class Fallback(Section):
    take_over: bool = False
    """Whether callers who wait in the fallback queue are fetched back; AMI's user then needs ``write = call``."""


class Config(BaseSettings):
    """The whole file. Environment variables and command lines carry no settings: there is one place to look."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    state_dir: Path = Path("/var/lib/callbackd")
    site: Site = Site()
    database: Database = Database()
    ari: AriSection = AriSection()
    ami: AmiSection = AmiSection()
    prompts: Prompts = Prompts()
    log: Log = Log()
    reports: Reports = Reports()
    dialling: Dialling = Dialling()
    numbers: Numbers = Numbers()
    ringing: Agents = Agents()
    line: Line = Line()
    dead_man: DeadMan = DeadMan()
    fallback: Fallback = Fallback()
    hours: dict[Name, when.Hours] = {}
    calling: when.Calling = when.Calling()
    queues: dict[Name, Queue] = Field(min_length=1)
    menus: dict[Name, Menu] = {}
    agents: dict[Name, AgentSection] = {}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (TomlConfigSettingsSource(settings_cls),)


def read(path: Path) -> Config:
    """Read and check the file. Raises ``ConfigError`` with every mistake; nothing of a bad file is used."""
    global _reading
    try:
        tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(path, [f"cannot be read: {error.strerror}; name a readable file with --config"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(path, [f"is not TOML: {error}"]) from error

    class File(Config):
        model_config = SettingsConfigDict(toml_file=path)

    try:
        config = File()
    except ValidationError as error:
        raise ConfigError(path, [_sentence(detail) for detail in error.errors()]) from error
    if mistakes := _contradictions(config):
        raise ConfigError(path, mistakes)
    return config


def _sentence(detail: ErrorDetails) -> str:
    """One mistake in words: where, what, and what would do."""
    field = ".".join(str(part) for part in detail["loc"] if part != "[key]")
    if detail["type"] == "extra_forbidden":
        return f"{field}: unknown key{_did_you_mean(detail)}"
    if detail["type"] == "missing":
        return f"{field}: is missing and has no default"
    shown = "" if "password" in field or isinstance(detail["input"], dict) else f" (it is {detail['input']!r})"
    what = detail["msg"].removeprefix("Value error, ")
    return f"{field}: {what[:1].lower()}{what[1:]}{shown}"


def _did_you_mean(detail: ErrorDetails) -> str:
    *path, key = (str(part) for part in detail["loc"])
    model: Any = Config
    for part in path:
        field = getattr(model, "model_fields", {}).get(part)
        annotation = field.annotation if field else model
        inner = getattr(annotation, "__args__", ())
        model = inner[-1] if inner else annotation
    known = list(getattr(model, "model_fields", {}))
    near = difflib.get_close_matches(key, known, 1)
    return f"; did you mean {near[0]!r}?" if near else f"; known here: {', '.join(known)}" if known else ""


def _contradictions(config: Config) -> list[str]:
    """Mistakes that only show when fields are held against one another."""
    mistakes = []
    if config.fallback.take_over and not config.ami.enabled:
        mistakes.append("fallback.take_over: callers are fetched by AMI; set ami.enabled = true, or this to false")
    for name, agent in config.agents.items():
        mistakes += [
            f"agents.{name}.queues: there is no queue {queue!r}; add [queues.{queue}] or take it out"
            for queue in agent.queues
            if queue not in config.queues
        ]
        mistakes += [
            f"agents.{name}: {phone} is the phone of agents.{twin} too; each phone belongs to one agent"
            for twin, other in config.agents.items()
            for phone in sorted({agent.endpoint, *agent.phones} & {other.endpoint, *other.phones})
            if twin < name
        ]
    for section_name, section in (("ari", config.ari), ("ami", config.ami)):
        if section.password and section.password_file:
            mistakes.append(f"{section_name}: password and password_file are both set; keep one")
        needed = section_name == "ari" or config.ami.enabled
        if needed and not section.password and not section.password_file:
            mistakes.append(f"{section_name}.password: is missing; set it, or password_file for one kept in a file")
    for name, queue in config.queues.items():
        offer = queue.offer
        thresholds: list[object] = [offer.estimated_wait_s, offer.waited_s, offer.line_length]
        if offer.enabled and all(threshold is None for threshold in thresholds):
            mistakes.append(
                f"queues.{name}.offer: enabled, but without estimated_wait_s, waited_s and line_length it never comes"
            )
        mistakes += _impossible_hours(config, name, queue)
    if config.database.standby and config.database.url == "embedded":
        mistakes.append("database.standby: a standby shares its database; set database.url to the one that both use")
    return [*mistakes, *config_rules.mistakes(config), *config_menus.mistakes(config), *config_prompts.mistakes(config)]


def _impossible_hours(config: Config, name: str, queue: Queue) -> list[str]:
    if queue.hours is not None and queue.hours not in config.hours:
        return [f"queues.{name}.hours: there is no {queue.hours!r}; add [hours.{queue.hours}] or take it out"]
    slots, hours, rung = when.slots_of(queue.slots), _hours(config, queue), when.calling_of(config.calling)
    if not slots.enabled or when.ever_free(slots, hours, rung):
        return []
    found = "inside the calling hours" if hours is None else f"inside [hours.{queue.hours}] and the calling hours"
    return [f"queues.{name}.slots: no slot ever lies {found}; change these or length_s, or set enabled = false"]


def _reports(reports: Reports) -> domain.Reports:
    thresholds_s = tuple(sorted({threshold.total_seconds() for threshold in reports.thresholds_s}))
    return domain.Reports(**_plain(reports) | {"thresholds_s": thresholds_s})


def secret(section: AriSection | AmiSection, name: str) -> str:
    """The section's password, from the file if one is named. Raises ``ConfigError`` when that cannot be read."""
    if section.password_file is None:
        return section.password.get_secret_value() if section.password else ""
    try:
        return section.password_file.read_text(encoding="utf-8").strip()
    except OSError as error:
        mistake = f"{name}.password_file: cannot be read: {error.strerror}; it must be readable by callbackd's user"
        raise ConfigError(section.password_file, [mistake]) from error


def settings_of(config: Config, secret: bytes = b"") -> domain.Settings:
    """What the domain needs of it, in the domain's own words; ``secret`` is the do-not-call list's key."""
    dialling, numbers = config.dialling, config.numbers
    return domain.Settings(
        queues={QueueName(name): _queue(name, queue, config) for name, queue in config.queues.items()},
        agents={AgentId(name): _agent(name, agent) for name, agent in config.agents.items()},
        menus=config_menus.menus_of(config),
        dialling=domain.Dialling(**_plain(dialling)),
        numbers=domain.Numbers(
            region=config.site.region,
            allowed_regions=frozenset(numbers.allowed_regions),
            own=frozenset(config.site.own_numbers),
            deny_prefixes=tuple(numbers.deny_prefixes),
            secret=secret,
        ),
        language=config.site.language,
        reports=_reports(config.reports),
        rona_limit=config.ringing.rona_limit,
        miss_rest_s=config.ringing.miss_rest_s.total_seconds(),
        dead_man_s=config.dead_man.waiting_s.total_seconds(),
        talk_limit_s=config.dead_man.talking_s.total_seconds(),
        fallback_context=config.dead_man.fallback_context,
        exit_context=config.dead_man.exit_context,
        priority_worth_s=config.line.priority_worth_s.total_seconds() if config.line.priority_worth_s else None,
        calling=when.calling_of(config.calling),
        zone=config.site.zone,
    )


def _hours(config: Config, queue: Queue) -> domain.Hours | None:
    return when.hours_of(config.hours[queue.hours], config.site.zone) if queue.hours else None


def _queue(name: str, queue: Queue, config: Config) -> domain.Queue:
    plain = _plain(queue)
    plain |= {
        "language": queue.language or config.site.language,
        "hours": _hours(config, queue),
        "announcements": domain.Announcements(**_plain(queue.announcements)),
        "offer": domain.Offer(**_plain(queue.offer)),
        "retry": domain.Retry(**_plain(queue.retry)),
        "slots": when.slots_of(queue.slots),
        "rules": domain.EntryRules(**_plain(plain.pop("entry"))),
        "needs": tuple(config_rules.need(*skill) for skill in plain.pop("skills").items()),
        "penalties": domain.Penalties(**_plain(queue.penalties) | {"widen": tuple(queue.penalties.widen)}),
        "reserves": domain.Reserves(**_plain(queue.reserves)),
        "direct": domain.Direct(**_plain(queue.direct)),
    }
    return domain.Queue(QueueName(name), **plain)


def _agent(name: str, agent: AgentSection) -> domain.AgentSettings:
    plain = _plain(agent) | {"queues": tuple(map(QueueName, agent.queues)), "phones": tuple(agent.phones)}
    plain["direct"] = domain.Direct(**_plain(agent.direct)) if agent.direct else None
    return domain.AgentSettings(AgentId(name), **plain)
