"""The line: who stands before whom. A place is a place, whether a caller or a promise holds it."""

from __future__ import annotations

from collections.abc import Iterable

from callbackd.domain.entry import Entry, EntryState
from callbackd.domain.ids import EntryId, QueueName
from callbackd.domain.state import State

Order = tuple[int, float, EntryId]


def order(entry: Entry) -> Order:
    """Sort key within a queue: priority, then arrival; the id settles equal times for good."""
    return (-entry.priority, entry.arrived_at, entry.id)


def in_line(state: State, entry: Entry) -> bool:
    """Whether the entry stands before others: not talking yet, and not pausing after a failed attempt."""
    return entry.state is not EntryState.TALKING and entry.not_before <= state.now


def places(state: State, queues: Iterable[QueueName]) -> list[Entry]:
    """The open places of these queues as agents who serve all of them take them: queue priority first."""
    wanted = set(queues)
    open_places = [e for e in state.entries.values() if e.queue in wanted and in_line(state, e)]
    return sorted(open_places, key=lambda e: (-state.queue_of(e).priority, order(e)))


def position(state: State, entry: Entry) -> int:
    """1 for the entry that is next in its queue."""
    mine = order(entry)
    ahead = (e for e in state.entries.values() if e.queue == entry.queue and in_line(state, e) and order(e) < mine)
    return 1 + sum(1 for _ in ahead)
