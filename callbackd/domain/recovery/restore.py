"""Coming back: takes up the rows of an earlier run, and mends them where they contradict each other.

What happened meanwhile comes afterwards, from a look at Asterisk, as the events that a live Asterisk would have sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from callbackd.domain.events import LegsSeen
from callbackd.domain.ids import OURS, LegId, QueueName, legs_of_ring
from callbackd.domain.lives.agent import Activity, Agent
from callbackd.domain.lives.attempt import Attempt, AttemptState
from callbackd.domain.lives.callback import Callback, CallbackState
from callbackd.domain.lives.direct_window import DirectWindow
from callbackd.domain.lives.do_not_call import Blocked
from callbackd.domain.lives.entry import Entry, EntryState
from callbackd.domain.lives.quote import Quote, Remembered
from callbackd.domain.lives.sent_out import SentOut
from callbackd.domain.lives.switch import Switch
from callbackd.domain.state import State
from callbackd.domain.timers import Timer

Row = Entry | Agent | Callback | Attempt | DirectWindow | Blocked | Quote | Remembered | Switch | SentOut

_GRACE_S = 60.0
"""A dial or a ring of the earlier run that Asterisk has not reported within this time is ended."""


def take_up(state: State, rows: Iterable[Row]) -> None:
    """Load the rows. Those of queues or agents that the settings no longer have stay in the database, untouched."""
    rows = list(rows)
    entries = {row.id: row for row in rows if isinstance(row, Entry) and row.queue in state.settings.queues}
    callbacks = {row.id: row for row in rows if isinstance(row, Callback) and row.entry in entries}
    for row in rows:
        if isinstance(row, Entry) and row.id not in entries:
            state.note(row.id, "left in the database", f"the config has no queue {row.queue!r}")
    for entry in [e for e in entries.values() if e.leg is None and e.callback not in callbacks]:
        state.note(entry.id, "left in the database", "nobody holds it: its promise is missing")
        del entries[entry.id]
    for entry in entries.values():
        state.load(entry)
    for callback in callbacks.values():
        state.load(callback)
    for row in rows:
        if isinstance(row, Attempt) and row.callback in callbacks:
            _take_attempt(state, row)
        elif isinstance(row, DirectWindow) and row.agent in state.settings.agents:
            state.load(row)
        elif isinstance(row, Agent) and row.id in state.settings.agents:
            _take_agent(state, row)
        elif isinstance(row, Switch):
            _turn(state, row)
        elif isinstance(row, Blocked | Remembered | SentOut) or (isinstance(row, Quote) and row.entry in entries):
            state.load(row)
    _mend(state)
    _set_timers(state)


def _turn(state: State, switch: Switch) -> None:
    """As a supervisor left it. What callbackd itself had switched off is looked at anew."""
    state.load(switch)
    world, (name, _, queue) = state.world, switch.id.partition(" ")
    if name == "offering":
        world.offering = switch.on
    elif name == "dialling":
        world.dialling = switch.on
    elif QueueName(queue) in state.settings.queues and switch.on:
        if name == "crisis":
            world.crises[QueueName(queue)] = switch.at
        elif switch.until and switch.until > state.now:
            world.closed_until[QueueName(queue)] = switch.until


def _take_attempt(state: State, attempt: Attempt) -> None:
    """A stored intent may have been dialled: from here on only a look for its leg can tell."""
    if attempt.state is AttemptState.CLAIMING:
        attempt = replace(attempt, state=AttemptState.CLAIMED)
    state.load(attempt)
    if attempt.state is not AttemptState.ACCEPTED:  # else the dial is over, and the customer waits for an agent
        state.timers.set(Timer.ATTEMPT, attempt.id, state.now + _GRACE_S)


def _take_agent(state: State, agent: Agent) -> None:
    if not state.settings.agents[agent.id].watched:
        agent = replace(agent, own_call=False, away=False)  # nobody would tell us that it is over
    state.load(agent)
    if agent.entry:
        queue = state.entries[agent.entry].queue if agent.entry in state.entries else None
        if queue:
            state.offered_at[agent.id] = (queue, state.now)
    if agent.activity is Activity.RINGING and agent.leg:
        state.timers.set(Timer.RING, agent.leg, state.now + _GRACE_S)
    elif agent.activity is Activity.WRAP_UP:
        state.timers.set(Timer.WRAP_UP, agent.id, agent.wrap_up_until)


def _mend(state: State) -> None:
    """Rows written while the database came and went can disagree. A row whose work no other row confirms gives way."""
    for callback in list(state.callbacks.values()):
        if callback.state is CallbackState.DIALLING and callback.attempt not in state.attempts:
            state.put(replace(callback, state=CallbackState.WAITING, attempt=None))
    for entry in list(state.entries.values()):
        if _work_of(state, entry) is not entry.state:
            state.note(entry.id, "mended", f"was {entry.state.value}, but no agent or attempt worked for it")
            state.put(replace(entry, state=EntryState.WAITING, agent=None))
    for agent in list(state.agents.values()):
        worked_for = state.entries.get(agent.entry) if agent.entry else None
        works = agent.activity in {Activity.RESERVED, Activity.RINGING, Activity.TALKING}
        if works and (worked_for is None or worked_for.state is EntryState.WAITING):
            state.note(agent.id, "mended", f"was {agent.activity.value}, but for no open place")
            state.put(replace(agent, activity=Activity.IDLE, entry=None, leg=None, idle_since=state.now))


def _work_of(state: State, entry: Entry) -> EntryState:
    """The entry's state as far as the rows of agents and attempts confirm it; else ``WAITING``."""
    if entry.state is EntryState.OUTSIDE:
        return EntryState.OUTSIDE
    agents = {a.activity for a in state.agents.values() if a.entry == entry.id}
    attempted = any(state.callbacks[attempt.callback].entry == entry.id for attempt in state.attempts.values())
    if entry.state is EntryState.RINGING and Activity.RINGING in agents:
        return EntryState.RINGING
    if entry.state is EntryState.TALKING and Activity.TALKING in agents:
        return EntryState.TALKING
    if entry.state is EntryState.DIALLING and attempted:
        return EntryState.DIALLING
    return EntryState.WAITING


