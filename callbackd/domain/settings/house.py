"""What holds for the whole house, and all settings together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from annotated_types import Ge, Gt, Le, MaxLen, MinLen, Unit

from callbackd.domain.ids import AgentId, QueueName
from callbackd.domain.settings.hours import Calling, Hours
from callbackd.domain.settings.queue import Menu, Queue
from callbackd.domain.settings.service import AgentSettings
from callbackd.domain.settings.values import E164, Context, Elsewhere, Language, Pattern, Region, Seconds, Zone


@dataclass(frozen=True, slots=True)
class Dialling:
    """How customers are rung."""

    enabled: bool = True
    """Whether customers are rung at all; without it promises wait."""
    endpoint: Annotated[str, Pattern(r"^PJSIP/\{number\}@[A-Za-z0-9_.-]{1,64}$")] = "PJSIP/{number}@trunk"
    """``{number}`` becomes the digits of the number; nothing else of a customer ever enters it."""
    caller_id: Annotated[str, Pattern(r"^(\+?[0-9]{3,15})?$")] = ""
    """The number shown to customers."""
    plus: bool = True
    """Whether ``{number}`` keeps its leading ``+``."""
    # Asterisk gives up after 32 s when nobody answers its INVITE at all; that differs from a phone that rings.
    ring_s: Annotated[Seconds, Gt(0), Le(120)] = 30.0
    """How long a customer's phone rings."""
    accepted_wait_s: Annotated[Seconds, Gt(0)] = 600.0
    """How long a customer who has pressed 1 waits for an agent at most: then an apology, and the promise is kept."""
    key_s: Seconds = 10.0
    """How long a customer has to press 1 after each reading of the menu."""
    menu_readings: Annotated[int, Ge(1), Le(5)] = 2
    """How often the menu is read to a customer who presses nothing."""
    in_flight: Annotated[int, Ge(1), Le(100)] = 5
    """Customers who are being rung at a time, at most."""
    per_s: Annotated[float, Gt(0), Le(20)] = 1.0
    """Dials a second at most, so that promises due at once do not leave at once."""
    breaker_failures: Annotated[int, Ge(0), Le(100)] = 5
    """After this many failures of the trunk in a row nobody is dialled over it for a while; 0: never."""
    breaker_open_s: Annotated[Seconds, Gt(0), Le(600)] = 30.0
    """How long that while is; twice as long after each further failure, ten minutes at most."""
    refusals_in_a_row: Annotated[int, Ge(0), Le(100)] = 3
    """A refusal that may be the number's or the trunk's (403, 404) is the trunk's when this many different numbers in a
    row get it: then no attempt is used up and nobody is dialled for a while; 0: it is always the number's."""
    answer_s: Seconds = 12.0
    """How long customers take to answer, as far as is known before it has been measured."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Which keys count."""

    heard_s: Annotated[Seconds, Le(5)] = 0.8
    """How long a question must be heard before a key may confirm a number, accept or refuse a call, or cancel."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be asked for and dialled: against strangers who have others rung, and against runaway costs."""

    number_hour: Annotated[int, Ge(1)] = 2
    """Requests for callbacks to one number within an hour."""
    number_day: Annotated[int, Ge(1)] = 4
    """The same within 24 hours."""
    caller_day: Annotated[int, Ge(1)] = 3
    """Requests by one caller within 24 hours for callbacks to numbers other than the caller's own."""
    block_hour: Annotated[int, Ge(1)] = 10
    """Requests within an hour for callbacks to numbers that differ only in their last four digits."""
    dials_day: Annotated[int, Ge(0)] = 200
    """Customers dialled on one day by the site's clock; alarms at 50, 80 and 100 %, then promises wait for the next."""
    minutes_day: Annotated[float, Ge(0), Unit("min")] = 600.0
    """Minutes on one day from customers' answers to the ends of their calls, with the same alarms."""
    money_day: Annotated[float, Gt(0)] | None = None
    """What the calls of one day may cost by ``[limits.rates]``, with the same alarms; not set: any sum."""
    currency: Annotated[str, Pattern(r"^[A-Z]{3}$")] = "EUR"
    """In which ``money_day`` and the rates are."""
    rates: Mapping[Annotated[str, Pattern(r"^\+([1-9][0-9]{0,14})?$")], Annotated[float, Ge(0)]] = field(
        default_factory=dict
    )
    """What each begun minute costs, by the beginning of the number in E.164; the longest counts. A number that none
    fits costs the highest rate."""
    late_slow: Annotated[float, Ge(0), Le(1)] = 0.01
    """Share of customers who pressed 1 and had no agent within 2 s, above which nobody is dialled before an agent is
    free."""
    late_stop: Annotated[float, Ge(0), Le(1)] = 0.03
    """The same, above which dialling stops until a supervisor lets it go on."""
    late_least: Annotated[int, Ge(1)] = 50
    """With fewer customers than this who pressed 1 within 24 hours, these shares have no effect."""
    zone: Annotated[Zone, Elsewhere()] = "UTC"
    """The clock by which a day begins."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """Whom we may call."""

    region: Annotated[Region, Elsewhere()] = "GB"
    """ISO 3166 region by which national numbers are read."""
    allowed_regions: frozenset[Region] = frozenset()
    """ISO 3166 regions that may be dialled; empty means ``site.region`` alone."""
    own: Annotated[frozenset[E164], Elsewhere()] = frozenset()
    """Our own numbers in E.164: never dialled."""
    deny_prefixes: tuple[Annotated[str, Pattern(r"^\+[1-9][0-9]{0,14}$")], ...] = ()
    """E.164 prefixes that are never dialled."""
    caller_id_proves: bool = False
    """Whether your carrier vouches for callers' numbers: only then may they cancel or move callbacks by ringing in."""
    secret: Annotated[bytes, Elsewhere()] = field(default=b"", repr=False)
    """The key by which the do-not-call list recognises a number."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long the past is kept."""

    personal_days: Annotated[int, Ge(1), Le(3650)] = 30
    """After this many days numbers and notes are anonymised, and decisions and quotes deleted; figures stay."""
    facts_days: Annotated[int, Ge(8), Le(3650)] = 400
    """After this many days the facts are deleted by which figures are counted; the quarter hours stay."""


