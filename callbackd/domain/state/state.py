"""The state: the open lives, the legs that belong to them, and the commands that this step has asked for so far.

Policies read it. Desks change it through ``move`` and ``put``, so that every change becomes a fact (``Changed``).
"""

from __future__ import annotations

from dataclasses import fields
from typing import TypeVar

from callbackd.domain import numbers
from callbackd.domain.breaker import Breaker, Refusals
from callbackd.domain.calendar import calling_hours as calling
from callbackd.domain.calendar import hours
from callbackd.domain.commands import (
    Act,
    Answered,
    Changed,
    Command,
    Decided,
    Happened,
    Happening,
    Question,
    Saved,
)
from callbackd.domain.events import Asked, DeviceState
from callbackd.domain.ids import AgentId, EntryId, LegId, Mint, QueueName
from callbackd.domain.lives.agent import Agent, Presence
from callbackd.domain.lives.attempt import Attempt
from callbackd.domain.lives.callback import Callback
from callbackd.domain.lives.direct_window import DirectWindow
from callbackd.domain.lives.do_not_call import Blocked
from callbackd.domain.lives.entry import Entry, EntryState
from callbackd.domain.lives.life import Ignored, Move
from callbackd.domain.lives.quote import Quote, Remembered
from callbackd.domain.lives.sent_out import SentOut
from callbackd.domain.lives.switch import Switch
from callbackd.domain.settings import Queue, Reserve, Settings
from callbackd.domain.state import laws
from callbackd.domain.state.index import Lines, Order
from callbackd.domain.state.rows import Rows
from callbackd.domain.state.world import World
from callbackd.domain.timers import Timers

DEVICE_SETTLES_S = 2.0
"""The state of a phone is reported later than what our leg there did: by milliseconds, longer on a busy Asterisk."""
_ROSTER_S = 86400.0
"""How far ahead the roster is read, again every quarter of that."""

Fact = str | int | float | bool | None
R = TypeVar("R", Entry, Agent, Callback, Attempt)
Row = TypeVar("Row", Entry, Agent, Callback, Attempt, DirectWindow, Blocked, Quote, Remembered, Switch, SentOut)