def _set_timers(state: State) -> None:
    for callback in state.callbacks.values():
        state.timers.set(Timer.EXPIRE, callback.id, callback.expires_at)
        if callback.state is CallbackState.ACCEPTED:
            state.timers.set(Timer.ACCEPTED, callback.entry, state.now + state.settings.dialling.accepted_wait_s)
    for entry in state.entries.values():
        if entry.not_before > state.now:
            state.timers.set(Timer.RETRY, entry.id, entry.not_before)


def believed_legs(state: State) -> list[LegId]:
    """Every leg that should exist, each once; callers' legs first, as an agent's leg is judged after its caller's."""
    legs: list[LegId] = [entry.leg for entry in state.entries.values() if entry.leg]
    legs += [a.leg for a in state.agents.values() if a.leg and a.entry]
    legs += [a.leg for a in state.attempts.values() if a.state is not AttemptState.CLAIMING]
    legs += [sent.leg for sent in state.sent_out.values()]
    return list(dict.fromkeys([*legs, *state.dialogues]))


def strays(state: State, seen: LegsSeen) -> list[LegId]:
    """Legs that we made and that belong to nobody, sorted. Legs that were sent on and talk elsewhere are not ours."""
    known = set(believed_legs(state))
    for agent in state.agents.values():
        if agent.leg and agent.activity is Activity.RINGING:
            known.update(legs_of_ring(agent.leg))
    return sorted(leg for leg in seen.legs - seen.elsewhere if leg.startswith(OURS) and leg not in known)
