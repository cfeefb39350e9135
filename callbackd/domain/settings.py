"""What an operator may set, as the domain sees it: complete, checked and immutable.

Each setting is declared here and nowhere else: its type with its limits, its default, and below it what it means. The
file is read by these declarations (``callbackd.config``), and ``docs/settings.md`` is generated from them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum, StrEnum
from typing import Annotated

from annotated_types import Ge, Gt, Le, MaxLen, MinLen, Unit

from callbackd.domain.ids import AgentId, QueueName


@dataclass(frozen=True, slots=True)
class Pattern:
    """A limit of a text: the regular expression that it matches."""

    regex: str


@dataclass(frozen=True, slots=True)
class Means:
    """A limit of a value: what it must name. Whoever reads the file knows how to tell."""

    what: str


@dataclass(frozen=True, slots=True)
class Key:
    """Marks the field that holds the name of the section, ``alice`` of ``[agents.alice]``."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Marks a field that is not set in the section of its class."""


Seconds = Annotated[float, Ge(0), Unit("s")]
"""A duration."""
Name = Annotated[str, Pattern(r"^[a-z][a-z0-9_-]{1,31}$")]
"""Of a queue, menu, agent, skill, group or of hours."""
Digit = Annotated[str, Pattern(r"^[0-9*#]$")]
Context = Annotated[str, Pattern(r"^[A-Za-z0-9_-]{1,79}$")]
"""Of the dialplan."""
Region = Annotated[str, Pattern(r"^[A-Z]{2}$")]
E164 = Annotated[str, Pattern(r"^\+[1-9][0-9]{5,14}$")]
Language = Annotated[str, Means("a language that callbackd speaks")]
Zone = Annotated[str, Means("a time zone")]
Country = Annotated[str, Means("a country with known holidays")]
Priority = Annotated[int, Ge(-1000), Le(1000)]


class Strategy(StrEnum):
    """How a queue picks among its free agents."""

    RING_ALL = "ring_all"
    """Everybody at once; the first to answer gets the caller."""
    LONGEST_IDLE = "longest_idle"
    """The agent who has been free for longest."""
    ROUND_ROBIN = "round_robin"
    """In the config's order, the one after the agent whom the queue rang last."""
    FEWEST_CALLS = "fewest_calls"
    """The agent who has answered fewest calls since logging in."""
    LINEAR = "linear"
    """The first free agent in the config's order, always."""
    RANDOM = "random"
    """Any, by lot."""
    WEIGHTED_RANDOM = "weighted_random"
    """By lot, an agent of twice the weight twice as often."""


# --- when -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Part of a local day: minutes after midnight as the clock on the wall shows them, ``0 <= start < end <= 1440``."""

    start: int
    end: int


DaySpans = tuple[Span, ...]
"""A day's spans, in order, none overlapping."""
Week = tuple[DaySpans, ...]
"""Seven days from Monday, each with its spans in order; a day without spans is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningDays:
    """Days that are not like their weekday."""

    country: Country = ""
    """The country whose public holidays are closed, ISO 3166; empty: none."""
    subdivision: str = ""
    """The country's region with holidays of its own, for example ``SCT``."""
    holidays: frozenset[date] = frozenset()
    """The house's own holidays, closed all day."""
    days: Mapping[date, DaySpans] = field(default_factory=dict, hash=False)
    """Days with hours of their own, holidays or not; empty spans are closed."""


@dataclass(frozen=True, slots=True)
class Hours(OpeningDays):
    """When somebody is there. One day's hours: ``days`` first, then holidays (closed all day), then the week."""

    zone: Zone
    """IANA name, for example ``Europe/London``."""
    week: Week


@dataclass(frozen=True, slots=True, kw_only=True)
class CallingRules:
    """Whom the calling hours' week does not bind, and when it does not hold."""

    chosen: Span = Span(8 * 60, 21 * 60)
    """A time that the customer chose may lie here, on any day that has calling hours."""
    holidays: bool = True
    """Whether nobody is rung on a public holiday of the number's country."""


@dataclass(frozen=True, slots=True)
class Calling(CallingRules):
    """When customers may be rung, by the clock where they live."""

    week: Week


