"""What the laws remember of a day, and one step of it: an event, its commands, and the rows that it changed.

Rows are frozen, and a life changes only by putting another row in its place. So a row that is the same object as before
has not changed, and neither has anything that depends on it alone. A step therefore compares the tables of the state
with those of the step before (dictionaries compare by identity first, at the speed of C) and looks at the differences.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from callbackd.domain import events as ev
from callbackd.domain.acd import Acd
from callbackd.domain.commands import (
    Answered,
    ArmDeadMan,
    Changed,
    ClaimAttempt,
    Command,
    DialCustomer,
    DropBridge,
    HangUp,
    Join,
    MakeBridge,
    Play,
    RingAgent,
    SendToFallback,
    StartMusic,
    StopMusic,
    StopPlayback,
    StorePromise,
)
from callbackd.domain.ids import AgentId, EntryId
from callbackd.domain.lives.agent import Agent
from callbackd.domain.lives.attempt import Attempt, AttemptOutcome
from callbackd.domain.lives.callback import Callback
from callbackd.domain.lives.entry import Entry
from callbackd.domain.lives.quote import Quote
from callbackd.domain.phrase import WaitAboveHour, WaitBelow
from callbackd.domain.state import State

TABLES = ("entries", "agents", "callbacks", "attempts")
REFUNDED = {
    AttemptOutcome.NOT_DIALLED,
    AttemptOutcome.CALLED_OFF,
    AttemptOutcome.CONGESTION,
    AttemptOutcome.POSTPONED,
    AttemptOutcome.RANG_IN,
}
LONGEST_PLAYBACK_S = 55.0
ABOVE_HOUR = 61


@dataclass(frozen=True)
class Change:
    """A row before and after a step; None when there was none, or when it is closed."""

    id: str
    before: Any
    after: Any


@dataclass
class Past:
    """What has happened up to the step before."""

    tables: dict[str, dict[str, Any]] = field(default_factory=lambda: {name: {} for name in TABLES})
    now: float = 0.0
    entered: int = 0
    closed: int = 0
    stored: set[str] = field(default_factory=set)
    """Promises that the database stored."""
    ended: set[str] = field(default_factory=set)
    """Promises that are closed with an outcome."""
    pending: dict[str, StorePromise] = field(default_factory=dict)
    claiming: dict[str, ClaimAttempt] = field(default_factory=dict)
    dialled: set[str] = field(default_factory=set)
    legs: set[str] = field(default_factory=set)
    """Every leg that ever existed."""
    gone: set[str] = field(default_factory=set)
    """Legs that ended, left, or were asked to."""
    rung: dict[str, str] = field(default_factory=dict)
    """The number of each customer's leg."""
    phones: dict[str, str] = field(default_factory=dict)
    """The endpoint of each agent's leg."""
    pressed: set[tuple[str, str]] = field(default_factory=set)
    bridges: set[str] = field(default_factory=set)
    playing: dict[str, tuple[str, float]] = field(default_factory=dict)
    """By leg: the playback, and when it began."""
    armed: dict[str, float] = field(default_factory=dict)
    """By leg: when Asterisk was last shown that we live. A request about a leg that plays does not count in time."""
    music: set[str] = field(default_factory=set)
    quoted: dict[tuple[str, str], int] = field(default_factory=dict)
    """By leg and queue: the last wait that was spoken, in minutes."""
    over_quotes: set[str] = field(default_factory=set)
    """Quotes of the ledger that came true, or did not."""
    closed_early: set[str] = field(default_factory=set)
    """Queues that a supervisor has closed at some time."""
    counted: Counter[str] = field(default_factory=Counter)
    """By promise: how many attempts count."""
    over: dict[str, tuple[Attempt, float | None]] = field(default_factory=dict)
    """By promise: the last attempt that ended, and the time that was promised at that moment."""
    asked: Counter[str] = field(default_factory=Counter)
    """Acts that wait for an answer, by request: an event may come twice."""
    call_now: dict[str, float] = field(default_factory=dict)
    """By promise: when somebody last asked to dial it now, whenever it was promised for."""
    working: dict[str, set[str]] = field(default_factory=dict)
    """Agents by the entry they work for."""

    def learn(self, step: Step) -> None:
        """Remember the step, after it was judged."""
        self._hear(step.event, step.now)
        for command in step.commands:
            self._note(command, step)
        for name in TABLES:
            table = self.tables[name]
            for change in step.changes[name]:
                if change.after is None:
                    del table[change.id]
                else:
                    table[change.id] = change.after
        for change in step.changes["agents"]:
            if change.before and change.before.entry:
                self.working.get(change.before.entry, set()).discard(change.id)
            if change.after.entry:
                self.working.setdefault(change.after.entry, set()).add(change.id)
        self.entered += sum(change.before is None for change in step.changes["entries"])
        self.closed += sum(change.after is None for change in step.changes["entries"])
        self.now = step.now

    def _hear(self, event: ev.Event, now: float) -> None:
        match event:
            case ev.CallArrived() | ev.FeatureCodeDialled():
                self.legs.add(event.leg)
                self.armed.setdefault(event.leg, now)
                if event.leg in self.gone:  # sent on by an agent, and back again: the dialplan has restarted the clock
                    self.gone.discard(event.leg)
                    self.armed[event.leg] = now
                    self.quoted = {told: at for told, at in self.quoted.items() if told[0] != event.leg}
            case ev.LegEnded() | ev.LegLeft() | ev.DialRefused():
                self.gone.add(event.leg)
                self.playing.pop(event.leg, None)
            case ev.ClosedEarly():
                self.closed_early.add(event.queue)
            case ev.Asked():
                self.asked[event.request] += 1
                self._wanted(event.act, now)
            case ev.DigitPressed():
                self.pressed.add((event.leg, event.digit))
            case ev.PlaybackEnded():
                self.playing = {leg: one for leg, one in self.playing.items() if one[0] != event.playback}
            case ev.PromiseStored():
                self.call_now.pop(event.callback, None)
                if self.pending.pop(event.callback, None):
                    self.stored.add(event.callback)
            case ev.PromiseNotStored():
                self.pending.pop(event.callback, None)
            case ev.AttemptClaimed() | ev.AttemptNotClaimed():
                self.claiming.pop(event.attempt, None)

    def _wanted(self, act: ev.WantedAct, now: float) -> None:
        if isinstance(act, ev.CloseEarly):
            self.closed_early.add(act.queue)
        elif isinstance(act, ev.CallNow):
            self.call_now[act.callback] = now

    def _note(self, command: Command, step: Step) -> None:
        match command:
            case StorePromise():
                self.pending[command.callback.id] = command
            case ClaimAttempt():
                self.claiming[command.attempt.id] = command
            case DialCustomer():
                self.dialled.add(command.attempt)
                self.legs.add(command.leg)
                self.rung[command.leg] = command.number
            case RingAgent():
                self.legs.add(command.leg)
                self.phones[command.leg] = command.endpoint
            case HangUp() | SendToFallback():
                self.gone.add(command.leg)
            case MakeBridge():
                self.bridges.add(command.bridge)
            case DropBridge():
                self.bridges.discard(command.bridge)
            case StopPlayback():
                self.playing.pop(command.leg, None)
            case ArmDeadMan() if command.leg not in self.playing:
                self.armed[command.leg] = step.now
            case StartMusic():
                self.music.add(command.leg)
            case StopMusic():
                self.music.discard(command.leg)
            case Play():
                self.music.discard(command.leg)
                self.playing[command.leg] = (command.playback, step.now)
                for minutes in waits_told(command):
                    self.quoted[command.leg, command.queue] = minutes
            case Answered():
                self.asked -= Counter([command.request])
            case Changed(stored=False):
                self._saved(command.after, step.state)

    def _saved(self, row: object, state: State) -> None:
        if isinstance(row, Callback) and row.outcome:
            self.ended.add(row.id)
        elif isinstance(row, Quote) and row.outcome:
            self.over_quotes.add(row.id)
        elif isinstance(row, Attempt) and row.outcome:
            self.counted[row.callback] += row.outcome not in REFUNDED
            promise = state.callbacks.get(row.callback)
            self.over[row.callback] = (row, promise.slot_at if promise else None)