class State(Rows):
    def __init__(self, settings: Settings, mint: Mint) -> None:
        super().__init__(settings.agents)
        self.settings = settings
        self.mint = mint
        self.timers = Timers()
        self.now = 0.0
        dialling = settings.dialling
        self.world = World(
            Breaker(dialling.breaker_failures, dialling.breaker_open_s), Refusals(dialling.refusals_in_a_row)
        )
        self.let_go: set[EntryId] = set()
        """Whose customers are being dialled and will hardly pick up any more: no agent is kept for them."""
        self.joining: set[EntryId] = set()
        """Places whose agent has answered and whose legs Asterisk has not yet reported in one bridge."""
        self.offered_at: dict[AgentId, tuple[QueueName, float]] = {}
        """The queue of each agent's call in hand, and when the agent was rung or reserved: handle time begins there."""
        self.last_rung: dict[QueueName, AgentId] = {}
        """The agent that each queue rang last, for ``round_robin``."""
        self.devices: dict[str, DeviceState] = {}
        """What each agent's phone is doing, as far as we know."""
        self.left_at: dict[AgentId, float] = {}
        """When our last leg to each agent ended."""
        self.lines = Lines(self.order)
        self._teams: dict[QueueName, list[AgentId]] = {
            queue: [id for id, agent in settings.agents.items() if queue in agent.queues] for queue in settings.queues
        }
        self._sharing = {
            queue: frozenset(other for id in team for other in settings.agents[id].queues) | {queue}
            for queue, team in self._teams.items()
        }
        self._at_work: dict[QueueName, list[Agent]] = {}
        """Kept until an agent's row changes."""
        self.of_staff: dict[object, dict[AgentId, float]] = {}
        """What others found out about the agents who are logged in; kept until one comes, goes or is called in."""
        self._rostered: dict[AgentId, tuple[float, bool, tuple[float, ...]]] = {}
        """What the roster has for each agent in the hours ahead, and until when that is new enough."""
        self._out: list[Command] = []

    # --- what is to be done -------------------------------------------------------------------------------------

    def do(self, *acts: Act) -> None:
        self._out.extend(acts)

    def store(self, write: Question) -> None:
        self._out.append(write)

    def happened(
        self,
        what: Happening,
        *,
        entry: Entry | None = None,
        agent: AgentId | None = None,
        leg: LegId | None = None,
        text: str = "",
    ) -> None:
        """Write down what belongs into the history and changes no row."""
        queue, id = (entry.queue, entry.id) if entry else ("", None)
        self._out.append(Happened(self.now, what, queue, id, agent, leg, text))

    def answer(self, asked: Asked, why: str, subject: str = "") -> None:
        """Say what became of an act: it was done, or ``why`` not; ``subject`` is the id of what it made."""
        act = asked.act
        values = {field.name: getattr(act, field.name) for field in fields(act)}
        told = ", ".join(f"{name}={(str(v) if isinstance(v, str) else v)!r}" for name, v in values.items())
        kind = type(act).__name__
        self._out.append(
            Answered(self.now, asked.request, asked.who, asked.source, kind, told, asked.reason, not why, why, subject)
        )

    def note(self, subject: str, what: str, reason: str, **facts: Fact) -> None:
        """Write a decision down, for the log and for people who later ask why."""
        self._out.append(Decided(self.now, subject, what, reason, facts))

    def alarm(self, subject: str, what: str, reason: str, **facts: Fact) -> None:
        """As ``note``, for something that somebody should look at now: it is an error in the log."""
        self.note(subject, what, reason, **facts, alarm=True)

    def take(self) -> tuple[Command, ...]:
        """The commands asked for since the last call; they are handed out once."""
        out, self._out = tuple(self._out), []
        return out

    # --- changes, each through its life's table -------------------------------------------------------------------

    def move(self, move: Move[R], *, saved: bool = False) -> R:
        """The row after the move. If its table ignores the trigger, the row is unchanged and the log has the reason.

        ``saved`` when another write stores the row.
        """
        if isinstance(move.after, Ignored):
            self.note(move.row.id, f"{move.trigger} ignored", move.after.because)
            return move.row
        return self.put(move.after, saved=saved)

    def put(self, row: Row, *, saved: bool = False) -> Row:
        """Put a row into the state, as a fact for all readers; ``saved`` when another write stores it."""
        self._out.append(Changed(self.load(row), row, saved, self.now))
        return row

    def changes(self) -> tuple[Changed, ...]:
        """The facts of this step so far, in order."""
        return tuple(command for command in self._out if isinstance(command, Changed))

    def stamp(self) -> tuple[object, ...]:
        """A value that differs as soon as anything changes on which matching depends, except the clock.

        Anything that changes by the clock alone (a rest, a pause, a skill that relaxes) has a deadline.
        """
        return (self._changes, *self.world.stamp())

    def broken_laws(self) -> list[str]:
        """The invariants of the rows that do not hold, in words."""
        broken = [*laws.broken_laws(self), *self.broken_indexes()]
        if not self.lines.agrees(self.entries.values(), self.now):
            broken.append("the lines are not what a scan finds")
        return broken

    def load(self, row: Saved) -> Saved | None:
        """As ``Rows.load``. A place that does not talk is no longer being joined, and expired windows are dropped."""
        before = super().load(row)
        if isinstance(row, Entry):
            self.lines.put(row, self.now)
            if row.state is not EntryState.TALKING:
                self.joining.discard(row.id)
        elif isinstance(row, Agent):
            self._at_work.clear()
            if not isinstance(before, Agent) or _staffing(before) != _staffing(row):
                self.of_staff.clear()
        elif isinstance(row, DirectWindow) and row.expires_at <= self.now:
            del self.windows[row.id]
        return before

    def forget(self, row: Blocked) -> None:
        """Take a number off the do-not-call list."""
        self.blocked.pop(row.id, None)
        self._out.append(Changed(row, None, at=self.now))

    # --- questions ------------------------------------------------------------------------------------------------

    def queue_of(self, entry: Entry) -> Queue:
        return self.settings.queues[entry.queue]

    def callable(self, raw: str) -> numbers.Allowed | numbers.Refused:
        """The number in E.164, or why we may not call it: ``numbers.check``, and the do-not-call list."""
        checked = numbers.check(raw, self.settings.numbers)
        if isinstance(checked, numbers.Allowed) and self.is_blocked(checked.number):
            return numbers.Refused("do not call")
        return checked

    def is_blocked(self, number: str) -> bool:
        """Whether an E.164 number is on the do-not-call list."""
        return bool(self.blocked) and self.tag(number) in self.blocked

    def tag(self, number: str) -> str:
        return numbers.tag(number, self.settings.numbers.secret)

    def opening_of(self, queue: Queue) -> hours.Opening:
        """Whether the queue is open now: its hours, and what a supervisor decided for today."""
        return hours.opening(queue.hours, self.now, self.world.closed_until.get(queue.name))

    def closes_in_s(self, queue: Queue) -> float | None:
        """Seconds until the queue closes, 0 when it is closed, None when it never does."""
        return self.opening_of(queue).closes_in_s(self.now)

    def opens_at(self, queue: Queue) -> float | None:
        """When the queue opens next, ``now`` when it is open; None when it never will."""
        return hours.next_open(queue.hours, self.now, self.world.closed_until.get(queue.name))

    def rostered(self, id: AgentId) -> tuple[bool | None, tuple[float, ...]]:
        """Whether the roster has the agent at work now, and when that turns in the day ahead; None without a roster."""
        roster = self.settings.rosters.get(id)
        if roster is None:
            return None, ()
        fresh_until, there, turns = self._rostered.get(id, (0.0, False, ()))
        if self.now >= fresh_until:
            there, turns = hours.turns(roster, self.now, self.now + _ROSTER_S)
            self._rostered[id] = (min((*turns[:1], self.now + _ROSTER_S / 4)), there, turns)
        return there, turns

    def zone_of(self, queue: Queue) -> str:
        """The clock by which a queue's times are spoken."""
        return queue.hours.zone if queue.hours else self.settings.zone

    def unkeepable(self) -> str:
        """Why no promise at all could be kept now, so that none is made; empty when promises can be kept."""
        if not self.world.database:
            return "the database is away: a promise could not be kept"
        if not (self.world.dialling and self.settings.dialling.enabled):
            return "nobody is rung now: a promise could not be kept"
        return ""

    def may_ring(self, number: str, at: float, *, chosen: bool) -> bool:
        """Whether a customer may be rung at a time; ``chosen`` when the customer named it.

        While the number is not known, the site's own time zone counts.
        """
        return self.rings_at(number, at, chosen=chosen) == at

    def rings_at(self, number: str, at: float, *, chosen: bool) -> float | None:
        """The next time from ``at`` on at which a customer may be rung, None when there is none.

        While the day's budget is used up that is not before the next day: until then no turn is promised, and no time.
        """
        at = max(at, self.world.held_until)
        return calling.next_allowed(self.settings.calling, number, at, chosen=chosen, zone=self.settings.zone)

    def device(self, endpoint: str, seen: DeviceState) -> None:
        """Note what a phone is doing now."""
        self.devices[endpoint] = seen
        self._changes += 1

    def in_use(self, agent: AgentId) -> bool:
        """Whether one of the agent's phones is in use, by whatever call."""
        watched = self.settings.agents[agent].watched
        return any(self.devices.get(phone) is DeviceState.IN_USE for phone in watched)

    def settles(self, agent: AgentId) -> bool:
        """Whether the phone may only seem to be in use by a call of ours that is over: its state comes late."""
        return self.now < self.left_at.get(agent, 0.0) + DEVICE_SETTLES_S and self.in_use(agent)

    def order(self, entry: Entry, points: int = 0) -> Order:
        """Sort key within a queue: priority, then arrival; the id settles equal times for good.

        Where a point of priority is worth a time of waiting, it is a head start of that time: as everybody ages alike,
        the order of two entries never changes by waiting, and no timer is needed. ``points`` are added to the entry's.
        """
        priority, worth_s = entry.priority + points, self.settings.line.priority_worth_s
        if worth_s is None:
            return (-priority, entry.arrived_at, entry.id)
        return (0, entry.arrived_at - priority * worth_s, entry.id)

    def team(self, queue: QueueName) -> list[Agent]:
        """The agents who serve a queue, in the order of the settings."""
        return [self.agents[id] for id in self._teams[queue]]

    def sharing(self, queue: QueueName) -> frozenset[QueueName]:
        """The queues that are served by any of this queue's agents, this one included."""
        return self._sharing[queue]

    def at_work(self, queue: QueueName) -> list[Agent]:
        """The queue's agents who are logged in, not paused, not away, and not in reserve unless called in."""
        if queue not in self._at_work:
            self._at_work[queue] = [agent for agent in self.team(queue) if self._works(agent)]
        return self._at_work[queue]

    def _works(self, agent: Agent) -> bool:
        there = agent.presence is Presence.AVAILABLE and not agent.away
        return there and (agent.called_in or self.settings.agents[agent.id].reserve is Reserve.NO)


def _staffing(agent: Agent) -> tuple[object, ...]:
    return (agent.presence, agent.away, agent.called_in)
