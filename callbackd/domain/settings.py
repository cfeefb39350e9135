"""What an operator may set, as the domain sees it: complete, checked and immutable (``app.config`` reads the file)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum, StrEnum

from callbackd.domain.ids import AgentId, QueueName


class Strategy(StrEnum):
    """How a queue picks among its free agents."""

    RING_ALL = "ring_all"  # everybody at once, the first to answer gets the caller
    LONGEST_IDLE = "longest_idle"  # who has been free for longest
    ROUND_ROBIN = "round_robin"  # in the config's order, the one after whom the queue rang last
    FEWEST_CALLS = "fewest_calls"  # who has answered fewest since logging in
    LINEAR = "linear"  # the first in the config's order, always
    RANDOM = "random"
    WEIGHTED_RANDOM = "weighted_random"  # by the agents' weights


# --- when -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Part of a local day: minutes after midnight as the clock on the wall shows them, ``0 <= start < end <= 1440``."""

    start: int
    end: int


Week = tuple[tuple[Span, ...], ...]
"""Seven days from Monday, each with its spans in order; a day without spans is closed."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When somebody is there. One day's hours: ``days`` first, then holidays (closed all day), then the week."""

    zone: str
    """IANA name, for example ``Europe/London``."""
    week: Week
    country: str = ""
    """ISO 3166 code whose public holidays are closed; empty: none."""
    subdivision: str = ""
    """The country's region with holidays of its own, for example ``SCT``."""
    holidays: frozenset[date] = frozenset()
    """The house's own holidays."""
    days: Mapping[date, tuple[Span, ...]] = field(default_factory=dict, hash=False)
    """Days with hours of their own, holidays or not; empty spans are closed."""


@dataclass(frozen=True, slots=True)
class Calling:
    """When customers may be rung, by the clock where they live (spec/security.md)."""

    week: Week
    chosen: Span = Span(8 * 60, 21 * 60)
    """A time that the customer chose may lie here, on any day that has hours in ``week``."""
    holidays: bool = True
    """Whether nobody is rung on a public holiday of the number's country."""


@dataclass(frozen=True, slots=True)
class Slots:
    """Times at which a callback may be promised."""

    enabled: bool = True
    length_s: float = 1800.0
    """A whole number of quarter hours that divides the day."""
    capacity: int = 2
    """Promises per slot, at least 1."""
    exceptions: Mapping[str, int] = field(default_factory=dict)
    """Other capacities: by ``"2026-12-24"`` for a day, by ``"monday 09:00"``, ``"09:00"`` for a start; 0 closes."""
    lead_s: float = 3600.0
    """How long before its start a slot can be taken at the latest."""
    horizon_days: int = 7
    """How many days ahead may be booked, today not counted."""
    choices: int = 3
    """How many are read out, 1 to 3."""


# --- who may stand in the line --------------------------------------------------------------------------------------


class Way(StrEnum):
    """What becomes of a caller whom a rule takes out of, or keeps out of, the line."""

    WAIT = "wait"  # the rule does nothing: they wait
    CALLBACK = "callback"  # a callback at a time is proposed; the last resort that is never a dead end
    QUEUE = "queue"  # another queue, with the time of arrival kept
    DIALPLAN = "dialplan"  # back to the dialplan, at an extension of ``Settings.exit_context``


@dataclass(frozen=True, slots=True)
class Exit:
    way: Way
    to: str = ""
    """The queue's name, or the extension."""


_WAIT, _CALLBACK = Exit(Way.WAIT), Exit(Way.CALLBACK)