@dataclass(frozen=True, slots=True)
class Slots:
    """Times at which a callback may be promised."""

    enabled: bool = True
    """Whether times are proposed at all."""
    length_s: Annotated[Seconds, Means("quarter hours that divide the day")] = 1800.0
    """A whole number of quarter hours that divides the day."""
    capacity: Annotated[int, Ge(1), Le(10_000)] = 2
    """Promises per slot."""
    exceptions: Mapping[str, Annotated[int, Ge(0), Le(10_000)]] = field(default_factory=dict)
    """Other capacities: by ``"2026-12-24"`` for a day, by ``"monday 09:00"``, ``"09:00"`` for a start; 0 closes."""
    lead_s: Seconds = 3600.0
    """How long before its start a slot can be taken at the latest."""
    horizon_days: Annotated[int, Ge(0), Le(7)] = 7
    """How many days ahead may be booked, today not counted."""
    choices: Annotated[int, Ge(1), Le(3)] = 3
    """How many times are read out."""


# --- who may stand in the line --------------------------------------------------------------------------------------


class Way(StrEnum):
    """What becomes of a caller whom a rule takes out of, or keeps out of, the line."""

    WAIT = "wait"
    """The rule does nothing: they wait."""
    CALLBACK = "callback"
    """A callback at a time is proposed; the last resort that is never a dead end."""
    QUEUE = "queue"
    """Another queue, with the time of arrival kept."""
    DIALPLAN = "dialplan"
    """Back to the dialplan, at an extension of ``dead_man.exit_context``."""


@dataclass(frozen=True, slots=True)
class Exit:
    way: Way
    to: str = ""
    """The queue's name, or the extension."""


_WAIT, _CALLBACK = Exit(Way.WAIT), Exit(Way.CALLBACK)


@dataclass(frozen=True, slots=True)
class EntryRules:
    """Who is let into the line, and who is taken out of it."""

    max_places: Annotated[int, Ge(1)] | None = None
    """The line is full with this many places, promises included."""
    full: Exit = _CALLBACK
    """Where callers go when the line is full."""
    closed: Exit = _CALLBACK
    """Where callers go outside opening hours."""
    holiday: Exit = _CALLBACK
    """Where callers go on a holiday."""
    no_agents: Exit = _WAIT
    """Where callers go when no agent is logged in."""
    all_paused: Exit = _WAIT
    """Where callers go when every agent who is logged in is paused."""
    max_wait_s: Annotated[Seconds, Ge(1)] | None = None
    """How long a caller may stand in this line."""
    max_wait: Exit = _CALLBACK
    """Where callers go after that."""
    empty_after_s: Seconds | None = None
    """After this long with no agent at work, waiting callers are taken out; not set: never."""
    empty_when_paused: bool = False
    """Whether a queue with only paused agents counts as empty."""
    empty: Exit = _CALLBACK
    """Where waiting callers go when the queue is empty."""
    key: Annotated[str, Pattern(r"^[0-9*#]?$")] = ""
    """A key that takes a waiting caller out, other than the offer's 1 and 2; callers are told of it; empty: none."""
    key_exit: Exit = _CALLBACK
    """Where callers go who press it."""


# --- who serves -----------------------------------------------------------------------------------------------------


LevelSteps = tuple[tuple[float, int], ...]
"""(seconds waited, the level that then suffices), in order of time."""
LimitSteps = tuple[tuple[float, int | None], ...]
"""(seconds waited, the limit from then on, None without limit), in order of time."""


@dataclass(frozen=True, slots=True)
class Need:
    """A skill that an agent must have to be given a place, and how the demand falls with the wait."""

    skill: Annotated[str, Key()]
    level: Annotated[int, Ge(1), Le(100)] = 1
    """The level that an agent must have."""
    relax: LevelSteps = ()
    """Pairs of seconds waited and the level that then suffices, in order of time; level 0 asks for nothing."""


@dataclass(frozen=True, slots=True)
class Penalties:
    """Agents of lower penalty are rung first. Agents above the limit are not rung at all, until it widens."""

    limit: Annotated[int, Ge(0)] | None = None
    """The highest penalty that is rung; not set: everybody."""
    widen: LimitSteps = ()
    """Pairs of seconds waited and the limit from then on, in order of time; ``"any"`` lifts it."""
    ignore_below: Annotated[int, Ge(0)] = 0
    """With fewer agents than this at work, penalties do not count."""


@dataclass(frozen=True, slots=True)
class Reserves:
    """When agents in reserve are called in by themselves; either threshold suffices, none set never does."""

    waited_s: Seconds | None = None
    """For a place that has waited this long."""
    places: Annotated[int, Ge(1)] | None = None
    """While at least this many places stand in the line."""


class Reserve(StrEnum):
    """Whether an agent has other work and is given calls only when called in."""

    NO = "no"
    """Given calls like everybody."""
    YES = "yes"
    """Given calls only when called in."""
    CALLBACKS = "callbacks"
    """Called in for callbacks only."""