@dataclass(frozen=True, slots=True)
class Reports:
    """How the metrics count."""

    short_abandon_s: Seconds = 5.0
    """Callers who hang up sooner than this are counted separately."""
    thresholds_s: Annotated[tuple[Annotated[Seconds, Gt(0)], ...], MinLen(1), MaxLen(8)] = (20.0, 30.0, 60.0)
    """Thresholds of the service level: one share for each of these answer times."""
    repeat_days: Annotated[int, Ge(1), Le(90)] = 7
    """The same customer again within this many days is a repeat call."""
    days_kept: Annotated[int, Ge(1), Le(60)] = 8
    """How many days of quarter hours stay in memory: today, and the same weekday a week ago."""


@dataclass(frozen=True, slots=True)
class Ringing:
    """What follows when an agent does not answer."""

    rona_limit: Annotated[int, Ge(0), Le(100)] = 3
    """Unanswered rings in a row after which an agent is paused; 0 never pauses."""
    miss_rest_s: Seconds = 5.0
    """How long an agent who did not answer is left alone."""
    ring_in_use: bool = False
    """Whether an agent is rung even while the phone is in use by an own call, outside the queue."""
    return_with_phone: bool = False
    """Whether an agent paused for missed rings is back at work when the phone, which was off, is there again."""


@dataclass(frozen=True, slots=True)
class Line:
    """How places are ordered."""

    priority_worth_s: Annotated[Seconds, Gt(0)] | None = None
    """How many seconds of waiting a point of priority is worth; not set: higher priority always comes first."""