@dataclass(frozen=True, slots=True)
class EntryRules:
    """Who is let into the line, and who is taken out of it."""

    max_places: int | None = None
    """The line is full with so many places, promises included."""
    full: Exit = _CALLBACK
    closed: Exit = _CALLBACK
    holiday: Exit = _CALLBACK
    no_agents: Exit = _WAIT
    """Nobody is logged in."""
    all_paused: Exit = _WAIT
    """Everybody who is logged in is paused."""
    max_wait_s: float | None = None
    """How long a caller may stand in this line."""
    max_wait: Exit = _CALLBACK
    empty_after_s: float | None = None
    """How long nobody must have been at work before waiting callers are taken out; None never takes them out."""
    empty_when_paused: bool = False
    """Whether a queue with only paused agents counts as empty."""
    empty: Exit = _CALLBACK
    key: str = ""
    """A digit that takes a waiting caller out, other than the offer's 1 and 2; empty: none."""
    key_exit: Exit = _CALLBACK


# --- who serves -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Need:
    """A skill that an agent must have to be given a place, and how the demand falls with the wait."""

    skill: str
    level: int = 1
    relax: tuple[tuple[float, int], ...] = ()
    """(waited for so many seconds, the level that then suffices), in order of time; level 0 asks for nothing."""


@dataclass(frozen=True, slots=True)
class Penalties:
    """Agents of lower penalty are rung first. Who has more than the limit is not rung at all, until it widens."""

    limit: int | None = None
    """None: everybody."""
    widen: tuple[tuple[float, int | None], ...] = ()
    """(waited for so many seconds, the limit from then on), in order of time."""
    ignore_below: int = 0
    """With fewer agents than this at work, penalties do not count."""


@dataclass(frozen=True, slots=True)
class Reserves:
    """When agents in reserve are called in by themselves; either threshold suffices, None never."""

    waited_s: float | None = None
    """For a place that has waited so long."""
    places: int | None = None
    """While at least so many places stand in the line."""


class Reserve(StrEnum):
    """Whether an agent has other work and is given calls only when called in."""

    NO = "no"
    YES = "yes"
    CALLBACKS = "callbacks"  # called in for callbacks only


class DirectType(IntEnum):
    """Direct callback windows, as spec/product.md counts them."""

    OFF = 0
    UNSUCCESSFUL = 1  # an unsuccessful attempt opens; a conversation closes
    RESTARTING = 2  # as 1, and each new attempt restarts
    ANY = 3  # unsuccessful and successful calls open, each attempt restarts, talking does not close
    EXTENDING = 4  # as 3, and the customer's own calls restart it too


@dataclass(frozen=True, slots=True)
class Direct:
    """A customer whom an agent tried to reach gets that agent straight away, for a while."""

    type: DirectType = DirectType.OFF
    window_s: float = 3600.0
    wait_s: float = 30.0
    """How long the customer waits for this agent alone when busy or paused; 0 joins the queue at once."""
    wait_when_gone: bool = False
    """Whether that holds for an agent who is logged out too."""
    priority: int = 0
    """Added in the line when the agent could not be had."""


class DialPolicy(StrEnum):
    """When a customer whose turn comes is dialled."""

    AGENT_FIRST = "agent_first"  # an agent is reserved, then the customer dialled
    CUSTOMER_FIRST = "customer_first"  # the customer first in line is dialled, the next free agent gets the call
    LOOK_AHEAD = "look_ahead"  # as agent_first, but earlier when an agent will in all likelihood be free at the answer


# --- a queue ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Announcements:
    """When a waiting caller is spoken to."""

    first_after_s: float = 0.0
    """Pause between the greeting and the first announcement."""
    every_s: float = 45.0
    """Pause between announcements, more than 0."""
    position: bool = True
    wait: bool = True
    min_gap_s: float = 10.0
    """No two announcements begin within this time, whatever their reasons."""


