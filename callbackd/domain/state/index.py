"""Indexes: questions that would be scans, answered at once. A law compares each with the scan that it replaces."""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from callbackd.domain.ids import EntryId, QueueName
from callbackd.domain.lives.entry import Entry, EntryState

Id = TypeVar("Id", bound=str)
R = TypeVar("R")
K = TypeVar("K")

Order = tuple[float, float, EntryId]

_STANDING = (EntryState.WAITING, EntryState.RINGING, EntryState.DIALLING)  # a tuple: an enum is slow to hash


def standing(entry: Entry, now: float) -> bool:
    """Whether the entry is in the line: not outside, not talking yet, and not pausing after a failed attempt."""
    return entry.state in _STANDING and entry.not_before <= now


class Index(Generic[Id, R, K]):
    """The ids of rows by a key that follows from the row; rows whose key is None are left out."""

    def __init__(self, key: Callable[[R], K | None]) -> None:
        self._key = key
        self._key_of: dict[Id, K] = {}
        self._ids: dict[K, dict[Id, None]] = {}  # a dictionary, as a set has no order

    def put(self, id: Id, row: R | None) -> None:
        """The row as it is now; None when it is gone."""
        key = self._key(row) if row is not None else None
        before = self._key_of.get(id)
        if before == key:
            return
        if before is not None:
            del self._key_of[id]
            ids = self._ids[before]
            del ids[id]
            if not ids:
                del self._ids[before]
        if key is not None:
            self._key_of[id] = key
            self._ids.setdefault(key, {})[id] = None

    def of(self, key: K) -> Collection[Id]:
        """The ids, in the order in which they came to the key."""
        return self._ids.get(key, {}).keys()

    def agrees(self, rows: Iterable[tuple[Id, R]]) -> bool:
        """Whether it is what a scan of these rows finds."""
        return self._key_of == {id: key for id, row in rows if (key := self._key(row)) is not None}


class Lines:
    """The places of each queue in the order in which they are served.

    Places that pause after a failed attempt are kept aside, and come back when their time has come.
    """

    def __init__(self, order: Callable[[Entry], Order]) -> None:
        self._order = order
        self._lines: dict[QueueName, list[Order]] = {}
        self._where: dict[EntryId, tuple[QueueName, Order]] = {}
        self._pausing: dict[EntryId, Entry] = {}
        self._come_back: list[tuple[float, EntryId]] = []
        """A heap of when pauses end; a pause that was changed meanwhile has another element."""
        self._wanting: dict[EntryId, Entry] = {}
        self.kept: dict[frozenset[QueueName], Any] = {}
        """What others found out about the lines; kept until a place of them changes."""

    def put(self, entry: Entry, now: float) -> None:
        self.kept.clear()
        self._pausing.pop(entry.id, None)
        if standing(entry, now):
            self._stand(entry)
            return
        self._leave(entry.id)
        if entry.state in _STANDING:
            self._pausing[entry.id] = entry
            heapq.heappush(self._come_back, (entry.not_before, entry.id))

    def of(self, queue: QueueName, now: float) -> Sequence[Order]:
        """The line now; the id is the last part of an order."""
        self._end_pauses(now)
        return self._lines.get(queue, [])

    def pausing(self, now: float) -> Iterator[Entry]:
        return (entry for entry in self._pausing.values() if entry.not_before > now)

    def wanting(self, now: float) -> Collection[Entry]:
        """The places in line whose callers wait, or waited, for one agent alone."""
        self._end_pauses(now)
        return self._wanting.values()

    def agrees(self, entries: Iterable[Entry], now: float) -> bool:
        """Whether the lines are what a scan of the entries finds."""
        found: dict[QueueName, list[Order]] = {}
        wanting: set[EntryId] = set()
        for entry in entries:
            if standing(entry, now):
                found.setdefault(entry.queue, []).append(self._order(entry))
                wanting |= {entry.id} if entry.wanted else set()
        return {entry.id for entry in self.wanting(now)} == wanting and all(
            self.of(queue, now) == sorted(found.get(queue, [])) for queue in {*self._lines, *found}
        )

    def _end_pauses(self, now: float) -> None:
        while self._come_back and self._come_back[0][0] <= now:
            entry = self._pausing.get(heapq.heappop(self._come_back)[1])
            if entry and entry.not_before <= now:
                del self._pausing[entry.id]
                self.kept.clear()
                self._stand(entry)

    def _stand(self, entry: Entry) -> None:
        where = (entry.queue, self._order(entry))
        if self._where.get(entry.id) != where:
            self._leave(entry.id)
            self._where[entry.id] = where
            insort(self._lines.setdefault(entry.queue, []), where[1])
        if entry.wanted is not None:
            self._wanting[entry.id] = entry
        else:
            self._wanting.pop(entry.id, None)

    def _leave(self, id: EntryId) -> None:
        self._wanting.pop(id, None)
        if where := self._where.pop(id, None):
            line = self._lines[where[0]]
            del line[bisect_left(line, where[1])]
