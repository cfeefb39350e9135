"""The whole call centre at one moment, as pages and programs show it."""

from __future__ import annotations

from dataclasses import dataclass

from callbackd.domain.ids import AgentId, EntryId, QueueName
from callbackd.domain.line.order import order, position
from callbackd.domain.lives.entry import Entry, EntryState
from callbackd.domain.state import State
from callbackd.domain.wait.estimator import Estimator
from callbackd.domain.wait.place import place_of


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
    """The wait still ahead, None when unknown."""
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
    """``own call``, ``away`` when it is off, else empty."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    at: float
    places: tuple[PlaceShown, ...]
    agents: tuple[AgentShown, ...]
    open_promises: int
    open_attempts: int
    database: bool
    pbx: bool


def take(state: State, estimator: Estimator) -> Snapshot:
    """The call centre now. It costs one estimate for each open entry: too much for every event."""
    entries = sorted(state.entries.values(), key=lambda e: (e.queue, order(state, e)))
    return Snapshot(
        state.now,
        tuple(_place(state, estimator, entry) for entry in entries),
        tuple(
            AgentShown(
                a.id,
                state.settings.agents[a.id].name,
                a.presence.value,
                a.activity.value,
                a.entry,
                a.pause_reason,
                "away" if a.away else "own call" if a.own_call else "",
            )
            for a in state.agents.values()
        ),
        len(state.callbacks),
        len(state.attempts),
        state.world.database,
        state.world.pbx,
    )


def _place(state: State, estimator: Estimator, entry: Entry) -> PlaceShown:
    estimate = estimator.estimate(place_of(state, entry), state.now)
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
