"""Direct callback: a customer whom an agent tried to reach gets that agent straight away, for a while.

For each type (settings.DirectType) the table has what an event does to an open window, and whether it opens one.
A window whose time is over counts as none; nothing needs to happen at that moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from callbackd.domain.ids import AgentId
from callbackd.domain.lives.agent import Agent, Presence
from callbackd.domain.lives.life import Ignored
from callbackd.domain.settings import Direct, DirectType


class Window(Enum):
    NONE = "none"
    OPEN = "open"


class Trigger(Enum):
    UNSUCCESSFUL = "unsuccessful"
    """The agent called the customer and did not reach them."""
    SUCCESSFUL = "successful"
    """The agent called the customer and they talked."""
    CONVERSATION = "conversation"
    """They talked in a call of the queue, whichever side dialled."""
    CUSTOMER_CALL = "customer_call"
    """The customer rang us."""


class Effect(Enum):
    OPEN = "open"
    RESTART = "restart"
    CLOSE = "close"


_off, _one, _two, _three, _four = DirectType
_none, _open = Window
_t = Trigger
_disabled = Ignored("there are no windows here")
_no_window = Ignored("there is no window")
_only_missed = Ignored("only an unsuccessful attempt opens a window of this type")
_no_restart = Ignored("a window of type 1 is not restarted")
_talking = Ignored("talking does not close a window of this type")
_customers = Ignored("the customer's own calls do not extend a window of this type")

TABLE: dict[tuple[DirectType, Window, Trigger], Effect | Ignored] = {
    **{(_off, window, trigger): _disabled for window in Window for trigger in Trigger},
    **{(kind, _none, _t.UNSUCCESSFUL): Effect.OPEN for kind in (_one, _two, _three, _four)},
    **{(kind, _none, _t.SUCCESSFUL): _only_missed for kind in (_one, _two)},
    **{(kind, _none, _t.SUCCESSFUL): Effect.OPEN for kind in (_three, _four)},
    **{(kind, _none, _t.CONVERSATION): _no_window for kind in (_one, _two, _three, _four)},
    **{(kind, _none, _t.CUSTOMER_CALL): _no_window for kind in (_one, _two, _three, _four)},
    (_one, _open, _t.UNSUCCESSFUL): _no_restart,
    **{(kind, _open, _t.UNSUCCESSFUL): Effect.RESTART for kind in (_two, _three, _four)},
    **{(kind, _open, _t.SUCCESSFUL): Effect.CLOSE for kind in (_one, _two)},
    **{(kind, _open, _t.SUCCESSFUL): Effect.RESTART for kind in (_three, _four)},
    **{(kind, _open, _t.CONVERSATION): Effect.CLOSE for kind in (_one, _two)},
    **{(kind, _open, _t.CONVERSATION): _talking for kind in (_three, _four)},
    **{(kind, _open, _t.CUSTOMER_CALL): _customers for kind in (_one, _two, _three)},
    (_four, _open, _t.CUSTOMER_CALL): Effect.RESTART,
}


@dataclass(frozen=True, slots=True)
class DirectWindow:
    id: str
    """``<agent> <number>``: at most one between an agent and a customer."""
    agent: AgentId
    number: str
    """E.164, with +."""
    opened_at: float
    expires_at: float
    """When the window ends; a closed one ended in the past."""


def of(agent: AgentId, number: str) -> str:
    return f"{agent} {number}"


@dataclass(frozen=True, slots=True)
class Straight:
    """The customer is for this agent alone, until then."""

    until: float
    reason: str


@dataclass(frozen=True, slots=True)
class Join:
    """The customer joins the queue, with the window's priority."""

    reason: str


def decide(settings: Direct, agent: Agent, ring_s: float, now: float) -> Straight | Join:
    """Whether a customer with an open window waits for its agent. A free agent has the time of a ring to answer."""
    if agent.free(now):
        return Straight(now + max(settings.wait_s, ring_s), f"{agent.id} is free")
    if agent.presence is Presence.LOGGED_OUT and not settings.wait_when_gone:
        return Join(f"{agent.id} is logged out")
    state = agent.presence.value if agent.presence is not Presence.AVAILABLE else agent.activity.value
    if settings.wait_s <= 0:
        return Join(f"{agent.id} is {state}, and nobody waits for one agent here")
    return Straight(now + settings.wait_s, f"{agent.id} is {state}: worth a wait of {settings.wait_s:.0f} s")