class DirectType(IntEnum):
    """Which calls open a direct callback window, and which close it."""

    OFF = 0
    """None is opened."""
    UNSUCCESSFUL = 1
    """An unsuccessful attempt opens; a conversation closes."""
    RESTARTING = 2
    """As 1, and each new attempt restarts."""
    ANY = 3
    """Unsuccessful and successful calls open, each attempt restarts, talking does not close."""
    EXTENDING = 4
    """As 3, and the customer's own calls restart it too."""


@dataclass(frozen=True, slots=True)
class Direct:
    """A customer whom an agent tried to reach gets that agent straight away, for a while."""

    type: DirectType = DirectType.OFF
    """Which of an agent's own calls open a window."""
    window_s: Annotated[Seconds, Gt(0)] = 3600.0
    """How long the window stays open."""
    wait_s: Seconds = 30.0
    """How long the customer waits for this agent alone when busy or paused; 0 joins the queue at once."""
    wait_when_gone: bool = False
    """Whether that holds for an agent who is logged out too."""
    priority: Priority = 0
    """Added in the line when the agent could not be had."""


class DialPolicy(StrEnum):
    """When a customer whose turn comes is dialled."""

    AGENT_FIRST = "agent_first"
    """An agent is reserved, then the customer dialled."""
    CUSTOMER_FIRST = "customer_first"
    """The customer first in line is dialled, the next free agent gets the call."""
    LOOK_AHEAD = "look_ahead"
    """As ``agent_first``, but earlier when an agent will in all likelihood be free at the answer."""


# --- a queue ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Announcements:
    """When a waiting caller is spoken to."""

    first_after_s: Seconds = 0.0
    """Pause between the greeting and the first announcement."""
    every_s: Annotated[Seconds, Ge(5)] = 45.0
    """Pause between announcements."""
    position: bool = True
    """Whether callers hear their position."""
    wait: bool = True
    """Whether callers hear their expected wait."""
    min_gap_s: Seconds = 10.0
    """No two announcements begin within this time, whatever their reasons."""