def waits_told(play: Play) -> Iterator[int]:
    for phrase in play.phrases:
        if isinstance(phrase, WaitBelow):
            yield phrase.minutes
        elif isinstance(phrase, WaitAboveHour):
            yield ABOVE_HOUR


class Step:
    """One event, what came of it, and the past before it."""

    def __init__(self, past: Past, acd: Acd, event: ev.Event, commands: tuple[Command, ...], now: float) -> None:
        self.past = past
        self.acd = acd
        self.state = state = acd.state
        self.event = event
        self.commands = commands
        self.now = now
        self.changes: dict[str, list[Change]] = {name: _changed(past.tables[name], state, name) for name in TABLES}
        self._of: dict[type, list[Any]] = {}
        self.rows_saved: dict[type, list[Any]] = {}
        """The commands by kind, in order."""
        for command in commands:
            self._of.setdefault(type(command), []).append(command)
            if isinstance(command, Changed) and not command.stored:
                self.rows_saved.setdefault(type(command.after), []).append(command.after)

    def of(self, kind: type) -> list[Any]:
        """The commands of a kind, in order."""
        return self._of.get(kind, [])

    def saved(self, kind: type) -> list[Any]:
        """The rows of a kind that were written, in order."""
        return self.rows_saved.get(kind, [])

    def closed(self, kind: type, id: str) -> Any:
        """The row with which a life ended in this step."""
        return next((row for row in reversed(self.saved(kind)) if row.id == id and row.outcome), None)

    def entries(self) -> list[Change]:
        return self.changes["entries"]

    def callbacks(self) -> list[Change]:
        return self.changes["callbacks"]

    @cached_property
    def turns(self) -> list[tuple[Agent, Agent]]:
        """Each change of an agent, including those that a later change of the same step hides."""
        changes = [change for change in self.of(Changed) if isinstance(change.after, Agent)]
        return [(change.before, change.after) for change in changes]

    def touched_entries(self) -> dict[str, Entry]:
        """Open entries that changed, or whose agents did."""
        ids = [change.id for change in self.entries()]
        for change in self.changes["agents"]:
            ids += [row.entry for row in (change.before, change.after) if row and row.entry]
        return {id: self.state.entries[EntryId(id)] for id in ids if id in self.state.entries}

    def agents_of(self, entry: Entry) -> list[Agent]:
        """The agents who work for an entry now."""
        ids = set(self.past.working.get(entry.id, ()))
        ids |= {change.id for change in self.changes["agents"]}
        return [agent for id in ids if (agent := self.state.agents[AgentId(id)]).entry == entry.id]

    def joined(self) -> set[str]:
        """The legs that were brought together."""
        return {leg for join in self.of(Join) for leg in join.legs}


def _changed(before: dict[str, Any], state: State, name: str) -> list[Change]:
    after: dict[str, Any] = getattr(state, name)
    if after == before:
        return []
    changes = [Change(id, before.get(id), row) for id, row in after.items() if before.get(id) is not row]
    return changes + [Change(id, row, None) for id, row in before.items() if id not in after]


def never_made(step: Step, dial: DialCustomer) -> bool:
    """Whether Asterisk has just reported that it never made this leg: then we ask for it again, under the same id."""
    event = step.event
    if not isinstance(event, ev.AttemptTraced) or event.trace is not ev.Finding.NOTHING:
        return False
    return event.attempt == dial.attempt and dial.attempt in step.past.dialled
