"""An agent: two truths in two fields. Presence is what the agent chose, activity is what the calls make of it.

A presence may change at any time; it only decides whether new work comes. An agent who logs out while talking keeps
talking.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from callbackd.domain.ids import AgentId, EntryId, LegId
from callbackd.domain.lives.life import Ignored, Move, Table


class Presence(Enum):
    LOGGED_OUT = "logged_out"
    AVAILABLE = "available"
    PAUSED = "paused"


class PresenceTrigger(Enum):
    LOGIN = "login"
    LOGOUT = "logout"
    PAUSE = "pause"
    UNPAUSE = "unpause"


class Activity(Enum):
    IDLE = "idle"
    RESERVED = "reserved"
    """Kept for a customer who is being dialled."""
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap_up"


class ActivityTrigger(Enum):
    RESERVE = "reserve"
    RING = "ring"
    MISS = "miss"
    """Did not answer, refused, or the phone was not there."""
    RELEASE = "release"
    """The work went away: caller gone, another agent was faster, attempt over."""
    CONNECT = "connect"
    END = "end"
    WRAPPED = "wrapped"


_out, _available, _paused = Presence
_p = PresenceTrigger

PRESENCE: Table[Presence, PresenceTrigger] = {
    (_out, _p.LOGIN): _available,
    (_out, _p.LOGOUT): Ignored("already logged out"),
    (_out, _p.PAUSE): Ignored("not logged in"),
    (_out, _p.UNPAUSE): Ignored("not logged in"),
    (_available, _p.LOGIN): Ignored("already logged in"),
    (_available, _p.LOGOUT): _out,
    (_available, _p.PAUSE): _paused,
    (_available, _p.UNPAUSE): Ignored("not paused"),
    (_paused, _p.LOGIN): _available,
    (_paused, _p.LOGOUT): _out,
    (_paused, _p.PAUSE): Ignored("already paused"),
    (_paused, _p.UNPAUSE): _available,
}

_idle, _reserved, _ringing, _talking, _wrap_up = Activity
_a = ActivityTrigger
_not_rung = Ignored("the agent is not being rung")
_not_talking = Ignored("the agent is not talking")

ACTIVITY: Table[Activity, ActivityTrigger] = {
    (_idle, _a.RESERVE): _reserved,
    (_idle, _a.RING): _ringing,
    (_idle, _a.MISS): _not_rung,
    (_idle, _a.RELEASE): Ignored("the agent is free already"),
    (_idle, _a.CONNECT): _not_rung,
    (_idle, _a.END): _not_talking,
    (_idle, _a.WRAPPED): Ignored("no wrap-up to end"),
    (_reserved, _a.RESERVE): Ignored("reserved for another entry"),
    (_reserved, _a.RING): _ringing,
    (_reserved, _a.MISS): _not_rung,
    (_reserved, _a.RELEASE): _idle,
    (_reserved, _a.CONNECT): _not_rung,
    (_reserved, _a.END): _not_talking,
    (_reserved, _a.WRAPPED): Ignored("no wrap-up to end"),
    (_ringing, _a.RESERVE): Ignored("being rung for another entry"),
    (_ringing, _a.RING): Ignored("being rung already"),
    (_ringing, _a.MISS): _idle,
    (_ringing, _a.RELEASE): _idle,
    (_ringing, _a.CONNECT): _talking,
    (_ringing, _a.END): _not_talking,
    (_ringing, _a.WRAPPED): Ignored("no wrap-up to end"),
    (_talking, _a.RESERVE): Ignored("the agent is talking"),
    (_talking, _a.RING): Ignored("the agent is talking"),
    (_talking, _a.MISS): Ignored("the agent answered"),
    (_talking, _a.RELEASE): Ignored("the agent is talking"),
    (_talking, _a.CONNECT): Ignored("the agent is talking"),
    (_talking, _a.END): _wrap_up,
    (_talking, _a.WRAPPED): Ignored("the agent is talking"),
    (_wrap_up, _a.RESERVE): Ignored("the agent is in wrap-up"),
    (_wrap_up, _a.RING): Ignored("the agent is in wrap-up"),
    (_wrap_up, _a.MISS): Ignored("the call is over"),
    (_wrap_up, _a.RELEASE): Ignored("the call is over"),
    (_wrap_up, _a.CONNECT): Ignored("the agent is in wrap-up"),
    (_wrap_up, _a.END): Ignored("the call is over"),
    (_wrap_up, _a.WRAPPED): _idle,
}


@dataclass(frozen=True, slots=True)
class Agent:
    id: AgentId
    presence: Presence = Presence.LOGGED_OUT
    pause_reason: str = ""
    activity: Activity = Activity.IDLE
    entry: EntryId | None = None
    """The entry the agent is reserved for, rung for, or talks with."""
    leg: LegId | None = None
    idle_since: float = 0.0
    """When the agent last became free or logged in; ``longest_idle`` orders by it."""
    misses: int = 0
    """Rings not answered in a row."""
    calls: int = 0
    """Calls answered since logging in; ``fewest_calls`` orders by it."""
    rest_until: float = 0.0
    """Not rung before this time, after a missed ring."""
    wrap_up_until: float = 0.0
    called_in: bool = False
    """An agent in reserve whom a person has called in."""
    own_call: bool = False
    """The agent's phone is in use, and not by us."""
    away: bool = False
    """The agent's phone is off: it cannot be rung."""
    back_at: float | None = None
    """When a paused agent said to be back; None: not said."""

    def free(self, now: float) -> bool:
        """Whether new work may be given."""
        return self.ready and self.activity is Activity.IDLE and self.rest_until <= now

    @property
    def ready(self) -> bool:
        """Whether the agent wants work, and could be rung for it once the work in hand is done."""
        return self.presence is Presence.AVAILABLE and not self.own_call and not self.away

    @property
    def staffed(self) -> bool:
        return self.presence is not Presence.LOGGED_OUT

    # --- its moves; the table decides which are allowed ---------------------------------------------------------------

    def reserve(self, entry: EntryId) -> Move[Agent]:
        return self._by(ActivityTrigger.RESERVE, replace(self, entry=entry))

    def ring(self, entry: EntryId, leg: LegId) -> Move[Agent]:
        return self._by(ActivityTrigger.RING, replace(self, entry=entry, leg=leg))

    def miss(self) -> Move[Agent]:
        return self._by(ActivityTrigger.MISS, replace(self, entry=None, leg=None))

    def release(self) -> Move[Agent]:
        return self._by(ActivityTrigger.RELEASE, replace(self, entry=None, leg=None))

    def connect(self) -> Move[Agent]:
        return self._by(ActivityTrigger.CONNECT, self)

    def end(self, wrap_up_until: float) -> Move[Agent]:
        """The conversation is over; the wrap-up lasts until then."""
        return self._by(ActivityTrigger.END, replace(self, entry=None, leg=None, wrap_up_until=wrap_up_until))

    def wrapped(self, now: float, rest_until: float | None = None) -> Move[Agent]:
        """The wrap-up is over; without ``rest_until`` the rest stays as it was."""
        rest_until = self.rest_until if rest_until is None else rest_until
        return self._by(ActivityTrigger.WRAPPED, replace(self, idle_since=now, rest_until=rest_until))

    def _by(self, trigger: ActivityTrigger, changed: Agent) -> Move[Agent]:
        target = ACTIVITY[self.activity, trigger]
        return Move(self, trigger.value, target if isinstance(target, Ignored) else replace(changed, activity=target))
