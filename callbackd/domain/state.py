"""Who is who and who owns what, now: the open lives, the legs that belong to them, and what is to be done about it.

Policies read it, the desks (reception, floor, dialling) change it through ``put`` so that every change is written down.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TypeVar, assert_never

from callbackd.domain import numbers
from callbackd.domain.breaker import Breaker
from callbackd.domain.calendar import calling_hours as calling
from callbackd.domain.calendar import hours
from callbackd.domain.commands import Act, Changed, ClaimAttempt, Command, Decided, Saved, StorePromise
from callbackd.domain.ids import (
    OURS,
    AgentId,
    AttemptId,
    CallbackId,
    EntryId,
    LegId,
    Mint,
    PlaybackId,
    QueueName,
    QuoteId,
)
from callbackd.domain.lives.agent import Activity, Agent, Presence
from callbackd.domain.lives.attempt import Attempt, AttemptState
from callbackd.domain.lives.callback import Callback, CallbackState
from callbackd.domain.lives.conversation import Interrupt, may_interrupt
from callbackd.domain.lives.dialogue import Dialogue
from callbackd.domain.lives.direct_window import DirectWindow
from callbackd.domain.lives.do_not_call import Blocked
from callbackd.domain.lives.entry import Entry, EntryState
from callbackd.domain.lives.life import Ignored, Move
from callbackd.domain.lives.quote import Quote, Remembered
from callbackd.domain.settings import Queue, Reserve, Settings
from callbackd.domain.timers import Timers

Fact = str | int | float | bool | None
R = TypeVar("R", Entry, Agent, Callback, Attempt)
Row = TypeVar("Row", Entry, Agent, Callback, Attempt, DirectWindow, Blocked, Quote, Remembered)


class State:
    def __init__(self, settings: Settings, mint: Mint) -> None:
        self.settings = settings
        self.mint = mint
        self.timers = Timers()
        self.now = 0.0
        self.entries: dict[EntryId, Entry] = {}
        self.agents: dict[AgentId, Agent] = {id: Agent(id) for id in settings.agents}
        self.callbacks: dict[CallbackId, Callback] = {}
        self.attempts: dict[AttemptId, Attempt] = {}
        self.windows: dict[str, DirectWindow] = {}
        """Direct callback windows by id; those whose time is over may still be here."""
        self.blocked: dict[str, Blocked] = {}
        """The do-not-call list, by tag."""
        self.quotes: dict[QuoteId, Quote] = {}
        """What was told and has not come true or false yet."""
        self.remembered: dict[str, Remembered] = {}
        """What the estimator had learned when it was last stored."""
        self.dialogues: dict[LegId, Dialogue] = {}
        self.generation = 0
        """Of the daemon: one more than that of the one before it."""
        self.said: Counter[LegId] = Counter()
        """How many things were said to each leg."""
        self.playing: dict[PlaybackId, LegId] = {}
        self.pending: dict[CallbackId, tuple[LegId, Callback]] = {}
        """Promises on their way to the database."""
        self.joining: set[EntryId] = set()
        """Places whose agent answered, and of whom nobody has told yet that they hear each other."""
        self.offered_at: dict[AgentId, tuple[QueueName, float]] = {}
        """Since when an agent has a call in hand, ringing included: where handle time is measured from."""
        self.last_rung: dict[QueueName, AgentId] = {}
        """Whom each queue rang last, for ``round_robin``."""
        self.closed_until: dict[QueueName, float] = {}
        """Queues that a supervisor closed early, and until when."""
        self.crises: dict[QueueName, float] = {}
        """Queues whose callers are told what is the matter, since when."""
        self.database = True
        self.pbx = True
        self.pbx_since = 0.0
        """When the Asterisk that is there started, as it told."""
        self.offering = True
        self.dialling = True
        self.draining = False
        self.next_dial_at = 0.0
        """Before this time nobody is dialled, so that due promises do not leave all at once."""
        dialling = settings.dialling
        self.breaker = Breaker(dialling.breaker_failures, dialling.breaker_open_s)
        self._changes = 0
        self._entry_of: dict[LegId, EntryId] = {}
        self._agent_of: dict[LegId, AgentId] = {}
        self._out: list[Command] = []

    # --- what is to be done -------------------------------------------------------------------------------------

    def do(self, *acts: Act) -> None:
        self._out.extend(acts)

    def store(self, write: StorePromise | ClaimAttempt) -> None:
        self._out.append(write)

    def decide(self, subject: str, what: str, reason: str, **facts: Fact) -> None:
        """Write a decision down, for the log and for whoever asks "why" later."""
        self._out.append(Decided(self.now, subject, what, reason, facts))

    def take(self) -> tuple[Command, ...]:
        """What has been asked for since the last call."""
        out, self._out = tuple(self._out), []
        return out

    # --- changes, each through its life's table -------------------------------------------------------------------

    def move(self, move: Move[R], *, saved: bool = False) -> R:
        """The row after the move; unchanged, with the sentence in the log, when its table ignores the trigger.

        ``saved`` when another write carries the row.
        """
        if isinstance(move.after, Ignored):
            self.decide(move.row.id, f"{move.trigger} ignored", move.after.because)
            return move.row
        return self.put(move.after, saved=saved)

    def put(self, row: Row, *, saved: bool = False) -> Row:
        """Take a row into the state and tell all readers; ``saved`` when another write carries it to the database."""
        self._out.append(Changed(self.load(row), row, saved))
        return row

    def load(self, row: Saved) -> Saved | None:
        """Take a row into the state as it stands in the database; returns the one that stood here."""
        before = self._row(row)
        if isinstance(row, Entry):
            self._put_entry(row)
        elif isinstance(row, Agent):
            self._put_agent(row)
        elif isinstance(row, Callback):
            _keep(self.callbacks, row.id, row, keep=row.state is not CallbackState.CLOSED)
        elif isinstance(row, DirectWindow):
            _keep(self.windows, row.id, row, keep=row.expires_at > self.now)
        elif isinstance(row, Blocked):
            self.blocked[row.id] = row
        elif isinstance(row, Attempt):
            _keep(self.attempts, row.id, row, keep=row.state is not AttemptState.CLOSED)
        elif isinstance(row, Quote):
            _keep(self.quotes, row.id, row, keep=row.outcome is None)
        elif isinstance(row, Remembered):
            self.remembered[row.id] = row
        if not isinstance(row, Quote | Remembered | Blocked):
            self._changes += 1
        return before

    def _row(self, row: Saved) -> Saved | None:
        """The row of the same life that stands here now."""
        match row:
            case Entry():
                return self.entries.get(row.id)
            case Agent():
                return self.agents.get(row.id)
            case Callback():
                return self.callbacks.get(row.id)
            case Attempt():
                return self.attempts.get(row.id)
            case DirectWindow():
                return self.windows.get(row.id)
            case Blocked():
                return self.blocked.get(row.id)
            case Quote():
                return self.quotes.get(row.id)
            case Remembered():
                return self.remembered.get(row.id)
            case _:
                assert_never(row)

    def changes(self) -> tuple[Changed, ...]:
        """The facts of this step so far, in order."""
        return tuple(command for command in self._out if isinstance(command, Changed))

    def put_dialogue(self, dialogue: Dialogue) -> None:
        """Whom we speak with, about which place, and whether an agent may be given to them: matching looks at these."""
        before = self.dialogues.get(dialogue.leg)
        if before is None or before.entry != dialogue.entry or _may_be_matched(before) != _may_be_matched(dialogue):
            self._changes += 1
        self.dialogues[dialogue.leg] = dialogue

    def drop_dialogue(self, leg: LegId) -> None:
        del self.dialogues[leg]
        self._changes += 1

    def stamp(self) -> tuple[object, ...]:
        """Differs from an earlier one if anything has changed since on which matching depends, the clock apart.

        What changes by the clock alone (a rest, a pause, a skill that relaxes) has a deadline.
        """
        return (
            self._changes,
            self.database,
            self.pbx,
            self.dialling,
            self.draining,
            self.next_dial_at,
            self.breaker,
        )

    def forget(self, row: Blocked) -> None:
        self.blocked.pop(row.id, None)
        self._out.append(Changed(row, None))

    def _put_entry(self, entry: Entry) -> None:
        before = self.entries.get(entry.id)
        if before and before.leg and before.leg != entry.leg:
            self._entry_of.pop(before.leg, None)
        if entry.leg:
            _keep(self._entry_of, entry.leg, entry.id, keep=entry.open)
        _keep(self.entries, entry.id, entry, keep=entry.open)
        if entry.state is not EntryState.TALKING:
            self.joining.discard(entry.id)

    def _put_agent(self, agent: Agent) -> None:
        before = self.agents.get(agent.id)
        if before and before.leg and before.leg != agent.leg:
            self._agent_of.pop(before.leg, None)
        if agent.leg:
            self._agent_of[agent.leg] = agent.id
        self.agents[agent.id] = agent

    # --- questions ------------------------------------------------------------------------------------------------

    def queue_of(self, entry: Entry) -> Queue:
        return self.settings.queues[entry.queue]

    def entry_of(self, leg: LegId) -> Entry | None:
        return self.entries.get(self._entry_of.get(leg, EntryId("")))

    def agent_of(self, leg: LegId) -> Agent | None:
        return self.agents.get(self._agent_of.get(leg, AgentId("")))

    def attempt_of(self, leg: LegId) -> Attempt | None:
        return self.attempts.get(AttemptId(leg.removeprefix(OURS)))

    def rung_for(self, entry: Entry) -> list[Agent]:
        return [a for a in self.agents.values() if a.entry == entry.id and a.activity is Activity.RINGING]

    def promised_to(self, number: str, group: str) -> Callback | None:
        """The open promise for a number among the queues of a group, if any: nobody gets two."""
        return next((c for c in self.callbacks.values() if c.number == number and c.group == group), None)

    def callable(self, raw: str) -> numbers.Allowed | numbers.Refused:
        """Whether we may call this number; ``numbers.check`` alone tells only who it is."""
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
        return hours.opening(queue.hours, self.now, self.closed_until.get(queue.name))

    def closes_in_s(self, queue: Queue) -> float | None:
        """Seconds until the queue closes, 0 when it is closed, None when it never does."""
        return self.opening_of(queue).closes_in_s(self.now)

    def opens_at(self, queue: Queue) -> float | None:
        """When the queue opens next, ``now`` when it is open; None when it never will."""
        return hours.next_open(queue.hours, self.now, self.closed_until.get(queue.name))

    def zone_of(self, queue: Queue) -> str:
        """The clock by which a queue's times are spoken."""
        return queue.hours.zone if queue.hours else self.settings.zone

    def may_ring(self, number: str, at: float, *, chosen: bool) -> bool:
        """Whether a customer may be rung at a time; ``chosen`` when the customer named it.

        A number that nobody knows yet is taken for one at home here.
        """
        return self.rings_at(number, at, chosen=chosen) == at

    def rings_at(self, number: str, at: float, *, chosen: bool) -> float | None:
        """The next time from ``at`` on at which a customer may be rung, None when there is none."""
        return calling.next_allowed(self.settings.calling, number, at, chosen=chosen, zone=self.settings.zone)

    def at_work(self, queue: QueueName) -> list[Agent]:
        """The queue's agents who are logged in, not paused, and not in reserve unless somebody called them in."""
        return [
            agent
            for id, settings in self.settings.agents.items()
            if queue in settings.queues
            and (agent := self.agents[id]).presence is Presence.AVAILABLE
            and (settings.reserve is Reserve.NO or agent.called_in)
        ]

    # --- laws -----------------------------------------------------------------------------------------------------

    def broken_laws(self) -> list[str]:
        """What must hold after every event, in words, where it does not; a test wants an empty list."""
        working: dict[EntryId | None, list[Agent]] = {}
        for agent in self.agents.values():
            working.setdefault(agent.entry, []).append(agent)
        return [
            *(broken for agent in self.agents.values() for broken in self._broken_by_agent(agent)),
            *(broken for e in self.entries.values() for broken in self._broken_by_entry(e, working.get(e.id, []))),
            *(broken for callback in self.callbacks.values() for broken in self._broken_by_callback(callback)),
            *self._broken_numbers(),
        ]

    def _broken_by_agent(self, agent: Agent) -> Iterator[str]:
        working = agent.activity in {Activity.RESERVED, Activity.RINGING, Activity.TALKING}
        if working != (agent.entry in self.entries):
            yield f"agent {agent.id} is {agent.activity.value} for entry {agent.entry}"

    def _broken_by_entry(self, entry: Entry, working: list[Agent]) -> Iterator[str]:
        counts = Counter(agent.activity for agent in working)
        talking, ringing, reserved = (counts[a] for a in (Activity.TALKING, Activity.RINGING, Activity.RESERVED))
        if talking != (entry.state is EntryState.TALKING):
            yield f"entry {entry.id} is {entry.state.value} with {talking} agents talking"
        if bool(ringing) != (entry.state is EntryState.RINGING):
            yield f"entry {entry.id} is {entry.state.value} but {ringing} agents ring"
        if reserved > (entry.state is EntryState.DIALING):
            yield f"entry {entry.id} is {entry.state.value} with {reserved} agents reserved"
        if entry.leg is None and entry.callback not in self.callbacks:
            yield f"entry {entry.id} is held by nobody"
        if entry.leg is not None and self.entry_of(entry.leg) != entry:
            yield f"entry {entry.id} does not own its leg"
        if entry.state is EntryState.OUTSIDE and entry.leg is None and entry.slot_at is None:
            yield f"entry {entry.id} is outside and waits for no time"

    def _broken_by_callback(self, callback: Callback) -> Iterator[str]:
        entry = self.entries.get(callback.entry)
        if entry is None or entry.callback != callback.id:
            yield f"promise {callback.id} has lost its place"
        if (callback.state is CallbackState.DIALING) != (callback.attempt in self.attempts):
            yield f"promise {callback.id} is {callback.state.value} with attempt {callback.attempt}"

    def _broken_numbers(self) -> list[str]:
        numbers = Counter((callback.number, callback.group) for callback in self.callbacks.values())
        return [f"{number} has {count} promises" for (number, _), count in numbers.items() if count > 1]


K = TypeVar("K")
V = TypeVar("V")


def _keep(where: dict[K, V], key: K, row: V, *, keep: bool) -> None:
    if keep:
        where[key] = row
    else:
        where.pop(key, None)


def _may_be_matched(dialogue: Dialogue) -> bool:
    return may_interrupt(Interrupt.AGENT, dialogue)