@dataclass(frozen=True, slots=True)
class DeadMan:
    """Where callers go when nobody looks after them, and after how long."""

    # Asterisk takes no sign of life while it plays, so the switch must outlast the longest prompts in a row.
    waiting_s: Annotated[Seconds, Ge(60)] = 60.0
    """Asterisk takes a waiting caller to the fallback queue this long after the last sign of life from us."""
    talking_s: Annotated[Seconds, Ge(600)] = 4 * 3600.0
    """The same for a caller who talks to an agent."""
    fallback_context: Context = "callbackd-fallback"
    """Where in the dialplan callers go whom we cannot serve; the extension is the queue's name."""
    exit_context: Context = "callbackd-exits"
    """Where in the dialplan callers go by ``dialplan:<extension>``."""


class Outside(StrEnum):
    """Whether agents may send callers to numbers outside the house."""

    ANYWHERE = "anywhere"
    """Wherever the agent's own telephone may dial."""
    CHECKED = "checked"
    """Only to numbers that callbackd may call: by ``[numbers]`` and the do-not-call list."""
    NOWHERE = "nowhere"
    """To extensions and queues alone."""


@dataclass(frozen=True, slots=True)
class TransferRules:
    """Agents who send callers on by the transfer key of their telephones."""

    enabled: bool = True
    """Whether they may; callers never may."""
    context: Annotated[str, Pattern(r"^[A-Za-z0-9_.-]{0,64}$")] = ""
    """Where in the dialplan the number is dialled; empty: where the agent's own telephone dials, with its rights."""
    ring_s: Annotated[Seconds, Gt(0), Le(300)] = 30.0
    """How long it rings there; callers whom nobody answers are back at their old place in the line."""
    keep_arrival: bool = False
    """Whether callers who are transferred into another queue keep the time of their arrival there."""
    outside: Outside = Outside.ANYWHERE
    """Whether they may send callers to outside numbers."""
    extension_digits: Annotated[int, Ge(1), Le(20)] = 5
    """Numbers of this many digits at most, and names, are the house's own: all others are outside numbers."""
    outside_prefix: Annotated[str, Pattern(r"^[0-9*#]{0,4}$")] = ""
    """What agents dial before an outside number, which is checked without it."""
    counted: bool = False
    """Whether transfers to outside numbers count among the day's dials and minutes of ``[limits]``, and are refused
    when these are used up."""


@dataclass(frozen=True, slots=True)
class Settings:
    queues: Mapping[QueueName, Queue]
    agents: Mapping[AgentId, AgentSettings]
    menus: Mapping[str, Menu] = field(default_factory=dict)
    """By name; none has the name of a queue."""
    dialling: Dialling = field(default_factory=Dialling)
    numbers: Numbers = field(default_factory=Numbers)
    limits: Limits = field(default_factory=Limits)
    keys: Keys = field(default_factory=Keys)
    language: Language = "en"
    """Spoken where no queue's language applies."""
    ringing: Ringing = field(default_factory=Ringing)
    line: Line = field(default_factory=Line)
    dead_man: DeadMan = field(default_factory=DeadMan)
    transfers: TransferRules = field(default_factory=TransferRules)
    calling: Calling | None = None
    """None: customers may be rung at any hour."""
    zone: Zone = "UTC"
    """The clock of the house: times are spoken by it, unless the queue's hours have another."""
    reports: Reports = field(default_factory=Reports)
    rosters: Mapping[AgentId, Hours] = field(default_factory=dict)
    """When agents are expected at work, for those with a roster."""

    def language_at(self, endpoint: str) -> str:
        """The language of the agent of this phone, that of the queue named first; the house's for anybody else."""
        id = self.agent_at(endpoint)
        queues = self.agents[id].queues if id else ()
        queue = self.queues.get(queues[0]) if queues else None
        return queue.language if queue else self.language

    def agent_at(self, endpoint: str) -> AgentId | None:
        """Whose phone this is, by its technology and name."""
        return next((a.id for a in self.agents.values() if endpoint in {a.endpoint, *a.phones}), None)

    def watched(self) -> tuple[str, ...]:
        """All agents' phones whose state Asterisk knows."""
        return tuple(dict.fromkeys(phone for agent in self.agents.values() for phone in agent.watched))

    def is_agents(self, endpoint: str) -> bool:
        """Whether this is the technology and name of an agent's phone."""
        return self.agent_at(endpoint) is not None
