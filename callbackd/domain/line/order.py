"""The line: which place comes before which. A place is a place, whether a caller or a promise holds it."""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Iterable, Iterator

from callbackd.domain.ids import QueueName
from callbackd.domain.lives.entry import Entry, EntryState
from callbackd.domain.state import State
from callbackd.domain.state.index import Order


def standing(state: State, queue: QueueName) -> int:
    """How many places there are in the line now."""
    return len(state.lines.of(queue, state.now))


def anybody(state: State) -> bool:
    """Whether there is a place in any line."""
    return any(state.lines.of(queue, state.now) for queue in state.settings.queues)


def places(state: State, queues: Iterable[QueueName]) -> Iterator[Entry]:
    """The open places of these queues, in the order in which agents who serve all of them take them.

    With absolute priorities the queue's counts first, then the entry's; if points are worth time, they add up. A caller
    who waits for one agent alone comes first: that agent owes them a call, and they hold up nobody else.
    """
    queues = sorted(set(queues))
    first = [e for e in state.lines.wanting(state.now) if e.queue in queues and _waits_for_one(state, e)]
    yield from sorted(first, key=lambda e: across(state, e))
    lines = [_in_order(state, queue) for queue in queues]
    for entry in lines[0] if len(lines) == 1 else heapq.merge(*lines, key=lambda e: across(state, e)):
        if not _waits_for_one(state, entry):
            yield entry


def _in_order(state: State, queue: QueueName) -> Iterator[Entry]:
    return (state.entries[id] for _, _, id in state.lines.of(queue, state.now))


def pausing_before(state: State, entry: Entry, queues: Iterable[QueueName]) -> list[Entry]:
    """Promises that are not in the line until their next attempt, and will then be ahead of this entry."""
    wanted, mine = set(queues), across(state, entry)
    pausing = (e for e in state.lines.pausing(state.now) if e.state is EntryState.WAITING)
    return [e for e in pausing if e.queue in wanted and across(state, e) < mine]


def across(state: State, entry: Entry) -> tuple[int, Order]:
    """Sort key among several queues."""
    points = state.queue_of(entry).priority
    if state.settings.line.priority_worth_s is None:
        return (-points, state.order(entry))
    return (0, state.order(entry, points))


def _waits_for_one(state: State, entry: Entry) -> bool:
    return entry.wanted is not None and state.now < entry.wanted_until


def position(state: State, entry: Entry) -> int:
    """The entry's position: 1 if it is next in its queue."""
    return 1 + bisect_left(state.lines.of(entry.queue, state.now), state.order(entry))
