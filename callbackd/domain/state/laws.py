"""The invariants of the rows, which must hold after every event: tests ask for them, and so does the daemon."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from callbackd.domain.ids import EntryId
from callbackd.domain.lives.agent import Activity, Agent
from callbackd.domain.lives.callback import Callback, CallbackState
from callbackd.domain.lives.entry import Entry, EntryState
from callbackd.domain.state.rows import Rows


def broken_laws(rows: Rows) -> list[str]:
    """The invariants that do not hold, each as a sentence with its ids; an empty list when all is well."""
    working: dict[EntryId | None, list[Agent]] = {}
    for agent in rows.agents.values():
        working.setdefault(agent.entry, []).append(agent)
    return [
        *(broken for agent in rows.agents.values() for broken in _broken_by_agent(rows, agent)),
        *(broken for e in rows.entries.values() for broken in _broken_by_entry(rows, e, working.get(e.id, []))),
        *(broken for callback in rows.callbacks.values() for broken in _broken_by_callback(rows, callback)),
        *_broken_numbers(rows),
    ]


def _broken_by_agent(rows: Rows, agent: Agent) -> Iterator[str]:
    working = agent.activity in {Activity.RESERVED, Activity.RINGING, Activity.TALKING}
    if working != (agent.entry in rows.entries):
        yield f"agent {agent.id} is {agent.activity.value} for entry {agent.entry}"


def _broken_by_entry(rows: Rows, entry: Entry, working: list[Agent]) -> Iterator[str]:
    counts = Counter(agent.activity for agent in working)
    talking, ringing, reserved = (counts[a] for a in (Activity.TALKING, Activity.RINGING, Activity.RESERVED))
    if talking != (entry.state is EntryState.TALKING):
        yield f"entry {entry.id} is {entry.state.value} with {talking} agents talking"
    if bool(ringing) != (entry.state is EntryState.RINGING):
        yield f"entry {entry.id} is {entry.state.value} but {ringing} agents ring"
    if reserved > (entry.state is EntryState.DIALLING):
        yield f"entry {entry.id} is {entry.state.value} with {reserved} agents reserved"
    if entry.leg is None and entry.callback not in rows.callbacks:
        yield f"entry {entry.id} is held by nobody"
    if entry.leg is not None and rows.entry_of(entry.leg) != entry:
        yield f"entry {entry.id} does not own its leg"
    if entry.state is EntryState.OUTSIDE and entry.leg is None and entry.slot_at is None:
        yield f"entry {entry.id} is outside and waits for no time"


def _broken_by_callback(rows: Rows, callback: Callback) -> Iterator[str]:
    entry = rows.entries.get(callback.entry)
    if entry is None or entry.callback != callback.id:
        yield f"promise {callback.id} has lost its place"
    if (callback.state is CallbackState.DIALLING) != (callback.attempt in rows.attempts):
        yield f"promise {callback.id} is {callback.state.value} with attempt {callback.attempt}"


def _broken_numbers(rows: Rows) -> list[str]:
    numbers = Counter((callback.number, callback.group) for callback in rows.callbacks.values())
    return [f"{number} has {count} promises" for (number, _), count in numbers.items() if count > 1]
