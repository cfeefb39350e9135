"""The open lives with their indexes: rows by id, and who holds which leg."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar, assert_never

from callbackd.domain.commands import Saved
from callbackd.domain.ids import OURS, AgentId, AttemptId, CallbackId, EntryId, LegId, QuoteId
from callbackd.domain.lives.agent import Activity, Agent
from callbackd.domain.lives.attempt import Attempt, AttemptState
from callbackd.domain.lives.callback import Callback, CallbackState
from callbackd.domain.lives.conversation import Interrupt, may_interrupt
from callbackd.domain.lives.dialogue import Dialogue
from callbackd.domain.lives.direct_window import DirectWindow
from callbackd.domain.lives.do_not_call import Blocked
from callbackd.domain.lives.entry import Entry
from callbackd.domain.lives.quote import Quote, Remembered


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
        self.remembered: dict[str, Remembered] = {}
        """What the estimator had learned when it was last stored."""
        self.dialogues: dict[LegId, Dialogue] = {}
        self._changes = 0
        self._entry_of: dict[LegId, EntryId] = {}
        self._agent_of: dict[LegId, AgentId] = {}

    # --- changes --------------------------------------------------------------------------------------------------

    def load(self, row: Saved) -> Saved | None:
        """Put a row in the place of the one before, which is returned: None when there was none. It is no fact."""
        before = self._row(row)
        if isinstance(row, Entry):
            self._put_entry(row)
        elif isinstance(row, Agent):
            self._put_agent(row)
        elif isinstance(row, Callback):
            _keep(self.callbacks, row.id, row, keep=row.state is not CallbackState.CLOSED)
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
        if not isinstance(row, Quote | Remembered | Blocked):
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
            case Remembered():
                return self.remembered.get(row.id)
            case _:
                assert_never(row)

    def put_dialogue(self, dialogue: Dialogue) -> None:
        """Keep a dialogue. Matching looks at its place and at whether an agent may interrupt it, at nothing else."""
        before = self.dialogues.get(dialogue.leg)
        if before is None or before.entry != dialogue.entry or _may_be_matched(before) != _may_be_matched(dialogue):
            self._changes += 1
        self.dialogues[dialogue.leg] = dialogue

    def drop_dialogue(self, leg: LegId) -> None:
        del self.dialogues[leg]
        self._changes += 1

    def _put_entry(self, entry: Entry) -> None:
        before = self.entries.get(entry.id)
        if before and before.leg and before.leg != entry.leg:
            self._entry_of.pop(before.leg, None)
        if entry.leg:
            _keep(self._entry_of, entry.leg, entry.id, keep=entry.open)
        _keep(self.entries, entry.id, entry, keep=entry.open)

    def _put_agent(self, agent: Agent) -> None:
        before = self.agents.get(agent.id)
        if before and before.leg and before.leg != agent.leg:
            self._agent_of.pop(before.leg, None)
        if agent.leg:
            self._agent_of[agent.leg] = agent.id
        self.agents[agent.id] = agent

    # --- who is who: None where there is nobody ---------------------------------------------------------------------

    def entry_of(self, leg: LegId) -> Entry | None:
        """The open entry that this leg holds."""
        return self.entry(self._entry_of.get(leg))

    def agent_of(self, leg: LegId) -> Agent | None:
        return self.agent(self._agent_of.get(leg))

    def attempt_of(self, leg: LegId) -> Attempt | None:
        return self.attempts.get(AttemptId(leg.removeprefix(OURS)))

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
        return [a for a in self.agents.values() if a.entry == entry.id and a.activity is Activity.RINGING]

    def promised_to(self, number: str, group: str) -> Callback | None:
        """The open promise for a number among the queues of a group, if any: nobody gets two."""
        return next((c for c in self.callbacks.values() if c.number == number and c.group == group), None)


K = TypeVar("K")
V = TypeVar("V")


def _keep(where: dict[K, V], key: K, row: V, *, keep: bool) -> None:
    if keep:
        where[key] = row
    else:
        where.pop(key, None)


def _may_be_matched(dialogue: Dialogue) -> bool:
    return may_interrupt(Interrupt.AGENT, dialogue)
