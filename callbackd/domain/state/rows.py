"""The open lives with their indexes: rows by id, and who holds which leg."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar, assert_never

from callbackd.domain.commands import Saved
from callbackd.domain.ids import OURS, AgentId, AttemptId, CallbackId, EntryId, LegId, QueueName, QuoteId, SentOutId
from callbackd.domain.lives.agent import Activity, Agent
from callbackd.domain.lives.attempt import Attempt, AttemptState
from callbackd.domain.lives.callback import Callback, CallbackState
from callbackd.domain.lives.conversation import Interrupt, may_interrupt
from callbackd.domain.lives.dialogue import Dialogue
from callbackd.domain.lives.direct_window import DirectWindow
from callbackd.domain.lives.do_not_call import Blocked
from callbackd.domain.lives.entry import Entry, EntryState
from callbackd.domain.lives.quote import Quote, Remembered
from callbackd.domain.lives.sent_out import SentOut
from callbackd.domain.lives.switch import Switch
from callbackd.domain.state.index import Index


class Rows:
    def __init__(self, agents: Iterable[AgentId]) -> None:
        self.entries: dict[EntryId, Entry] = {}
        self.agents: dict[AgentId, Agent] = {id: Agent(id) for id in agents}
        self.callbacks: dict[CallbackId, Callback] = {}
        self.attempts: dict[AttemptId, Attempt] = {}
        self.windows: dict[str, DirectWindow] = {}
        """Direct callback windows by id; expired ones may still be among them."""
        self.blocked: dict[str, Blocked] = {}
        """The do-not-call list, by tag."""
        self.quotes: dict[QuoteId, Quote] = {}
        """Quotes of which we do not know yet whether they hold."""
        self.switches: dict[str, Switch] = {}
        """As supervisors left them."""
        self.sent_out: dict[SentOutId, SentOut] = {}
        """Callers at outside numbers who count among what the site may dial."""
        self.remembered: dict[str, Remembered] = {}
        """What the estimator had learned when it was last stored."""
        self.dialogues: dict[LegId, Dialogue] = {}
        self._changes = 0
        self._entry_of: dict[LegId, EntryId] = {}
        self._agent_of: dict[LegId, AgentId] = {}
        self._rank = {id: n for n, id in enumerate(self.agents)}
        """Agents are taken in the order of the settings."""
        self._promised: Index[CallbackId, Callback, tuple[str, str]] = Index(lambda row: (row.number, row.group))
        self._promises_of: Index[CallbackId, Callback, QueueName] = Index(lambda row: row.queue)
        self._working_for: Index[AgentId, Agent, EntryId] = Index(lambda row: row.entry)
        self._unoccupied: Index[AgentId, Agent, bool] = Index(_unoccupied)
        self._on_the_line: Index[EntryId, Entry, str] = Index(lambda row: row.number if row.leg else None)
        self._waiting_live: Index[EntryId, Entry, QueueName] = Index(_waiting_live)
        self._listening: Index[LegId, Dialogue, EntryId] = Index(lambda row: row.entry)

    # --- changes --------------------------------------------------------------------------------------------------

    def load(self, row: Saved) -> Saved | None:
        """The row that this one replaces; None when there was none. It does not count as a fact."""
        before = self._row(row)
        if isinstance(row, Entry):
            self._put_entry(row)
        elif isinstance(row, Agent):
            self._put_agent(row)
        elif isinstance(row, Callback):
            self._put_callback(row)
        elif isinstance(row, DirectWindow):
            _keep(self.windows, row.id, row, keep=True)
        elif isinstance(row, Blocked):
            self.blocked[row.id] = row
        elif isinstance(row, Attempt):
            _keep(self.attempts, row.id, row, keep=row.state is not AttemptState.CLOSED)
        elif isinstance(row, Quote):
            _keep(self.quotes, row.id, row, keep=row.outcome is None)
        elif isinstance(row, Remembered):
            self.remembered[row.id] = row
        elif isinstance(row, Switch):
            self.switches[row.id] = row
        elif isinstance(row, SentOut):
            _keep(self.sent_out, row.id, row, keep=row.closed_at is None)
        if not isinstance(row, Quote | Remembered | Blocked | Switch | SentOut):
            self._changes += 1
        return before

    def _row(self, row: Saved) -> Saved | None:
        """The present row of the same life; None when there is none."""
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
            case Switch():
                return self.switches.get(row.id)
            case Remembered():
                return self.remembered.get(row.id)
            case SentOut():
                return self.sent_out.get(row.id)
            case _:
                assert_never(row)

    def put_dialogue(self, dialogue: Dialogue) -> None:
        """Keep a dialogue. Matching looks only at its place and at whether an agent may interrupt it."""
        before = self.dialogues.get(dialogue.leg)
        if before is None or before.entry != dialogue.entry or _may_be_matched(before) != _may_be_matched(dialogue):
            self._changes += 1
        self.dialogues[dialogue.leg] = dialogue
        self._listening.put(dialogue.leg, dialogue)

    def drop_dialogue(self, leg: LegId) -> None:
        del self.dialogues[leg]
        self._listening.put(leg, None)
        self._changes += 1

    def _put_entry(self, entry: Entry) -> None:
        before = self.entries.get(entry.id)
        if before and before.leg and before.leg != entry.leg:
            self._entry_of.pop(before.leg, None)
        if entry.leg:
            _keep(self._entry_of, entry.leg, entry.id, keep=entry.open)
        _keep(self.entries, entry.id, entry, keep=entry.open)
        self._on_the_line.put(entry.id, entry if entry.open else None)
        self._waiting_live.put(entry.id, entry)

    def _put_callback(self, callback: Callback) -> None:
        _keep(self.callbacks, callback.id, callback, keep=callback.state is not CallbackState.CLOSED)
        still = self.callbacks.get(callback.id)
        self._promised.put(callback.id, still)
        self._promises_of.put(callback.id, still)

    def _put_agent(self, agent: Agent) -> None:
        before = self.agents.get(agent.id)
        if before and before.leg and before.leg != agent.leg:
            self._agent_of.pop(before.leg, None)
        if agent.leg:
            self._agent_of[agent.leg] = agent.id
        self.agents[agent.id] = agent
        self._working_for.put(agent.id, agent)
        self._unoccupied.put(agent.id, agent)

    # --- who is who: None where there is nobody ---------------------------------------------------------------------

    def entry_of(self, leg: LegId) -> Entry | None:
        """The open entry that this leg holds."""
        return self.entry(self._entry_of.get(leg))

    def agent_of(self, leg: LegId) -> Agent | None:
        return self.agent(self._agent_of.get(leg))

    def attempt_of(self, leg: LegId) -> Attempt | None:
        return self.attempts.get(AttemptId(leg.removeprefix(OURS)))

    def reserved_for(self, attempt: Attempt) -> Agent | None:
        """The agent who is kept for the attempt's customer; None when nobody is, or is any more."""
        agent, entry = self.agent(attempt.agent), self.callbacks[attempt.callback].entry
        return agent if agent and agent.activity is Activity.RESERVED and agent.entry == entry else None

    def entry(self, id: EntryId | None) -> Entry | None:
        return self.entries.get(id) if id is not None else None

    def agent(self, id: AgentId | None) -> Agent | None:
        return self.agents.get(id) if id is not None else None

    def attempt(self, id: AttemptId | None) -> Attempt | None:
        return self.attempts.get(id) if id is not None else None

    def dialogue(self, leg: LegId | None) -> Dialogue | None:
        return self.dialogues.get(leg) if leg is not None else None

    def callback_of(self, entry: Entry | None) -> Callback | None:
        """The promise that holds the place, or for which its live customer was called back."""
        return self.callbacks.get(entry.callback) if entry and entry.callback else None

    def promise_of(self, entry: Entry) -> Callback:
        """The promise that holds a place. Raises ``LookupError`` when none does: a live caller is never dialled."""
        if callback := self.callback_of(entry):
            return callback
        raise LookupError(f"no promise holds the place of entry {entry.id}")

    def rung_for(self, entry: Entry) -> list[Agent]:
        working = sorted(self._working_for.of(entry.id), key=self._rank.__getitem__)
        return [agent for id in working if (agent := self.agents[id]).activity is Activity.RINGING]

    def unoccupied(self) -> list[Agent]:
        """Agents who want work and have none in hand, in the order of the settings; some may still rest."""
        return [self.agents[id] for id in sorted(self._unoccupied.of(True), key=self._rank.__getitem__)]

    def promised_to(self, number: str, group: str) -> Callback | None:
        """The open promise for a number among the queues of a group, if any: nobody gets two."""
        return next((self.callbacks[id] for id in self._promised.of((number, group))), None)

    def promises(self, queue: QueueName) -> int:
        """How many are open."""
        return len(self._promises_of.of(queue))

    def waiting_live(self, queue: QueueName) -> int:
        """How many callers of a queue wait on the line, nobody being rung for them."""
        return len(self._waiting_live.of(queue))

    def on_the_line(self, number: str) -> bool:
        """Whether somebody of this number holds a place live."""
        return bool(self._on_the_line.of(number))

    def listens(self, entry: EntryId) -> bool:
        """Whether we speak with somebody about this place."""
        return bool(self._listening.of(entry))

    def broken_indexes(self) -> list[str]:
        """The indexes that differ from what a scan finds, in words."""
        callbacks, entries, agents = self.callbacks.items(), self.entries.items(), self.agents.items()
        agree = {
            "promises by number": self._promised.agrees(callbacks),
            "promises of a queue": self._promises_of.agrees(callbacks),
            "agents of an entry": self._working_for.agrees(agents),
            "agents without work": self._unoccupied.agrees(agents),
            "numbers on the line": self._on_the_line.agrees(entries),
            "live callers of a queue": self._waiting_live.agrees(entries),
            "dialogues of an entry": self._listening.agrees(self.dialogues.items()),
        }
        return [f"the index of {what} is not what a scan finds" for what, right in agree.items() if not right]


K = TypeVar("K")
V = TypeVar("V")


def _keep(where: dict[K, V], key: K, row: V, *, keep: bool) -> None:
    if keep:
        where[key] = row
    else:
        where.pop(key, None)


def _unoccupied(agent: Agent) -> bool | None:
    return True if agent.activity is Activity.IDLE and agent.ready else None


def _waiting_live(entry: Entry) -> QueueName | None:
    return entry.queue if entry.live and entry.state is EntryState.WAITING else None


def _may_be_matched(dialogue: Dialogue) -> bool:
    return may_interrupt(Interrupt.AGENT, dialogue)