@dataclass(frozen=True, slots=True)
class Offer:
    """When a caller is offered a callback; any one of the thresholds suffices."""

    enabled: bool = True
    estimated_wait_s: float | None = 120.0
    waited_s: float | None = 300.0
    line_length: int | None = None
    """Places in the line, the caller's included."""
    max_open_promises: int = 100
    every_s: float = 0.0
    """The offer is repeated no sooner than this; 0 with every announcement."""
    share: float = 1.0
    """Share of callers, drawn by lot, who are offered a callback at all."""
    min_live: int = 0
    """So many live callers are kept: with no more waiting, nothing is offered."""
    solvent: bool = True
    """No turn is promised that the time until closing cannot keep; then only times are offered."""
    last_s: float = 0.0
    """No turn is promised this close to closing, whatever the estimate says."""
    at_closing: bool = True
    """Whether those still waiting are offered a time when the queue closes."""
    call_back_lost: bool = False
    """Whether callers whom Asterisk cut off while they waited are called back at their place, unasked."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and after what pause a customer is dialled again. Gaps in seconds."""

    max_attempts: int = 3
    busy_gap_s: float = 300.0
    no_answer_gap_s: float = 900.0
    no_key_gap_s: float = 900.0
    congestion_gap_s: float = 60.0
    cut_off_gap_s: float = 120.0
    """After a call that was answered and that we could not go through with; the next one begins with an apology."""
    max_busy: int | None = None
    """Attempts that may end busy or refused; None: as many as ``max_attempts`` allows. The same for the others."""
    max_no_answer: int | None = None
    max_no_key: int | None = None
    expire_s: float = 24 * 3600.0
    """Age, in opening hours, at which a promise that could not be kept is given up."""


@dataclass(frozen=True, slots=True)
class Menu:
    """What callers are asked before they stand in a line. The dialplan names it where it would name a queue."""

    name: str
    otherwise: QueueName
    """The queue of those who press nothing, or nothing that is meant."""
    choices: Mapping[str, str] = field(default_factory=dict)
    """Queue or menu by key; empty: only the language is asked."""
    languages: Mapping[str, str] = field(default_factory=dict)
    """Language by key, 1 to 9, asked first of callers whose language the dialplan does not tell."""
    language: str = "en"
    """Spoken to those who choose none."""


@dataclass(frozen=True, slots=True)
class Queue:
    name: QueueName
    strategy: Strategy = Strategy.LONGEST_IDLE
    priority: int = 0
    """Higher is served first by agents of several queues."""
    ring_s: float = 15.0
    wrap_up_s: float = 10.0
    music: str = "default"
    language: str = "en"
    expected_handle_s: float = 240.0
    """Average handle time assumed until calls have been seen."""
    wrap_up_extend_s: float = 60.0
    """By how much an agent's wrap-up grows when asked for."""
    group: str = "default"
    """A number has at most one open promise among the queues of a group."""
    hours: Hours | None = None
    """None is always open."""
    dial: DialPolicy = DialPolicy.AGENT_FIRST
    waiting_share: float = 0.03
    """Share of answered customers who may wait more than 2 s for an agent, under ``look_ahead``."""
    rules: EntryRules = field(default_factory=EntryRules)
    needs: tuple[Need, ...] = ()
    penalties: Penalties = field(default_factory=Penalties)
    reserves: Reserves = field(default_factory=Reserves)
    slots: Slots = field(default_factory=Slots)
    direct: Direct = field(default_factory=Direct)
    announcements: Announcements = field(default_factory=Announcements)
    offer: Offer = field(default_factory=Offer)
    retry: Retry = field(default_factory=Retry)


@dataclass(frozen=True, slots=True)
class AgentSettings:
    id: AgentId
    endpoint: str
    """What Asterisk dials, for example ``PJSIP/agent1``; also how the agent's own phone is recognised."""
    queues: tuple[QueueName, ...]
    name: str = ""
    phones: tuple[str, ...] = ()
    """Other phones whose feature codes are this agent's."""
    weight: float = 1.0
    """Share of calls under ``weighted_random``, relative to the others'."""
    skills: Mapping[str, int] = field(default_factory=dict)
    """Level by skill, 1 and above."""
    penalties: Mapping[QueueName, int] = field(default_factory=dict)
    """By queue, 0 and above; a queue that is not named has 0."""
    reserve: Reserve = Reserve.NO
    accept_key: str = ""
    """The digit by which the agent takes a call after picking up, so that a voicemail does not; empty: none."""
    accept_s: float = 10.0
    """How long to wait for that key."""
    wrap_up_s: float | None = None
    """Instead of the queue's."""
    direct: Direct | None = None
    """Instead of the queue's."""