@dataclass(frozen=True, slots=True)
class Offer:
    """When a caller is offered a callback; any one of the thresholds suffices."""

    enabled: bool = True
    """Whether callbacks are offered at all."""
    estimated_wait_s: Seconds | None = 120.0
    """A threshold: the caller's estimated wait."""
    waited_s: Seconds | None = 300.0
    """A threshold: how long the caller has waited."""
    line_length: Annotated[int, Ge(1)] | None = None
    """A threshold: places in the line, the caller's included."""
    max_open_promises: Annotated[int, Ge(0)] = 100
    """With this many open promises in the queue, none is offered."""
    every_s: Seconds = 0.0
    """The offer is repeated no sooner than this; 0 with every announcement."""
    share: Annotated[float, Ge(0), Le(1)] = 1.0
    """Share of callers, drawn by lot, who are offered a callback at all."""
    min_live: Annotated[int, Ge(0)] = 0
    """With no more live callers waiting than this, nothing is offered."""
    solvent: bool = True
    """No turn is promised that the time until closing cannot keep; then only times are offered."""
    last_s: Seconds = 0.0
    """No turn is promised this close to closing, whatever the estimate is."""
    at_closing: bool = True
    """Whether those still waiting are offered a time when the queue closes."""
    call_back_lost: bool = False
    """Whether callers whom Asterisk cut off while they waited are called back at their place, unasked."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and after what pause a customer is dialled again."""

    max_attempts: Annotated[int, Ge(1), Le(20)] = 3
    """Attempts in all."""
    busy_gap_s: Seconds = 300.0
    """Pause after an attempt that ended busy or refused."""
    no_answer_gap_s: Seconds = 900.0
    """Pause after an attempt that nobody answered."""
    no_key_gap_s: Seconds = 900.0
    """Pause after a call that was answered without the key being pressed."""
    congestion_gap_s: Seconds = 60.0
    """Pause after a failure of the trunk."""
    cut_off_gap_s: Annotated[Seconds, Ge(120)] = 120.0
    """Pause after a call that was answered and that we could not go through with; the next begins with an apology."""
    max_busy: Annotated[int, Ge(1)] | None = None
    """Attempts that may end busy or refused; not set: as many as ``max_attempts`` allows."""
    max_no_answer: Annotated[int, Ge(1)] | None = None
    """Attempts that may stay unanswered; not set: as many as ``max_attempts`` allows."""
    max_no_key: Annotated[int, Ge(1)] | None = None
    """Attempts that may be answered without the key; not set: as many as ``max_attempts`` allows."""
    expire_s: Seconds = 24 * 3600.0
    """Age, in opening hours, at which a promise that could not be kept is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuKeys:
    """What the keys of a menu mean."""

    otherwise: QueueName
    """The queue of callers who press nothing, or nothing that is meant."""
    choices: Mapping[Digit, Name] = field(default_factory=dict)
    """Queue or menu by key; empty: only the language is asked. Its words are ``prompts.texts.<language>.menu-<name>``,
    or a recording of that name."""
    languages: Mapping[Annotated[str, Pattern(r"^[1-9]$")], Language] = field(default_factory=dict)
    """Language by key, asked first of callers for whom the dialplan sets no ``CBD_LANGUAGE``."""


@dataclass(frozen=True, slots=True)
class Menu(MenuKeys):
    """What callers are asked before they stand in a line. The dialplan names it where it would name a queue."""

    name: str
    language: str = "en"
    """Spoken to callers who choose none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRules:
    """What a queue's section of the file holds in the domain's own words."""

    strategy: Strategy = Strategy.LONGEST_IDLE
    """How the queue picks among its free agents."""
    priority: Priority = 0
    """Higher is served first by agents of several queues."""
    ring_s: Annotated[Seconds, Gt(0), Le(300)] = 15.0
    """How long an agent's phone rings."""
    wrap_up_s: Seconds = 10.0
    """How long agents are left alone after a call."""
    music: Annotated[str, Pattern(r"^[A-Za-z0-9_-]{1,64}$")] = "default"
    """The class of music on hold, from Asterisk's ``musiconhold.conf``."""
    expected_handle_s: Annotated[Seconds, Gt(0)] = 240.0
    """Average handle time assumed until calls have been seen."""
    wrap_up_extend_s: Annotated[Seconds, Gt(0)] = 60.0
    """By how much an agent's wrap-up grows when asked for."""
    group: Name = "default"
    """A number has at most one open promise among the queues of a group."""
    dial: DialPolicy = DialPolicy.AGENT_FIRST
    """When a customer whose turn comes is dialled."""
    waiting_share: Annotated[float, Ge(0), Le(1)] = 0.03
    """Share of answered customers who may wait more than 2 s for an agent, under ``look_ahead``."""
    penalties: Penalties = field(default_factory=Penalties)
    """Which agents are kept for later."""
    reserves: Reserves = field(default_factory=Reserves)
    """When agents in reserve are called in by themselves."""
    slots: Slots = field(default_factory=Slots)
    """Times at which a callback may be promised."""
    direct: Direct = field(default_factory=Direct)
    """Direct callback windows of the queue's agents."""
    announcements: Announcements = field(default_factory=Announcements)
    """When a waiting caller is spoken to."""
    offer: Offer = field(default_factory=Offer)
    """When a caller is offered a callback."""
    retry: Retry = field(default_factory=Retry)
    """How often a customer is dialled again."""


@dataclass(frozen=True, slots=True)
class Queue(QueueRules):
    name: QueueName
    language: str = "en"
    hours: Hours | None = None
    """None is always open."""
    rules: EntryRules = field(default_factory=EntryRules)
    needs: tuple[Need, ...] = ()


