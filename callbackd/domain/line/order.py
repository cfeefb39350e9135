"""The line: who stands before whom. A place is a place, whether a caller or a promise holds it."""

from __future__ import annotations

from collections.abc import Iterable

from callbackd.domain.ids import EntryId, QueueName
from callbackd.domain.lives.entry import Entry, EntryState
from callbackd.domain.state import State

Order = tuple[float, float, EntryId]

_STANDING = (EntryState.WAITING, EntryState.RINGING, EntryState.DIALLING)  # a tuple: an enum is slow to hash


def order(state: State, entry: Entry, points: int = 0) -> Order:
    """Sort key within a queue: priority, then arrival; the id settles equal times for good.

    Where a point of priority is worth a time of waiting, it is a head start of that time: as everybody ages alike, the
    order of two entries never changes by waiting, and no timer is needed. ``points`` are added to the entry's own.
    """
    priority, worth_s = entry.priority + points, state.settings.line.priority_worth_s
    if worth_s is None:
        return (-priority, entry.arrived_at, entry.id)
    return (0, entry.arrived_at - priority * worth_s, entry.id)


def in_line(state: State, entry: Entry) -> bool:
    """Whether the entry stands before others: inside, not talking yet, and not pausing after a failed attempt."""
    return entry.state in _STANDING and entry.not_before <= state.now


def standing(state: State, queue: QueueName) -> int:
    """How many places the line has now."""
    return sum(1 for entry in state.entries.values() if entry.queue == queue and in_line(state, entry))


def places(state: State, queues: Iterable[QueueName]) -> list[Entry]:
    """The open places of these queues as agents who serve all of them take them.

    With absolute priorities the queue's comes first, then the entry's; where points are worth time they add up. Who
    waits for one agent alone comes before all: that agent owes them a call, and they hold up nobody else's.
    """
    wanted = set(queues)
    open_places = [e for e in state.entries.values() if e.queue in wanted and in_line(state, e)]
    return sorted(open_places, key=lambda e: (not _waits_for_one(state, e), _across(state, e)))


def pausing_before(state: State, entry: Entry, queues: Iterable[QueueName]) -> list[Entry]:
    """Promises that are not in the line until their next attempt, and will then stand before this entry."""
    wanted, mine = set(queues), _across(state, entry)
    pausing = (e for e in state.entries.values() if e.not_before > state.now and e.state is EntryState.WAITING)
    return [e for e in pausing if e.queue in wanted and _across(state, e) < mine]


def _across(state: State, entry: Entry) -> tuple[int, Order]:
    points = state.queue_of(entry).priority
    if state.settings.line.priority_worth_s is None:
        return (-points, order(state, entry))
    return (0, order(state, entry, points))


def _waits_for_one(state: State, entry: Entry) -> bool:
    return entry.wanted is not None and state.now < entry.wanted_until


def position(state: State, entry: Entry) -> int:
    """1 for the entry that is next in its queue."""
    mine = order(state, entry)
    ahead = (e for e in state.entries.values() if e.queue == entry.queue and in_line(state, e))
    return 1 + sum(1 for e in ahead if order(state, e) < mine)
