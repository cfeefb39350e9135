"""The sections of the operator's file. What the domain declares is not declared again: its classes stand here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, MaxLen, MinLen
from pydantic import SecretStr

from callbackd.config.hours import Calling, Hours
from callbackd.domain import settings as domain
from callbackd.domain.settings import E164, EntryRules, Language, Name, Need, Pattern, Region, Seconds, Zone
from callbackd.prompts.settings import Engine


def _default(kind: Any, name: str) -> Any:
    """The default that another class declares for the same thing."""
    (found,) = (field.default for field in fields(kind) if field.name == name and field.default is not MISSING)
    return found


@dataclass(frozen=True, slots=True)
class Site:
    """The house: its name, its languages, its clock, its numbers."""

    name: Annotated[str, MaxLen(80)] = ""
    """The company's name in the greeting; empty: callers are greeted without a name."""
    region: Region = field(default=_default(domain.Numbers, "region"))
    """ISO 3166 region by which national numbers are read, and the only one that is dialled unless
    ``numbers.allowed_regions`` names others."""
    language: Language = field(default=_default(domain.Settings, "language"))
    """Spoken if no queue, menu or dialplan names another."""
    own_numbers: tuple[E164, ...] = ()
    """Our own numbers in E.164: never dialled. ``dialling.caller_id`` and agents' mobiles need not be named."""
    zone: Zone = field(default=_default(domain.Settings, "zone"))
    """The clock by which times are spoken and hours are meant, an IANA name such as ``Europe/London``."""


@dataclass(frozen=True, slots=True)
class Database:
    """Where callbackd keeps its rows."""

    url: str = "embedded"
    """``embedded``, a private PostgreSQL below ``state_dir``, or ``postgresql://user:password@host/name``."""
    standby: bool = False
    """Whether this daemon waits until the one that works on this database ends, and then takes over."""


@dataclass(frozen=True, slots=True)
class Ari:
    """Asterisk's REST interface."""

    url: Annotated[str, Pattern(r"^https?://[^/?#]+/[^?#]*$")] = "http://127.0.0.1:8088/ari"
    """Where Asterisk serves it."""
    user: str = "callbackd"
    """Its section in ``ari.conf``."""
    password: SecretStr | None = None
    """The user's password; this or ``password_file`` must be set."""
    password_file: Path | None = None
    """A file that holds nothing but the password, readable by callbackd's user."""
    app: Annotated[str, Pattern(r"^[A-Za-z0-9_-]{1,32}$")] = "callbackd"
    """The application that the dialplan names in ``Stasis()``: change both together, while nobody waits."""
    event_log: Path | None = None
    """Asterisk's own log of events (``cel_callbackd.conf``), which shows whether a lost dial ever rang."""


@dataclass(frozen=True, slots=True)
class Ami:
    """Asterisk's manager interface: a second witness of how calls ended."""

    enabled: bool = False
    """Whether it is used. Direct callback windows and ``fallback.take_over`` need it."""
    host: str = "127.0.0.1"
    """Where Asterisk serves it."""
    port: Annotated[int, Ge(1), Le(65535)] = 5038
    """Its TCP port."""
    user: str = "callbackd"
    """Its section in ``manager.conf``."""
    password: SecretStr | None = None
    """The user's password; if AMI is enabled, this or ``password_file`` must be set."""
    password_file: Path | None = None
    """A file that holds nothing but the password, readable by callbackd's user."""


@dataclass(frozen=True, slots=True)
class Api:
    """Where programs and pages ask: HTTP with keys, beside the socket file ``<state_dir>/api.sock`` of the operator."""

    host: str = "127.0.0.1"
    """The address to listen at. Keys cross the wire as they are: beyond this machine put a proxy with TLS before it."""
    port: Annotated[int, Ge(0), Le(65535)] = 0
    """The TCP port; 0: none, only the socket file is served."""
    connections: Annotated[int, Ge(1), Le(1000)] = 64
    """How many clients may be connected at a time; more are refused."""
    per_s: Annotated[float, Gt(0), Le(1000)] = 20.0
    """Requests a second for each key; ten times this at once."""