_PHONE = re.compile(r"PJSIP/[A-Za-z0-9_.-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """An agent, and the phones the agent is reached at."""

    id: Annotated[AgentId, Key()]
    # Any dial string: a phone, or a mobile through the trunk. Several at once (&) would ring two people for one call.
    endpoint: Annotated[str, Pattern(r"^[A-Za-z][A-Za-z0-9]{1,15}/[A-Za-z0-9_.@+*#:/-]{1,128}$")]
    """What Asterisk dials, for example ``PJSIP/agent1``; also how the agent's own phone is recognised."""
    queues: Annotated[tuple[Annotated[QueueName, Pattern(r"^[a-z][a-z0-9_-]{1,31}$")], ...], MinLen(1)]
    """The queues that the agent serves."""
    name: Annotated[str, MaxLen(80)] = ""
    """The agent's name, for people."""
    phones: tuple[Annotated[str, Pattern(r"^PJSIP/[A-Za-z0-9_.-]{1,64}$")], ...] = ()
    """Other phones whose feature codes are this agent's."""
    weight: Annotated[float, Gt(0), Le(1000)] = 1.0
    """Share of calls under ``weighted_random``, relative to the others'."""
    skills: Mapping[Name, Annotated[int, Ge(1), Le(100)]] = field(default_factory=dict)
    """Level by skill."""
    penalties: Mapping[Annotated[QueueName, Pattern(r"^[a-z][a-z0-9_-]{1,31}$")], Annotated[int, Ge(0), Le(1000)]] = (
        field(default_factory=dict)
    )
    """Penalty by queue; a queue that is not named has 0."""
    reserve: Reserve = Reserve.NO
    """Whether the agent has other work and is given calls only when called in."""
    accept_key: Annotated[str, Pattern(r"^[0-9*#]?$")] = ""
    """The digit by which the agent takes a call after picking up, so that a voicemail does not; empty: none."""
    accept_s: Annotated[Seconds, Gt(0)] = 10.0
    """How long to wait for that key."""
    wrap_up_s: Seconds | None = None
    """Wrap-up instead of the queue's."""
    ring_in_use: bool | None = None
    """Whether the agent is rung while the phone is in use by an own call, instead of ``[ringing] ring_in_use``."""
    direct: Direct | None = None
    """Direct callback windows instead of the queue's."""

    @property
    def watched(self) -> tuple[str, ...]:
        """The agent's own phones whose state Asterisk knows; that of a trunk says nothing of a mobile behind it."""
        return tuple(phone for phone in dict.fromkeys((self.endpoint, *self.phones)) if _PHONE.fullmatch(phone))


# --- the house --------------------------------------------------------------------------------------------------------


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
    # Asterisk gives up after 32 s when nobody answers its INVITE at all; that end is told from a phone that rings.
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
    """How much may be asked for and dialled: against strangers who have others rung, and against run-away cost."""

    number_hour: Annotated[int, Ge(1)] = 2
    """Callbacks asked for to one number within an hour."""
    number_day: Annotated[int, Ge(1)] = 4
    """The same within 24 hours."""
    caller_day: Annotated[int, Ge(1)] = 3
    """Callbacks asked for by one caller within 24 hours, to numbers other than the caller's own."""
    block_hour: Annotated[int, Ge(1)] = 10
    """Callbacks asked for to numbers alike but for their last four digits, within an hour."""
    dials_day: Annotated[int, Ge(0)] = 200
    """Customers dialled on one day by the site's clock; alarms at 50, 80 and 100 %, then promises wait for the next."""
    minutes_day: Annotated[float, Ge(0), Unit("min")] = 600.0
    """Minutes from customers' answers to the ends of their calls on one day, likewise."""
    late_slow: Annotated[float, Ge(0), Le(1)] = 0.01
    """Share of customers who pressed 1 and had no agent within 2 s, above which agents are free before a dial."""
    late_stop: Annotated[float, Ge(0), Le(1)] = 0.03
    """The same, above which dialling stops until a supervisor lets it go on."""
    late_least: Annotated[int, Ge(1)] = 50
    """With fewer customers than this who pressed 1 within 24 hours, the shares say nothing."""
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
    secret: Annotated[bytes, Elsewhere()] = field(default=b"", repr=False)
    """By which the do-not-call list knows a number again."""


@dataclass(frozen=True, slots=True)
class Reports:
    """How the metrics count."""

    short_abandon_s: Seconds = 5.0
    """Callers who hang up sooner are counted apart."""
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
    """Whether an agent whose phone is in use by an own call, outside the queue, is rung all the same."""
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

    # Asterisk takes no sign of life while it plays, so the switch must outlast the longest that is ever said in a row.
    waiting_s: Annotated[Seconds, Ge(60)] = 60.0
    """Asterisk takes a waiting caller to the fallback queue this long after the last sign of life from us."""
    talking_s: Annotated[Seconds, Ge(600)] = 4 * 3600.0
    """The same for a caller who talks to an agent."""
    fallback_context: Context = "callbackd-fallback"
    """Where in the dialplan callers go whom we cannot serve; the extension is the queue's name."""
    exit_context: Context = "callbackd-exits"
    """Where in the dialplan callers go by ``dialplan:<extension>``."""


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
    """Where the house stands: the clock by which times are spoken, unless the queue's hours have another."""
    reports: Reports = field(default_factory=Reports)

    def language_at(self, endpoint: str) -> str:
        """The language of the agent of this phone, that of the queue named first; the house's for anybody else."""
        agent = next((a for a in self.agents.values() if endpoint in {a.endpoint, *a.phones}), None)
        queue = self.queues.get(agent.queues[0]) if agent and agent.queues else None
        return queue.language if queue else self.language

    def watched(self) -> tuple[str, ...]:
        """All agents' phones whose state Asterisk knows."""
        return tuple(dict.fromkeys(phone for agent in self.agents.values() for phone in agent.watched))

    def is_agents(self, endpoint: str) -> bool:
        """Whether this is the technology and name of an agent's phone."""
        return any(endpoint in {agent.endpoint, *agent.phones} for agent in self.agents.values())