@dataclass(frozen=True, slots=True)
class Dialling:
    """How customers are rung."""

    endpoint: str = "PJSIP/{number}@trunk"
    """``{number}`` becomes the digits of the number; nothing else of a customer ever enters it."""
    caller_id: str = ""
    """The number shown to customers."""
    plus: bool = True
    """Whether ``{number}`` keeps its leading ``+``."""
    ring_s: float = 30.0
    key_s: float = 10.0
    """How long a customer has to press 1 after each reading of the menu."""
    menu_readings: int = 2
    in_flight: int = 5
    per_s: float = 0.0
    """Dials a second at most, so that promises due at once do not leave at once; 0 is no limit."""
    breaker_failures: int = 5
    """After so many failures of the trunk in a row nobody is dialled over it for a while; 0: never."""
    breaker_open_s: float = 30.0
    answer_s: float = 12.0
    """How long customers take to answer, as far as is known before it has been measured."""
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Numbers:
    """Whom we may call: spec/security.md."""

    region: str = "GB"
    """ISO 3166 region by which national numbers are read."""
    allowed_regions: frozenset[str] = frozenset()
    """Regions that may be dialled; empty means ``region`` alone."""
    own: frozenset[str] = frozenset()
    """Our own numbers in E.164: never dialled."""
    deny_prefixes: tuple[str, ...] = ()
    """E.164 prefixes that are never dialled."""
    secret: bytes = field(default=b"", repr=False)
    """By which the do-not-call list knows a number again."""


@dataclass(frozen=True, slots=True)
class Reports:
    """How the metrics count."""

    short_abandon_s: float = 5.0
    """Who hangs up sooner is counted apart."""
    thresholds_s: tuple[float, ...] = (20.0, 30.0, 60.0)
    """Of the service levels."""
    repeat_days: int = 7
    """The same customer again within so many days is a repeat call."""
    days_kept: int = 8
    """How many days of quarter hours stay in memory: today, and the same weekday a week ago."""


@dataclass(frozen=True, slots=True)
class Settings:
    queues: Mapping[QueueName, Queue]
    agents: Mapping[AgentId, AgentSettings]
    menus: Mapping[str, Menu] = field(default_factory=dict)
    """By name; none has the name of a queue."""
    dialling: Dialling = field(default_factory=Dialling)
    numbers: Numbers = field(default_factory=Numbers)
    language: str = "en"
    """Spoken where no queue's language applies."""
    rona_limit: int = 3
    """Unanswered rings in a row after which an agent is paused; 0 never pauses."""
    miss_rest_s: float = 5.0
    """How long an agent who did not answer is left alone."""
    dead_man_s: float = 60.0
    """Asterisk takes a waiting caller to the fallback queue this long after the last sign of life from us."""
    talk_limit_s: float = 4 * 3600.0
    """The dead-man time-out of a caller who talks to an agent."""
    fallback_context: str = "callbackd-fallback"
    """Where in the dialplan callers go whom we cannot serve; the extension is the queue's name."""
    exit_context: str = "callbackd-exits"
    """Where in the dialplan callers go by ``Way.DIALPLAN``."""
    priority_worth_s: float | None = None
    """How many seconds of waiting a point of priority is worth; None: higher priority always comes first."""
    calling: Calling | None = None
    """None: customers may be rung at any hour."""
    zone: str = "UTC"
    """Where the house stands: the clock by which times are spoken, unless the queue's hours have another."""
    reports: Reports = field(default_factory=Reports)
