"""A queue, what its callers hear and are offered, and the menus before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import Ge, Gt, Le

from callbackd.domain.ids import QueueName
from callbackd.domain.settings.entry import EntryRules
from callbackd.domain.settings.hours import Hours, Slots
from callbackd.domain.settings.service import DialPolicy, Direct, Need, Penalties, Reserves, Strategy
from callbackd.domain.settings.values import Digit, Language, Name, Pattern, Priority, Seconds


@dataclass(frozen=True, slots=True)
class Announcements:
    """When a waiting caller is spoken to."""

    greet_if_free: bool = True
    """Whether callers are greeted for whom an agent is free. Otherwise they hear music until the agent answers, and no
    greeting is begun that a quick answer would cut off."""
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
    """The most attempts that count."""
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
    """The queue for callers who press nothing, or keys without a meaning."""
    choices: Mapping[Digit, Name] = field(default_factory=dict)
    """Queue or menu by key; empty: only the language is asked. Its words are ``prompts.texts.<language>.menu-<name>``,
    or a recording of that name."""
    languages: Mapping[Annotated[str, Pattern(r"^[1-9]$")], Language] = field(default_factory=dict)
    """Language by key, asked first of callers for whom the dialplan sets no ``CBD_LANGUAGE``."""


@dataclass(frozen=True, slots=True)
class Menu(MenuKeys):
    """What callers are asked before they get a place in a line. The dialplan names a menu where it would name a
    queue."""

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
    """By how much an agent's wrap-up grows when the agent asks for it."""
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
