"""The whole call centre at one moment, as pages and programs show it."""

from __future__ import annotations

from dataclasses import dataclass

from callbackd.domain.ids import AgentId, EntryId, QueueName
from callbackd.domain.line.order import position
from callbackd.domain.line.routing import not_rung
from callbackd.domain.lives.entry import Entry, EntryState
from callbackd.domain.state import State
from callbackd.domain.wait.place import Places


@dataclass(frozen=True, slots=True)
class PlaceShown:
    entry: EntryId
    queue: QueueName
    position: int
    """0 for places outside the line."""
    live: bool
    state: str
    number: str
    waited_s: float
    p80_s: float | None
    """Seconds of wait still ahead; None when unknown."""
    slot_at: float | None


@dataclass(frozen=True, slots=True)
class AgentShown:
    agent: AgentId
    name: str
    presence: str
    activity: str
    entry: EntryId | None
    reason: str
    phone: str
    """``own call``; ``away`` when the phone is off; otherwise empty."""
    not_rung: str
    """Why the agent, who is free, is not rung though somebody waits; empty when nobody does."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    at: float
    places: tuple[PlaceShown, ...]
    agents: tuple[AgentShown, ...]
    open_promises: int
    open_attempts: int
    database: bool
    pbx: bool


def take(state: State, places: Places) -> Snapshot:
    """The call centre now. It costs one pass along each line, and an estimate for each open entry."""
    entries = sorted(state.entries.values(), key=lambda e: (e.queue, state.order(e)), reverse=True)
    # From the end of each line: the pass for the last place has gone by all others.
    shown = [_place(state, places, entry) for entry in entries]
    return Snapshot(
        state.now,
        tuple(reversed(shown)),
        agents(state),
        len(state.callbacks),
        len(state.attempts),
        state.world.database,
        state.world.pbx,
    )


def agents(state: State) -> tuple[AgentShown, ...]:
    """All agents now, in the order of the settings. It costs no estimate."""
    idle = not_rung(state)
    return tuple(
        AgentShown(
            a.id,
            state.settings.agents[a.id].name,
            a.presence.value,
            a.activity.value,
            a.entry,
            a.pause_reason,
            "away" if a.away else "own call" if a.own_call else "",
            idle.get(a.id, ""),
        )
        for a in state.agents.values()
    )


def _place(state: State, places: Places, entry: Entry) -> PlaceShown:
    estimate = places.estimate(entry)
    return PlaceShown(
        entry.id,
        entry.queue,
        0 if entry.state is EntryState.OUTSIDE else position(state, entry),
        entry.live,
        entry.state.value,
        entry.number,
        state.now - entry.arrived_at,
        estimate.p80_s if estimate else None,
        entry.slot_at,
    )
