"""What an operator may set, as the domain sees it: complete, checked and immutable (``app.config`` reads the file)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

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


@dataclass(frozen=True, slots=True)
class Announcements:
    """When a waiting caller is spoken to."""

    first_after_s: float = 0.0
    """Pause between the greeting and the first announcement."""
    every_s: float = 45.0
    """Pause between announcements, more than 0."""
    position: bool = True
    wait: bool = True


@dataclass(frozen=True, slots=True)
class Offer:
    """When a caller is offered a callback; any one of the thresholds suffices."""

    enabled: bool = True
    estimated_wait_s: float | None = 120.0
    waited_s: float | None = 300.0
    max_open_promises: int = 100


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and after what pause a customer is dialled again. Gaps in seconds."""

    max_attempts: int = 3
    busy_gap_s: float = 300.0
    no_answer_gap_s: float = 900.0
    no_key_gap_s: float = 900.0
    congestion_gap_s: float = 60.0
    expire_s: float = 24 * 3600.0
    """Age at which a promise that could not be kept is given up."""


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
    weight: float = 1.0
    """Share of calls under ``weighted_random``, relative to the others'."""


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


@dataclass(frozen=True, slots=True)
class Settings:
    queues: Mapping[QueueName, Queue]
    agents: Mapping[AgentId, AgentSettings]
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