@dataclass(frozen=True, slots=True)
class Prompts:
    """What callers hear, and what speaks it ahead of time."""

    cache: Path | None = None
    """Folder of built sound files, readable by Asterisk; not set: ``<state_dir>/prompts``."""
    recordings: Path | None = None
    """Folder of the operator's own recordings; not set: ``<state_dir>/recordings``."""
    shipped: Path | None = None
    """A copy of the sounds that come with callbackd, if Asterisk cannot read them where callbackd is installed."""
    engine: tuple[str, ...] = ()
    """Another speech engine than espeak-ng: a program and its arguments, among them ``{out}``, the wav file to write,
    and as wanted ``{voice}`` and ``{text}``; without ``{text}`` the words go to its input. No shell."""
    engine_timeout_s: Annotated[Seconds, Gt(0)] = field(default=_default(Engine, "timeout_s"))
    """How long the engine may take for one prompt."""
    voices: Mapping[Language, str] = field(default_factory=dict)
    """What ``{voice}`` becomes, by language."""
    texts: Mapping[Language, Mapping[str, str]] = field(default_factory=dict)
    """Own words, by language and name of the prompt; ``greeting-support`` is for the queue ``support`` alone."""


@dataclass(frozen=True, slots=True)
class Log:
    """What the daemon logs about its work."""

    format: Literal["json", "console"] = "json"
    """One JSON object per line, or lines for people."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severe lines that are logged."""
    record: Path | None = None
    """Folder for a record of all events, for ``callbackd simulate --day``; without it nothing is recorded. The record
    holds customers' numbers."""


@dataclass(frozen=True, slots=True)
class Fallback:
    """The dialplan's queue that serves callers while callbackd does not."""

    take_over: bool = False
    """Whether callers who wait in the fallback queue are fetched back; AMI's user then needs ``write = call``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue(domain.QueueRules):
    """A queue: who is rung for it and how, and what its callers hear and are offered."""

    language: Language | None = None
    """Spoken to its callers unless the dialplan or a menu names another; not set: ``site.language``."""
    hours: Name | None = None
    """A section of ``[hours]``; always open when not set."""
    entry: EntryRules = field(default_factory=EntryRules)
    """Who is let into the line, and who is taken out of it."""
    skills: Mapping[Name, Need] = field(default_factory=dict)
    """Skills that an agent must have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu(domain.MenuKeys):
    """What callers are asked before they get a place in a line. The dialplan names it where it would name a queue."""

    language: Language | None = None
    """Spoken to callers who choose none; not set: ``site.language``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole file. Environment variables and command lines carry no settings: there is one place to look."""

    state_dir: Path = Path("/var/lib/callbackd")
    """Where callbackd keeps its files: the private PostgreSQL, prompts, the key of the do-not-call list."""
    site: Site = field(default_factory=Site)
    """The house."""
    database: Database = field(default_factory=Database)
    """Where callbackd keeps its rows."""
    ari: Ari = field(default_factory=Ari)
    """Asterisk's REST interface."""
    ami: Ami = field(default_factory=Ami)
    """Asterisk's manager interface."""
    api: Api = field(default_factory=Api)
    """Where programs and pages ask."""
    prompts: Prompts = field(default_factory=Prompts)
    """What callers hear."""
    log: Log = field(default_factory=Log)
    """What is logged."""
    reports: domain.Reports = field(default_factory=domain.Reports)
    """How the metrics count."""
    keeping: domain.Keeping = field(default_factory=domain.Keeping)
    """How long the past is kept."""
    dialling: domain.Dialling = field(default_factory=domain.Dialling)
    """How customers are rung."""
    numbers: domain.Numbers = field(default_factory=domain.Numbers)
    """Whom we may call."""
    limits: domain.Limits = field(default_factory=domain.Limits)
    """How much may be asked for and dialled."""
    keys: domain.Keys = field(default_factory=domain.Keys)
    """Which keys count."""
    ringing: domain.Ringing = field(default_factory=domain.Ringing)
    """What follows when an agent does not answer."""
    line: domain.Line = field(default_factory=domain.Line)
    """How places are ordered."""
    dead_man: domain.DeadMan = field(default_factory=domain.DeadMan)
    """Where callers go when nobody looks after them."""
    transfers: domain.TransferRules = field(default_factory=domain.TransferRules)
    """Agents who send callers on by the transfer key of their telephones."""
    fallback: Fallback = field(default_factory=Fallback)
    """The queue that serves callers while callbackd does not."""
    hours: Mapping[Name, Hours] = field(default_factory=dict)
    """When somebody is there."""
    calling: Calling = field(default_factory=Calling)
    """When customers may be rung."""
    queues: Annotated[Mapping[Name, Queue], MinLen(1)]
    """The queues."""
    menus: Mapping[Name, Menu] = field(default_factory=dict)
    """What callers are asked before they get a place in a line."""
    agents: Mapping[Name, domain.AgentSettings] = field(default_factory=dict)
    """The agents."""
