"""Who serves: agents, what they can do, and how one is picked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Annotated

from annotated_types import Ge, Gt, Le, MaxLen, MinLen

from callbackd.domain.ids import AgentId, QueueName
from callbackd.domain.settings.values import Key, Name, Pattern, Priority, Seconds


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
    """When agents in reserve are called in automatically; either threshold suffices, and with none set they never
    are."""

    waited_s: Seconds | None = None
    """For a place that has waited this long."""
    places: Annotated[int, Ge(1)] | None = None
    """While there are at least this many places in the line."""


class Reserve(StrEnum):
    """Whether an agent has other work and is given calls only when called in."""

    NO = "no"
    """Given calls like everybody else."""
    YES = "yes"
    """Given calls only when called in."""
    CALLBACKS = "callbacks"
    """Called in only for callbacks."""


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
    """Priority added in the line when the agent was not available."""


class DialPolicy(StrEnum):
    """When a customer whose turn comes is dialled."""

    AGENT_FIRST = "agent_first"
    """An agent is reserved, then the customer dialled."""
    CUSTOMER_FIRST = "customer_first"
    """The customer first in line is dialled, the next free agent gets the call."""
    LOOK_AHEAD = "look_ahead"
    """As ``agent_first``, but earlier if an agent will most likely be free when the customer answers."""


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
    roster: Name | None = None
    """A section of ``[hours]`` with the shifts of one agent or of many; between two spans of a day lies a break.
    Waits and offers reckon with it, nobody is logged in or out by it; not set: learned from what agents do."""

    @property
    def watched(self) -> tuple[str, ...]:
        """The agent's own phones whose state Asterisk knows; the state of a trunk says nothing about a mobile behind
        it."""
        return tuple(phone for phone in dict.fromkeys((self.endpoint, *self.phones)) if _PHONE.fullmatch(phone))
