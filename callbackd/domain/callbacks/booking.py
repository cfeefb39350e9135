"""The times a caller can have, and the menu that offers them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil

from callbackd.domain.calendar import slots
from callbackd.domain.lives.callback import Callback
from callbackd.domain.phrase import Fixed, Phrase, SlotChoice
from callbackd.domain.settings import Queue
from callbackd.domain.state import State

_QUARTER_S = 900.0
_WEEK_S = 7 * 86400.0


def book(state: State, queue: Queue, number: str, storing: Iterable[Callback]) -> slots.Book:
    """The queue's slots as they are for ``number``, which may still be unknown.

    ``storing`` are promises on their way to the database: their slots are taken already.
    """
    return slots.Book(
        queue.slots,
        queue.hours,
        state.zone_of(queue),
        _booked(state, {**state.callbacks, **{promise.id: promise for promise in storing}}.values(), queue),
        lambda at: state.may_ring(number, at, chosen=True),
        state.world.closed_until.get(queue.name),
    )


def _booked(state: State, promises: Iterable[Callback], queue: Queue) -> list[float]:
    """The times promised, sorted; callers who rang in and wait live may have theirs again."""
    return sorted(
        [promise.slot_at for promise in promises if promise.queue == queue.name and promise.slot_at is not None]
        + [entry.promised_at for entry in state.entries.values() if entry.queue == queue.name and entry.promised_at]
    )


def taken(state: State, queue: Queue, booked: slots.Book, start: float) -> bool:
    """Whether a slot that was read out has been taken since. The last resort is never taken."""
    if start == last_resort(state, queue):
        return False
    return slots.judge(booked, slots.Slot(start, queue.slots.length_s), state.now) is not None


def last_resort(state: State, queue: Queue) -> float | None:
    """The next opening, rounded up to the quarter hour as times are spoken; None when it is not within a week."""
    opens = state.opens_at(queue)
    if opens is None or not state.now < opens < state.now + _WEEK_S:
        return None
    return ceil(opens / _QUARTER_S) * _QUARTER_S


def menu(state: State, queue: Queue, starts: Sequence[float], *, inside: bool) -> list[Phrase]:
    """The phrases of the menu: a key for each time; 9 for another time; 0 to stay, for callers ``inside`` the line."""
    zone = state.zone_of(queue)
    phrases: list[Phrase] = [
        SlotChoice(key, *slots.spoken(start, state.now, zone)) for key, start in enumerate(starts, start=1)
    ]
    phrases += [Fixed.SLOT_OTHER] if queue.slots.enabled else []
    phrases += [Fixed.SLOT_STAY] if inside else []
    return phrases
